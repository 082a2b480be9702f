"""Connecting a mailbox: its address, then how to sign in there, then what to do with its mail.

The servers are looked for by the address and shown before anything is shown a password. What is
typed stays in the reader's form until it is sent for good; a password is in no hidden field.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.accounts import connect
from app.accounts.by_sign_in import NewSignedIn, Server, SignInWanted, connect_by_sign_in
from app.accounts.connect import Gate, NewAccount, ServerLogin, check_token_host
from app.accounts.discovery import Discovered, Discovery, FoundServer
from app.accounts.grants import make_ticket, sign_in_path
from app.accounts.history import MOST_HISTORY_DAYS
from app.container import Container
from app.core.errors import Conflict, InvalidInput, NotFound
from app.mailbox.port import Security
from app.outside.dns import DNS
from app.outside.http import open_outside
from app.providers.oauth.port import OAuthProvider
from app.store.models import ReadPolicy
from app.web.admin.channel_choice import chosen_channel
from app.web.admin.forms import Form, read
from app.web.admin.view import page, see_other
from app.web.admin.visitor import AsAdmin, Visitor
from app.web.deps import Parts

router = APIRouter()
SECURITIES: Final = (
    (Security.TLS, "TLS from the first byte"),
    (Security.STARTTLS, "STARTTLS, required"),
    (Security.NONE, "none: only within your own network"),
)
HISTORY: Final = (
    (0, "from now on"),
    (7, "of the last week as well"),
    (30, "of the last 30 days as well"),
    (365, "of the last year as well"),
    (MOST_HISTORY_DAYS, "everything, up to ten years"),
)
READING: Final = (
    (ReadPolicy.NEVER, "never: only where somebody asks for it"),
    (ReadPolicy.SHOWN, "once it is shown in Slack"),
    (ReadPolicy.ASSIGNED, "once somebody has taken, answered or finished it"),
    (ReadPolicy.ANSWERED, "once it is answered or done"),
    (ReadPolicy.DONE, "once it is done"),
)
_Port = Annotated[int, Field(ge=1, le=65535)]
_Host = Annotated[str, Field(min_length=1, max_length=253)]
_Login = Annotated[str, Field(min_length=1, max_length=320)]


class AddressForm(BaseModel):
    address: Annotated[str, Field(min_length=1, max_length=320)]


class _Choices(BaseModel):
    """What is to be done with the mail, however one signs in."""

    address: Annotated[str, Field(min_length=1, max_length=320)]
    channel: Annotated[str, Field(min_length=1, max_length=100)]
    folders: Annotated[str, Field(min_length=1, max_length=10_000)] = "INBOX"
    chosen: list[str] = []
    """Of the folders that a test has found; they count instead of those that were typed."""
    history_days: Annotated[int, Field(ge=0, le=MOST_HISTORY_DAYS)] = 0
    watch_sent: bool = False
    mark_read: ReadPolicy = ReadPolicy.NEVER

    def named(self) -> tuple[str, ...]:
        if self.chosen:
            # The first is the one whose mail is told of at once, and boxes are ticked in no order.
            return tuple(sorted(self.chosen, key=lambda name: name.upper() != "INBOX"))
        return tuple(one.strip() for one in self.folders.splitlines() if one.strip())


class ServersForm(BaseModel):
    """How its servers are reached."""

    address: Annotated[str, Field(min_length=1, max_length=320)]
    password: Annotated[str, Field(min_length=1, max_length=4096)]
    imap_host: _Host
    imap_port: _Port
    imap_security: Security
    imap_username: _Login
    sends: bool = False
    smtp_host: Annotated[str, Field(max_length=253)] = ""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_security: Security = Security.STARTTLS
    smtp_username: Annotated[str, Field(max_length=320)] = ""

    def imap(self) -> ServerLogin:
        return ServerLogin(
            self.imap_host.strip(), self.imap_port, self.imap_security, self.imap_username,
            self.password,
        )  # fmt: skip

    def smtp(self) -> ServerLogin | None:
        if not self.sends:
            return None
        return ServerLogin(
            self.smtp_host.strip(), self.smtp_port, self.smtp_security,
            self.smtp_username or self.imap_username, self.password,
        )  # fmt: skip


class PasswordForm(_Choices, ServersForm):
    pass


class SignInForm(_Choices):
    """Its servers are those that were found; without them they are the provider's own."""

    provider: Annotated[str, Field(min_length=1, max_length=40)]
    shared: bool = False
    sends: bool = False
    imap_host: Annotated[str, Field(max_length=253)] = ""
    imap_port: _Port = 993
    imap_security: Security = Security.TLS
    smtp_host: Annotated[str, Field(max_length=253)] = ""
    smtp_port: _Port = 587
    smtp_security: Security = Security.STARTTLS

    def imap(self) -> Server | None:
        if not self.imap_host:
            return None
        return Server(self.imap_host.strip(), self.imap_port, self.imap_security)

    def smtp(self) -> Server | None:
        if not self.smtp_host or not self.sends:
            return None
        return Server(self.smtp_host.strip(), self.smtp_port, self.smtp_security)


@router.get("/connect")
async def ask(request: Request, visitor: AsAdmin) -> Response:
    return page(request, visitor, "connect.html", form=Form())


@router.post("/connect")
async def look(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    """Look for its servers, and show what was found."""
    form = await read(request, AddressForm)
    if form.is_good:
        try:
            found = await _discover(parts, form.data.address)
            async with parts.store.begin(visitor.workspace_id) as uow:
                known = await uow.accounts.find_by_address(found.address)
        except InvalidInput as error:
            form.refuse(error)
        else:
            if known is not None:
                said = f"{known.address} is connected already."
                return see_other(request, f"/accounts/{known.id}", said)
            return _choose(request, visitor, parts, _proposed(found), found)
    return page(request, visitor, "connect.html", status=422, form=form)


@router.post("/connect/password")
async def by_password(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    form = await read(request, PasswordForm, lists=("chosen",))
    if form.is_good:
        given = form.data
        try:
            wanted = NewAccount(
                address=given.address,
                imap=given.imap(),
                smtp=given.smtp(),
                folders=given.named(),
                channel=await chosen_channel(request, visitor, given.channel),
                history_days=given.history_days,
                watch_sent=given.watch_sent,
                mark_read=given.mark_read,
            )
            async with parts.store.begin(visitor.workspace_id) as uow:
                account = await connect.connect(uow, gate_of(parts), wanted)
                visitor.audit(
                    uow, "account.connected", about=account.address, account_id=str(account.id)
                )
        except (InvalidInput, Conflict) as error:
            _refuse(form, error)
        else:
            return see_other(request, f"/accounts/{account.id}", _CONNECTED)
    return await _again(request, visitor, parts, form)


@router.post("/connect/sign-in")
async def by_sign_in(request: Request, visitor: AsAdmin, parts: Parts) -> Response:
    """Add the account, and send the browser to the provider; it comes back to the account."""
    form = await read(request, SignInForm)
    if form.is_good:
        given = form.data
        try:
            wanted = NewSignedIn(
                address=given.address,
                sign_in=SignInWanted(given.provider, shared=given.shared),
                folders=given.named(),
                channel=await chosen_channel(request, visitor, given.channel),
                imap=given.imap(),
                smtp=given.smtp(),
                without_smtp=not given.sends,
                history_days=given.history_days,
                watch_sent=given.watch_sent,
                mark_read=given.mark_read,
            )
            async with parts.store.begin(visitor.workspace_id) as uow:
                account, _ = await connect_by_sign_in(uow, gate_of(parts), wanted)
                assert account.grant_id is not None
                grant = await uow.grants.get(account.grant_id)
                ticket = await make_ticket(uow, grant, return_to=f"/accounts/{account.id}")
                visitor.audit(
                    uow, "account.connected", about=account.address, account_id=str(account.id)
                )
        except (InvalidInput, Conflict, NotFound) as error:
            _refuse(form, error)
        else:
            return onward(request, visitor, parts, given.provider, ticket)
    return await _again(request, visitor, parts, form)


def onward(
    request: Request, visitor: Visitor, parts: Container, provider: str, ticket: str
) -> Response:
    """Send the browser to the provider, by a page of ours.

    Where a form is answered by a redirect, browsers hold every address it leads to against
    `form-action`, and a provider may lead on to anywhere. What a page leads to is not the form's.
    """
    return page(
        request, visitor, "onward.html", title=parts.oauth.get(provider).title,
        path=sign_in_path(provider, ticket),
    )  # fmt: skip


_CONNECTED: Final = "Connected. The first look takes a few seconds; this page shows how it goes."


def gate_of(parts: Container) -> Gate:
    return Gate(parts.vault, parts.settings.allow_private_mail_hosts, parts.oauth)


async def _discover(parts: Container, address: str) -> Discovered:
    allow_private = parts.settings.allow_private_mail_hosts
    async with open_outside(allow_private=allow_private) as outside:
        discovery = Discovery(outside, DNS(), parts.oauth, allow_private=allow_private)
        return await discovery.discover(address)


async def _again(request: Request, visitor: Visitor, parts: Container, form: Form[Any]) -> Response:
    """The same page, with what is wrong at its field."""
    try:
        found = await _discover(parts, str(form.values.get("address", "")))
    except InvalidInput as error:
        address: Form[AddressForm] = Form({"address": form.values.get("address", "")})
        address.refuse(error)
        return page(request, visitor, "connect.html", status=422, form=address)
    for name in ("watch_sent", "sends", "shared"):
        if name in form.values:
            form.values[name] = ["true"] if form.values[name] else []
    for name, value in _proposed(found).values.items():
        form.values.setdefault(name, value)
    return _choose(request, visitor, parts, form, found, status=422)


def _choose(
    request: Request,
    visitor: Visitor,
    parts: Container,
    form: Form[Any],
    found: Discovered,
    *,
    status: int = 200,
) -> Response:
    provider = parts.oauth.find(found.oauth) if found.oauth else None
    return page(
        request, visitor, "connect_how.html", status=status, form=form, found=found,
        provider=provider, securities=SECURITIES, history=HISTORY, reading=READING,
        servers=_shown_tokens(parts, provider, found),
    )  # fmt: skip


def _shown_tokens(
    parts: Container, provider: OAuthProvider | None, found: Discovered
) -> dict[str, FoundServer]:
    """Of the servers that were found, those that may be shown the provider's tokens."""
    servers = {"imap": found.imap, "smtp": found.smtp}
    return {
        name: server
        for name, server in servers.items()
        if provider and server and _takes_tokens(parts, provider, server.host)
    }


def _takes_tokens(parts: Container, provider: OAuthProvider, host: str) -> bool:
    try:
        check_token_host(provider, host, allow_private=parts.settings.allow_private_mail_hosts)
    except InvalidInput:
        return False
    return True


def _proposed(found: Discovered) -> Form[Any]:
    """A form with what was found in it."""
    values: dict[str, Any] = {
        "address": found.address,
        "folders": "INBOX",
        "history_days": 0,
        "watch_sent": ["true"],
        "mark_read": ReadPolicy.NEVER,
        "sends": ["true"],
        "shared": [],
        "channel": "",
        "password": "",
        "provider": found.oauth or "",
    }
    for name, server, port in (("imap", found.imap, 993), ("smtp", found.smtp, 587)):
        values.update(_server(name, server, found.address, port))
    return Form(values)


def _server(name: str, server: FoundServer | None, address: str, port: int) -> dict[str, Any]:
    if server is None:
        security = Security.TLS if port == 993 else Security.STARTTLS
        server = FoundServer("", port, security, address)
    return {
        f"{name}_host": server.host,
        f"{name}_port": server.port,
        f"{name}_security": server.security,
        f"{name}_username": server.username,
    }


def _refuse(form: Form[Any], error: InvalidInput | Conflict | NotFound) -> None:
    """Use cases name fields as REST does: `imap.host` is `imap_host` here."""
    if isinstance(error, InvalidInput) and error.field:
        error.field = error.field.replace(".", "_").replace("imap_password", "password")
        error.field = error.field.replace("smtp_password", "password")
    form.refuse(error)

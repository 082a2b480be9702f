"""Mail accounts: connect, look at, change, try out, import, remove."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.accounts import by_sign_in, connect
from app.accounts.connect import AccountChange, NewAccount, ServerLogin
from app.accounts.grants import grant_of, make_ticket, sign_in_path
from app.accounts.health import AccountHealth, health_of
from app.container import Container
from app.core.access import Actor
from app.core.errors import InvalidInput
from app.core.ids import AccountId
from app.mailbox.port import Security
from app.store.audit import audit
from app.store.models import Account, AccountState, GrantKind, GrantState, ReadPolicy
from app.store.unit_of_work import UnitOfWork
from app.web.api.imports import ImportOut
from app.web.deps import (
    Admin,
    Cursor,
    Limit,
    Parts,
    Reader,
    check_unbound,
    check_visible,
    read_cursor,
    write_cursor,
)
from app.web.idempotency import Idempotent

router = APIRouter(prefix="/accounts", tags=["accounts"])


class Server(BaseModel):
    """How to reach a mail server. `starttls` is required when chosen, never opportunistic."""

    model_config = ConfigDict(extra="forbid")

    host: Annotated[str, Field(min_length=1, max_length=253, examples=["imap.example.com"])]
    port: Annotated[int, Field(ge=1, le=65535, examples=[993])]
    security: Security
    username: Annotated[str, Field(min_length=1, max_length=320)]
    password: Annotated[
        SecretStr | None,
        Field(
            min_length=1,
            max_length=4096,
            description="Left out where the account is opened by signing in at its provider.",
        ),
    ] = None

    def login(self) -> ServerLogin:
        password = self.password.get_secret_value() if self.password else ""
        return ServerLogin(self.host, self.port, self.security, self.username, password)

    def for_sign_in(self) -> by_sign_in.Server:
        if self.password is not None:
            raise InvalidInput(
                "An account is opened by signing in or with a password, not both.",
                field="oauth",
                fix="Leave out the passwords, or oauth.",
            )
        return by_sign_in.Server(self.host, self.port, self.security, self.username)


class OAuthIn(BaseModel):
    """Who signs in, and where. `sign_in_url` of the answer is where they begin."""

    model_config = ConfigDict(extra="forbid")

    provider: Annotated[str, Field(min_length=1, max_length=40, examples=["microsoft", "google"])]
    shared: Annotated[
        bool, Field(description="The mailbox is a shared one: whoever signs in is somebody else.")
    ] = False
    application: Annotated[
        bool,
        Field(description="Nobody signs in: the application itself may open it (Microsoft)."),
    ] = False


Folder = Annotated[str, Field(min_length=1, max_length=500)]


class AccountIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    address: Annotated[str, Field(max_length=320, examples=["support@example.com"])]
    imap: Annotated[
        Server | None, Field(description="May be left out with `oauth`: the provider’s own.")
    ] = None
    smtp: Server | None = None
    oauth: Annotated[
        OAuthIn | None, Field(description="Sign in at the provider, in place of passwords.")
    ] = None
    folders: Annotated[list[Folder], Field(max_length=connect.MOST_FOLDERS)] = ["INBOX"]
    watch_sent: Annotated[
        bool, Field(description="Follow what colleagues send with other mail clients.")
    ] = True
    mark_read: Annotated[
        ReadPolicy,
        Field(description="When its mail is marked as read on the server, unasked: then or later."),
    ] = ReadPolicy.NEVER
    channel: Annotated[
        str, Field(max_length=50, description="The id of a Slack channel.", examples=["C024BE91L"])
    ]
    history_days: Annotated[
        int, Field(ge=0, description="Import so many days of mail, silently. 0: from now on.")
    ] = 0


class AccountPatch(BaseModel):
    """What is left out stays as it is. `smtp: null` forgets the server for sending."""

    model_config = ConfigDict(extra="forbid")

    imap: Server | None = None
    smtp: Server | None = None
    folders: Annotated[list[Folder] | None, Field(max_length=connect.MOST_FOLDERS)] = None
    watch_sent: bool | None = None
    mark_read: ReadPolicy | None = None
    channel: str | None = None


class MailboxOut(BaseModel):
    """`accounted`: UIDs whose fate is known. `missing`: seen on the server, not yet brought in.

    `detail`: why it is not watched although it should be. `parked_until`: the server lists it and
    does not open it; when that is tried again.

    About once an hour the folder's whole UID set is compared with the ledger: `uids_on_server`
    mails were there at `last_reconciled_at`, `older` of them since before SharedBox was.
    """

    id: UUID
    name: str
    role: str | None
    watched: bool
    selectable: bool
    listed: bool
    detail: str
    parked_until: datetime | None
    uidvalidity: int | None
    watermark: int | None
    accounted: int
    missing: int
    uids_on_server: int | None
    older: int | None
    last_checked_at: datetime | None
    last_reconciled_at: datetime | None


class OAuthOut(BaseModel):
    """How it is signed in, and as whom. `expires_at`: the next token is fetched before."""

    provider: str
    kind: GrantKind
    shared: bool
    state: GrantState
    detail: str
    identity: str | None
    scopes: list[str]
    expires_at: datetime | None


class PauseOut(BaseModel):
    """Since when and by whom it is let be; `commands` and `mails` wait until it is resumed."""

    since: datetime
    by: str
    commands: int
    mails: int


class AccountOut(BaseModel):
    id: UUID
    address: str
    state: AccountState
    detail: str
    provider: str | None
    channel: str
    watch_sent: bool
    mark_read: ReadPolicy
    history_days: int
    history_imported_at: datetime | None
    history: ImportOut | None
    outage_since: datetime | None
    retry_at: datetime | None
    created_at: datetime
    oauth: OAuthOut | None
    paused: PauseOut | None
    mailboxes: list[MailboxOut]


class NewAccountOut(AccountOut):
    """`sign_in_url`: where somebody has to sign in before mail comes in; good once, for an hour."""

    sign_in_url: str | None = None


class SignInOut(BaseModel):
    """Open it in a browser. It is good once, for an hour."""

    sign_in_url: str


class AccountPage(BaseModel):
    items: list[AccountOut]
    next_cursor: str | None


@router.post("", status_code=201, response_model=NewAccountOut)
async def create(parts: Parts, caller: Admin, body: AccountIn, once: Idempotent) -> JSONResponse:
    check_unbound(caller, "connect another one")
    async with parts.store.begin(caller.workspace_id) as uow:
        if answer := await once.claim(uow):
            return answer
        account, ticket = await _connect(uow, parts, body)
        _note(uow, caller, "account.connected", account)
        await uow.session.flush()
        await uow.session.refresh(account)
        (health,) = await health_of(uow, [account])
        told = NewAccountOut.model_validate(asdict(health))
        if ticket is not None and body.oauth is not None:
            told.sign_in_url = _sign_in_url(parts, body.oauth.provider, ticket)
        kept = told.model_dump(mode="json")
        return once.record(uow, 201, kept, is_secret=ticket is not None)


async def _connect(
    uow: UnitOfWork, parts: Container, body: AccountIn
) -> tuple[Account, str | None]:
    gate = gate_of(parts)
    if body.oauth is not None:
        wanted = by_sign_in.NewSignedIn(
            address=body.address,
            sign_in=by_sign_in.SignInWanted(
                body.oauth.provider, body.oauth.shared, body.oauth.application
            ),
            folders=tuple(body.folders),
            channel=body.channel,
            imap=body.imap.for_sign_in() if body.imap else None,
            smtp=body.smtp.for_sign_in() if body.smtp else None,
            without_smtp=body.smtp is None and "smtp" in body.model_fields_set,
            history_days=body.history_days,
            watch_sent=body.watch_sent,
            mark_read=body.mark_read,
        )
        return await by_sign_in.connect_by_sign_in(uow, gate, wanted)
    if body.imap is None:
        words = "An account needs its IMAP server, or a provider to sign in at"
        raise RequestValidationError([{"loc": ("body", "imap"), "msg": words, "type": "missing"}])
    new = NewAccount(
        address=body.address,
        imap=body.imap.login(),
        smtp=body.smtp.login() if body.smtp else None,
        folders=tuple(body.folders),
        watch_sent=body.watch_sent,
        mark_read=body.mark_read,
        channel=body.channel,
        history_days=body.history_days,
    )
    return await connect.connect(uow, gate, new), None


def gate_of(parts: Container) -> connect.Gate:
    return connect.Gate(parts.vault, parts.settings.allow_private_mail_hosts, parts.oauth)


def _sign_in_url(parts: Container, provider: str, ticket: str) -> str:
    return parts.settings.base_url.rstrip("/") + sign_in_path(provider, ticket)


@router.post("/{account_id}/sign-in", status_code=201)
async def sign_in(parts: Parts, caller: Admin, account_id: UUID) -> SignInOut:
    """Make a link by which somebody signs in for the account, for the first time or again."""
    check_visible(caller, AccountId(account_id), "account")
    async with parts.store.begin(caller.workspace_id) as uow:
        account = await uow.accounts.get(AccountId(account_id))
        grant = await grant_of(uow, account)
        _note(uow, caller, "account.sign_in_offered", account)
        ticket = await make_ticket(uow, grant)
    return SignInOut(sign_in_url=_sign_in_url(parts, grant.provider, ticket))


@router.get("")
async def list_(
    parts: Parts, caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> AccountPage:
    place = read_cursor(cursor, UUID)
    after = AccountId(place[0]) if place else None
    async with parts.store.begin(caller.workspace_id) as uow:
        accounts = await uow.accounts.page(after=after, limit=limit + 1, only=caller.account_ids)
        items = [shown(health) for health in await health_of(uow, accounts[:limit])]
    more = len(accounts) > limit
    return AccountPage(
        items=items, next_cursor=write_cursor(accounts[limit - 1].id) if more else None
    )


@router.get("/{account_id}")
async def get(parts: Parts, caller: Reader, account_id: UUID) -> AccountOut:
    async with parts.store.begin(caller.workspace_id) as uow:
        account = await uow.accounts.get(AccountId(account_id))
        check_visible(caller, account.id, "account")
        (health,) = await health_of(uow, [account])
    return shown(health)


@router.patch("/{account_id}")
async def patch(parts: Parts, caller: Admin, account_id: UUID, body: AccountPatch) -> AccountOut:
    check_visible(caller, AccountId(account_id), "account")
    wanted = AccountChange(
        imap=body.imap.login() if body.imap else None,
        smtp=body.smtp.login() if body.smtp else None,
        folders=tuple(body.folders) if body.folders is not None else None,
        watch_sent=body.watch_sent,
        mark_read=body.mark_read,
        channel=body.channel,
        without_smtp=body.smtp is None and "smtp" in body.model_fields_set,
    )
    gate = gate_of(parts)
    async with parts.store.begin(caller.workspace_id) as uow:
        account = await connect.change(uow, gate, AccountId(account_id), wanted)
        _note(uow, caller, "account.changed", account)
        (health,) = await health_of(uow, [account])
    return shown(health)


@router.delete("/{account_id}", status_code=204)
async def delete(parts: Parts, caller: Admin, account_id: UUID) -> Response:
    """Remove the account with its mail and conversations. The mail server is left as it is."""
    check_visible(caller, AccountId(account_id), "account")
    async with parts.store.begin(caller.workspace_id) as uow:
        _note(uow, caller, "account.removed", await uow.accounts.get(AccountId(account_id)))
        await connect.remove(uow, AccountId(account_id))
    return Response(status_code=204)


def _note(uow: UnitOfWork, caller: Actor, act: str, account: Account) -> None:
    audit(uow, caller, act, about=account.address, account_id=str(account.id))


def shown(health: AccountHealth) -> AccountOut:
    """As it is answered."""
    values: dict[str, Any] = asdict(health)
    return AccountOut.model_validate(values)

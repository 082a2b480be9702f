"""Connecting an account by signing in at its provider, in place of a password."""

from dataclasses import dataclass

from app.accounts.connect import Gate, NewAccount, ServerLogin, checked_address, connect
from app.accounts.grants import add_grant, make_ticket
from app.core.errors import Conflict, InvalidInput
from app.core.ids import GrantId
from app.mailbox.port import Security
from app.providers.oauth.port import MailHost, OAuthProvider
from app.store.models import Account, Grant, GrantKind, GrantState, ReadPolicy
from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class SignInWanted:
    """`grant_id`: somebody has signed in already. `shared`: the mailbox is not their own."""

    provider: str
    shared: bool = False
    application: bool = False
    grant_id: GrantId | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """What of a server differs from what the provider's are."""

    host: str
    port: int
    security: Security
    username: str = ""


@dataclass(frozen=True, slots=True)
class NewSignedIn:
    """As `connect.NewAccount`; servers that are not given are the provider's."""

    address: str
    sign_in: SignInWanted
    folders: tuple[str, ...]
    channel: str
    imap: Server | None = None
    smtp: Server | None = None
    without_smtp: bool = False
    history_days: int = 0
    watch_sent: bool = True
    mark_read: ReadPolicy = ReadPolicy.NEVER


async def connect_by_sign_in(
    uow: UnitOfWork, gate: Gate, wanted: NewSignedIn
) -> tuple[Account, str | None]:
    """Add an account, and the ticket by which somebody signs in for it where nobody has.

    The account waits until they have. Raises as `connect`, and `NotFound` for the provider.
    """
    address = checked_address(wanted.address)
    provider = gate.oauth.get(wanted.sign_in.provider)
    if await uow.accounts.find_by_address(address) is not None:
        raise Conflict(
            f"{address} is connected already.", fix="Change that account, or remove it first."
        )
    grant = await _grant(uow, provider, address, wanted.sign_in)
    hosts = provider.mail_hosts
    imap = _login(wanted.imap, hosts.imap if hosts else None, address)
    if imap is None:
        raise InvalidInput(
            f"The mail server of {provider.title} is not known.",
            field="imap",
            fix="Give its host, port and security.",
        )
    smtp = None
    if not wanted.without_smtp:
        smtp = _login(wanted.smtp, hosts.smtp if hosts else None, address)
    await uow.session.flush()
    account = await connect(
        uow,
        gate,
        NewAccount(
            address=address,
            imap=imap,
            smtp=smtp,
            folders=wanted.folders,
            channel=wanted.channel,
            history_days=wanted.history_days,
            watch_sent=wanted.watch_sent,
            mark_read=wanted.mark_read,
            grant_id=grant.id,
        ),
    )
    if grant.state is GrantState.ACTIVE or grant.kind is GrantKind.APPLICATION:
        return account, None
    return account, await make_ticket(uow, grant)


async def _grant(
    uow: UnitOfWork, provider: OAuthProvider, address: str, wanted: SignInWanted
) -> Grant:
    if wanted.grant_id is None:
        return add_grant(
            uow, provider, address, shared=wanted.shared, application=wanted.application
        )
    grant = await uow.grants.get(wanted.grant_id)
    if grant.provider != provider.name:
        raise InvalidInput(f"That sign-in is not with {provider.title}.", field="oauth.grant_id")
    return grant


def _login(wanted: Server | None, known: MailHost | None, address: str) -> ServerLogin | None:
    if wanted is not None:
        username = wanted.username or address
        return ServerLogin(wanted.host, wanted.port, wanted.security, username)
    if known is not None:
        return ServerLogin(known.host, known.port, Security(known.security), address)
    return None

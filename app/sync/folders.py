"""Which folders an account has, as its server lists them, and which of them are watched.

    listed ──────────────▶ watched ◀── listed again
      │ SELECT says no         │ not listed any more
      ▼                        ├── under another name ──▶ it was renamed: history and watermark stay
    parked: tried again,       ├── STATUS finds it ─────▶ the list was wrong
    the reason shown           └── gone ────────────────▶ said so; the account keeps its others

A list is never proof of absence by itself: a server in trouble lists nothing, or only a part.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from app.core.ids import MailboxId
from app.core.logging import get_logger
from app.mailbox.errors import CommandRefused
from app.mailbox.port import Folder as ListedFolder
from app.mailbox.port import MailSession, Role
from app.store.models import Account, Mailbox
from app.store.unit_of_work import UnitOfWork
from app.sync.port import Syncing
from app.sync.renames import find_renamed

log = get_logger(__name__)


async def read_folders(syncing: Syncing, session: MailSession) -> list[MailboxId]:
    """Ask for the list of folders and note what it says, as `note_folders` does."""
    return await note_folders(syncing, session, await session.folders())


async def note_folders(
    syncing: Syncing, session: MailSession, folders: Sequence[ListedFolder]
) -> list[MailboxId]:
    """Note what LIST says; answers the folders that are watched and there, in their order.

    A folder that is no longer listed keeps its history.
    """
    listed = {one.name: one for one in folders}
    async with syncing.store.begin(syncing.workspace_id) as uow:
        known = await uow.mailboxes.of_account(syncing.account_id)
    if not _is_usable(listed, known):
        log.warning("list.unusable", account=str(syncing.account_id), folders=len(listed))
        return await _watched_as_known(syncing)
    names = {one.name for one in known}
    gone = [one for one in known if one.listed and one.name not in listed]
    fresh = [one for one in listed.values() if one.name not in names and one.selectable]
    renamed = await find_renamed(syncing, session, gone, fresh)
    watched = [one for one in gone if one.watched and one.id not in renamed]
    there = {one.id for one in watched if await _is_there(session, one)}
    async with syncing.store.begin(syncing.workspace_id) as uow:
        account = await uow.accounts.owned(syncing.account_id, syncing.fence)
        account.provider = session.provider.key
        await _rename(uow, account, renamed)
        rows = await _note(uow, account, listed, there, now=syncing.clock.now())
        return [one.id for one in _in_order(account, rows) if one.listed and one.selectable]


async def park(
    syncing: Syncing, mailbox_id: MailboxId, why: CommandRefused, until: datetime
) -> None:
    """Leave a folder alone that the server lists and does not open."""
    async with syncing.store.begin(syncing.workspace_id) as uow:
        account = await uow.accounts.owned(syncing.account_id, syncing.fence)
        mailbox = await uow.mailboxes.get(mailbox_id)
        if mailbox.parked_until is None:
            uow.emit(
                "mailbox.parked",
                account_id=account.id,
                mailbox_id=str(mailbox.id),
                reason=str(why),
            )
        mailbox.detail, mailbox.parked_until = why.sentence, until
    log.warning("folder.parked", folder=str(mailbox_id), why=str(why))


async def unpark(syncing: Syncing, mailbox_id: MailboxId) -> None:
    """It opens again."""
    async with syncing.store.begin(syncing.workspace_id) as uow:
        account = await uow.accounts.owned(syncing.account_id, syncing.fence)
        mailbox = await uow.mailboxes.get(mailbox_id)
        mailbox.detail, mailbox.parked_until = "", None
        uow.emit("mailbox.opened", account_id=account.id, mailbox_id=str(mailbox.id))


def _is_usable(listed: Mapping[str, ListedFolder], known: Iterable[Mailbox]) -> bool:
    """Every account has an INBOX (RFC 3501 §5.1); a list that has lost it has lost more."""
    if not listed:
        return False
    return "INBOX" in listed or not any(one.name == "INBOX" and one.listed for one in known)


async def _watched_as_known(syncing: Syncing) -> list[MailboxId]:
    async with syncing.store.begin(syncing.workspace_id) as uow:
        account = await uow.accounts.owned(syncing.account_id, syncing.fence)
        rows = await uow.mailboxes.of_account(account.id)
        return [one.id for one in _in_order(account, rows) if one.listed and one.selectable]


async def _is_there(session: MailSession, mailbox: Mailbox) -> bool:
    try:
        await session.status(mailbox.name)
    except CommandRefused:
        return False
    return True


async def _rename(uow: UnitOfWork, account: Account, renamed: Mapping[MailboxId, str]) -> None:
    for mailbox_id, name in renamed.items():
        mailbox = await uow.mailboxes.get(mailbox_id)
        account.folders = [name if one == mailbox.name else one for one in account.folders]
        log.info("folder.renamed", folder=str(mailbox_id))
        uow.emit(
            "mailbox.renamed",
            account_id=account.id,
            mailbox_id=str(mailbox_id),
            old=mailbox.name,
            new=name,
        )
        mailbox.name = name
    await uow.session.flush()


async def _note(
    uow: UnitOfWork,
    account: Account,
    listed: Mapping[str, ListedFolder],
    there: set[MailboxId],
    *,
    now: datetime,
) -> Sequence[Mailbox]:
    rows = {one.name: one for one in await uow.mailboxes.of_account(account.id)}
    for name in {*listed, *account.folders} - rows.keys():
        rows[name] = uow.mailboxes.new(account.id, name)
        if name not in listed:
            # What comes into it before we see it is news all the same.
            rows[name].started_at = now
    has_sent = any(one.role == Role.SENT and one.selectable for one in listed.values())
    for mailbox in rows.values():
        if found := listed.get(mailbox.name):
            mailbox.role, mailbox.selectable = found.role, found.selectable
        is_there = bool(found) or mailbox.id in there
        is_replaced = not is_there and has_sent
        _watch(mailbox, watched=_is_watched(account, mailbox, is_replaced=is_replaced))
        _note_presence(uow, account, mailbox, there=is_there)
    return list(rows.values())


def _is_watched(account: Account, mailbox: Mailbox, *, is_replaced: bool) -> bool:
    """`is_replaced`: it is gone, and another folder is for sent mail now."""
    if mailbox.name in account.folders:
        return True
    is_for_sent = mailbox.role == Role.SENT and mailbox.selectable
    return account.watch_sent and is_for_sent and not is_replaced


def _watch(mailbox: Mailbox, *, watched: bool) -> None:
    """A folder that is watched anew begins where it stands: what came meanwhile is no news."""
    if watched and not mailbox.watched and mailbox.watermark is not None:
        mailbox.watermark = mailbox.started_at = None
    mailbox.watched = watched


def _note_presence(uow: UnitOfWork, account: Account, mailbox: Mailbox, *, there: bool) -> None:
    if there is not mailbox.listed and mailbox.watched:
        event = "mailbox.appeared" if there else "mailbox.missing"
        uow.emit(event, account_id=account.id, mailbox_id=str(mailbox.id), name=mailbox.name)
    if not (there and mailbox.listed):
        mailbox.parked_until = None
    mailbox.listed = there
    if mailbox.parked_until is None:
        mailbox.detail = _what_is_wrong(account, mailbox) if mailbox.watched else ""


def _what_is_wrong(account: Account, mailbox: Mailbox) -> str:
    if not mailbox.listed:
        is_named = mailbox.name in account.folders
        remedy = (
            "take it off the account’s folders" if is_named else "switch off watching sent mail"
        )
        return (
            f"There is no folder “{mailbox.name}” on the server. It is watched again as soon as it "
            f"is there; if it was removed for good, {remedy}."
        )
    if not mailbox.selectable:
        return f"The folder “{mailbox.name}” only holds other folders, so it cannot be watched."
    return ""


def _in_order(account: Account, rows: Iterable[Mailbox]) -> list[Mailbox]:
    """The watched folders as the account names them, the one for sent mail last."""
    places = {name: n for n, name in enumerate(account.folders)}
    watched = [one for one in rows if one.watched]
    return sorted(watched, key=lambda one: (places.get(one.name, len(places)), one.name))

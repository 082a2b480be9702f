"""Following what others do to mails we know: flags set, mails moved, mails removed.

    question ──▶ nothing to ask: the common case, no round trip and no write
       └──▶ FETCH FLAGS of the mails in question ──▶ differences ──▶ where did they go? ──▶ write

`changes.py` decides how much is asked and what the answer means. What the folder was like at this
look is remembered only once everything it told is written down or surely not ours: a look that
breaks, or that a waiting wish shields a mail from, asks the same again next time.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from app.core.ids import ConversationId, MailboxId, MessageId
from app.core.logging import get_logger
from app.mailbox.errors import CommandRefused
from app.mailbox.port import MailSession, Selected
from app.store.models import CommandType, Mailbox
from app.store.repositories.live import LiveMail
from app.store.unit_of_work import UnitOfWork
from app.sync.changes import (
    PLACE,
    Baseline,
    Difference,
    Flags,
    FlagsDiffer,
    KnownMail,
    Left,
    Question,
    believe,
    differences,
    question,
    shield,
    tells_all,
)
from app.sync.homes import Home, find_homes, settle_in
from app.sync.port import Folder, Syncing

NEWEST: Final = 500
"""So many mails are looked for when some may have left; the others wait for the reconciliation."""
GLANCE: Final = 100
"""So many are compared at every look where the server keeps no HIGHESTMODSEQ."""
PORTION: Final = 500
RECONCILE_APART: Final = timedelta(minutes=5)
log = get_logger(__name__)


async def follow(syncing: Syncing, session: MailSession, mailbox: Mailbox, said: Selected) -> bool:
    """Bring in what others changed in a folder, by what it `said` of itself just now.

    Answers whether there is nothing left to ask for as long as it says the same. Another folder may
    be open afterwards. Raises as `poll.catch_up` does.
    """
    if not said.is_fresh or mailbox.uidvalidity is None:
        return False
    before = Baseline(mailbox.exists_at_server, mailbox.uidnext, mailbox.highestmodseq)
    asked = question(before, said)
    is_settled = True
    if not asked.is_empty:
        log.debug("follow", folder=str(mailbox.id), reason=asked.reason)
        folder = Folder(mailbox.id, mailbox.name, mailbox.uidvalidity)
        try:
            is_settled = await Following(syncing, session, folder).ask(asked, before, said)
        except CommandRefused as error:
            # New mail must not wait for what a server will not say of the old: ask again next time.
            log.warning("follow.refused", folder=str(mailbox.id), error=str(error))
            is_settled = False
    if is_settled:
        await _remember(syncing, mailbox, said)
    return is_settled and tells_all(said)


async def _remember(syncing: Syncing, mailbox: Mailbox, said: Selected) -> None:
    now = (said.exists, said.uidnext, said.highestmodseq)
    if now == (mailbox.exists_at_server, mailbox.uidnext, mailbox.highestmodseq):
        return
    async with syncing.store.begin(syncing.workspace_id) as uow:
        await uow.accounts.owned(syncing.account_id, syncing.fence)
        row = await uow.mailboxes.get(mailbox.id)
        row.exists_at_server, row.uidnext, row.highestmodseq = now


class Following:
    """Compares mails of one folder with the server, and writes down what differs."""

    def __init__(self, syncing: Syncing, session: MailSession, folder: Folder) -> None:
        self._syncing = syncing
        self._session = session
        self._folder = folder

    async def ask(self, asked: Question, before: Baseline, said: Selected) -> bool:
        """Answers whether everything that differs could be settled."""
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            lowest = await uow.live.lowest(*self._key)
        if lowest is None or not await self._open():
            return lowest is None
        if asked.flags is Flags.ALL:
            return await self.compare_all()
        mails: dict[int, KnownMail] = {}
        if asked.flags is Flags.SINCE and before.highestmodseq and said.uidnext:
            changed = await self._session.changed_since(
                before.highestmodseq, lowest, uidnext=said.uidnext
            )
            mails |= await self._known_at(changed)
        if asked.may_have_left or asked.flags is Flags.NEWEST:
            mails |= await self._newest(NEWEST if asked.may_have_left else GLANCE)
        server = await self._session.flags(sorted(mails)) if mails else {}
        found = differences(list(mails.values()), server)
        is_settled = await self.settle(found)
        if (
            asked.may_have_left
            and len(mails) >= NEWEST
            and not any(isinstance(one, Left) for one in found)
        ):
            await self._reconcile_soon()
        return is_settled

    async def compare_all(self) -> bool:
        """Compare every mail of ours in the folder. Answers whether all could be settled."""
        above, is_settled = 0, True
        while page := await self._page(above, PORTION):
            above = page[-1].uid
            is_settled &= await self._open() and await self.compare(page)
        return is_settled

    async def compare_page(self, *, above: int, limit: int) -> int | None:
        """Compare the next mails above a UID; answers the last one's UID, None at the end."""
        page = await self._page(above, limit)
        if not page or not await self._open():
            return None
        await self.compare(page)
        return page[-1].uid

    async def _page(self, above: int, limit: int) -> list[KnownMail]:
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            return _known(await uow.live.page(*self._key, above=above, limit=limit))

    async def compare(self, mails: Sequence[KnownMail]) -> bool:
        """Compare these mails; the folder is open. Answers whether all could be settled."""
        server = await self._session.flags([mail.uid for mail in mails]) if mails else {}
        return await self.settle(differences(mails, server))

    async def settle(self, found: Sequence[Difference], *, among: int | None = None) -> bool:
        """Write down what differs, and where mails that left are now.

        `among`: so many differ together, where these are not all.
        """
        is_settled = True
        for at in range(0, len(found), PORTION):
            portion = found[at : at + PORTION]
            homes = await self._look_for(portion, among=among or len(found))
            is_settled &= await self._write(portion, homes)
        return is_settled

    async def _reconcile_soon(self) -> None:
        """Some mail left that is none of the newest: it may be ours, so have all of them compared.

        Not every few seconds, though: it may be one of the many that were there before us.
        """
        now = self._syncing.clock.now()
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            row = await uow.mailboxes.get(self._folder.mailbox_id)
            if row.last_reconciled_at is None or now - row.last_reconciled_at > RECONCILE_APART:
                row.next_reconcile_at = None

    @property
    def _key(self) -> tuple[MailboxId, int]:
        return self._folder.mailbox_id, self._folder.uidvalidity

    async def _open(self) -> bool:
        """Have the folder open; False where its UIDs mean other mails by now."""
        opened = await self._session.examine(self._folder.name, max_age=float("inf"))
        return opened.uidvalidity in {self._folder.uidvalidity, None}

    async def _known_at(self, uids: Sequence[int]) -> dict[int, KnownMail]:
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            return {one.uid: one for one in _known(await uow.live.at(*self._key, uids))}

    async def _newest(self, count: int) -> dict[int, KnownMail]:
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            return {one.uid: one for one in _known(await uow.live.newest(*self._key, count))}

    async def _look_for(
        self, found: Sequence[Difference], *, among: int
    ) -> Mapping[MessageId, Home]:
        left = [one.mail for one in found if isinstance(one, Left)]
        if not left:
            return {}
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            waiting = await uow.commands.waiting(self._syncing.account_id)
        wanted = [mail for mail in left if PLACE not in shield(waiting.get(mail.message_id, ()))]
        return await find_homes(self._syncing, self._session, self._folder, wanted, among=among)

    async def _write(self, found: Sequence[Difference], homes: Mapping[MessageId, Home]) -> bool:
        async with self._syncing.store.begin(self._syncing.workspace_id) as uow:
            await uow.accounts.owned(self._syncing.account_id, self._syncing.fence)
            waiting = await uow.commands.waiting(self._syncing.account_id)
            believed, is_settled = _believed(found, waiting)
            conversations = await uow.messages.conversation_of_each(
                [one.mail.message_id for one in believed]
            )
            flags = [one for one in believed if isinstance(one, FlagsDiffer)]
            left = [one.mail for one in believed if isinstance(one, Left)]
            await uow.live.set_flags(*self._key, {one.mail.uid: one.flags for one in flags})
            await uow.live.leave(*self._key, [mail.uid for mail in left])
            ids = {mail.message_id for mail in left}
            await settle_in(uow, ids, [home for id_, home in homes.items() if id_ in ids])
            self._tell(uow, flags, left, homes, conversations)
            shown = [one.mail.message_id for one in flags if one.is_shown]
            shown += [mail.message_id for mail in left]
            stale = {conversations[id_] for id_ in shown}
            await uow.conversations.raise_versions(stale)
            await uow.cards_are_stale(stale)
        return is_settled

    def _tell(
        self,
        uow: UnitOfWork,
        flags: Sequence[FlagsDiffer],
        left: Sequence[KnownMail],
        homes: Mapping[MessageId, Home],
        conversations: Mapping[MessageId, ConversationId],
    ) -> None:
        for one in flags:
            uow.emit(
                "message.flags_changed",
                account_id=self._syncing.account_id,
                conversation_id=conversations[one.mail.message_id],
                message_id=str(one.mail.message_id),
                added=sorted(one.added),
                removed=sorted(one.removed),
            )
        for mail in left:
            home = homes.get(mail.message_id)
            uow.emit(
                "message.moved" if home else "message.left",
                account_id=self._syncing.account_id,
                conversation_id=conversations[mail.message_id],
                message_id=str(mail.message_id),
                **{"from": str(self._folder.mailbox_id)},
                **({"to": str(home.mailbox_id)} if home else {}),
            )


def _known(mails: Sequence[LiveMail]) -> list[KnownMail]:
    return [KnownMail(one.uid, one.message_id, one.flags) for one in mails]


def _believed(
    found: Sequence[Difference], waiting: Mapping[MessageId, set[CommandType]]
) -> tuple[list[Difference], bool]:
    """What may be written now, and whether that is all of it."""
    believed: list[Difference] = []
    is_settled = True
    for one in found:
        wishes = waiting.get(one.mail.message_id, set())
        now, later = believe(one, shield(wishes))
        believed += [now] if now else []
        is_settled &= not later
    return believed, is_settled

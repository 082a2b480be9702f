"""How far a server is trusted to announce what happens, and so how long we wait without asking.

IDLE is offered by many and kept by fewer. A server that has announced new mail is believed to
announce the next, too, so its folders are asked about half as often. The first mail that is found
in a folder without having been announced ends that: for the server until it announces mail again,
and for the folder until ten times in a row what was found had been announced. That is written down,
so that it holds for whoever tends the account next, and people can read it.

A mail may come just as we look, and be announced late: with the end of IDLE, or after we found it.
A server whose IDLE is of no use does so with every mail. So once that says nothing, and twice in a
row it is a failure.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from app.core.ids import MailboxId
from app.core.logging import get_logger
from app.mailbox.port import Heard, MailSession
from app.store.models import Mailbox
from app.sync.port import Syncing

TIMES: Final = 2
"""So many times as long as else may pass before a folder is asked about that is told of."""
_IN_A_ROW: Final = 10
log = get_logger(__name__)


class Means(StrEnum):
    """By what a server announces: what happens in the open folder, and in others."""

    IDLE = "idle"
    NOTIFY = "notify"


class Proofs:
    """Which servers have announced mail, and by what; until some is found that they had not.

    All accounts of a worker share it: most of them are quiet, and their server is the same.
    """

    def __init__(self) -> None:
        self._proven: set[tuple[str, Means]] = set()

    def holds(self, host: str, means: Means) -> bool:
        return (host, means) in self._proven

    def note(self, host: str, means: Means, *, was_told: bool) -> None:
        (self._proven.add if was_told else self._proven.discard)((host, means))


class Trust:
    """What one connection hears from its server, and has learnt of its word."""

    def __init__(self, proofs: Proofs, host: str, syncing: Syncing, session: MailSession) -> None:
        self._proofs, self._host, self._syncing, self._session = proofs, host, syncing, session
        self._names: dict[MailboxId, str] = {}
        self._told: frozenset[str] = frozenset()
        """The folders beside the open one of which the server spoke before this round."""
        self._doubted: dict[MailboxId, int] = {}
        """How often in a row new mail in these folders was announced since one was not."""
        self._late: set[MailboxId] = set()
        """The folders whose last new mail was found before it was announced in time."""
        self.idle_in: MailboxId | None = None
        """The folder in which we wait."""
        self.is_judged = False
        """Whether what is found now should have been announced: we waited, and nobody asked."""

    def recall(self, folders: Sequence[Mailbox]) -> None:
        """Know the folders of the account, and doubt those of which that is written down."""
        self._names = {one.id: one.name for one in folders}
        self._doubted = {
            one.id: self._doubted.get(one.id, 0) for one in folders if one.untold_at is not None
        }

    async def hear_of(self, folders: Sequence[MailboxId]) -> None:
        """Have the server tell of these folders, too, where it can."""
        await self._session.hear_of([self._names[one] for one in folders])

    async def listen(self) -> None:
        self._told = await self._session.take_told()

    def was_told(self, folder: MailboxId) -> bool:
        """Whether the server spoke of a folder that is not open."""
        return self._names[folder] in self._told

    def holds(self, folder: MailboxId) -> bool:
        """Whether the server's word is good for this folder."""
        means = self._means(folder)
        return (
            means is not None
            and folder not in self._doubted
            and self._proofs.holds(self._host, means)
        )

    async def judge(self, folder: MailboxId, *, found: int) -> None:
        """A folder was looked at: learn from whether what was found there had been announced."""
        means, heard = self._means(folder), Heard.IN_IDLE
        if means is Means.IDLE:
            heard = self._session.take_heard()
        elif not self.was_told(folder):
            heard = Heard.LATE  # no command has it told at once: it may be on its way
        if means is None or not found or not self.is_judged:
            return
        if heard is Heard.LATE and folder not in self._late:
            self._late.add(folder)
            return
        self._late.discard(folder)
        was_told = heard is Heard.IN_IDLE
        self._proofs.note(self._host, means, was_told=was_told)
        if was_told and folder in self._doubted:
            self._doubted[folder] += 1
            if self._doubted[folder] >= _IN_A_ROW:
                del self._doubted[folder]
                await self._write(folder, is_doubted=False)
        elif not was_told:
            is_new = folder not in self._doubted
            self._doubted[folder] = 0
            if is_new:
                await self._write(folder, is_doubted=True)

    def _means(self, folder: MailboxId) -> Means | None:
        """By what the server announces what happens in a folder; None where it does not."""
        if self._names.get(folder) in self._session.hears_of:
            return Means.NOTIFY
        has_idle = "IDLE" in self._session.capabilities
        return Means.IDLE if has_idle and folder == self.idle_in else None

    async def _write(self, folder: MailboxId, *, is_doubted: bool) -> None:
        on = self._syncing
        async with on.store.begin(on.workspace_id) as uow:
            await uow.accounts.owned(on.account_id, on.fence)
            row = await uow.mailboxes.get(folder)
            row.untold_at = on.clock.now() if is_doubted else None
        event = "mailbox.untold" if is_doubted else "mailbox.told"
        log.warning(event, account=str(on.account_id), folder=str(folder), host=self._host)

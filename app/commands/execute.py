"""Carrying wishes out, in order, in the account's own connection: the whole story.

    queued ──claim, attempt counted──▶ running ──verified on the server──▶ done
      ▲                                   │
      ├── refused for now, or the ────────┤
      │   connection broke: later         │
      │                                   └── refused for good, or tried five times ──▶ failed
      └────────────────────── Retry ────────────────────────────────────────────────────────┘

The attempt is committed before the server hears of it, so that a wish which kills the worker is not
tried for ever. What was done is verified by looking, and only then settled: a card that says so is
true. A wish that waits or has failed holds back nobody but later wishes for its own conversation.
Every step may be repeated: after a crash a running command is simply claimed again.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

from app.commands.carry_out import FolderRef, Outcome, move, set_flag
from app.commands.claim import Claimed, Executing, claim_next, is_another_due
from app.commands.locate import Wanted
from app.commands.sent import file_sent, find_sent
from app.commands.settle import MOST_ATTEMPTS, done, failed
from app.commands.types import FileSent, FindSent, FlagIntent, Move, MoveToRole, Restore
from app.core.faults import faultpoint
from app.mailbox.errors import CommandRefused, FolderMissing, MailServerError, Transient
from app.mailbox.port import MailSession, Role
from app.mailbox.roles import NEW_FOLDER_NAMES
from app.store.models import CommandTarget, Filing, Mailbox

Key = TypeVar("Key", bound=Hashable)


async def run_due(on: Executing, session: MailSession, *, most: float = math.inf) -> int:
    """Carry out the commands whose time has come, `most` of them; answers how many that were.

    Raises `Transient` where the connection broke; the command is then tried again with the next
    one. Raises `OwnershipLost` where the account is no longer ours.
    """
    count = 0
    while count < most and (claimed := await claim_next(on)):
        faultpoint("K19")
        count += 1
        try:
            _check_attempts(claimed)
            outcomes = await _carry_out(on, session, claimed)
        except MailServerError as error:
            await failed(on, claimed, error)
            if isinstance(error, Transient):
                raise
        else:
            await done(on, claimed, outcomes)
            faultpoint("K22")
        if not await is_another_due(on):
            break
    return count


def _check_attempts(claimed: Claimed) -> None:
    """Give up on a wish that took the worker down with it every time."""
    if claimed.attempts > MOST_ATTEMPTS:
        raise CommandRefused(f"{MOST_ATTEMPTS} attempts did not come to an end.")


async def _carry_out(on: Executing, session: MailSession, claimed: Claimed) -> list[Outcome]:
    match claimed.intent:
        case MoveToRole(role=role):
            target = await _folder_for(on, session, claimed, role)
            return await _move_all(session, claimed, lambda _: target)
        case Move(folder=name):
            target = _folder_named(claimed, name)
            return await _move_all(session, claimed, lambda _: target)
        case FlagIntent() as intent:
            return await _flag_all(on, session, claimed, intent, lambda _: intent.add)
        case Restore():
            return await _restore(on, session, claimed)
        case FileSent() as filing:
            return await _file_sent(on, session, claimed, filing)
        case FindSent() as finding:
            return await find_sent(on, session, claimed, finding)
        case _:
            raise AssertionError(claimed.intent)


async def _file_sent(
    on: Executing, session: MailSession, claimed: Claimed, intent: FileSent
) -> list[Outcome]:
    async with on.store.begin(on.workspace_id) as uow:
        outgoing = await uow.outgoing.get(intent.outgoing_id)
    folder = None
    if outgoing.filing is not Filing.BY_PROVIDER:
        folder = await _folder_for(on, session, claimed, Role.SENT)
    groups = _grouped(claimed.targets, lambda one: one.mailbox_id)
    wanted = [(_ref(claimed.folders[id_]), _wanted(claimed, ones)) for id_, ones in groups.items()]
    return await file_sent(on, session, outgoing, folder, wanted)


async def _restore(on: Executing, session: MailSession, claimed: Claimed) -> list[Outcome]:
    match claimed.undone:
        case FlagIntent() as intent:
            return await _flag_all(
                on, session, claimed, intent, lambda one: intent.flag in (one.flags_before or ())
            )
        case _:
            return await _move_all(session, claimed, lambda one: _origin(claimed, one))


def _origin(claimed: Claimed, target: CommandTarget) -> FolderRef:
    assert target.new_mailbox_id is not None
    return _ref(claimed.folders[target.new_mailbox_id])


async def _move_all(
    session: MailSession, claimed: Claimed, destination: Callable[[CommandTarget], FolderRef]
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    ways = _grouped(claimed.targets, lambda one: (one.mailbox_id, destination(one)))
    for (source, target), ones in ways.items():
        outcomes += await move(
            session,
            _ref(claimed.folders[source]),
            target,
            _wanted(claimed, ones),
            tried_before=claimed.attempts > 1,
        )
    return outcomes


async def _flag_all(
    on: Executing,
    session: MailSession,
    claimed: Claimed,
    intent: FlagIntent,
    add: Callable[[CommandTarget], bool],
) -> list[Outcome]:
    async def note(flags: Mapping[int, tuple[str, ...]]) -> None:
        """Who stood still since the command was claimed finds out here that it is another's now."""
        async with on.store.begin(on.workspace_id) as uow:
            await uow.accounts.owned(on.account_id, on.fence)
            for target in await uow.commands.targets(claimed.id):
                if target.flags_before is None and target.n in flags:
                    target.flags_before = list(flags[target.n])

    outcomes: list[Outcome] = []
    groups = _grouped(claimed.targets, lambda one: (one.mailbox_id, add(one)))
    for (mailbox_id, adding), ones in groups.items():
        outcomes += await set_flag(
            session,
            _ref(claimed.folders[mailbox_id]),
            _wanted(claimed, ones),
            intent.flag,
            add=adding,
            note=note,
        )
    return outcomes


def _grouped(
    targets: Sequence[CommandTarget], key: Callable[[CommandTarget], Key]
) -> dict[Key, list[CommandTarget]]:
    groups: defaultdict[Key, list[CommandTarget]] = defaultdict(list)
    for target in targets:
        groups[key(target)].append(target)
    return groups


def _wanted(claimed: Claimed, targets: Sequence[CommandTarget]) -> list[Wanted]:
    return [
        Wanted(
            n=target.n,
            mailbox_id=target.mailbox_id,
            uidvalidity=target.uidvalidity,
            uid=target.uid,
            identity=claimed.identities[target.n],
        )
        for target in targets
    ]


async def _folder_for(
    on: Executing, session: MailSession, claimed: Claimed, role: Role
) -> FolderRef:
    """The account's folder for a role; made on the server where it has none."""
    for mailbox in claimed.folders.values():
        if mailbox.role == role and mailbox.listed and mailbox.selectable:
            return _ref(mailbox)
    name = await session.create(NEW_FOLDER_NAMES[role])
    async with on.store.begin(on.workspace_id) as uow:
        await uow.accounts.owned(on.account_id, on.fence)
        made = await uow.mailboxes.named(on.account_id, name)
        made.role, made.listed, made.selectable = role, True, True
        return _ref(made)


def _folder_named(claimed: Claimed, name: str) -> FolderRef:
    for mailbox in claimed.folders.values():
        if mailbox.name == name:
            return _ref(mailbox)
    raise FolderMissing(f"The folder “{name}” is no longer there.", code="NONEXISTENT")


def _ref(mailbox: Mailbox) -> FolderRef:
    return FolderRef(mailbox.id, mailbox.name)

"""The one request that leaves a list (RFC 8058), as a job.

    asked, attempt counted ──▶ POST ──▶ 2xx: done
                                 ├────▶ 5xx, 429, no answer: later, four times in all ──▶ refused
                                 └────▶ 3xx, 4xx, an address that is not public ──▶ refused

A request that is made twice leaves the list once, so a job that died is simply run again. Nothing
of ours goes along: no cookie, no key, no name.
"""

from datetime import datetime, timedelta
from typing import Final

from app.core.errors import NotFound
from app.core.ids import ListExitId, WorkspaceId
from app.core.logging import get_logger
from app.mail.lists import ONE_CLICK_BODY
from app.outside.http import AddressRefused, Answer, OutsideError
from app.sending.context import Sending
from app.sending.lists import tell
from app.store.models import ListExit, ListExitState
from app.store.queue import leave_list
from app.store.unit_of_work import UnitOfWork

WAITS: Final = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
"""Before the next attempt, after the n-th."""
_SECONDS: Final = 20.0
_MOST_BYTES: Final = 4096
_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_LATER: Final = frozenset({408, 425, 429})
log = get_logger(__name__)


async def run(on: Sending, workspace_id: WorkspaceId, exit_id: ListExitId) -> None:
    """Make the request, and write down what came of it."""
    async with on.store.begin(workspace_id) as uow:
        try:
            row = await uow.list_exits.lock(exit_id)
        except NotFound:
            return
        if row.state is not ListExitState.ASKED:
            return
        row.attempts += 1
        url, whom = row.url, row.whom
    answer: Answer | OutsideError | AddressRefused
    try:
        answer = await on.outside.request(
            "POST",
            url,
            headers=_HEADERS,
            body=ONE_CLICK_BODY,
            seconds=_SECONDS,
            most_bytes=_MOST_BYTES,
        )
    except (OutsideError, AddressRefused) as error:
        answer = error
    async with on.store.begin(workspace_id) as uow:
        row = await uow.list_exits.lock(exit_id)
        if row.state is ListExitState.ASKED:
            await _settle(uow, row, answer, whom)


async def _settle(
    uow: UnitOfWork, row: ListExit, answer: Answer | OutsideError | AddressRefused, whom: str
) -> None:
    match answer:
        case Answer() if answer.is_success:
            row.state, row.detail = ListExitState.DONE, ""
        case Answer() if answer.status >= 500 or answer.status in _LATER:
            _later(uow, row, f"{whom} answered {answer.status}.", await uow.outgoing.time())
        case Answer() if 300 <= answer.status < 400:
            _refused(row, f"{whom} answered {answer.status}: it wants to lead to another address.")
        case Answer():
            _refused(row, f"{whom} answered {answer.status}.")
        case OutsideError():
            _later(uow, row, answer.sentence, await uow.outgoing.time())
        case _:
            _refused(row, answer.sentence)
    if row.state is not ListExitState.ASKED:
        row.settled_at = await uow.outgoing.time()
        tell(uow, row)
    await uow.cards_are_stale([row.conversation_id])


def _later(uow: UnitOfWork, row: ListExit, reason: str, now: datetime) -> None:
    if row.attempts > len(WAITS):
        _refused(row, f"{reason} It was asked {row.attempts} times.")
        return
    row.detail = reason
    not_before = now + WAITS[row.attempts - 1]
    log.info("list_exit.later", list_exit=str(row.id), reason=reason)
    uow.leave(leave_list(uow.workspace_id, row.id, not_before=not_before))


def _refused(row: ListExit, reason: str) -> None:
    row.state, row.detail = ListExitState.REFUSED, reason
    log.info("list_exit.refused", list_exit=str(row.id), reason=reason)

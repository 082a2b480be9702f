"""Working out the words of mails that came in many at a time, so that search finds them.

A portion at a time and one workspace after the other: nobody's full mailbox keeps the mails of
others waiting. Several workers may be about it; none takes what another is at.
"""

from typing import Final

from sqlalchemy.exc import DBAPIError

from app.core.ids import WorkspaceId
from app.core.logging import get_logger
from app.store.unit_of_work import Store

_TEAMS: Final = 50
_PORTION: Final = 50
"""Also where each is made to take long: well within the time of one statement."""
log = get_logger(__name__)


async def index_mails(store: Store) -> None:
    """Until there is nothing left to take."""
    while True:
        async with store.asking_all_workspaces() as fleet:
            teams = await fleet.indexing.behind(limit=_TEAMS)
        if not any([await _index(store, team) for team in teams]):
            return


async def _index(store: Store, team: WorkspaceId) -> int:
    """Answers how many were taken; none where it fails, which stops no other workspace."""
    try:
        async with store.asking_all_workspaces() as fleet:
            return await fleet.indexing.index(team, limit=_PORTION)
    except DBAPIError as error:
        log.warning("index.failed", workspace=str(team), error=str(error.orig))
        return 0

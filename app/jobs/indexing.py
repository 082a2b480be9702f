"""Working out the words of mails that came in many at a time, so that search finds them.

A portion at a time and one workspace after the other: nobody's full mailbox keeps the mails of
others waiting. Several workers may be about it; none takes what another is at.
"""

from typing import Final

from app.store.unit_of_work import Store

_TEAMS: Final = 50
_PORTION: Final = 50
"""Also where each is made to take long: well within the time of one statement."""


async def index_mails(store: Store) -> None:
    """Until there is nothing left to take."""
    while True:
        async with store.asking_all_workspaces() as fleet:
            teams = await fleet.indexing.behind(limit=_TEAMS)
            taken = [await fleet.indexing.index(team, limit=_PORTION) for team in teams]
        if not any(taken):
            return

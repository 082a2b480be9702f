"""Whom SharedBox tells of trouble in Slack: whoever a setting names, and the admins by role."""

from collections.abc import Sequence
from typing import Final

from app.core.ids import SlackUserId
from app.store.unit_of_work import UnitOfWork

_MOST: Final = 25
"""Of those by role: each is asked about at Slack, one after the other."""


async def admins_of(uow: UnitOfWork, named: Sequence[SlackUserId]) -> list[SlackUserId]:
    """Those of this workspace, each once; `named` ones may be of another."""
    by_role = await uow.teammates.slack_admins(limit=_MOST)
    return list(dict.fromkeys([*named, *by_role]))

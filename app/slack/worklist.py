"""What a person's lists show: only mail of the accounts whose channels they are in.

A channel's members are asked of Slack each time and outside any transaction. Who is in none of the
channels has empty lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.accounts.diagnose import diagnose
from app.accounts.health import health_of
from app.core.findings import Finding, Level
from app.core.ids import AccountId, ChannelId, ConversationId, TeammateId
from app.feed.links import link_to
from app.slack.views.listing import Line
from app.slack.views.ruling import RuleLine
from app.store.models import Account, Conversation, ConversationStatus, Post, PostState
from app.store.repositories.conversations import ConversationFilter
from app.store.unit_of_work import UnitOfWork

_MOST_ACCOUNTS: Final = 1000
_WORST_FIRST: Final = (Level.PROBLEM, Level.NOTE, Level.OK)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one person may see."""

    channels: frozenset[ChannelId]
    accounts: dict[AccountId, Account]

    def limit(self, wanted: ConversationFilter) -> ConversationFilter:
        return replace(wanted, seen_in=self.channels)


async def sight_of(uow: UnitOfWork, channels: frozenset[ChannelId]) -> Sight:
    """The accounts whose mail is posted in these channels, the first thousand of them."""
    found = await uow.accounts.page(after=None, limit=_MOST_ACCOUNTS, channels=channels)
    return Sight(channels, {one.id: one for one in found})


def lists_of(me: TeammateId) -> dict[str, ConversationFilter]:
    """What one person is shown of the team's work, by what each list is called."""
    is_open = ConversationStatus.OPEN
    return {
        "mine": ConversationFilter(status=is_open, assignee_id=me, snoozed=False),
        "unassigned": ConversationFilter(status=is_open, unassigned=True, snoozed=False),
        "overdue": ConversationFilter(status=is_open, assignee_id=me, overdue=True, snoozed=False),
        "waiting": ConversationFilter(status=is_open, waiting_with_others_than=me, snoozed=False),
        "snoozed": ConversationFilter(status=is_open, snoozed=True, snoozed_by_id=me),
    }


async def first_of(
    uow: UnitOfWork, sight: Sight, wanted: ConversationFilter, *, limit: int, most: int
) -> tuple[Sequence[Conversation], int]:
    """The first of a list that somebody may see, and how many it has: `most` at the most."""
    wanted = sight.limit(wanted)
    if wanted.waiting_with_others_than is None:
        found = await uow.conversations.page(wanted, before=None, limit=limit)
    else:
        found = await uow.conversations.longest_waiting(wanted, limit=limit)
    if len(found) < limit:
        return found, len(found)
    return found, await uow.conversations.count(wanted, limit=most)


async def cards_in(
    uow: UnitOfWork, sight: Sight, conversations: Sequence[Conversation]
) -> dict[ConversationId | None, Post]:
    """The cards of these conversations that the person can open."""
    return {
        card.conversation_id: card
        for card in await uow.posts.cards_of([one.id for one in conversations])
        if card.state is PostState.SENT and card.channel_id in sight.channels
    }


async def lines_of(
    uow: UnitOfWork, sight: Sight, conversations: Sequence[Conversation], api_url: str
) -> list[Line]:
    """These conversations as a list shows them, with links to cards that the person can open."""
    cards = await cards_in(uow, sight, conversations)
    ids = [one.assignee_id for one in conversations if one.assignee_id]
    people = await uow.teammates.get_many(list(dict.fromkeys(ids)))
    addresses = await addresses_of(uow, sight, conversations)
    lines = []
    for one in conversations:
        assignee = people.get(one.assignee_id) if one.assignee_id else None
        lines.append(
            Line(
                subject=one.subject,
                address=addresses[one.account_id],
                last_message_at=one.last_message_at,
                link=link_to(cards.get(one.id), api_url),
                assignee=(assignee.name, assignee.slack_user_id) if assignee else None,
                is_done=one.status is ConversationStatus.DONE,
                is_snoozed=one.is_snoozed,
                snoozed_until=one.snoozed_until,
                waiting_since=one.waiting_since,
                no_answer_since=one.no_answer_since,
            )
        )
    return lines


async def addresses_of(
    uow: UnitOfWork, sight: Sight, conversations: Sequence[Conversation]
) -> dict[AccountId, str]:
    """Of the accounts of these conversations; a rule may show mail where its account posts none."""
    known = {id_: account.address for id_, account in sight.accounts.items()}
    missing = frozenset(one.account_id for one in conversations) - set(known)
    if missing:
        found = await uow.accounts.page(after=None, limit=len(missing), only=missing)
        known |= {one.id: one.address for one in found}
    return known


async def health_in(
    uow: UnitOfWork, sight: Sight, now: datetime, *, poll_seconds: float, limit: int
) -> tuple[list[Finding], int]:
    """How the accounts are, the worst first, and how many there are beyond the limit."""
    healths = await health_of(uow, list(sight.accounts.values()))
    found = [diagnose(one, now, poll_seconds=poll_seconds) for one in healths]
    found.sort(key=lambda one: (_WORST_FIRST.index(one.level), one.subject))
    return found[:limit], max(len(found) - limit, 0)


async def rule_lines(uow: UnitOfWork) -> list[RuleLine]:
    """Every rule in its order, for those who look after them."""
    rules = await uow.rules.all()
    tallies = await uow.rules.tallies([one.id for one in rules])
    ids = frozenset(one.account_id for one in rules if one.account_id is not None)
    found = await uow.accounts.page(after=None, limit=max(len(ids), 1), only=ids)
    addresses = {one.id: one.address for one in found}
    return [
        RuleLine(
            id=one.id,
            name=one.name,
            body=one.body,
            enabled=one.enabled,
            address=addresses.get(one.account_id) if one.account_id else None,
            times=tallies[one.id].times if one.id in tallies else 0,
        )
        for one in rules
    ]

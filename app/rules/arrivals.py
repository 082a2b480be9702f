"""New mail as it comes in: the rules first, then what is shown of it, in one transaction.

It is called by the stage that stores the mail, within the transaction that does. So a rule is
applied to a mail if and only if the mail is kept, and never twice; imported history and mail of our
own are none of its business.
"""

import asyncio
from collections.abc import Sequence

from app.core.clock import Clock
from app.core.ids import ChannelId, ConversationId, MessageId, PlacementId
from app.core.logging import get_logger
from app.feed.announce import Announcer
from app.mail.topmost import header_values
from app.rules.apply import About, carry_out
from app.rules.facts import facts_of
from app.rules.match import Facts, headers_asked
from app.rules.plan import Readied, Step, plans, readied
from app.rules.types import Mute, ToChannel
from app.store.models import Account, Direction
from app.store.new import Ruling
from app.store.repositories.arriving import Around
from app.store.repositories.routes import Routing
from app.store.unit_of_work import UnitOfWork
from app.sync.port import Arrived

log = get_logger(__name__)


class Arrivals:
    """Implements `sync.port.Announce`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._announcer = Announcer()

    async def arrived(
        self,
        uow: UnitOfWork,
        around: Around,
        mails: Sequence[Arrived],
        begun: frozenset[ConversationId],
    ) -> None:
        if not mails:
            return
        account = around.account
        rulings = await self._apply_rules(uow, account, mails) if around.has_rules else {}
        await self._announcer.arrived(
            uow,
            account,
            [one.message for one in mails],
            folder=mails[0].folder,
            rulings=rulings,
            routing=None if around.has_routes else Routing(account, ()),
            begun=begun,
        )

    async def quarantined(
        self, uow: UnitOfWork, account: Account, placements: Sequence[PlacementId]
    ) -> None:
        await self._announcer.quarantined(uow, account, placements)

    async def settled(self, uow: UnitOfWork, placements: Sequence[PlacementId]) -> None:
        await self._announcer.settled(uow, placements)

    async def _apply_rules(
        self, uow: UnitOfWork, account: Account, mails: Sequence[Arrived]
    ) -> dict[MessageId, Ruling]:
        inbound = [one for one in mails if one.message.direction is Direction.INBOUND]
        if not inbound:
            return {}
        rules, unreadable = readied(await uow.rules.enabled_for(account.id))
        for rule_id in unreadable:
            log.error("rule.unreadable", rule=str(rule_id))
        if not rules:
            return {}
        steps = await asyncio.to_thread(_decide, rules, inbound)
        fitting = {
            one.message.conversation_id for one, found in zip(inbound, steps, strict=True) if found
        }
        if not fitting:
            return {}
        await uow.insert_pending()  # what is done with a mail finds it
        carded = {card.conversation_id for card in await uow.posts.cards_of(fitting)}
        rulings: dict[MessageId, Ruling] = {}
        for one, found in zip(inbound, steps, strict=True):
            message = one.message
            about = About(
                account_id=account.id,
                conversation_id=message.conversation_id,
                message_id=message.id,
                received_at=message.received_at,
                automatic=message.automatic,
                has_card=message.conversation_id in carded,
            )
            for step in found:
                await carry_out(uow, step, about, now=self._clock.now())
            rulings[message.id] = _ruling(found)
        return rulings


def _decide(rules: Sequence[Readied], mails: Sequence[Arrived]) -> list[tuple[Step, ...]]:
    """In a thread: a thousand long mails and a hundred rules are work of a moment or two."""
    names = headers_asked(rule.body for rule in rules)
    return plans(rules, [_facts(one, names) for one in mails])


def _facts(one: Arrived, names: frozenset[str]) -> Facts:
    headers = header_values(one.head, names) if names else {}
    return facts_of(one.message, files=one.files, headers=headers)


def _ruling(steps: Sequence[Step]) -> Ruling:
    actions = [action for step in steps for action in step.actions]
    channels = [one.channel for one in actions if isinstance(one, ToChannel)]
    return Ruling(
        channel=ChannelId(channels[0]) if channels else None,
        muted=any(isinstance(one, Mute) for one in actions),
    )

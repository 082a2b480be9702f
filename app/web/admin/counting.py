"""What is counted for somebody: whole inboxes, and only those all of whose mail they see.

Who came by Slack sees what stands in their channels. Where an inbox sends mail elsewhere as well,
by a route or a rule, a number would tell of mail that they may not know of; so there is none.
"""

from collections.abc import Iterable, Sequence

from app.core.ids import AccountId, ChannelId
from app.store.models import Account, Rule
from app.store.unit_of_work import UnitOfWork
from app.web.admin.visitor import Visitor


async def counted_for(
    uow: UnitOfWork, visitor: Visitor, accounts: Sequence[Account]
) -> frozenset[AccountId]:
    """Those of these accounts, which the visitor sees, that are counted for them."""
    ids = frozenset(AccountId(one.id) for one in accounts)
    if visitor.seen_in is None:
        return ids
    elsewhere = {
        AccountId(one.account_id)
        for one in await uow.routes.page(ids)
        if one.channel_id not in visitor.seen_in
    }
    for rule in await uow.rules.all():
        if not set(_channels(rule)) <= visitor.seen_in:
            elsewhere |= {rule.account_id} if rule.account_id else ids
    inside = {AccountId(one.id) for one in accounts if one.channel_id in visitor.seen_in}
    return frozenset(inside - elsewhere)


def _channels(rule: Rule) -> Iterable[ChannelId]:
    """Where a rule shows mail, or did before it was switched off."""
    for action in rule.body.get("actions", ()):
        if action.get("do") == "channel":
            yield ChannelId(action["channel"])

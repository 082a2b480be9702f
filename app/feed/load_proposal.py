"""From an answer that a rule proposed to what the card shows of it."""

from datetime import datetime
from uuid import UUID

from app.core.errors import NotFound
from app.core.ids import TemplateId
from app.feed.view import ProposalView
from app.store.models import Conversation, ConversationStatus
from app.store.unit_of_work import UnitOfWork


async def load_proposal(uow: UnitOfWork, conversation: Conversation) -> ProposalView | None:
    """None where there is none, or where the mail it was for waits no longer."""
    proposal, waiting = conversation.proposal, conversation.waiting_since
    if proposal is None or waiting is None or conversation.status is ConversationStatus.DONE:
        return None
    if datetime.fromisoformat(proposal["at"]) < waiting:
        return None
    try:
        template = await uow.templates.get(TemplateId(UUID(proposal["template_id"])))
    except NotFound:
        return None
    return ProposalView(proposal["rule_name"], template.name)

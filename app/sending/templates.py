"""Filling a template in for one conversation, for whoever is about to send it."""

from dataclasses import dataclass

from app.core.access import Actor
from app.core.ids import AccountId, ConversationId, TemplateId
from app.mail import fill
from app.mail.address import Address
from app.sending.gather import author_name, original_of, today
from app.store.models import Direction
from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Filled:
    subject: str
    text: str
    html: str
    missing: tuple[str, ...]
    """Variables that nothing is known for: worth a look before it is sent."""


async def filled(
    uow: UnitOfWork,
    actor: Actor,
    template_id: TemplateId,
    account_id: AccountId,
    conversation_id: ConversationId | None,
) -> Filled:
    """Raises `NotFound`."""
    template = await uow.templates.get(template_id)
    account = await uow.accounts.get(account_id)
    customer, subject = None, template.subject
    if conversation_id is not None:
        message = await uow.messages.latest(conversation_id)
        if message is not None:
            original = original_of(message)
            outbound = message.direction is Direction.OUTBOUND
            customer = next(iter(original.to), None) if outbound else original.sender
            subject = original.subject
    values = fill.values(
        customer=customer,
        agent=await author_name(uow, actor),
        inbox=Address(account.address.partition("@")[0], account.address),
        subject=subject,
        today=await today(uow, actor, await uow.outgoing.time()),
    )
    text = fill.fill(template.text, values)
    html = fill.fill(template.html, values, html=True)
    return Filled(
        subject=fill.fill(template.subject, values).text,
        text=text.text,
        html=html.text,
        missing=tuple(dict.fromkeys((*text.missing, *html.missing))),
    )

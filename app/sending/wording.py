"""What stands in many mails: templates and signatures. Only what can be filled is kept."""

from app.core.errors import Conflict, InvalidInput
from app.core.ids import AccountId, TeammateId, TemplateId
from app.mail import fill
from app.mail.compose_headers import check_line
from app.store.models import Signature, Template
from app.store.unit_of_work import UnitOfWork


async def put_template(
    uow: UnitOfWork,
    template_id: TemplateId | None,
    *,
    account_id: AccountId | None,
    name: str,
    subject: str,
    text: str,
    html: str,
) -> Template:
    """Write a new template, or one that is there anew.

    Raises `Conflict` where another has this name, `InvalidInput` and `NotFound`.
    """
    name = check_line("name", name)
    other = await uow.templates.named(name)
    if other is not None and other.id != template_id:
        raise Conflict(f"There is a template “{name}” already.", fix="Give it another name.")
    template = (
        Template(workspace_id=uow.workspace_id, name=name)
        if template_id is None
        else await uow.templates.get(template_id)
    )
    template.account_id, template.name = account_id, name
    template.subject = fill.check("subject", check_line("subject", subject))
    template.text, template.html = fill.check("text", text), fill.check("html", html)
    template.updated_at = await uow.outgoing.time()
    await uow.templates.add(template)
    return template


async def put_signature(
    uow: UnitOfWork,
    *,
    account_id: AccountId | None,
    teammate_id: TeammateId | None,
    text: str,
    html: str,
) -> Signature:
    """Set the signature of an inbox, of a person, or of a person in one inbox.

    Raises `InvalidInput`.
    """
    fill.check("text", text)
    fill.check("html", html)
    if teammate_id and not await uow.teammates.get_many([teammate_id]):
        raise InvalidInput("There is no such teammate.", field="teammate_id")
    signature = await uow.signatures.exactly(account_id, teammate_id)
    if signature is None:
        signature = Signature(
            workspace_id=uow.workspace_id, account_id=account_id, teammate_id=teammate_id
        )
    signature.text, signature.html = text, html
    await uow.signatures.add(signature)
    return signature


async def put_own_signature(uow: UnitOfWork, teammate_id: TeammateId, text: str) -> None:
    """Somebody's own, in every inbox, as plain text; nothing but blanks takes it away.

    Raises `InvalidInput`. A formatted version of it that says the same stays.
    """
    kept = await uow.signatures.exactly(None, teammate_id)
    if not text.strip():
        if kept is not None:
            await uow.signatures.delete(kept)
    elif kept is None or kept.text != text:
        await put_signature(uow, account_id=None, teammate_id=teammate_id, text=text, html="")

"""From what a draft holds to the mail that it describes. No I/O but the database's."""

from app.core.errors import InvalidInput
from app.sending.offer import Offer
from app.sending.wanted import Wanted
from app.slack.rich_text import mentioned, typed
from app.slack.writing import FOLLOW_UP_DAYS, Field, Form, Option, people
from app.store.models import Draft, OutgoingMode
from app.store.unit_of_work import UnitOfWork


async def wanted(uow: UnitOfWork, draft: Draft, form: Form, offered: Offer) -> Wanted:
    """The mail that a window describes, but for the bytes of its files. Raises `InvalidInput`."""
    words_ = typed(form.body, await names_in(uow, form))
    options, is_forward = form.options, form.mode is OutgoingMode.FORWARD
    now = await uow.outgoing.time()
    return Wanted(
        account_id=draft.account_id,
        mode=form.mode,
        text=words_.text,
        html=words_.html,
        conversation_id=draft.conversation_id,
        sender=offered.sender_of(form.sender),
        to=people(Field.TO, form.to),
        cc=people(Field.CC, form.cc),
        bcc=people(Field.BCC, form.bcc),
        subject=form.subject if form.mode is OutgoingMode.NEW else None,
        original_files=form.originals if is_forward else None,
        attach_original=is_forward and Option.AS_FILE in options,
        quote=Option.QUOTE in options,
        send_at=form.send_at(now),
        cancel_if_answered=Option.UNLESS_ANSWERED in options and form.send_at(now) is not None,
        then_done=Option.DONE in options,
        follow_up_days=FOLLOW_UP_DAYS if Option.FOLLOW_UP in options else None,
    )


def check_says_something(form: Form) -> None:
    """A mail has words or files; what is forwarded speaks for itself. Raises `InvalidInput`."""
    if form.mode is OutgoingMode.FORWARD or form.files or typed(form.body).text.strip():
        return
    raise InvalidInput(
        "There is nothing in it yet.", field=Field.BODY, fix="Write something, or attach a file."
    )


def named_plainly(error: InvalidInput) -> InvalidInput:
    """The same, at its field as it is called outside of Slack's window."""
    field = (error.field or "").removeprefix("compose.")
    return InvalidInput(
        str(error), field=("text" if field == "body" else field) or None, fix=error.fix
    )


async def names_in(uow: UnitOfWork, form: Form) -> dict[str, str]:
    """Colleagues whom the text mentions, by name: a mail knows no mentions."""
    found = await uow.teammates.of_slack_users(mentioned(form.body))
    return {str(one.slack_user_id): one.name for one in found}

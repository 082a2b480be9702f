"""A mail that did not leave, as what stands in the window in which it is written on."""

from app.core.errors import Conflict
from app.mail.address import Address
from app.mail.typed import as_typed
from app.sending.offer import sender_id
from app.slack.rich_html import from_html
from app.slack.rich_text import from_text, joined
from app.slack.writing import MOST_FILES, MOST_TEXT, Form, Option, SlackFile, When
from app.store.models import (
    Draft,
    Outgoing,
    OutgoingFile,
    OutgoingMode,
    OutgoingRecipient,
    OutgoingState,
    RecipientKind,
)
from app.store.unit_of_work import UnitOfWork

_TOO_MANY = "Retry it as it is, or change its text in the outbox on SharedBox’s pages."


async def mended(uow: UnitOfWork, draft: Draft, form: Form, mends: Outgoing) -> Form:
    """What its author had typed; for everybody else the mail itself, and below it their own text.

    Raises `Conflict` where it is on its way, or has more than there is room for.
    """
    if mends.state not in {OutgoingState.FAILED, OutgoingState.CANCELLED}:
        raise Conflict("This mail is on its way or was sent, so it cannot be changed any more.")
    if draft.outgoing_id == mends.id and not form.is_empty:
        return form
    people = _people(list(await uow.outgoing.recipients(mends.id)))
    kept = [_file(one) for one in await uow.outgoing.files(mends.id)]
    files = tuple({one.id: one for one in (*kept, *form.files)}.values())
    if len(files) > 2 * MOST_FILES:
        raise Conflict("This mail has more files than there is room for here.", fix=_TOO_MANY)
    draft.outgoing_id = mends.id
    return Form(
        mode=mends.mode,
        sender=sender_id(Address("", mends.from_address)),
        to=people[RecipientKind.TO],
        cc=people[RecipientKind.CC],
        bcc=people[RecipientKind.BCC],
        subject=mends.subject,
        body=joined(from_html(mends.html or "") or from_text(mends.text), form.body),
        files=files,
        # Those of a forward are among its files already.
        originals=() if mends.mode is OutgoingMode.FORWARD else None,
        options=_options(mends),
        drawing=form.drawing,
        body_drawing=form.body_drawing,
        **_when(mends, (await uow.outgoing.time()).timestamp()),
    )


def _people(recipients: list[OutgoingRecipient]) -> dict[RecipientKind, str]:
    """Raises `Conflict`."""
    named = {
        kind: as_typed(
            (Address(one.name, one.address) for one in recipients if one.kind is kind),
            room=MOST_TEXT,
        )
        for kind in RecipientKind
    }
    if any(one.left_out for one in named.values()):
        raise Conflict("This mail has more recipients than there is room for here.", fix=_TOO_MANY)
    return {kind: one.text for kind, one in named.items()}


def _file(file: OutgoingFile) -> SlackFile:
    """Its bytes are ours, so nothing is fetched from Slack for it.

    A draft may hold files of several mails, and tells them apart by their ids alone.
    """
    return SlackFile(
        id=f"{file.outgoing_id}-{file.n}",
        name=file.filename,
        size=file.size,
        mimetype=file.content_type,
        digest=file.sha256.hex(),
    )


def _options(mends: Outgoing) -> frozenset[Option]:
    ticked = {
        Option.QUOTE: mends.quotes,
        Option.AS_FILE: mends.attaches_original,
        Option.DONE: mends.then_done,
        Option.FOLLOW_UP: mends.follow_up_days is not None,
        Option.UNLESS_ANSWERED: mends.cancel_if_answered,
    }
    return frozenset(one for one, is_ticked in ticked.items() if is_ticked)


def _when(mends: Outgoing, now: float) -> dict[str, When | int]:
    """The time it was given, unless that has passed."""
    if mends.send_at is None or mends.send_at.timestamp() <= now:
        return {}
    return {"when": When.AT, "at": int(mends.send_at.timestamp())}

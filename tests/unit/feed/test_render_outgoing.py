from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.core.ids import OutgoingId, new_id
from app.feed.ids import ActionId
from app.feed.render_outgoing import outgoing, outgoing_state
from app.feed.view import FileView, OutgoingView, Person
from app.store.models import OutgoingMode, OutgoingState

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VIEW = OutgoingView(
    id=OutgoingId(new_id()),
    mode=OutgoingMode.REPLY,
    state=OutgoingState.SENT,
    by=Person("Ana", "U1"),
    to=("eva@other.example",),
    cc=(),
    bcc_count=0,
    text="On its way.",
    files=(),
    due_at=AT,
    sent_at=None,
    detail="",
)


def shown(**changes: object) -> tuple[str, list[str]]:
    """The text of all blocks, and the buttons."""
    message = outgoing(replace(VIEW, **changes))  # type: ignore[arg-type]
    texts, buttons = [], []
    for block in message.blocks:
        if block["type"] == "actions":
            buttons = [one["action_id"] for one in block["elements"]]
        elif block["type"] == "context":
            texts += [one["text"] for one in block["elements"]]
        else:
            texts.append(block["text"]["text"])
    return "\n".join(texts), buttons


class TestOutgoing:
    @pytest.mark.parametrize("state", [OutgoingState.UNDO, OutgoingState.QUEUED])
    def test_of_a_paused_mailbox_says_that_it_waits(self, state: OutgoingState) -> None:
        text, offered = shown(state=state, is_held=True)

        assert "the reply leaves once the mailbox is resumed" in text
        assert ActionId.OUTGOING_UNDO in offered
        assert "waits: the mailbox is paused" in outgoing_state(
            replace(VIEW, state=state, is_held=True)
        )

    def test_that_is_scheduled_says_both(self) -> None:
        text, _ = shown(state=OutgoingState.SCHEDULED, is_held=True)

        assert "goes out" in text
        assert "until it is resumed, nothing leaves it" in text

    @pytest.mark.parametrize(
        ("state", "needs_a_person", "words", "buttons"),
        [
            (OutgoingState.UNDO, False, "leaves in a moment", [ActionId.OUTGOING_UNDO]),
            (OutgoingState.SCHEDULED, False, "goes out",
             [ActionId.OUTGOING_SEND_NOW, ActionId.OUTGOING_UNDO]),
            (OutgoingState.QUEUED, False, "tried again",
             [ActionId.OUTGOING_SEND_NOW, ActionId.OUTGOING_UNDO]),
            (OutgoingState.SENDING, False, "sending", []),
            (OutgoingState.SENT, False, "📮 <@U1> replied", []),
            (OutgoingState.FAILED, False, "was not sent",
             [ActionId.OUTGOING_RETRY, ActionId.OUTGOING_EDIT, ActionId.OUTGOING_UNDO]),
            (OutgoingState.UNKNOWN, False, "looking for it in Sent", []),
            (OutgoingState.UNKNOWN, True, "was the reply sent?",
             [ActionId.OUTGOING_WAS_SENT, ActionId.OUTGOING_SEND_AGAIN, ActionId.OUTGOING_DROP]),
            (OutgoingState.CANCELLED, False, "taken back", []),
        ],
    )  # fmt: skip
    def test_says_where_it_stands_and_what_to_do(
        self,
        state: OutgoingState,
        needs_a_person: bool,
        words: str,
        buttons: list[str],
    ) -> None:
        text, offered = shown(state=state, needs_a_person=needs_a_person)

        assert words in text
        assert "On its way." in text
        assert offered == buttons
        assert outgoing_state(replace(VIEW, state=state))

    def test_what_is_only_late_can_be_sent_or_taken_back(self) -> None:
        text, offered = shown(state=OutgoingState.UNKNOWN, is_only_late=True)

        assert "is late; it is looked for in Sent first" in text
        assert offered == [ActionId.OUTGOING_SEND_AGAIN, ActionId.OUTGOING_UNDO]

    def test_what_was_late_and_taken_back_does_not_say_that_it_never_left(self) -> None:
        text, offered = shown(state=OutgoingState.CANCELLED, is_only_late=True)

        assert "was late and is taken back" in text
        assert "not sent" not in text
        assert offered == []

    def test_what_was_dropped_does_not_say_that_it_never_left(self) -> None:
        text, offered = shown(state=OutgoingState.CANCELLED, was_dropped=True)

        assert "was dropped; it may have been sent" in text
        assert "not sent" not in text
        assert offered == []
        dropped = replace(VIEW, state=OutgoingState.CANCELLED, was_dropped=True)
        assert "it may have been sent" in outgoing_state(dropped)

    def test_what_some_have_already_cannot_be_taken_back(self) -> None:
        _, buttons = shown(state=OutgoingState.QUEUED, sent_at=AT)

        assert buttons == []

    def test_nothing_in_it_can_ping_a_channel(self) -> None:
        hostile = "<!channel> <@U2> & <http://evil.example|bank>"
        text, _ = shown(
            state=OutgoingState.FAILED,
            by=Person(hostile),
            to=(hostile,),
            text=hostile,
            detail=hostile,
            files=(FileView(hostile, 1),),
            bounced=(hostile,),
        )

        assert "<!" not in text
        assert "<@U2>" not in text
        assert "<http" not in text

    def test_a_bounce_and_a_missing_copy_are_said(self) -> None:
        text, _ = shown(bounced=("eva@other.example: 5.1.1 unknown",), is_filed=False)

        assert "It came back: eva@other.example: 5.1.1 unknown" in text
        assert "No copy could be put into Sent" in text
        assert "came back" in outgoing_state(replace(VIEW, bounced=("x",)))

    def test_many_people_and_files_stay_short(self) -> None:
        text, _ = shown(
            to=tuple(f"a{n}@b.example" for n in range(100)),
            cc=("c@d.example",),
            bcc_count=2,
            files=tuple(FileView(f"{n}.pdf", 1000) for n in range(50)),
            text="line\n" * 1000,
        )

        assert "and 94 more · Cc c@d.example · Bcc 2" in text
        assert "and 42 more" in text
        assert len(text) < 6000

    def test_that_the_hourly_brake_holds_it_is_said(self) -> None:
        detail = "support@example.com may send 2 mails in an hour, and has."

        text, buttons = shown(state=OutgoingState.QUEUED, detail=detail)

        assert f"⏳ {detail}" in text
        assert buttons == [ActionId.OUTGOING_SEND_NOW, ActionId.OUTGOING_UNDO]

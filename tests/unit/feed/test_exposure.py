"""A channel shows no more of a mail than it is to."""

import json
from datetime import UTC, datetime

import pytest

from app.core.ids import ConversationId, OutgoingId, new_id
from app.feed import exposure, render
from app.feed.port import Rendered
from app.feed.render_outgoing import outgoing
from app.feed.view import CardView, FileView, MailView, OutgoingView, Person
from app.store.models import Exposure, OutgoingMode, OutgoingState

MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LINES = ["alpha secret", "beta secret", "gamma secret", "delta secret", "epsilon secret"]
MAIL = MailView(
    sender_name="Ana Ruiz",
    sender_address="ana@acme.example",
    received_at=MOMENT,
    excerpt="\n".join(LINES),
    files=(FileView("invoice.pdf", 1000),),
)
CARD = CardView(ConversationId(new_id()), "support@example.com", "Invoice 4471", MAIL)
OURS = OutgoingView(
    id=OutgoingId(new_id()), mode=OutgoingMode.REPLY, state=OutgoingState.SENT, by=Person("Ben"),
    to=("ana@acme.example",), cc=(), bcc_count=0, text="\n".join(LINES), files=(),
    due_at=MOMENT, sent_at=MOMENT, detail="",
)  # fmt: skip


def seen(message: Rendered) -> str:
    """Everything of it that goes to Slack."""
    return message.text + json.dumps(list(message.blocks), ensure_ascii=False)


def shown(kind: str, level: Exposure) -> str:
    match kind:
        case "card":
            return seen(render.card(exposure.card(CARD, level)))
        case "mail":
            return seen(render.mail(exposure.mail(MAIL, level)))
        case _:
            return seen(outgoing(exposure.outgoing(OURS, level)))


@pytest.mark.parametrize("kind", ["card", "mail", "outgoing"])
class TestExposure:
    def test_headers_show_no_word(self, kind: str) -> None:
        text = shown(kind, Exposure.HEADERS)

        assert "secret" not in text
        assert "no text" not in text
        assert "Ben" in text if kind == "outgoing" else "Ana Ruiz" in text

    def test_lines_show_three(self, kind: str) -> None:
        text = shown(kind, Exposure.LINES)

        assert [line for line in LINES if line in text] == LINES[:3]

    def test_full_shows_as_much_as_there_is_room_for(self, kind: str) -> None:
        text = shown(kind, Exposure.FULL)

        assert all(line in text for line in LINES)


class TestLongLines:
    def test_are_cut_where_three_of_them_are_shown(self) -> None:
        assert len(exposure.words("x" * 5000, Exposure.LINES)) <= 302

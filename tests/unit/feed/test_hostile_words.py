"""Whatever a mail says, wherever it says it: nothing pings, nothing lies, and Slack takes it.

Seven tokens in twelve places, and six forms that no token has.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any, Final

import pytest

from app.core.errors import NotFound
from app.core.ids import (
    AccountId,
    CommandId,
    ConversationId,
    DraftId,
    MailboxId,
    MessageId,
    PlacementId,
    new_id,
)
from app.feed import render, render_assigned
from app.feed.mrkdwn import mention
from app.feed.port import Rendered
from app.feed.view import (
    AssignedView,
    CardView,
    CommandView,
    FileView,
    MailView,
    NoteView,
    Person,
    QuarantineView,
    Where,
)
from app.mail.address import Address
from app.sending.drafts import Writer
from app.sending.guard import Newer
from app.sending.offer import Inbox, Offer, OriginalFile
from app.slack.errors import words
from app.slack.views import assign, compose, confirm, more, move, preview, reading, tags, told
from app.slack.writing import ComposeMemory, Form, When
from app.store.models import CommandState, CommandType, OutgoingMode
from tests.factories import MOMENT
from tests.fixtures.judges import (
    check_message,
    check_message_outside,
    check_modal,
    check_modal_outside,
    outside_checker,
)

TOKENS: Final = [
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<@U0123456789>",
    "<!subteam^S0123456789>",
    "<http://evil.example|bank>",
    "&lt;!here&gt;",
]
FORMS: Final = {
    "a text of 3,001 characters": "x" * 3001,
    "fifty lines of blocks": "\n\n".join(f"*{n}*" for n in range(50)),
    "right to left": "invoice\u202efdp.exe\u202c \u2066<!here>\u2069",
    "without width": "<\u200b!\u2060here\ufeff>",
    "a flood of emoji": "🔥:fire:" * 2000,
    "code fences": "```\n<!here>\n``` ` ~~ _a_ *b*",
}
CONVERSATION: Final = ConversationId(new_id())
ANA: Final = Person("ana", "U0ANA")
MAIL: Final = MailView("Ana Ruiz", "ana@acme.example", MOMENT, "Hello.")
CARD: Final = CardView(CONVERSATION, "support@example.com", "Invoice", MAIL)
QUARANTINE: Final = QuarantineView(
    PlacementId(new_id()), "support@example.com", "INBOX", "It is empty", MOMENT, True, False, False
)


def command(state: CommandState, **values: Any) -> CommandView:
    return CommandView(
        **{
            "id": CommandId(new_id()), "type": CommandType.MOVE, "state": state, "detail": "",
            "folder": None, "by": ANA, "at": MOMENT, "can_be_undone": False, **values,
        }
    )  # fmt: skip


Shown = Rendered | dict[str, Any]


def everywhere(text: str) -> Iterator[Shown]:
    """Every message of the feed and every modal with this text in all places at once."""
    mail = MailView(text, text, MOMENT, text, (FileView(text, 1),) * 9, 3)
    card = replace(CARD, address=text, subject=text, mail=mail, tags=(text,) * 9, folder=text)
    for state in CommandState:
        for where in Where:
            yield render.card(
                replace(card, where=where, command=command(state, detail=text, folder=text))
            )
    yield render.mail(mail)
    yield render.notice(render.failure(command(CommandState.FAILED, detail=text)))
    for settled, pending in ((False, False), (True, False), (False, True)):
        yield render.quarantine(
            replace(QUARANTINE, address=text, folder=text, reason=text, settled=settled,
                    pending=pending)
        )  # fmt: skip
    yield from of_the_team(text)
    yield from windows(text)
    yield preview.view(
        sender=Address(text, text),
        people=[("To", [Address(text, text)] * 30)],
        subject=text,
        text=text,
        files=[(text, 1)] * 30,
    )
    yield confirm.delete(CONVERSATION, text, text)
    yield confirm.spam(CONVERSATION, text, text)
    yield more.view(CONVERSATION, text)
    yield move.view(CONVERSATION)
    yield told.view(words(NotFound(text, fix=text)))


def of_the_team(text: str) -> Iterator[Shown]:
    """What the team says and asks among itself, with this text in all places."""
    somebody = Person(text, None)
    assigned = AssignedView(text, text, somebody, somebody, text)
    yield render.note(NoteView(somebody, text))
    yield render_assigned.line(assigned)
    yield render_assigned.direct(assigned)
    yield assign.view(CONVERSATION)
    for shown in reading.Shown:
        yield reading.page(CONVERSATION, MessageId(new_id()), shown, text, 0)
    why = reading.Why(text, text, 1, text, text, text, text, {"spf": text})
    yield reading.why(CONVERSATION, why)


def windows(text: str) -> Iterator[dict[str, Any]]:
    """The window in which mail is written, in each mode, with this text in all places."""
    person = Address(text, text)
    for mode in OutgoingMode:
        offer = Offer(
            AccountId(new_id()), text, False, mode, text, (person,) * 3, text, (person,), (person,),
            (text,), text, text, text, (OriginalFile(1, text, 1, False),) * 2, True,
        )  # fmt: skip
        content = {
            "mode": mode, "to": text, "cc": text, "bcc": text, "subject": text, "sender": text,
            "when": When.AT, "at": 1_800_000_000, "originals": [1], "time_zone": text,
            "files": [{"id": "f1", "name": text}],
        }  # fmt: skip
        yield compose.view(
            compose.Window(
                ComposeMemory(draft_id=new_id()), offer, Form.of(content), 10,
                inboxes=(Inbox(AccountId(new_id()), text),) * 2,
                writer=Writer(DraftId(new_id()), text, None, MOMENT),
                taken_by=text and mention(text, None), newer=Newer(text, MOMENT, text, False),
                new_domains=(text,) * 9, restored=True,
            )
        )  # fmt: skip


PLACES: Final[dict[str, Callable[[str], Shown]]] = {
    "subject": lambda text: render.card(replace(CARD, subject=text)),
    "display name": lambda text: render.card(replace(CARD, mail=replace(MAIL, sender_name=text))),
    "address": lambda text: render.card(replace(CARD, mail=replace(MAIL, sender_address=text))),
    "body": lambda text: render.card(replace(CARD, mail=replace(MAIL, excerpt=text))),
    "quoted part": lambda text: render.mail(replace(MAIL, excerpt=f"Yes.\n> {text}\n> more")),
    "attachment name": lambda text: render.card(
        replace(CARD, mail=replace(MAIL, files=(FileView(text, 1),)))
    ),
    "folder": lambda text: render.card(replace(CARD, folder=text)),
    "tag": lambda text: render.card(replace(CARD, tags=(text,))),
    "thread title": lambda text: render.mail(replace(MAIL, sender_name=text)),
    "error text": lambda text: render.card(
        replace(CARD, command=command(CommandState.FAILED, detail=text, folder=text))
    ),
    "quarantine": lambda text: render.quarantine(replace(QUARANTINE, reason=text, folder=text)),
    "window": lambda text: list(windows(text))[1],
    "modal": lambda text: confirm.delete(CONVERSATION, text, text),
}


def texts(value: Any) -> Iterator[tuple[str, str, bool]]:
    """Every text object: its type, its text, and whether Slack reads words as they stand."""
    if isinstance(value, dict):
        if value.get("type") in {"mrkdwn", "plain_text"}:
            yield value["type"], value["text"], value.get("verbatim") is True
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


OURS: Final = re.compile(
    r"<!date\^\d+\^{date_short_pretty} {time}\|[0-9: -]+ UTC>|<@U0ANA>"
    r"|<https?://[^<>|\s]+>"
)
"""What we put into markup ourselves: moments, teammates, and links that show where they lead."""


def check_harmless(shown: Shown) -> None:
    """Nothing that Slack acts on is left but what is ours, and no text can be read as more."""
    everything = [("mrkdwn", shown.text, True)] if isinstance(shown, Rendered) else []
    everything += texts(shown.blocks if isinstance(shown, Rendered) else shown)
    for kind, text, is_verbatim in everything:
        assert is_verbatim or kind == "plain_text", text
        if kind == "mrkdwn":
            left = OURS.sub("", text)
            assert "<" not in left, text
            assert ">" not in left, text
            assert re.search(r"&(?!amp;|lt;|gt;)", left) is None, text
        assert re.search("[\x00-\x08\x0b-\x1f\u200b\u2060\ufeff]", text) is None


def check_taken(shown: Shown) -> None:
    if isinstance(shown, Rendered):
        check_message(shown)
        assert sum(len(text) for _, text, _ in texts(shown.blocks)) < 12_000
    else:
        check_modal(shown)


class TestTokens:
    @pytest.mark.parametrize("token", TOKENS)
    @pytest.mark.parametrize("place", PLACES)
    def test_are_shown_as_they_were_written(self, token: str, place: str) -> None:
        shown = PLACES[place](f"before {token} after")

        check_harmless(shown)
        check_taken(shown)
        visible = str(shown).replace("<http://evil.example>", "http://evil.example")
        escaped = token.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert escaped in visible.replace("ˍ", "_")


class TestForms:
    @pytest.mark.parametrize("form", FORMS)
    def test_are_bounded_and_harmless_in_all_places_at_once(self, form: str) -> None:
        for shown in everywhere(FORMS[form]):
            check_harmless(shown)
            check_taken(shown)

    def test_no_line_of_our_frame_changes_its_direction(self) -> None:
        card = render.card(
            replace(CARD, subject="a\u202eb", mail=replace(MAIL, sender_name="\u2067x"))
        )

        for _, text, _ in texts(card.blocks):
            assert re.search("[\u202a-\u202e\u2066-\u2069]", text) is None

    def test_no_mark_of_the_sender_formats_what_follows_it(self) -> None:
        marks = "` ~ _ * ```"
        card = render.card(
            replace(
                CARD, subject=marks, mail=replace(MAIL, sender_name=marks, sender_address=marks)
            )
        )

        frame = [text for _, text, _ in texts(card.blocks) if "Hello." not in text]
        for text in frame:
            assert re.search(r"[`~]|(?<!\w)_(?!\w)", OURS.sub("", text)) is None, text

    @pytest.mark.parametrize("form", FORMS)
    def test_as_tags_are_offered_harmlessly(self, form: str) -> None:
        tag = FORMS[form][: tags.LONGEST_TAG]
        others = [f"{n}{tag}"[: tags.LONGEST_TAG] for n in range(120)]

        check_taken(tags.view(CONVERSATION, [tag], others))

    def test_buttons_carry_ids_and_nothing_else(self) -> None:
        for shown in everywhere("<!here>"):
            for value in re.findall(r"'value': '([^']*)'", str(shown)):
                assert re.fullmatch(r"[a-z_]*/?[0-9a-f-]*(/[0-9a-f-]{36})?", value), value


@pytest.fixture
def judge() -> ModuleType:
    found = outside_checker()
    if found is None:
        pytest.skip("no shared/slack_validate.py stands in a folder above the project")
    return found


class TestTheOutsideChecker:
    def test_finds_nothing_wrong_with_any_message_or_window(self, judge: ModuleType) -> None:
        for text in (*TOKENS, *FORMS.values(), "", "plain"):
            for shown in everywhere(text):
                if isinstance(shown, Rendered):
                    check_message_outside(judge, shown)
                else:
                    check_modal_outside(judge, shown)

    def test_nor_with_what_the_folder_select_offers(self, judge: ModuleType) -> None:
        for text in (*TOKENS, *FORMS.values()):
            folders = [move.FolderChoice(MailboxId(new_id()), text, None) for _ in range(120)]
            found = judge.validate(move.suggestions(folders, ""), "options")
            assert [one for one in found if one["severity"] == "error"] == []

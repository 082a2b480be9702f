"""The card in each of its states."""

import functools
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from app.core.ids import CommandId, ConversationId, MessageId, PlacementId, new_id
from app.feed import render
from app.feed.port import Rendered
from app.feed.view import (
    CardView,
    CommandView,
    FileView,
    MailView,
    Person,
    QuarantineView,
    Where,
)
from app.store.models import CommandState, CommandType
from tests.factories import MOMENT

ANA = Person("ana", "U0ANA")
MAIL = MailView("Ana Ruiz", "ana@acme.example", MOMENT, "The total is wrong.\nPlease check.")
CARD = CardView(ConversationId(new_id()), "billing@example.com", "Invoice 4471 is wrong", MAIL)
COMMAND = CommandView(
    id=CommandId(new_id()),
    type=CommandType.ARCHIVE,
    state=CommandState.DONE,
    detail="",
    folder=None,
    by=ANA,
    at=MOMENT,
    can_be_undone=True,
)
DATE = "<!date^1772442000^{date_short_pretty} {time}|2026-03-02 09:00 UTC>"


def buttons(shown: Rendered) -> list[str]:
    return [
        element["text"]["text"]
        for block in shown.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def lines(shown: Rendered) -> list[str]:
    """The text of each block but the buttons."""

    def text(block: Any) -> str:
        if block["type"] == "section":
            return str(block["text"]["text"])
        return "".join(element["text"] for element in block["elements"])

    return [text(block) for block in shown.blocks if block["type"] != "actions"]


class TestCard:
    def test_of_a_new_mail(self) -> None:
        shown = render.card(replace(CARD, first_contact=True, folder="INBOX"))

        assert shown.text == "Ana Ruiz - Invoice 4471 is wrong (billing@example.com)"
        assert lines(shown) == [
            "*Invoice 4471 is wrong*",
            f"*Ana Ruiz* ana@acme.example → billing@example.com · {DATE} · 🆕 first contact",
            "The total is wrong.\nPlease check.",
            "🟠 Unassigned · 📂 INBOX",
        ]
        assert buttons(shown) == ["Reply", "Assign to me", "Done", "Snooze"]

    def test_has_its_menu_in_order(self) -> None:
        menu = render.card(CARD).blocks[0]["accessory"]

        labels = [option["text"]["text"] for option in menu["options"]]
        assert labels == ["Archive", "Move to…", "Delete", "Mark as spam", "More actions…"]

    def test_names_its_files(self) -> None:
        files = (FileView("invoice.pdf", 82_400), FileView("photo.jpg", 1_200_000))

        shown = lines(render.card(replace(CARD, mail=replace(MAIL, files=files, cc_count=1))))

        assert "📎 2 · CC 1" in shown[1]
        assert shown[3] == "📎 invoice.pdf (82 kB) · photo.jpg (1.2 MB)"

    def test_leads_to_our_own_page_and_to_its_files(self) -> None:
        files = (FileView("a|b>.pdf", 82_400, "https://box/messages/1/files/0"),)
        card = replace(
            CARD,
            subject="50% off | <now> *really*",
            page="https://box/conversations/1",
            mail=replace(MAIL, files=files),
        )

        shown = lines(render.card(card))

        subject = "50% off ¦ &lt;now&gt; ∗really∗"
        assert shown[0] == f"*<https://box/conversations/1|{subject}>*"
        assert shown[3] == "📎 <https://box/messages/1/files/0|a¦b&gt;.pdf> (82 kB)"

    @pytest.mark.parametrize(
        ("excerpt", "is_cut"),
        [("Short.", False), ("\n".join("abcdef"), False), ("\n".join("abcdefg"), True),
         ("x" * 601, True), ("Kept cut …", True)],
    )  # fmt: skip
    def test_offers_the_rest_of_what_is_cut(self, excerpt: str, is_cut: bool) -> None:
        message_id = MessageId(new_id())

        shown = render.card(replace(CARD, mail=replace(MAIL, excerpt=excerpt, id=message_id)))

        more = shown.blocks[2].get("accessory")
        assert bool(more) is is_cut
        if more:
            assert more["text"]["text"] == "… more"
            assert more["value"] == str(message_id)

    def test_says_how_many_files_it_leaves_out(self) -> None:
        files = tuple(FileView(f"{n}.txt", 1) for n in range(20))

        assert (
            render.card(replace(CARD, mail=replace(MAIL, files=files)))
            .blocks[3]["elements"][0]["text"]
            .endswith("and 12 more")
        )

    def test_that_somebody_has(self) -> None:
        shown = render.card(replace(CARD, assignee=ANA, waiting_since=MOMENT))

        assert lines(shown)[-1] == f"🔵 <@U0ANA> · ⏱ waiting since {DATE}"
        assert buttons(shown) == ["Reply", "Done", "Snooze", "Hand over"]

    @pytest.mark.parametrize(
        ("until", "until_reply", "words"),
        [
            (MOMENT, False, f"💤 Snoozed until {DATE} · 🟠 Unassigned"),
            (MOMENT, True, f"💤 Snoozed until {DATE} or they reply · 🟠 Unassigned"),
            (None, True, "💤 Snoozed until they reply · 🟠 Unassigned"),
        ],
    )
    def test_that_sleeps(self, until: datetime | None, until_reply: bool, words: str) -> None:
        asleep = replace(CARD, snoozed_until=until, snoozed_until_reply=until_reply)

        shown = render.card(replace(asleep, waiting_since=MOMENT))

        assert lines(shown)[-1] == words
        assert buttons(shown) == ["Wake now"]

    def test_has_room_for_undo_beside_three_others(self) -> None:
        flagged = replace(COMMAND, type=CommandType.FLAG)

        shown = render.card(replace(CARD, command=flagged))

        assert buttons(shown) == ["Reply", "Assign to me", "Done", "Undo"]

    @pytest.mark.parametrize(
        ("seen", "words"),
        [
            ({"read": True}, "🟠 Unassigned · ⏱ waiting since {date} · 👁 Read"),
            ({"read": True, "answered": True}, "🟠 Unassigned · ↩️ Answered"),
            (
                {"read": True, "flagged": True},
                "🟠 Unassigned · ⏱ waiting since {date} · 👁 Read · 🚩 Flagged",
            ),
        ],
    )
    def test_that_others_have_seen(self, seen: dict[str, bool], words: str) -> None:
        shown = render.card(replace(CARD, waiting_since=MOMENT, **seen))  # type: ignore[arg-type]

        assert lines(shown)[-1] == words.format(date=DATE)

    def test_that_others_put_away_names_nobody(self) -> None:
        flagged = replace(COMMAND, type=CommandType.FLAG)

        shown = render.card(replace(CARD, where=Where.ARCHIVE, command=flagged))

        assert lines(shown) == ["🗄 Archived · *Invoice 4471 is wrong* from Ana Ruiz"]

    def test_that_is_done(self) -> None:
        shown = render.card(
            replace(CARD, is_done=True, done_by=ANA, done_at=MOMENT, waiting_since=MOMENT)
        )

        assert lines(shown)[-1] == f"✅ Done by <@U0ANA> {DATE}"
        assert buttons(shown) == ["Reopen"]

    @pytest.mark.parametrize(
        ("where", "words"),
        [
            (Where.ARCHIVE, "🗄 Archived"),
            (Where.TRASH, "🗑 In Trash"),
            (Where.JUNK, "🚫 Spam"),
        ],
    )
    def test_that_was_put_away_is_one_line_with_its_undo(self, where: Where, words: str) -> None:
        shown = render.card(replace(CARD, where=where, command=COMMAND))

        assert lines(shown) == [
            f"{words} by <@U0ANA> {DATE} · *Invoice 4471 is wrong* from Ana Ruiz"
        ]
        assert buttons(shown) == ["Undo"]

    def test_that_was_moved_keeps_its_text(self) -> None:
        moved = replace(COMMAND, type=CommandType.MOVE, folder="Projects")

        shown = render.card(replace(CARD, where=Where.ELSEWHERE, folder="Projects", command=moved))

        assert lines(shown)[-1] == "🟠 Unassigned · 📂 Projects"
        assert buttons(shown) == ["Reply", "Assign to me", "Done", "Undo"]

    def test_says_what_is_under_way(self) -> None:
        queued = replace(COMMAND, state=CommandState.QUEUED)

        shown = render.card(replace(CARD, command=queued))

        assert lines(shown)[-1] == "🟠 Unassigned · ⏳ Archiving…"
        assert buttons(shown) == ["Reply", "Assign to me", "Done", "Undo"]

    def test_says_what_waits_for_a_paused_mailbox(self) -> None:
        held = replace(COMMAND, state=CommandState.QUEUED, is_held=True)

        shown = render.card(replace(CARD, command=held))

        assert lines(shown)[-1] == "🟠 Unassigned · ⏸ Archive waits: the mailbox is paused"
        assert buttons(shown) == ["Reply", "Assign to me", "Done", "Undo"]

    def test_says_why_it_is_tried_again(self) -> None:
        waiting = replace(
            COMMAND,
            type=CommandType.MOVE,
            folder="A & B",
            state=CommandState.QUEUED,
            detail="The mailbox is busy.",
            can_be_undone=False,
        )

        shown = render.card(replace(CARD, command=waiting))

        assert lines(shown)[-1].endswith("⏳ Moving to A &amp; B… (The mailbox is busy.)")

    def test_says_what_failed_and_offers_to_try_again(self) -> None:
        failed = replace(
            COMMAND, state=CommandState.FAILED, detail="Quota <exceeded>", can_be_undone=False
        )

        shown = render.card(replace(CARD, command=failed))

        assert lines(shown)[-1].endswith("⚠️ Archive failed: Quota &lt;exceeded&gt;")
        assert buttons(shown) == ["Reply", "Assign to me", "Done", "Retry"]

    def test_of_a_mail_that_says_nothing(self) -> None:
        empty = replace(CARD, subject=" ", mail=MailView("", "", MOMENT, ""))

        shown = render.card(empty)

        assert shown.text == "(unknown sender) - (no subject) (billing@example.com)"
        assert lines(shown)[0] == "*(no subject)*"

    def test_never_lets_a_mail_speak_to_slack(self) -> None:
        evil = "<!channel> <@U1> <http://evil.example|bank> &lt;!here&gt;"
        files = (FileView(evil, 1),)
        view = replace(
            CARD,
            address=evil,
            subject=evil,
            mail=MailView(evil, evil, MOMENT, evil, files),
            tags=(evil,),
            folder=evil,
            command=replace(COMMAND, state=CommandState.FAILED, detail=evil, folder=evil),
        )

        for shown in (render.card(view), render.mail(view.mail)):
            everything = "\n".join([shown.text, *lines(shown)])
            ours = (DATE, "<@U0ANA>", "<http://evil.example>")
            left = functools.reduce(lambda text, one: text.replace(one, ""), ours, everything)
            assert "<" not in left
            assert ">" not in left

    def test_stays_small_whatever_the_mail_brings(self) -> None:
        long = "&" * 100_000
        files = tuple(FileView(long, 1) for _ in range(500))
        view = replace(
            CARD,
            address=long,
            subject=long,
            mail=MailView(long, long, MOMENT, long, files),
            tags=(long,) * 100,
            folder=long,
            command=replace(COMMAND, state=CommandState.FAILED, detail=long),
        )

        for shown in (render.card(view), render.mail(view.mail)):
            assert all(len(line) <= 3000 for line in lines(shown))
            assert sum(map(len, lines(shown))) < 9000
            assert len(shown.text) < 1000


class TestMail:
    def test_is_compact(self) -> None:
        shown = render.mail(MAIL)

        assert shown.text == "Ana Ruiz: The total is wrong.…"
        assert lines(shown) == [
            f"✉️ *Ana Ruiz* ana@acme.example · {DATE}",
            "The total is wrong.\nPlease check.",
        ]

    @pytest.mark.parametrize(
        ("sent_with", "client"),
        [
            ("", "another mail client"),
            ("Microsoft Outlook", "Microsoft Outlook"),
            ("<!channel> & Co", "&lt;!channel&gt; &amp; Co"),
        ],
    )
    def test_of_our_own_says_who_replied_and_from_where(self, sent_with: str, client: str) -> None:
        shown = render.mail(replace(MAIL, is_ours=True, sent_with=sent_with))

        assert lines(shown)[0] == f"↩️ *Ana Ruiz* replied from {client} · {DATE}"


class TestQuarantine:
    VIEW = QuarantineView(
        placement_id=PlacementId(new_id()),
        address="support@example.com",
        folder="INBOX",
        reason="The mail is empty",
        received_at=MOMENT,
        has_raw=True,
        settled=False,
        pending=False,
    )

    def test_says_what_happened_and_offers_another_try(self) -> None:
        shown = render.quarantine(self.VIEW)

        assert (
            "support@example.com, folder INBOX could not be read:* The mail is empty."
            in (lines(shown)[0])
        )
        assert "The original is attached in the thread." in lines(shown)[0]
        assert buttons(shown) == ["Process again"]

    def test_says_that_it_is_being_read_again(self) -> None:
        shown = render.quarantine(replace(self.VIEW, pending=True))

        assert lines(shown)[-1] == "⏳ Reading it once more…"
        assert buttons(shown) == []

    def test_says_that_it_was_read_after_all(self) -> None:
        shown = render.quarantine(replace(self.VIEW, settled=True))

        assert "was read after all" in shown.text
        assert buttons(shown) == []

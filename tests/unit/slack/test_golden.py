"""What we send to Slack, as it was when somebody last looked at it, one file for each payload.

A change of a builder shows here as a difference. Where it is meant, renew the files and look at
what `git diff` says of them:

    RENEW_GOLDEN=1 python -m pytest -q tests/unit/slack/test_golden.py
"""

import dataclasses
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from app.core.findings import Finding, Level
from app.core.ids import (
    AccountId,
    CommandId,
    ConversationId,
    MessageId,
    PlacementId,
    PostId,
    RuleId,
)
from app.feed import (
    render,
    render_alarm,
    render_assigned,
    render_digest,
    render_rearranged,
    render_reminder,
    render_summary,
)
from app.feed.port import Rendered
from app.feed.view import (
    AlarmView,
    AssignedView,
    CardView,
    CommandView,
    DigestView,
    ElsewhereView,
    FileView,
    HeldView,
    MailView,
    NoteView,
    NudgeView,
    Person,
    QuarantineView,
    RearrangedView,
    ReminderView,
    SummaryPart,
    Where,
)
from app.mail.address import Address
from app.sending.offer import Offer
from app.slack.views import (
    assign,
    compose,
    confirm,
    find,
    follow_up,
    home,
    inbox,
    merge,
    more,
    move,
    recipients,
    settings,
    snooze,
    tags,
    told,
)
from app.slack.views.home import Home, Part
from app.slack.views.listing import Line
from app.slack.views.mailboxes import MailboxLine, Mend
from app.slack.views.ruling import RuleLine
from app.slack.views.settings import Settings
from app.slack.writing import ComposeMemory, Form
from app.store.models import CommandState, CommandType, OutgoingMode
from tests.fixtures.judges import (
    check_message,
    check_message_outside,
    check_modal,
    check_modal_outside,
    check_shown,
    check_shown_outside,
    outside_checker,
)

FOLDER: Final = Path(__file__).parents[2] / "data" / "slack" / "golden"
RENEW: Final = "RENEW_GOLDEN"
AT: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOME: Final = UUID("01a2197e-6d2a-7c41-9f5a-3f8e0c6f4b11")
CONVERSATION: Final = ConversationId(SOME)
ANA, BEN = Person("ana", "U0ANA"), Person("ben", "U0BEN")
LINK: Final = "https://slack.com/archives/C0SUPPORT/p1772442000000100"
ALARM: Final = AlarmView(
    "support@example.com", ("INBOX",), AT, "imap.example.com did not answer in time."
)
OTHER: Final = ElsewhereView("Delivery of the <new> chairs", "sales@example.com", LINK)
MAIL: Final = MailView(
    "Ana Ruiz",
    "ana@acme.example",
    AT,
    "The total is wrong.\nSee https://acme.example/4471 & <!channel>.",
    files=(FileView("invoice.pdf", 82_000, f"https://box.example.com/messages/{SOME}/files/0"),),
    cc_count=1,
)
CARD: Final = CardView(
    CONVERSATION,
    "billing@example.com",
    "Invoice 4471 is wrong",
    MAIL,
    page=f"https://box.example.com/conversations/{SOME}",
    waiting_since=AT,
)
LONG: Final = dataclasses.replace(MAIL, excerpt="The total is wrong.\n" * 9, id=MessageId(SOME))
ARCHIVED: Final = CommandView(
    CommandId(SOME), CommandType.ARCHIVE, CommandState.DONE, "", None, ANA, AT, can_be_undone=True
)
FAILED: Final = dataclasses.replace(
    ARCHIVED, state=CommandState.FAILED, detail="The server said no.", can_be_undone=False
)
MERGED: Final = dataclasses.replace(ARCHIVED, type=CommandType.MERGE)


def card(**values: Any) -> Rendered:
    return render.card(dataclasses.replace(CARD, **values))


MESSAGES: Final[dict[str, Rendered]] = {
    "card-unassigned": card(first_contact=True),
    "card-assigned": card(assignee=ANA, further_mails=2, tags=("refund",), folder="INBOX"),
    "card-long": card(mail=LONG),
    "card-done": card(is_done=True, done_by=ANA, done_at=AT),
    "card-snoozed": card(assignee=ANA, snoozed_until=AT, snoozed_until_reply=True),
    "card-follow-up": card(waiting_since=None, assignee=ANA, follow_up_at=AT),
    "card-no-answer": card(waiting_since=None, assignee=ANA, no_answer_since=AT),
    "card-being-written": card(assignee=ANA, writers=(ANA, BEN)),
    "card-archived": card(where=Where.ARCHIVE, command=ARCHIVED),
    "card-failed": card(command=FAILED),
    "card-merged": card(
        where=Where.GONE, merged_into=OTHER, is_done=True, done_by=ANA, done_at=AT, command=MERGED
    ),
    "mail-in-thread": render.mail(MAIL),
    "note-in-thread": render.note(NoteView(Person("ana"), "She called.\nTwice.")),
    "quarantine": render.quarantine(
        QuarantineView(
            PlacementId(SOME), "billing@example.com", "INBOX", "It has no header.", AT,
            has_raw=True, settled=False, pending=False,
        )
    ),
    "assigned-direct": render_assigned.direct(
        AssignedView("Invoice 4471", "billing@example.com", ANA, BEN, "You know her.", LINK)
    ),
    "assigned-line": render_assigned.line(
        AssignedView("Invoice 4471", "billing@example.com", ANA, BEN, "You know her.", LINK)
    ),
    "nobody-of-the-group": render_assigned.nobody("oncall", "Of 2, 2 are away."),
    "merged-line": render_rearranged.line(RearrangedView(True, ANA, OTHER, False)),
    "split-line": render_rearranged.line(RearrangedView(False, ANA, OTHER, True)),
    "reminder-unassigned": render_reminder.reminder(ReminderView("unassigned", (OTHER,) * 10, 14)),
    "reminder-no-action": render_reminder.reminder(ReminderView("no_action", (OTHER,), 1)),
    "reminder-no-answer": render_reminder.reminder(ReminderView("no_answer", (OTHER,) * 2, 2)),
    "woke": render_reminder.nudge(NudgeView("woke", OTHER, None)),
    "woke-together": render_reminder.nudge(NudgeView("woke", OTHER, None, (OTHER,) * 9, 40)),
    "alarm-card": render_alarm.card(ALARM),
    "alarm-card-over": render_alarm.card(
        dataclasses.replace(ALARM, resolved_at=AT + timedelta(hours=2, minutes=5))
    ),
    "summary": render_summary.summary((
        SummaryPart("mine", (OTHER,) * 2, 2),
        SummaryPart("unassigned", (OTHER,) * 5, 1000),
        SummaryPart("waiting", (OTHER,) * 5, 14),
    )),
    "no-answer": render_reminder.nudge(NudgeView("no_answer", OTHER, AT)),
    "digest": render_digest.digest(
        DigestView(
            PostId(SOME), 180, 160,
            (HeldView("Invoice 4471", "Ana Ruiz", "ana@acme.example"),) * 10,
            is_asked_for=False,
        )
    ),
    "digest-over": render_digest.digest(DigestView(PostId(SOME), 180, 0, (), is_asked_for=True)),
    "inbox": inbox.mine(
        [Line("Invoice 4471", "billing@example.com", AT, LINK, ("ana", "U0ANA"), waiting_since=AT)],
        more=True,
    ),
}  # fmt: skip
HARRIET: Final = Address("Harriet Pike", "harriet@rowanpike.example")
OFFER: Final = Offer(
    account_id=AccountId(SOME),
    address="billing@example.com",
    can_send=True,
    mode=OutgoingMode.REPLY,
    subject="Re: Invoice 4471 is wrong",
    senders=(Address("Billing", "billing@example.com"),),
    sender="billing@example.com",
    to=(HARRIET,),
    cc=(),
    known=(HARRIET.address,),
    signature="Ana Ruiz\nAcme",
    answered="Harriet Pike",
    excerpt="The total is wrong.",
    files=(),
    has_templates=True,
)
WRITTEN: Final = {
    "mode": "reply", "to": "Harriet Pike <harriet@rowanpike.example>", "cc": "", "bcc": "",
    "offered_to": "Harriet Pike <harriet@rowanpike.example>", "subject": OFFER.subject,
    "sender": "billing@example.com", "time_zone": "Europe/Berlin",
}  # fmt: skip
MODALS: Final[dict[str, dict[str, Any]]] = {
    "more": more.view(CONVERSATION, "Invoice 4471"),
    "assign": assign.view(CONVERSATION),
    "snooze": snooze.view(CONVERSATION, AT, "Europe/Berlin"),
    "follow-up": follow_up.view(CONVERSATION, AT + timedelta(days=3)),
    "tags": tags.view(CONVERSATION, ["refund"], ["refund", "vip"]),
    "move": move.view(CONVERSATION),
    "delete": confirm.delete(CONVERSATION, "Invoice 4471", "billing@example.com"),
    "spam": confirm.spam(CONVERSATION, "Invoice 4471", "billing@example.com"),
    "merge": merge.view(CONVERSATION, "Invoice 4471"),
    "split": merge.split(
        CONVERSATION, [merge.MailChoice(MessageId(SOME), "Ana Ruiz", AT, "The total is wrong.")] * 2
    ),
    "find": find.view(),
    "told": told.view("<@U0ANA> took this. Nothing was changed."),
    "compose": compose.view(
        compose.Window(ComposeMemory(draft_id=SOME, messages=3), OFFER, Form.of(WRITTEN), 10)
    ),
    "signature": settings.signature_view("Ana Ruiz\nAcme", is_formatted=False),
    "notices": settings.notices_view(["reminded"], has_summary=True),
}
LISTED: Final = Line("Invoice 4471", "billing@example.com", AT, LINK, ("ana", "U0ANA"))
ASLEEP: Final = dataclasses.replace(LISTED, is_snoozed=True, snoozed_until=AT)
MAILBOXES: Final = [
    MailboxLine(
        AccountId(SOME),
        Finding("billing@example.com", Level.PROBLEM, "Refused.", "Sign in."),
        AT - timedelta(hours=2),
        mend=Mend.RECONNECT,
        sign_in="https://sharedbox.example.com/oauth/google/start?account=1",
    ),
    MailboxLine(
        AccountId(SOME), Finding("hr@example.com", Level.NOTE, "Paused."), AT, mend=Mend.RESUME
    ),
    MailboxLine(
        AccountId(SOME),
        Finding("support@example.com", Level.OK, "Live. 12 mails accounted for, 0 missing."),
        AT,
        AT - timedelta(minutes=3),
    ),
]
BODY: Final = {
    "match": "all",
    "conditions": [{"field": "from", "test": "domain", "value": "news.example.com"}],
    "actions": [{"do": "mute"}],
}
RULE: Final = RuleLine(RuleId(SOME), "Newsletters", BODY, True, "billing@example.com", 7)
OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "people": recipients.suggestions([HARRIET, Address("", "boss@acme.example")], "boss@acme.ex"),
    "address-typed-whole": recipients.suggestions([HARRIET], "eva@other.example"),
    "nobody": recipients.suggestions([], "har"),
}
"""What the composer's select of people offers."""
HOMES: Final[dict[str, dict[str, Any]]] = {
    "empty": home.view(Home(has_accounts=False), AT),
    "empty-admin": home.view(
        Home(has_accounts=False, mailboxes=[], connect="https://sharedbox.example.com/connect"), AT
    ),
    "agent": home.view(
        Home(
            mine=Part([LISTED], 1),
            unassigned=Part([dataclasses.replace(LISTED, assignee=None, waiting_since=AT)] * 2, 14),
            waiting=Part([dataclasses.replace(LISTED, no_answer_since=AT)], 1),
            snoozed=Part([ASLEEP], 1),
            settings=Settings("Ana Ruiz\nAcme", ["reminded"], has_summary=True),
        ),
        AT,
    ),
    "admin": home.view(Home(mailboxes=MAILBOXES, rules=[RULE], rule_count=1), AT),
}


def payload(shown: Rendered | dict[str, Any]) -> str:
    if isinstance(shown, Rendered):
        shown = {"text": shown.text, "blocks": list(shown.blocks)}
    return json.dumps(shown, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


ALL: Final[dict[str, Rendered | dict[str, Any]]] = {
    **MESSAGES,
    **{f"modal-{name}": view for name, view in MODALS.items()},
    **{f"home-{name}": view for name, view in HOMES.items()},
    **{f"options-{name}": found for name, found in OPTIONS.items()},
}


class TestPayloads:
    @pytest.mark.parametrize("name", ALL)
    def test_are_what_they_were(self, name: str) -> None:
        file, now = FOLDER / f"{name}.json", payload(ALL[name])
        if os.environ.get(RENEW):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(now, encoding="utf-8")

        assert file.exists(), f"{file.name} is missing: see the head of this file"
        assert file.read_text(encoding="utf-8") == now, f"{name} changed: see the head of this file"

    def test_of_the_past_are_gone(self) -> None:
        assert {file.stem for file in FOLDER.glob("*.json")} == set(ALL)

    @pytest.mark.parametrize("name", MESSAGES)
    def test_of_messages_are_taken_by_slacks_own_sdk_and_ours(self, name: str) -> None:
        check_message(MESSAGES[name])

    @pytest.mark.parametrize("name", MODALS)
    def test_of_windows_are_taken_by_slacks_own_sdk_and_ours(self, name: str) -> None:
        check_modal(MODALS[name])

    @pytest.mark.parametrize("shown", [*HOMES.values(), *OPTIONS.values()])
    def test_of_homes_and_selects_are_taken_by_slacks_own_sdk_and_ours(
        self, shown: dict[str, Any]
    ) -> None:
        check_shown(shown)

    @pytest.mark.parametrize("name", ALL)
    def test_are_taken_by_the_checker_outside(self, name: str) -> None:
        judge = outside_checker()
        if judge is None:
            pytest.skip("no checker of Slack payloads stands beside the project")
        if name in MESSAGES:
            check_message_outside(judge, MESSAGES[name])
        elif name.startswith(("home-", "options-")):
            check_shown_outside(judge, ALL[name])
        else:
            check_modal_outside(judge, MODALS[name.removeprefix("modal-")])

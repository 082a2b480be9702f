from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.ids import ConversationId, new_id
from app.mail.address import Address
from app.mail.parse import parse
from app.mail.parsed import ParsedMail
from app.mail.threading import (
    MAX_ID,
    MAX_REFERENCES,
    MAX_SUBJECT_KEY,
    Candidate,
    Decision,
    Reason,
    decide,
    has_forward_prefix,
    has_reply_prefix,
    known_by,
    message_ids,
    participants,
    subject_key,
)
from tests.unit.mail.samples import mail

NOW = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
US = "support@example.org"


def conversation() -> ConversationId:
    return ConversationId(new_id())


def parsed(*lines: str) -> ParsedMail:
    return parse(mail("From: Ann <Ann@example.com>", f"To: {US}", *lines))


def candidate(conversation_id: ConversationId, **values: Any) -> Candidate:
    return Candidate(
        conversation=conversation_id,
        participants=values.get("participants", ["ann@EXAMPLE.com", US]),
        last_message_at=values.get("last_message_at", NOW - timedelta(days=1)),
    )


def decision(found: ParsedMail, **values: Any) -> Decision:
    return decide(
        found,
        values.get("linked", {}),
        values.get("same_subject", ()),
        arrived_at=NOW,
        own_addresses=[US],
    )


class TestDecide:
    def test_in_reply_to_comes_first(self) -> None:
        one, two = conversation(), conversation()
        found = parsed("In-Reply-To: <a@x>", "References: <b@x>")

        assert decision(found, linked={"a@x": one, "b@x": two}) == Decision(one, Reason.IN_REPLY_TO)

    def test_nearest_reference_that_is_known(self) -> None:
        one, two = conversation(), conversation()
        found = parsed("In-Reply-To: <z@x>", "References: <a@x> <b@x> <c@x>")

        assert decision(found, linked={"a@x": one, "b@x": two}) == Decision(two, Reason.REFERENCES)

    def test_subject_of_an_answer(self) -> None:
        one = conversation()

        found = decision(parsed("Subject: Re: Printer"), same_subject=[candidate(one)])

        assert found == Decision(one, Reason.SUBJECT)

    def test_first_candidate_that_fits(self) -> None:
        one, two = conversation(), conversation()
        stranger = candidate(one, participants=["cy@example.com"])

        found = decision(parsed("Subject: Re: Printer"), same_subject=[stranger, candidate(two)])

        assert found.conversation == two

    @pytest.mark.parametrize(
        ("subject", "values"),
        [
            ("Printer", {}),
            ("Fwd: Printer", {}),
            ("Re: Hi!", {}),
            ("Re: ", {}),
            ("Re: Printer", {"participants": ["cy@example.com"]}),
            ("Re: Printer", {"participants": [US]}),
            ("Re: Printer", {"participants": []}),
            ("Re: Printer", {"last_message_at": NOW - timedelta(days=14)}),
        ],
    )
    def test_subject_alone_is_not_enough(self, subject: str, values: dict[str, Any]) -> None:
        found = decision(
            parsed(f"Subject: {subject}"), same_subject=[candidate(conversation(), **values)]
        )

        assert found == Decision(None, Reason.NEW)

    def test_nothing_known(self) -> None:
        assert decision(parsed("In-Reply-To: <a@x>")) == Decision(None, Reason.NEW)


class TestKnownBy:
    def test_references_and_in_reply_to_each_once(self) -> None:
        found = parsed("In-Reply-To: <b@x>", "References: <a@x> <b@x>")

        assert known_by(found) == ("a@x", "b@x")

    def test_neither(self) -> None:
        assert known_by(parsed()) == ()


class TestParticipants:
    def test_everybody_but_us_in_lower_case(self) -> None:
        found = parsed("Cc: Cy <CY@example.com>, nobody", "Reply-To: d@example.com")

        assert participants(found, [US.upper()]) == {
            "ann@example.com",
            "cy@example.com",
            "d@example.com",
        }

    def test_nobody(self) -> None:
        assert participants(parse(b"Subject: x\n\ny")) == frozenset()

    def test_sender_is_an_address(self) -> None:
        assert parsed().sender == Address("Ann", "Ann@example.com")


class TestMessageIds:
    @pytest.mark.parametrize(
        ("text", "ids"),
        [
            ("<a@x>", ("a@x",)),
            ("<a@x><b@x> <c@x>", ("a@x", "b@x", "c@x")),
            ("<a@x> <a@x>", ("a@x",)),
            ("< a@ x >", ("a@x",)),
            ("Your message of Friday <a@x> (was: y)", ("a@x",)),
            ("a@x", ("a@x",)),
            ("a@x, b@x", ("a@x", "b@x")),
            ("<no-at-sign>", ("no-at-sign",)),
            ("<a@x", ("a@x",)),
            ("nothing here", ()),
            ("<> < >", ()),
            ("", ()),
        ],
    )
    def test_read(self, text: str, ids: tuple[str, ...]) -> None:
        assert message_ids(text) == ids

    def test_of_very_many_the_first_and_the_last(self) -> None:
        found = message_ids(" ".join(f"<{n}@x>" for n in range(5_000)))

        assert len(found) == MAX_REFERENCES
        assert (found[0], found[1], found[-1]) == ("0@x", "4901@x", "4999@x")

    def test_long_id_is_cut_always_alike(self) -> None:
        assert message_ids(f"<{'a' * 9_000}@x>") == ("a" * MAX_ID,)


class TestSubjectKey:
    @pytest.mark.parametrize(
        "subject",
        [
            "Printer is green",
            "Re: Printer is green",
            "RE: AW: SV: Printer is green",
            "Re[2]: Printer is green",
            "Re(3): Fwd: Printer is green",
            "Re^2: Printer is green",
            "Re :Printer is green",
            "re：  PRINTER\tis  green ",
            "Antw: Odp: Rif: Ynt: Printer is green",
            "Ответ: Отв: Printer is green",
            "回复: 转发：Printer is green",
        ],
    )
    def test_prefixes_case_and_blanks_do_not_matter(self, subject: str) -> None:
        assert subject_key(subject) == "printer is green"

    @pytest.mark.parametrize(
        "subject", ["[users] Re: Release 2", "Re: [users] Release 2", "Re: [users] AW: Release 2"]
    )
    def test_list_tag_stays(self, subject: str) -> None:
        assert subject_key(subject) == "[users] release 2"

    @pytest.mark.parametrize(
        ("subject", "key"),
        [
            ("Regarding: the printer", "regarding: the printer"),
            ("Ticket: 7", "ticket: 7"),
            ("12: 30", "12: 30"),
            ("Straße", "strasse"),
            ("Re:", ""),
            ("", ""),
        ],
    )
    def test_what_is_no_prefix_stays(self, subject: str, key: str) -> None:
        assert subject_key(subject) == key

    def test_is_bounded(self) -> None:
        assert len(subject_key("Re: " * 900 + "a" * 9_000)) == MAX_SUBJECT_KEY


class TestPrefix:
    @pytest.mark.parametrize("subject", ["Re: x", "AW: x", "Fwd: Re: x", "[users] SV: x"])
    def test_reply(self, subject: str) -> None:
        assert has_reply_prefix(subject)

    @pytest.mark.parametrize("subject", ["x", "Fwd: x", "Reply: x", "[re] x"])
    def test_no_reply(self, subject: str) -> None:
        assert not has_reply_prefix(subject)

    @pytest.mark.parametrize("subject", ["Fwd: x", "FW: Re: x", "WG: x", "TR: x", "[users] Fw: x"])
    def test_forward(self, subject: str) -> None:
        assert has_forward_prefix(subject)

    @pytest.mark.parametrize("subject", ["x", "Re: Fwd: x", ""])
    def test_no_forward(self, subject: str) -> None:
        assert not has_forward_prefix(subject)

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.mail.address import Address
from app.mail.answer import (
    MOST_REFERENCES,
    Original,
    forward_subject,
    new_domains,
    recipients,
    reply_subject,
    thread_of_answer,
    thread_of_forward,
    written_to,
)

ANA, BEN, CARL = (Address(name, f"{name.lower()}@acme.example") for name in ("Ana", "Ben", "Carl"))
SUPPORT = Address("Support", "Support@example.com")
SALES = Address("Sales", "sales@example.com")
OWN = ["support@example.com", "sales@example.com"]
ORIGINAL = Original(
    message_id="2@acme.example",
    in_reply_to=None,
    references=(),
    subject="Invoice",
    sender=ANA,
    reply_to=(),
    to=(SUPPORT,),
    cc=(),
    delivered_to=(),
    at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    text="Hi.",
)


def original(**changes: object) -> Original:
    return replace(ORIGINAL, **changes)  # type: ignore[arg-type]


class TestRecipients:
    def test_the_sender_is_answered(self) -> None:
        found = recipients(original(cc=(BEN,)), OWN, everybody=False)

        assert (found.to, found.cc) == ((ANA,), ())

    def test_reply_to_is_honoured(self) -> None:
        assert recipients(original(reply_to=(BEN,)), OWN, everybody=False).to == (BEN,)

    def test_reply_to_that_is_ours_is_not(self) -> None:
        assert recipients(original(reply_to=(SALES,)), OWN, everybody=False).to == (ANA,)

    def test_reply_all_keeps_the_others_once_and_none_of_ours(self) -> None:
        mail = original(to=(SUPPORT, BEN, ANA), cc=(CARL, SALES, BEN))

        found = recipients(mail, OWN, everybody=True)

        assert (found.to, found.cc) == ((ANA,), (BEN, CARL))

    def test_reply_all_with_reply_to_keeps_the_list_and_the_others(self) -> None:
        found = recipients(original(reply_to=(BEN,), cc=(BEN, CARL)), OWN, everybody=True)

        assert (found.to, found.cc) == ((BEN,), (CARL,))

    def test_our_own_last_mail_is_continued_to_whom_it_went(self) -> None:
        ours = original(sender=SUPPORT, to=(ANA,), cc=(BEN,), is_ours=True)

        assert recipients(ours, OWN, everybody=False).to == (ANA,)
        assert recipients(ours, OWN, everybody=True).cc == (BEN,)

    def test_mail_between_our_own_inboxes_names_nobody(self) -> None:
        found = recipients(original(sender=SALES), OWN, everybody=True)

        assert (found.to, found.cc) == ((), ())

    def test_without_a_sender_the_others_are_answered(self) -> None:
        found = recipients(original(sender=Address("", ""), to=(BEN, SUPPORT)), OWN, everybody=True)

        assert (found.to, found.cc) == ((BEN,), ())


class TestWrittenTo:
    ALIASES = (("support@example.com", "support"), ("sales@example.com", "sales"))

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, "support"),
            ({"to": (SALES, SUPPORT)}, "sales"),
            ({"to": (BEN,), "cc": (SALES,)}, "sales"),
            ({"to": (BEN,), "delivered_to": ("SALES@example.com",)}, "sales"),
            ({"to": (BEN,)}, "default"),
            ({"sender": SALES, "to": (ANA,), "is_ours": True}, "sales"),
        ],
    )
    def test_is_the_alias_of_the_mail(self, changes: dict[str, object], expected: str) -> None:
        assert written_to(original(**changes), self.ALIASES, "default") == expected


class TestSubject:
    @pytest.mark.parametrize(
        ("subject", "answer"),
        [
            ("Invoice", "Re: Invoice"),
            ("Re: Invoice", "Re: Invoice"),
            ("AW: Rechnung", "AW: Rechnung"),
            ("Fwd: Invoice", "Re: Fwd: Invoice"),
            ("Fwd: Re: Invoice", "Re: Fwd: Re: Invoice"),
            ("  ", "Re: (no subject)"),
        ],
    )
    def test_of_an_answer(self, subject: str, answer: str) -> None:
        assert reply_subject(subject) == answer

    @pytest.mark.parametrize(
        ("subject", "forward"),
        [("Invoice", "Fwd: Invoice"), ("WG: Rechnung", "WG: Rechnung"), ("Re: A", "Fwd: Re: A")],
    )
    def test_of_a_forward(self, subject: str, forward: str) -> None:
        assert forward_subject(subject) == forward


class TestThread:
    def test_continues_the_references(self) -> None:
        thread = thread_of_answer(original(references=("0@a", "1@a"), in_reply_to="1@a"))

        assert thread.in_reply_to == "2@acme.example"
        assert thread.references == ("0@a", "1@a", "2@acme.example")

    def test_takes_in_reply_to_where_there_are_none(self) -> None:
        assert thread_of_answer(original(in_reply_to="1@a")).references == ("1@a", "2@acme.example")

    def test_is_bounded_and_keeps_the_first_and_the_nearest(self) -> None:
        references = tuple(f"{n}@a" for n in range(100))

        kept = thread_of_answer(original(references=references)).references

        assert len(kept) == MOST_REFERENCES
        assert (kept[0], kept[-2:]) == ("0@a", ("99@a", "2@acme.example"))

    @pytest.mark.parametrize("id_", [None, "with blank@a", "bra<cket@a", "ümlaut@a"])
    def test_an_id_that_cannot_be_written_is_left_out(self, id_: str | None) -> None:
        thread = thread_of_answer(original(message_id=id_, references=("0@a", "no good@a")))

        assert (thread.in_reply_to, thread.references) == (None, ("0@a",))

    def test_a_forward_refers_and_answers_nobody(self) -> None:
        thread = thread_of_forward(original())

        assert (thread.in_reply_to, thread.references) == (None, ("2@acme.example",))


class TestNewDomains:
    def test_names_those_nobody_belongs_to(self) -> None:
        found = new_domains(["a@new.example", "b@ACME.example"], ["ana@acme.example", "x"])

        assert found == ("new.example",)

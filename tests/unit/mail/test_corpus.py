"""Against other people's mail and what they assert of it.

Where we agree with less than all, the rest was looked at one by one: origins that count inline
parts or parts of nested mails as attachments, keep comments in addresses, normalise line ends, or
(mime4j) read the text after a broken header as no text at all.
"""

import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import nh3
import pytest

from app.mail import charset, transfer
from app.mail.address import Address
from app.mail.html import to_text
from app.mail.parse import MailUnreadable, cut, parse
from app.mail.parsed import Automatic, ParsedMail
from app.mail.quotes import newly_written
from app.mail.scan import scan
from tests.unit.mail.corpus import Entry, Tally, entries
from tests.unit.mail.test_fuzz import check

pytestmark = pytest.mark.corpus

SECONDS = 0.5


def squeezed(text: str) -> str:
    return "".join(text.split())


def mails_with(*facts: str) -> list[Entry]:
    return [mail for mail in entries("eml") if mail.expected.keys() & set(facts)]


def agreement(fact: str, agrees: Callable[[Any, ParsedMail, bytes], bool]) -> Tally:
    tally = Tally()
    for mail in mails_with(fact):
        raw = mail.raw
        tally.add(mail, agrees(mail.expected[fact], parse(raw), raw))
    return tally


def same_people(expected: Any, people: tuple[Address, ...]) -> bool:
    if not isinstance(expected, list) or len(expected) != len(people):
        return False
    return all(
        [found.name, found.address] == one if isinstance(one, list) else found.address == one
        for one, found in zip(expected, people, strict=True)
    )


class TestEveryMail:
    def test_is_read_in_time_and_clean(self) -> None:
        for mail in entries("eml", "mbox", "tnef", "html"):
            raw = mail.raw
            started = time.process_time()
            try:
                parse(raw)
            except MailUnreadable:
                assert not raw.strip()
            assert time.process_time() - started < SECONDS, mail.id
            check(raw)


class TestFacts:
    def test_subject(self) -> None:
        tally = agreement(
            "subject", lambda expected, found, _: squeezed(found.subject) == squeezed(expected)
        )

        assert not tally.others, tally

    def test_from(self) -> None:
        def agrees(expected: list[Any], found: ParsedMail, _: bytes) -> bool:
            return same_people(expected, (found.sender,) if found.sender else ())

        tally = agreement("from", agrees)

        assert len(tally.agreed) >= 18, tally

    def test_to(self) -> None:
        tally = agreement("to", lambda expected, found, _: same_people(expected, found.to))

        assert len(tally.agreed) >= 16, tally

    @pytest.mark.parametrize("field", ["cc", "reply_to"])
    def test_other_people(self, field: str) -> None:
        tally = agreement(
            field, lambda expected, found, _: same_people(expected, getattr(found, field))
        )

        assert not tally.others, tally

    def test_message_id(self) -> None:
        tally = agreement(
            "message_id",
            lambda expected, found, _: found.internet_message_id == expected.strip("<> "),
        )

        assert not tally.others, tally

    def test_attachments_count(self) -> None:
        tally = agreement(
            "attachments_count", lambda expected, found, _: len(found.attachments) == expected
        )

        assert len(tally.agreed) >= 17, tally

    @pytest.mark.parametrize("n", [0, 1])
    def test_attachment_name(self, n: int) -> None:
        tally = agreement(
            f"attachment_{n}_name",
            lambda expected, found, _: found.attachments[n].filename == expected,
        )

        assert not tally.others, tally

    def test_attachment_bytes(self) -> None:
        def agrees(expected: str, found: ParsedMail, raw: bytes) -> bool:
            file = found.attachments[0]
            content = cut(raw, file.offset, file.length, file.encoding)
            return hashlib.sha256(content).hexdigest() == expected

        tally = agreement("attachment_0_sha256", agrees)

        assert not tally.others, tally

    def test_text(self) -> None:
        tally = agreement(
            "text_equals_nodemailer",
            lambda expected, found, _: squeezed(found.body) == squeezed(expected),
        )

        assert len(tally.agreed) >= 35, tally

    def test_bounce(self) -> None:
        tally = agreement(
            "is_bounce",
            lambda expected, found, _: (found.automatic is Automatic.BOUNCE) == expected,
        )

        assert len(tally.agreed) >= 78, tally

    def test_auto_reply(self) -> None:
        tally = agreement(
            "is_auto_reply",
            lambda expected, found, _: (found.automatic is Automatic.REPLY) == expected,
        )

        assert not tally.others, tally

    def test_complaint(self) -> None:
        tally = agreement(
            "is_feedback_report",
            lambda expected, found, _: (found.automatic is Automatic.COMPLAINT) == expected,
        )

        assert not tally.others, tally

    def test_what_a_report_is_about(self) -> None:
        """Many bounces return nothing of the mail; of the others we find its Message-ID."""
        tally = Tally()
        for mail in mails_with("is_bounce"):
            raw = mail.raw
            report = parse(raw).report
            if report is not None and returns_a_mail(raw):
                tally.add(mail, report.original_message_id is not None)

        assert len(tally.agreed) > 50
        assert not tally.others, tally

    def test_calendar(self) -> None:
        tally = agreement(
            "calendar_method",
            lambda expected, found, _: (
                found.invitation is not None and found.invitation.method == expected
            ),
        )

        assert not tally.others, tally


def returns_a_mail(raw: bytes) -> bool:
    """Whether another Message-ID stands in it than its own, at the beginning of a line."""
    return len(re.findall(rb"(?im)^[> \t]*message-id:[ \t]*<", raw)) > 1


class TestLeafParts:
    def test_count(self) -> None:
        tally = Tally()
        for mail in mails_with("leaf_parts"):
            leaves = list(scan(mail.raw).root.leaves())
            tally.add(mail, len(leaves) == mail.expected["leaf_parts_count"])

        assert len(tally.agreed) >= 73, tally

    def test_bytes(self) -> None:
        tally = Tally()
        for mail in mails_with("leaf_parts"):
            raw = mail.raw
            digests = Counter(
                hashlib.sha256(
                    transfer.decode(raw[leaf.body : leaf.end], leaf.encoding)
                ).hexdigest()
                for leaf in scan(raw).root.leaves()
            )
            expected = Counter(part["sha256"] for part in mail.expected["leaf_parts"])
            tally.add(mail, digests == expected)

        assert len(tally.agreed) >= 57, tally


class TestNewlyWritten:
    def test_plain_text(self) -> None:
        tally = Tally()
        for text in entries("reply-text"):
            if "stripped_reply_equals" in text.expected:
                expected = squeezed(text.expected["stripped_reply_equals"])
                tally.add(text, squeezed(newly_written(text.text)) == expected)

        assert len(tally.agreed) >= 0.95 * 69, tally

    def test_first_fragment(self) -> None:
        tally = Tally()
        for text in entries("reply-text"):
            if "fragment_0_equals" in text.expected:
                expected = squeezed(text.expected["fragment_0_equals"])
                tally.add(text, squeezed(newly_written(text.text)) == expected)

        assert len(tally.agreed) >= 0.9 * 47, tally

    def test_what_must_and_must_not_be_seen(self) -> None:
        for text in entries("reply-text"):
            shown = squeezed(newly_written(text.text))
            for seen in text.expected.get("visible_contains", ()):
                assert squeezed(seen) in shown, text.id
            for unseen in text.expected.get("visible_not_contains", ()):
                assert squeezed(unseen) not in shown, text.id

    def test_whole_mails(self) -> None:
        """Two of the twelve keep the signature, which we take off."""
        tally = agreement(
            "stripped_reply_equals",
            lambda expected, found, _: squeezed(found.excerpt) == squeezed(expected),
        )

        assert len(tally.agreed) >= 10, tally

    def test_html(self) -> None:
        tally = Tally()
        for html in entries("reply-html"):
            expected = html.expected.get("stripped_text_equals_ignoring_whitespace")
            if expected is not None:
                shown = newly_written(to_text(html.text).marked)
                tally.add(html, squeezed(shown) == squeezed(expected))

        assert len(tally.agreed) == 9, tally

    @pytest.mark.parametrize("kind", ["reply-text", "reply-html", "html"])
    def test_takes_little_time(self, kind: str) -> None:
        for entry in entries(kind):
            started = time.process_time()
            newly_written(entry.text)
            to_text(entry.text)
            assert time.process_time() - started < SECONDS, entry.id


class TestHTML:
    def test_keeps_the_text_that_another_parser_finds(self) -> None:
        """Letter by letter: lines are broken elsewhere, and we leave out what is hidden."""
        found: Counter[str] = Counter()
        missing: Counter[str] = Counter()
        for mail in entries("eml"):
            raw = mail.raw
            for leaf in scan(raw).root.leaves():
                if leaf.content_type.value != "text/html":
                    continue
                label = leaf.content_type.parameters.get("charset", "")
                data = transfer.decode(raw[leaf.body : leaf.end], leaf.encoding)
                html = re.sub("&[#a-zA-Z0-9]+;?", " ", charset.decode(data, label))
                other = letters(nh3.clean(html, tags=set(), clean_content_tags=NO_TEXT))
                found += other
                missing += other - letters(to_text(html).plain)

        assert missing.total() < 0.03 * found.total()


NO_TEXT = {"script", "style", "title", "svg", "template", "xml"}


def letters(text: str) -> Counter[str]:
    return Counter(character for character in text if character.isalnum())

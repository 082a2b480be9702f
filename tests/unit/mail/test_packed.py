from datetime import UTC, datetime

import msgspec
import pytest

from app.mail.packed import NotUnpacked, packed, parsed_mail, shown_mail, two_words
from app.mail.parse import parse
from app.mail.shown import ShownMail

MAIL = parse(
    b"From: Ana <ana@example.net>\r\n"
    b"Date: Mon, 2 Mar 2026 09:00:00 +0200\r\nSubject: x\r\n\r\nHello"
)


class TestParsedMail:
    @pytest.mark.parametrize(
        "change",
        [{"subject": 7}, {"sender": "ana"}, {"automatic": "person"}, {"sent_at": "yesterday"}],
    )
    def test_of_another_type_is_refused(self, change: dict[str, object]) -> None:
        values = msgspec.msgpack.decode(packed(MAIL)) | change

        with pytest.raises(NotUnpacked):
            parsed_mail(msgspec.msgpack.encode(values))

    @pytest.mark.parametrize("data", [b"", b"\xc1", b"\xa1\xff", packed(("a", "b"))])
    def test_anything_else_is_refused(self, data: bytes) -> None:
        with pytest.raises(NotUnpacked):
            parsed_mail(data)

    def test_is_what_it_was(self) -> None:
        found = parsed_mail(packed(MAIL))

        assert found == MAIL
        assert found.sent_at == datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


class TestOthers:
    def test_are_what_they_were(self) -> None:
        shown = ShownMail("<p>Hello", 1, is_cut=False)

        assert shown_mail(packed(shown)) == shown
        assert two_words(packed(("what", "fix"))) == ("what", "fix")

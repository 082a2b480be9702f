from collections.abc import Callable

import pytest

from app.mail.packed import parsed_mail, shown_mail, two_words
from app.mail.parsed import ParsedMail
from app.mail.shown import ShownMail
from app.sync import parser_child
from app.sync.parser_child import answer


class TestAnswer:
    def test_mail(self) -> None:
        kind, content = answer(b"Subject: x\r\n\r\nHello")

        assert kind == parser_child.PARSED
        assert parsed_mail(content).subject == "x"

    def test_unreadable(self) -> None:
        kind, content = answer(b"\r\n")

        assert kind == parser_child.UNREADABLE
        assert two_words(content) == (
            "The mail is empty.",
            "Ask the sender to send it again, or delete it.",
        )

    @pytest.mark.parametrize("error", [ValueError("text of a mail"), RecursionError("text")])
    def test_failure_names_its_kind_and_not_the_mail(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        monkeypatch.setattr(parser_child, "parse", raising(error))

        assert answer(b"x") == (parser_child.FAILED, type(error).__name__.encode())

    def test_lack_of_memory_is_for_the_process_to_die_of(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(parser_child, "parse", raising(MemoryError()))

        with pytest.raises(MemoryError):
            answer(b"x")


def raising(error: Exception) -> Callable[[bytes], ParsedMail]:
    def parse(_raw: bytes) -> ParsedMail:
        raise error

    return parse


class TestAnswerToAReader:
    def test_is_the_mail_made_safe(self) -> None:
        raw = (
            b'Content-Type: text/html\r\n\r\n<img src="https://e.example/1"><script>x</script>Hello'
        )

        kind, content = answer(raw, parser_child.SHOW)

        assert kind == parser_child.SHOWN
        assert shown_mail(content) == ShownMail("<img>Hello", 1, is_cut=False)

    def test_has_pictures_from_elsewhere_where_they_are_wanted(self) -> None:
        raw = b'Content-Type: text/html\r\n\r\n<img src="https://e.example/1">'

        _, content = answer(raw, parser_child.SHOW_WITH_REMOTE)

        assert "https://e.example/1" in shown_mail(content).html

    def test_of_nothing_is_unreadable(self) -> None:
        assert answer(b"\r\n", parser_child.SHOW)[0] == parser_child.UNREADABLE

import pytest

from app.mail.filenames import LONGEST, made_up, safe


class TestSafe:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("report.pdf", "report.pdf"),
            ("Größe ✓.txt", "Größe ✓.txt"),
            ("../../etc/passwd", "passwd"),
            ("/etc/passwd", "passwd"),
            (r"C:\Windows\system.ini", "system.ini"),
            ("a/b\\c.txt", "c.txt"),
            ("..", ""),
            ("...", ""),
            (".htaccess", "htaccess"),
            ("a\0b.txt", "a b.txt"),
            ("a\r\nb.txt", "a b.txt"),
            ("a\u202egnp.exe", "a gnp.exe"),
            ("a\u2066b\u200bc.txt", "a b c.txt"),
            ("CON", "_CON"),
            ("con.tar.gz", "_con.tar.gz"),
            ("COM1.txt", "_COM1.txt"),
            ("console.txt", "console.txt"),
            ('a<b>c:d"e|f?g*h.txt', "a b c d e f g h.txt"),
            ("trailing. ", "trailing"),
            ("", ""),
            ("/", ""),
            ("\ud800.txt", "txt"),
        ],
    )
    def test_name(self, name: str, expected: str) -> None:
        assert safe(name) == expected

    def test_long_name_keeps_its_extension(self) -> None:
        found = safe("a" * 300 + ".pdf")

        assert len(found) == LONGEST
        assert found.endswith("a.pdf")

    def test_long_extension_is_none(self) -> None:
        assert len(safe("a." + "b" * 300)) == LONGEST


class TestMadeUp:
    @pytest.mark.parametrize(
        ("content_type", "expected"),
        [
            ("application/pdf", "attachment-3.pdf"),
            ("image/png", "attachment-3.png"),
            ("image/jpeg", "attachment-3.jpg"),
            ("text/x-python", "attachment-3.bin"),
            ("text/calendar", "attachment-3.ics"),
            ("application/x-whatever", "attachment-3.bin"),
            ("../../x", "attachment-3.bin"),
        ],
    )
    def test_by_type(self, content_type: str, expected: str) -> None:
        assert made_up(3, content_type) == expected

    def test_title(self) -> None:
        assert made_up(1, "message/rfc822", "Re: a/b\\c") == "Re a b c.eml"

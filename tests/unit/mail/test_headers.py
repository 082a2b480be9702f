import time

import pytest

from app.mail.headers import decoded, one_line, parameterised, plain


class TestOneLine:
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("a\r\n b", "a b"),
            ("a\r\n\t b", "a b"),
            ("a\nb", "a b"),
            ("a\r\n\r\n \r\nb", "a b"),
            ("a\u2028b\u2029c\x85d\x0be\x0cf", "a b c d e f"),
            ("a\0b\x01c\x1bd\x7fe\x9bf", "abcdef"),
            ("a\ud800b", "ab"),
            ("a\tb", "a b"),
            ("  a  ", "a"),
            ("a  b", "a  b"),
        ],
    )
    def test_holds_nothing_that_breaks_a_line(self, text: str, line: str) -> None:
        assert one_line(text) == line

    def test_long_runs_of_blanks_take_no_time(self) -> None:
        started = time.process_time()
        one_line("a" + " " * 500_000 + "\x01b")
        one_line("a" + "\r\n " * 200_000 + "b")

        assert time.process_time() - started < 0.5


class TestPlain:
    def test_utf_8(self) -> None:
        assert plain("Größe ✓".encode()) == "Größe ✓"

    def test_windows_1252(self) -> None:
        assert plain(b"Gr\xf6\xdfe \x80") == "Größe €"


class TestDecoded:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("no encoded word", "no encoded word"),
            ("=?utf-8?Q?Gr=C3=B6=C3=9Fe?=", "Größe"),
            ("=?UTF-8?b?R3LDtsOfZQ==?=", "Größe"),
            ("=?utf-8?Q?a_b?= =?utf-8?Q?_c?=", "a b c"),
            ("=?utf-8?Q?a?=\r\n =?iso-8859-1?Q?=F6?=", "aö"),
            ("x =?utf-8?Q?y?= z", "x y z"),
            ("x=?utf-8?Q?y?=z", "xyz"),
            ("=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
            ("=?utf-8*de?Q?Gr=C3=BCn?=", "Grün"),
            ("=?utf-8?Q?with blank?=", "with blank"),
            ("=?utf-8?Q??=", ""),
            ("=?utf-8?Q?=3D=3F?=", "=?"),
        ],
    )
    def test_words(self, text: str, expected: str) -> None:
        assert decoded(text) == expected

    def test_character_split_between_words(self) -> None:
        assert decoded("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=") == "ü"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("=?x-nobody?Q?caf=C3=A9?=", "café"),
            ("=?x-nobody?Q?caf=E9?=", "café"),
            ("=?utf-8?B?R3LDtsOfZQ?=", "Größe"),
            ("=?utf-8?B?R3LD*tsOf!ZQ==?=", "Größe"),
            ("=?utf-8?Q?=ZZ?=", "=ZZ"),
            ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
            ("=?utf-8?Q?never ends", "=?utf-8?Q?never ends"),
            ("=?utf-8", "=?utf-8"),
            ("=?", "=?"),
            ("=?=?=?utf-8?Q?a?=", "=?=?a"),
        ],
    )
    def test_broken_words(self, text: str, expected: str) -> None:
        assert decoded(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "Re: A=?utf-8?q?=0ABcc:_x=40y.z?=",
            "=?utf-8?q?=0D=0ABcc:_x=40y.z?=",
            "=?utf-8?b?DQpCY2M6IHhAeS56?=",
            "=?utf-16?b?AAoACg==?=",
            "=?utf-7?q?+AAo-?=",
        ],
    )
    def test_hidden_line_break_comes_to_nothing(self, text: str) -> None:
        assert "\n" not in decoded(text)
        assert "\r" not in decoded(text)

    @pytest.mark.parametrize("word", ["=?", "=?utf-8?q?", "=?utf-8?q?a?=", "=?utf-8?q?a?= "])
    def test_very_many_words_take_no_time(self, word: str) -> None:
        started = time.process_time()
        decoded(word * 20_000)

        assert time.process_time() - started < 0.5


class TestParameterised:
    def test_value_is_lower_case_and_names_too(self) -> None:
        found = parameterised('Text/HTML; Charset="UTF-8"')

        assert found.value == "text/html"
        assert found.parameters == {"charset": "UTF-8"}

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ('attachment; filename="a;b.txt"', "a;b.txt"),
            ("attachment; filename=a b.txt ; x=y", "a b.txt"),
            (r'attachment; filename="a\"b\\c\d"', r'a"b\c\d'),
            ('attachment; filename="never closed', "never closed"),
            ("attachment; filename=", ""),
            ("attachment;;; filename=a", "a"),
            ("attachment; =b; filename=a", "a"),
            ('attachment; filename = "a"', "a"),
            ("attachment; filename=a; filename=b", "a"),
            ("attachment; filename*=utf-8'en'gr%C3%B6n.txt", "grön.txt"),
            ("attachment; filename*=iso-8859-1''gr%F6n.txt", "grön.txt"),
            ("attachment; filename*=nobody''gr%F6n.txt", "grön.txt"),
            ("attachment; filename*=plain.txt", "plain.txt"),
            ("attachment; filename*0=one; filename*1=two", "onetwo"),
            ("attachment; filename*1=two; filename*0=one", "onetwo"),
            ("attachment; filename*0*=utf-8''%C3; filename*1*=%B6; filename*2=x", "öx"),
            ("attachment; filename=old; filename*=utf-8''new", "new"),
            ("attachment; filename*=utf-8''a%0D%0Ab", "a b"),
        ],
    )
    def test_file_name(self, text: str, name: str) -> None:
        assert parameterised(text).parameters["filename"] == name

    @pytest.mark.parametrize("piece", [";", "; ", ';a="', ";a=b", ";a*1*=%", "; " + "\\" * 9])
    def test_very_many_pieces_take_no_time(self, piece: str) -> None:
        started = time.process_time()
        parameterised("text/plain" + piece * 20_000)

        assert time.process_time() - started < 0.5

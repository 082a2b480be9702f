import base64
import time

import pytest

from app.mail.transfer import decode, decoded_size


class TestBase64:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"aGVsbG8=", b"hello"),
            (b"aGVsbG8", b"hello"),
            (b"aGVs\r\nbG8=\r\n", b"hello"),
            (b"aGVs!!*bG8=", b"hello"),
            (b"aGVsbG8=aGVsbG8=", b"hellohello"),
            (b"aGVsbG8=\r\naGVsbG8=\r\n", b"hellohello"),
            (b"aGVsbG8=\r\n--footer--\r\n", b"hello" + base64.b64decode(b"footer==")),
            (b"aGVsb", b"hel"),
            (b"====", b""),
            (b"", b""),
        ],
    )
    def test_decoded(self, data: bytes, expected: bytes) -> None:
        assert decode(data, "base64") == expected

    @pytest.mark.parametrize("data", [b"A" * 20_000_000, b"A=" * 5_000_000, b"!" * 20_000_000])
    def test_huge_takes_little_time(self, data: bytes) -> None:
        started = time.process_time()
        decode(data, "base64")

        assert time.process_time() - started < 1


class TestQuotedPrintable:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"caf=C3=A9", b"caf\xc3\xa9"),
            (b"one =\r\nline", b"one line"),
            (b"broken =ZZ", b"broken =ZZ"),
            (b"ends with =", b"ends with "),
        ],
    )
    def test_decoded(self, data: bytes, expected: bytes) -> None:
        assert decode(data, "quoted-printable") == expected


class TestUuencode:
    @pytest.mark.parametrize("name", ["x-uuencode", "uuencode", "x-uue"])
    def test_decoded(self, name: str) -> None:
        assert decode(b"begin 644 a\r\n%:&5L;&\\\r\n`\r\nend\r\n", name) == b"hello"

    def test_without_begin_and_end(self) -> None:
        assert decode(b"%:&5L;&\\\n", "x-uuencode") == b"hello"

    def test_trailing_garbage_and_lines_that_are_none(self) -> None:
        data = b"begin 644 a\n%:&5L;&\\garbage\n\n\xff\xff\nend\n"

        assert decode(data, "x-uuencode").startswith(b"hello")


class TestIdentity:
    @pytest.mark.parametrize("encoding", ["", "7bit", "8bit", "binary", "x-nobody-knows"])
    def test_bytes_as_they_are(self, encoding: str) -> None:
        assert decode(b"=41\0", encoding) == b"=41\0"


class TestDecodedSize:
    @pytest.mark.parametrize("size", [0, 1, 2, 3, 56, 57, 58, 114, 1_000, 5_700])
    @pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
    def test_base64(self, size: int, line_end: bytes) -> None:
        data = base64.encodebytes(bytes(size)).replace(b"\n", line_end)

        assert decoded_size(b"--" + data + b"--", 2, 2 + len(data), "base64") == size

    def test_base64_in_one_line(self) -> None:
        data = base64.b64encode(bytes(1_000))

        assert decoded_size(data, 0, len(data), "base64") == 1_000

    def test_base64_in_lines_of_any_length(self) -> None:
        data = b"aGVs\r\nbG8gd29y\r\nbGQ=\r\n"

        assert decoded_size(data, 0, len(data), "base64") == len(decode(data, "base64"))

    def test_quoted_printable(self) -> None:
        data = b"caf=C3=A9 =\r\ngoes =\non"

        assert decoded_size(data, 0, len(data), "quoted-printable") == len(
            decode(data, "quoted-printable")
        )

    def test_uuencode_is_near(self) -> None:
        line = b"M" + b"A" * 60 + b"\n"
        data = b"begin 644 x\n" + line * 100 + b"`\nend\n"

        assert abs(decoded_size(data, 0, len(data), "x-uuencode") - 4_500) < 100

    def test_identity(self) -> None:
        assert decoded_size(b"abcdef", 1, 4, "8bit") == 3

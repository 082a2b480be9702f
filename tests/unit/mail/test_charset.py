import pytest

from app.mail.charset import codec_for, decode


class TestCodecFor:
    @pytest.mark.parametrize(
        ("label", "codec"),
        [
            ("UTF-8", "utf_8"),
            ("utf8", "utf_8"),
            ("unicode-1-1-utf-7", "utf_7"),
            ("iso-8859-8-i", "iso8859_8"),
            ("ISO-8859-8-E", "iso8859_8"),
            ("iso-UTF-8", "utf_8"),
            ("win-1257", "cp1257"),
            ("windows-874", "cp874"),
            ("x-cp1251", "cp1251"),
            ("cp-850", "cp850"),
            ("us-ascii", "cp1252"),
            ("ISO-8859-1", "cp1252"),
            ("ks_c_5601-1987", "cp949"),
            ("gb2312", "gb18030"),
            ("Shift_JIS", "cp932"),
            ("iso-2022-jp", "iso2022_jp"),
        ],
    )
    def test_known(self, label: str, codec: str) -> None:
        assert codec_for(label) == codec

    @pytest.mark.parametrize("label", ["X-UNKNOWN", "Default", "none", "", "a" * 1_000])
    def test_unknown(self, label: str) -> None:
        assert codec_for(label) is None

    @pytest.mark.parametrize(
        "label",
        ["idna", "punycode", "rot13", "base64", "hex", "unicode_escape", "undefined", "zip"],
    )
    def test_codec_that_is_no_charset(self, label: str) -> None:
        assert codec_for(label) is None

    def test_every_codec_exists(self) -> None:
        for label in (
            "big5",
            "euc-jp",
            "hz-gb-2312",
            "koi8-u",
            "macintosh",
            "x-mac-cyrillic",
            "johab",
        ):
            assert b"abc".decode(str(codec_for(label))) == "abc"


class TestDecode:
    @pytest.mark.parametrize(
        ("data", "label", "text"),
        [
            ("Größe".encode(), "utf-8", "Größe"),
            (b"Gr\xf6\xdfe", "utf-8", "Größe"),
            ("ö".encode() + b" \xf6", "utf-8", "ö �"),
            (b"\x93x\x94", "iso-8859-1", "“x”"),
            (b"a\x81\xe9", "iso-8859-1", "aé"),
            ("Größe".encode(), "us-ascii", "Größe"),
            ("Größe".encode(), "x-unknown", "Größe"),
            (b"Gr\xf6\xdfe", "x-unknown", "Größe"),
            (b"Gr\xf6\xdfe", "", "Größe"),
            ("返信".encode("iso-2022-jp"), "", "返信"),
            ("返信".encode("shift_jis"), "shift_jis", "返信"),
            ("привет".encode("koi8-r"), "koi8-r", "привет"),
            ("我公司可开各地发票".encode(), "gb2312", "我公司可开各地发票"),
            ("联通".encode("gbk"), "gb2312", "联通"),
            ("Größe".encode(), "iso-8859-1", "Größe"),
            ("שלום".encode("iso8859_8"), "iso-8859-8-i", "שלום"),
            ("a".encode("utf-16"), "utf-16", "a"),
            ("a".encode("utf-16"), "", "a"),
            ("\ufeffa".encode(), "utf-8", "a"),
        ],
    )
    def test_text(self, data: bytes, label: str, text: str) -> None:
        assert decode(data, label) == text

    def test_no_control_nul_or_surrogate_comes_out(self) -> None:
        assert decode(b"a\0b\x1b\x08c\td\r\n") == "abc\td\r\n"
        assert decode(b"+2AA-x", "utf-7") == "x"
        assert decode(b"\x00\xd8x\x00", "utf-16-le").endswith("x")

"""Which addresses of the web we would never ask."""

import pytest

from app.outside.http import LONGEST_URL, AddressRefused, read_url


class TestReadURL:
    @pytest.mark.parametrize(
        "text",
        [
            "", "example.com/hook", "ftp://example.com/", "file:///etc/passwd",
            "javascript:alert(1)", "https://", "https://ana:secret@example.com/", "https://ana@example.com/",
            "https://example.com:99999/", "https://[::1/", "https://a b/", "gopher://example.com",
            "https://example.com/" + "x" * LONGEST_URL,
        ],
    )  # fmt: skip
    def test_what_is_no_address_is_refused(self, text: str) -> None:
        with pytest.raises(AddressRefused):
            read_url(text, allow_private=False)

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "10.0.0.5", "0.0.0.0",
            "169.254.169.254", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[fd00::1]",
            "[64:ff9b::7f00:1]", "[2002:7f00:0001::]", "192.168.1.1", "100.64.0.1",
        ],
    )  # fmt: skip
    def test_a_private_address_is_refused_however_it_is_spelt(self, host: str) -> None:
        with pytest.raises(AddressRefused):
            read_url(f"https://{host}/hook", allow_private=False)

    def test_one_that_is_not_encrypted_is_refused(self) -> None:
        with pytest.raises(AddressRefused, match="not encrypted"):
            read_url("http://example.com/hook", allow_private=False)

    def test_one_inside_is_read_where_the_operator_allows_it(self) -> None:
        assert read_url("http://127.0.0.1:9/hook", allow_private=True).port == 9

    def test_one_of_the_web_is_read(self) -> None:
        assert read_url(" https://example.com/hook?a=1 ", allow_private=False).host == "example.com"

import time

import pytest

from app.mail.links import to_be_told


class TestWhatALinkTells:
    @pytest.mark.parametrize(
        ("words", "address"),
        [
            ("Read more", "https://shop.example/x"),
            ("shop.example", "https://shop.example/x"),
            ("https://www.shop.example/sale", "https://shop.example/x?from=mail"),
            ("shop.example", "https://click.shop.example/x"),
            ("see invoice.pdf", "https://files.example/invoice.pdf"),
            ("Node.js", "https://files.example/"),
            ("write to ana@shop.example", "mailto:ana@shop.example?subject=x"),
            ("Call", "tel:+43123"),
        ],
    )
    def test_is_nothing_where_its_words_say_it(self, words: str, address: str) -> None:
        assert to_be_told(words, address) == ""

    @pytest.mark.parametrize(
        ("words", "address", "told"),
        [
            ("bank.example", "https://evil.example/x", "evil.example"),
            ("bank.example", "https://bank.example.evil.example/", ""),
            ("x", "https://bank.example@evil.example/", "evil.example"),
            ("x", "https://192.0.2.7/", "192.0.2.7"),
            ("x", "https://0x7f.1/", "0x7f.1"),
            ("x", "https://xn--pple-43d.com/", "аpple.com, that is xn--pple-43d.com"),
            ("Apple", "https://аpple.com/", "аpple.com, that is xn--pple-43d.com"),
            ("x", "https://[/", "https://[/"),
            ("a@good.example", "mailto:b@evil.example", "b@evil.example"),
        ],
    )
    def test_is_the_host_where_its_words_hide_it(self, words: str, address: str, told: str) -> None:
        if told:
            assert to_be_told(words, address) == told
        else:
            assert to_be_told(words, address) == "bank.example.evil.example"

    @pytest.mark.parametrize("words", ["a." * 50_000, "a" * 100_000, "-" * 100_000, "@a." * 9_000])
    def test_takes_no_time(self, words: str) -> None:
        began = time.process_time()

        to_be_told(words, "https://evil.example/")

        assert time.process_time() - began < 1

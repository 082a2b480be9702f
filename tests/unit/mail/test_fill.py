import time

import pytest

from app.core.errors import InvalidInput
from app.mail.address import Address
from app.mail.fill import LONGEST, VARIABLES, check, fill, values

VALUES = values(
    customer=Address("Ruiz, Ana", "ana@acme.example"),
    agent="Ben Kurz",
    inbox=Address("Support", "support@example.com"),
    subject="Invoice",
    today="2026-03-02",
)


class TestCheck:
    @pytest.mark.parametrize("text", ["{{ customer.frist_name }}", "{{x}}"])
    def test_a_variable_that_does_not_exist_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInput, match="no variable"):
            check("text", text)

    def test_too_long_is_refused(self) -> None:
        with pytest.raises(InvalidInput):
            check("text", "x" * (LONGEST + 1))

    def test_every_variable_passes(self) -> None:
        text = " ".join(f"{{{{ {name} }}}}" for name in VARIABLES)

        assert check("text", text) == text


class TestFill:
    def test_puts_the_values_in(self) -> None:
        text = "Dear {{customer.first_name}}, about {{ subject }}: {{agent.first_name}}"

        assert fill(text, VALUES).text == "Dear Ana, about Invoice: Ben"

    def test_says_the_other_word_where_nothing_is_known(self) -> None:
        filled = fill("Dear {{ customer.name | friend }}", {})

        assert (filled.text, filled.missing) == ("Dear friend", ())

    def test_names_what_is_missing(self) -> None:
        assert fill("{{ customer.name }}", {}).missing == ("customer.name",)

    def test_what_is_filled_in_is_not_filled_in_again(self) -> None:
        assert fill("{{ subject }}", {"subject": "{{ agent.name }}"}).text == "{{ agent.name }}"

    def test_is_escaped_for_html(self) -> None:
        assert fill("{{ subject }}", {"subject": "<b>"}, html=True).text == "&lt;b&gt;"

    @pytest.mark.parametrize("name", ["", "Ana", "Ana Ruiz", "Ruiz, Ana", "Ruiz,"])
    def test_first_name(self, name: str) -> None:
        found = values(
            customer=Address(name, "a@b.example"),
            agent="",
            inbox=Address("", "x@y.example"),
            subject="",
            today="",
        )["customer.first_name"]

        assert found == {"": "", "Ruiz,": "Ruiz"}.get(name, "Ana")

    def test_takes_little_time(self) -> None:
        started = time.process_time()
        fill("{{ " * 20_000, {})
        fill("{{a|" * 20_000, {})

        assert time.process_time() - started < 0.5

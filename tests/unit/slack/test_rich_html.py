"""HTML in Slack's editor, and back in a mail."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.slack.rich_html import from_html
from app.slack.rich_text import typed


def leaf(words: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": words, **({"style": style} if style else {})}


def section(*leaves: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(leaves)}


def elements(html: str) -> list[dict[str, Any]]:
    found = from_html(html)
    return found["elements"] if found else []


class TestFromHTML:
    @pytest.mark.parametrize("html", ["", " \n", "<p></p>", "<style>p{}</style>", "<!-- x -->"])
    def test_of_nothing_is_nothing(self, html: str) -> None:
        assert from_html(html) is None

    def test_keeps_what_is_bold_and_where_links_lead(self) -> None:
        found = elements(
            'Dear <b>Ana</b>, see <a href="https://acme.example/?a=1&amp;b=2">our <i>page</i></a>.'
        )

        url = "https://acme.example/?a=1&b=2"
        assert found == [
            section(
                leaf("Dear "),
                leaf("Ana", bold=True),
                leaf(", see "),
                {"type": "link", "url": url, "text": "our "},
                {"type": "link", "url": url, "text": "page", "style": {"italic": True}},
                leaf("."),
            )
        ]

    def test_a_link_elsewhere_is_its_words(self) -> None:
        assert elements('<a href="javascript:alert(1)">here</a>') == [section(leaf("here"))]

    def test_paragraphs_are_apart_and_lines_are_lines(self) -> None:
        found = typed(from_html("<p>Hello\n  Ana,</p><p>one<br>two</p><div>three</div>"))

        assert found.text == "Hello Ana,\n\none\ntwo\n\nthree"

    def test_lists_are_lists_however_deep(self) -> None:
        found = elements("<ul><li>one</li><li>two<ol><li>deep</li></ol></li><li>three</li></ul>x")

        assert [(one["type"], one.get("style"), one.get("indent")) for one in found] == [
            ("rich_text_list", "bullet", 0),
            ("rich_text_list", "ordered", 1),
            ("rich_text_list", "bullet", 0),
            ("rich_text_section", None, None),
        ]
        assert found[0]["elements"] == [section(leaf("one")), section(leaf("two"))]

    def test_quotes_and_code(self) -> None:
        found = elements("a<blockquote>b <b>c</b></blockquote><pre>x  &lt;\n y</pre>d")

        assert [one["type"] for one in found] == [
            "rich_text_section",
            "rich_text_quote",
            "rich_text_preformatted",
            "rich_text_section",
        ]
        assert found[2]["elements"] == [leaf("x  <\n y")]

    def test_comes_back_as_the_same_html_in_the_mail(self) -> None:
        html = '<div>Dear <b>Ana</b>, <a href="https://acme.example/">here</a></div>'

        assert typed(from_html(html)).html == html

    @given(st.text(alphabet="<>/abpiul \n&;=\"'x", max_size=200))
    def test_anything_is_a_block_or_nothing(self, html: str) -> None:
        for one in elements(html):
            assert one["elements"]
            assert typed({"type": "rich_text", "elements": [one]}).text is not None

    def test_many_tags_take_little_time(self) -> None:
        started = time.process_time()
        from_html("<ul><li>" * 6_000 + "<b>" * 1_000)

        assert time.process_time() - started < 0.5

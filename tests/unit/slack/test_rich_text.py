"""What people type in Slack, as a mail."""

from typing import Any

from app.slack.rich_text import Typed, from_text, joined, mentioned, typed


def block(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(parts)}


def section(*leaves: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(leaves)}


def text(words: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": words, **({"style": style} if style else {})}


class TestTyped:
    def test_of_nothing_is_nothing(self) -> None:
        assert typed(None) == Typed("", None)
        assert typed({"type": "rich_text", "elements": "no list"}) == Typed("", None)

    def test_of_plain_words_needs_no_html(self) -> None:
        assert typed(block(section(text("Hello\nAna")))) == Typed("Hello\nAna", None)

    def test_with_styles(self) -> None:
        found = typed(block(section(text("a "), text("b", bold=True, italic=True), text("<c>"))))

        assert found.text == "a b<c>"
        assert found.html == "<div>a <b><i>b</i></b>&lt;c&gt;</div>"

    def test_with_lists_and_quotes(self) -> None:
        items = {"type": "rich_text_list", "style": "ordered", "indent": 0,
                 "elements": [section(text("one")), section(text("two"))]}  # fmt: skip
        quote = {"type": "rich_text_quote", "elements": [text("said\nso")]}
        code = {"type": "rich_text_preformatted", "elements": [text("x < 1")]}

        found = typed(block(items, quote, code))

        assert found.text == "1. one\n2. two\n> said\n> so\nx < 1"
        assert found.html is not None
        assert "<ol><li>one</li><li>two</li></ol>" in found.html
        assert "<pre>x &lt; 1</pre>" in found.html

    def test_links_lead_to_the_web_or_to_mail_only(self) -> None:
        def html_of(url: str) -> str | None:
            return typed(block(section({"type": "link", "url": url, "text": "here"}))).html

        assert html_of("https://acme.example/?a=1&b=2") == (
            '<div><a href="https://acme.example/?a=1&amp;b=2">here</a></div>'
        )
        assert html_of("javascript:alert(1)") is None
        assert html_of('https://x" onclick="y') is None

    def test_a_link_is_readable_without_html(self) -> None:
        link = {"type": "link", "url": "https://acme.example/", "text": "here"}

        assert typed(block(section(link))).text == "here <https://acme.example/>"

    def test_mentions_become_names_and_emoji_characters(self) -> None:
        leaves = section(
            {"type": "user", "user_id": "U1"},
            {"type": "user", "user_id": "U2"},
            {"type": "emoji", "name": "tada", "unicode": "1f389"},
            {"type": "emoji", "name": "acme", "unicode": "no"},
        )

        assert typed(block(leaves), {"U1": "Ben"}).text == "Bena colleague🎉:acme:"
        assert mentioned(block(leaves)) == {"U1", "U2"}


class TestFromText:
    def test_is_what_is_typed_again(self) -> None:
        assert typed(from_text("Dear Ana,\n\nno.")).text == "Dear Ana,\n\nno."
        assert from_text("  \n") is None

    def test_stands_below_what_is_there(self) -> None:
        assert typed(joined(from_text("one"), from_text("two"))).text == "one\ntwo"
        assert joined(None, None) is None

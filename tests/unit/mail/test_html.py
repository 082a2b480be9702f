import re
import time

import nh3
import pytest

from app.mail.html import MAX_TEXT, stated_charset, to_text


def plain(html: str) -> str:
    return to_text(html).plain


class TestText:
    @pytest.mark.parametrize(
        ("html", "text"),
        [
            ("<p>One</p><p>Two</p>", "One\n\nTwo"),
            ("<div>One</div><div>Two</div>", "One\nTwo"),
            ("One<br>Two<br/>Three", "One\nTwo\nThree"),
            ("One<br><br>Two", "One\n\nTwo"),
            ("<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo"),
            ("a  b\n\tc", "a b c"),
            ("a<b> b </b>c", "a b c"),
            ("a<span>b</span>c", "abc"),
            ("&lt;b&gt; &amp; &copy;&nbsp;&#233;&#xe9;", "<b> & © éé"),
            ("<h1>Title</h1>Text", "Title\n\nText"),
            ("One<hr>Two", "One\n---\nTwo"),
            ("<pre>a\n  b\n\n\nc</pre>d", "a\n  b\n\nc\n\nd"),
            ("x<img alt='a dog' src=y>y", "x[a dog]y"),
            ("x<img src=y>y", "xy"),
            ("a &lt; b < c", "a < b < c"),
            ("a</ul></blockquote></pre></li></p>b", "a\n\nb"),
            ("1 <2", "1 <2"),
            ("", ""),
        ],
    )
    def test_structure(self, html: str, text: str) -> None:
        assert plain(html) == text

    def test_lists(self) -> None:
        html = "a<ul><li>one<li><p>two</p><ol><li>first</li><li>second</li></ol></li></ul>b"

        assert plain(html) == "a\n\n- one\n- two\n  1. first\n  2. second\n\nb"

    def test_table(self) -> None:
        html = (
            "<table><tr><th>When</th><td>Friday</td></tr><tr><th>Who</th><td>Ann</td></tr></table>"
        )

        assert plain(html) == "When  Friday\nWho  Ann"

    def test_blockquotes(self) -> None:
        html = "a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e"

        assert plain(html) == "a\n\n> b\n> c\n>\n> > d\n\ne"

    def test_outlook_paragraphs_are_lines(self) -> None:
        html = "".join(f"<p class=MsoNormal>{line}</p>" for line in ("a", "b", "&nbsp;", "c"))

        assert plain(html) == "a\nb\n\nc"


class TestLink:
    @pytest.mark.parametrize(
        ("html", "text"),
        [
            ("<a href='https://x.example/a'>here</a>!", "here (https://x.example/a)!"),
            ("<a href=https://x.example/a>here</a>", "here (https://x.example/a)"),
            ("<a href='https://www.x.example/'>x.example</a>", "x.example"),
            ("<a href='https://x.example/a'>https://x.example/a</a>", "https://x.example/a"),
            ("<a href='mailto:a@x.example?subject=y'>Ann</a>", "Ann <a@x.example>"),
            ("<a href='mailto:a@x.example'>a@x.example</a>", "a@x.example"),
            ("<a href='javascript:alert(1)'>here</a>", "here"),
            ("<a href='data:text/html,x'>here</a>", "here"),
            ("<a name=x>here</a>", "here"),
            ("<a href='https://x.example/a'></a>", ""),
            (
                "<a href='https://x.example/?a=1&amp;b=2'>here</a>",
                "here (https://x.example/?a=1&b=2)",
            ),
            (f"<a href='https://x.example/{'a' * 900}'>here</a>", "here"),
            ("</a>a", "a"),
        ],
    )
    def test_target(self, html: str, text: str) -> None:
        assert plain(html) == text


class TestHidden:
    @pytest.mark.parametrize(
        "html",
        [
            "<style>p {color: red}</style>seen",
            "<script>alert('<p>no</p>')</script>seen",
            "<head><title>no</title></head>seen",
            "<!-- no <p>no</p> -->seen",
            "<!--[if mso]><p>no</p><![endif]-->seen",
            "<![if !mso]>seen<![endif]>",
            "<?xml version='1.0'?>seen",
            "<div style='display:none'>no<div>no</div>no</div>seen",
            "<span style='color:red; DISPLAY: none !important'>no</span>seen",
            "<div style='mso-hide:all'>no</div>seen",
            "<template>no</template><svg><text>no</text></svg>seen",
            "seen<!-- &zwnj; -->&#847;&zwnj;&nbsp;",
        ],
    )
    def test_left_out(self, html: str) -> None:
        assert plain(html).strip("\u034f\u200c\xa0") == "seen"

    @pytest.mark.parametrize(
        "html",
        [
            "<!-- never closed <p>seen",
            "<style>never closed <p>seen",
            "<div style='display:none'>seen",
            "<p>seen</",
            "seen<a href='x",
        ],
    )
    def test_what_is_never_closed_hides_nothing(self, html: str) -> None:
        assert "seen" in plain(html)

    def test_mail_that_hides_everything_is_shown(self) -> None:
        assert plain("<div style='display:none'>a<p>b</p></div>") == "a\n\nb"


class TestTokens:
    @pytest.mark.parametrize(
        "tag",
        [
            "<a title='>'>",
            '<a title="a > b">',
            "<a title=it's>",
            "<a x=\"1\"y='2'z>",
            "<A\nHREF = 'x' >",
            "<a title='\">'>",
            "<a/b/c>",
        ],
    )
    def test_end_of_a_tag(self, tag: str) -> None:
        assert plain(f"{tag}seen</a>") == "seen"


class TestMarked:
    def test_quote_by_class(self) -> None:
        found = to_text("Yes.<div class='x gmail_quote'>On Monday<div>Ben wrote:</div>No.</div>")

        assert found.plain == "Yes.\nOn Monday\nBen wrote:\nNo."
        assert found.marked == "Yes.\n> On Monday\n> Ben wrote:\n> No."

    def test_quote_by_id(self) -> None:
        assert to_text("Yes.<span id='OLK_SRC_BODY_SECTION'>No.</span>").marked == "Yes.\n> No."

    def test_text_after_it_is_not_marked(self) -> None:
        html = "<div class=gmail_quote>No.<div>No.</div></div>Yes."

        assert to_text(html).marked == "> No.\n> No.\nYes."

    def test_forward_is_not_marked(self) -> None:
        html = "Yes.<div class=gmail_quote>---------- Forwarded message ---------<br>News.</div>"

        assert to_text(html).marked == "Yes.\n---------- Forwarded message ---------\nNews."

    def test_blockquote_within_is_marked_once(self) -> None:
        html = "<div class=gmail_quote>Ben:<blockquote class=gmail_quote>No.</blockquote></div>"

        assert to_text(html).marked == "> Ben:\n>\n> No."


class TestStatedCharset:
    @pytest.mark.parametrize(
        "html",
        [
            b'<meta charset="koi8-r">',
            b"<META CHARSET=koi8-r>",
            b'<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">',
        ],
    )
    def test_stated(self, html: bytes) -> None:
        assert stated_charset(html) == "koi8-r"

    def test_not_stated(self) -> None:
        assert stated_charset(b"<p>charset=koi8-r") == ""


HOSTILE = {
    "open links": "<a href" * 100_000,
    "open quotes": '<a href="' * 100_000,
    "odd quotes": "<a b='x\" c=\"y' " * 60_000,
    "nested divs": "<div>" * 50_000 + "deep",
    "nested quotes": "<blockquote>" * 20_000 + "deep",
    "nested lists": "<ul><li>" * 50_000 + "deep",
    "nested hidden": "<div style='display:none'>" * 20_000 + "deep",
    "nested marks": "<div class=gmail_quote>" * 20_000 + "deep",
    "nested tables": "<table><tr><td>" * 30_000 + "deep",
    "brackets": "<" * 1_000_000,
    "open comments": "<!--" * 200_000,
    "open styles": "<style>" * 100_000,
    "closing": "</" * 300_000,
    "references": "&amp" * 200_000,
    "equal signs": "<a " + "= " * 400_000,
    "line breaks": "<br>" * 200_000,
    "cells": "<td>a" * 100_000,
    "blanks": "<p>" + " " * 900_000,
    "pre": "<pre>" + "\n" * 500_000,
}


class TestBounds:
    @pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE)
    def test_hostile_takes_little_time(self, html: str) -> None:
        started = time.process_time()
        text = plain(html)

        assert time.process_time() - started < 1
        assert len(text) <= MAX_TEXT

    @pytest.mark.parametrize("name", [name for name in HOSTILE if name.startswith("nested")])
    def test_deep_text_is_kept(self, name: str) -> None:
        assert plain(HOSTILE[name]).endswith("deep")

    def test_long_text_is_cut(self) -> None:
        assert len(plain("word " * 100_000)) == MAX_TEXT


class TestAgainstAnotherParser:
    """Whatever the mark-up, the words are those that an HTML 5 parser finds."""

    @pytest.mark.parametrize(
        "html",
        [
            "<table><tr><td>a<td>b<tr><td>c</table>d",
            "<p>a<div>b</p>c</div>d<i>e<b>f</i>g</b>",
            "<ul><li>a<ul><li>b</ul><li>c</ul>",
            "<a href=x>a<a href=y>b</a>c",
            "<font color='a>b'>c</font><br / >d",
            "a<!-- x -- > b --->c",
            "<p title='it''s'>a</p>b",
            "&lt;p&gt;a&amp;lt;b&ampc&notit;d",
        ],
    )
    def test_same_words(self, html: str) -> None:
        other = nh3.clean(html, tags=set(), clean_content_tags={"script", "style", "title"})
        words = re.sub(r"\([^)]*\)", "", plain(html))

        assert "".join(words.replace("- ", "").split()) == "".join(
            other.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").split()
        )

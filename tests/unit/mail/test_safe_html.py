import re
import time
from html.parser import HTMLParser

import pytest

from app.mail.safe_html import MAX_DEPTH, MAX_HTML, make_safe
from tests.unit.mail.corpus import FOLDER, vectors

PIXEL = "data:image/png;base64,iVBORw0KGgo="
_RUNS = {
    "script", "style", "iframe", "object", "embed", "form", "input", "button", "meta", "base",
    "link", "svg", "math", "template", "frame", "video", "audio", "noscript", "plaintext",
}  # fmt: skip


class Judge(HTMLParser):
    """What is wrong with some HTML, as the standard library reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in _RUNS:
            self.wrong.append(tag)
        for name, value in attributes:
            is_address = name in {"href", "src"}
            is_good = re.match("https?:|mailto:|tel:|data:image/(png|jpe?g|gif|webp);", value or "")
            if (
                name.startswith("on")
                or (is_address and not is_good)
                or "url(" in (value if name == "style" and value else "")
            ):
                self.wrong.append(f"{tag} {name}={value}")


def wrongs(html: str) -> list[str]:
    judge = Judge()
    judge.feed(html)
    return judge.wrong


def safe(source: str) -> str:
    return make_safe(source).html


class TestWhatRuns:
    @pytest.mark.parametrize(
        "source",
        [
            "<script>alert(1)</script>",
            "<style>p { color: red }</style>",
            "<style>@import 'https://e.example/x.css'</style>",
            "<iframe src='https://e.example'></iframe>",
            "<object data='x.swf'></object>",
            "<svg><script>alert(1)</script></svg>",
            "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
            "<template><img src=x onerror=alert(1)></template>",
            "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
        ],
    )
    def test_leaves_nothing(self, source: str) -> None:
        found = safe(f"{source}<p>The rest.</p>")

        assert wrongs(found) == []
        assert "alert" not in found

    def test_by_an_attribute_loses_it(self) -> None:
        assert safe('<p onclick="alert(1)" id="f-name" class="btn" name="x">Hello</p>') == (
            "<p>Hello</p>"
        )

    @pytest.mark.parametrize(
        "source",
        [
            '<form action="https://e.example"><input name="password"><button>Go</button></form>',
            '<label for="f-name">Click</label>',
            '<meta http-equiv="refresh" content="0;url=https://e.example">',
            '<base href="https://e.example/">',
            '<link rel="stylesheet" href="https://e.example/x.css">',
        ],
    )
    def test_by_what_is_sent_or_loaded_is_gone(self, source: str) -> None:
        assert "<" not in safe(source)

    def test_as_a_comment_of_outlook_is_gone(self) -> None:
        assert safe("<!--[if mso]><script>x</script><![endif]--><p>Hello</p>") == "<p>Hello</p>"

    def test_as_plaintext_is_text(self) -> None:
        assert "<b>" not in safe("<plaintext><b>bold</b>")


class TestStyle:
    def test_that_colours_and_arranges_is_kept(self) -> None:
        source = (
            "<p style=\"color: #333; FONT-FAMILY: 'Segoe UI', sans-serif; margin:0 auto\">x</p>"
        )

        assert safe(source) == (
            "<p style=\"color: #333; font-family: 'Segoe UI', sans-serif; margin: 0 auto\">x</p>"
        )

    @pytest.mark.parametrize(
        "declaration",
        [
            "position: fixed",
            "z-index: 9",
            "background: url(https://e.example/x)",
            "background-color: u\\72l(https://e.example/x)",
            "width: expression(alert(1))",
            "behavior: url(x.htc)",
            "-moz-binding: url(x.xml)",
            "color: red /* ; */",
            "content: 'x'",
            "font-family: 'a",
            "color: var(--x)",
            "list-style-image: url(x)",
            "background: image-set('https://e.example/x' 1x)",
            "transform: scale(9)",
        ],
    )
    def test_that_does_more_is_not(self, declaration: str) -> None:
        assert safe(f'<p style="{declaration}">x</p>') == "<p>x</p>"


class TestLinks:
    @pytest.mark.parametrize(
        "address",
        [
            "javascript:alert(1)",
            " java\tscript:alert(1)",
            "JAVASCRIPT:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "//e.example",
            "/sign-out",
            "#top",
            "cid:x",
        ],
    )
    def test_to_what_is_no_page_or_address_lead_nowhere(self, address: str) -> None:
        assert "href" not in safe(f'<a href="{address}">x</a>')

    def test_open_a_window_that_knows_nothing_of_ours(self) -> None:
        found = safe('<a href="https://a.example/x" rel="opener" target="_top">x</a>')

        assert found.startswith('<a href="https://a.example/x" ')
        assert 'target="_blank"' in found
        assert 'rel="noopener noreferrer"' in found
        assert "_top" not in found

    def test_that_say_one_host_and_lead_to_another_say_so(self) -> None:
        assert "[leads to evil.example]" in safe(
            '<a href="https://evil.example/x">www.<b>bank</b>.example</a>'
        )

    def test_that_are_never_closed_say_so_too(self) -> None:
        assert "[leads to evil.example]" in safe('<a href="https://evil.example">bank.example')

    def test_cannot_break_out_by_what_they_lead_to(self) -> None:
        found = safe('<a href="https://xn--a.example/&quot;&gt;<script>alert(1)</script>">x</a>')

        assert wrongs(found) == []


class TestPictures:
    def test_from_elsewhere_are_counted_and_not_loaded(self) -> None:
        found = make_safe('<img src="https://e.example/1.png" alt="Logo"><img src="http://e/2">')

        assert found.remote == 2
        assert "e.example" not in found.html
        assert 'alt="Logo"' in found.html

    def test_from_elsewhere_are_loaded_where_somebody_asks_and_by_https_alone(self) -> None:
        found = make_safe('<img src="http://e.example/1.png">', load_remote=True)

        assert found.html == '<img src="https://e.example/1.png">'

    def test_within_the_mail_are_put_in(self) -> None:
        found = make_safe('<img src="cid:logo@x">', inline={"logo@x": PIXEL}.get)

        assert found.html == f'<img src="{PIXEL}">'

    def test_as_data_are_kept_where_they_are_pictures(self) -> None:
        assert PIXEL in safe(f'<img src="{PIXEL}">')

    @pytest.mark.parametrize(
        "source",
        [
            "data:image/svg+xml;base64,PHN2Zz4=",
            "data:text/html,<script>alert(1)</script>",
            "cid:nobody",
            "javascript:alert(1)",
            "/accounts",
            "file:///x.png",
        ],
    )
    def test_of_other_kinds_are_not_shown(self, source: str) -> None:
        assert "src" not in safe(f'<img src="{source}">')

    @pytest.mark.parametrize(
        "source",
        [
            '<img srcset="https://e.example/x 2x">',
            '<table background="https://e.example/x"><tr><td>x</td></tr></table>',
            '<video poster="https://e.example/x"></video>',
            '<input type="image" src="https://e.example/x">',
            '<blockquote cite="https://e.example/x">x</blockquote>',
            '<a href="https://a.example" ping="https://e.example/x">x</a>',
        ],
    )
    def test_by_a_back_door_are_not_loaded(self, source: str) -> None:
        assert "e.example" not in make_safe(source, load_remote=True).html


class TestHostile:
    @pytest.mark.parametrize(
        "piece",
        [
            "<div>", "<b>", "<table><tr><td>", "<b><i><font color=1><p>", "<", "<a ", '="', "<!--",
            "<a href=https://e.example/>", "<select><option>", "<svg><g>", "<math><mi>",
            "<p style='color:red;", "&", "<li>", "</div>", "<![CDATA[",
        ],
    )  # fmt: skip
    def test_takes_little_time(self, piece: str) -> None:
        began = time.process_time()

        found = make_safe(piece * (MAX_HTML // 5 // len(piece)))

        assert time.process_time() - began < 5
        assert len(found.html) < 2 * MAX_HTML

    def test_is_no_deeper_than_it_may_be(self) -> None:
        found = safe("<div>" * 5000 + "the text stays" + "</div>" * 5000)

        assert found.count("<div>") == MAX_DEPTH
        assert "the text stays" in found

    def test_paragraphs_that_are_never_closed_are_all_kept(self) -> None:
        assert safe("<p>x" * 1000).count("<p>") == 1000

    def test_longer_than_is_read_says_so(self) -> None:
        assert make_safe("x" * (MAX_HTML + 1)).is_cut
        assert not make_safe("x" * MAX_HTML).is_cut


class TestVectors:
    def test_of_others_leave_nothing_that_runs_or_loads(self) -> None:
        for one in vectors():
            found = make_safe(one, load_remote=False).html

            assert wrongs(found) == [], (one, found)

    def test_are_as_many_as_they_were(self) -> None:
        assert len(vectors()) == 223, f"in {FOLDER}"

"""Whatever a mail says, wherever it says it: nothing pings, nothing lies, and Slack takes it.

Tokens of Slack's in one place after the other, and forms that no token has in all places at once.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any, Final

import pytest

import app.feed
import app.slack.views
from app.core.errors import NotFound
from app.core.ids import MailboxId, new_id
from app.feed import render
from app.feed.port import Rendered
from app.slack.errors import words
from app.slack.views import move, tags, told
from tests.fixtures.judges import check_shown, check_shown_outside, outside_checker
from tests.fixtures.strangers import (
    CARD,
    CONVERSATION,
    EVERYWHERE,
    LINK,
    MAIL,
    OURS,
    PARTS,
    PLACES,
    Builder,
    Shown,
    builders,
    everywhere,
    modules_of,
)

TOKENS: Final = [
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<@U0123456789>",
    "<!subteam^S0123456789>",
    "<http://evil.example|bank>",
    "&lt;!here&gt;",
    "<!channel|everybody>",
    "<#C0123456789|general>",
    "<!date^1392734382^{date_long}^http://evil.example|soon>",
    "<mailto:ana@evil.example|ana@acme.example>",
    "&amp;lt;!here&amp;gt;",
    "@channel @here #general",
    "{date_short_pretty} %s {0}",
]
FORMS: Final = {
    "a text of 3,001 characters": "x" * 3001,
    "fifty lines of blocks": "\n\n".join(f"*{n}*" for n in range(50)),
    "right to left": "invoice\u202efdp.exe\u202c \u2066<!here>\u2069",
    "without width": "<\u200b!\u2060here\ufeff>",
    "a flood of emoji": "🔥:fire:" * 700,
    "code fences": "```\n<!here>\n``` ` ~~ _a_ *b*",
    "controls": "a\x00b\x1b[31mc\x07\x7f\x85d\x9b\r\ne",
    "halves of characters": "a\ud83d b\udd25",
    "letters of no shape": "\u3164\uffa0\u2800\u115f\u00ad\u180e",
    "letters nobody sees": "pay" + "".join(chr(0xE0000 + ord(one)) for one in "ignore all"),
    "a storm of marks": "Z" + "\u0353\u0301\u0489" * 900 + "algo",
    "a mark for a beginning": "\u20dd\u0338no",
    "strange ends of lines": "a\u2028b\u2029c\x0bd\x0ce",
    "one line without end": "<&>" * 20_000,
    "lines without end": "\n" * 20_000,
    "quotes": ">>> all of this\n> and that",
    "characters of four bytes": "𝕏😀👩\u200d💻" * 600,
    "only blanks": " \t\u00a0\u3000\n",
}
LINKS: Final = {
    "a name before the host": "https://acme.example@evil.example/",
    "a host of two alphabets": "https://\u0430cme.example/",
    "wide letters": "https://\uff41cme.example/",
    "turned round": "https://evil.example/\u202emoc.emca//:sptth",
    "no host": "https://:443/x",
}


def texts(value: Any) -> Iterator[tuple[str, str, bool]]:
    """Every text object: its type, its text, and whether Slack reads words as they stand."""
    if isinstance(value, dict):
        if value.get("type") in {"mrkdwn", "plain_text"}:
            yield value["type"], value["text"], value.get("verbatim") is True
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


OF_OURS: Final = re.compile(
    r"<!date\^\d+\^{date_short_pretty} {time}\|[0-9: -]+ UTC>|<@U0ANA>|<#C0SUPPORT>"
    r"|<https?://[^<>|\s]+>" + f"|<{re.escape(LINK)}\\|[^<>|]+>"
)
"""What we put into markup ourselves: moments, teammates, our channel, links to cards, and links
that show where they lead."""
_JOINERS: Final = "\u200c\u200d"
_DIRECTIONS: Final = "\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_ROOM: Final = 30
"""What the shortest of the places has room for."""
_EMPTY: Final = "\u115f\u1160\u2800\u3164\uffa0\u034f"


def is_unseen(one: str) -> bool:
    """Judged by Unicode itself, and not by our own list."""
    kind = unicodedata.category(one)
    if kind == "Cf":
        return one not in _JOINERS + _DIRECTIONS
    return (kind in {"Cc", "Cs", "Zl", "Zp"} and one not in "\n\t") or one in _EMPTY


def most_marks(text: str) -> int:
    """How many marks stand upon one letter at the most."""
    most = run = 0
    for one in text:
        run = run + 1 if unicodedata.category(one) in {"Mn", "Me"} else 0
        most = max(most, run)
    return most


def named(builder: Builder) -> str:
    return f"{builder.__module__}.{builder.__name__}"


def check_harmless(shown: Shown) -> None:
    """Nothing that Slack acts on is left but what is ours, and no text can be read as more."""
    everything = [("mrkdwn", shown.text, True)] if isinstance(shown, Rendered) else []
    everything += texts(shown.blocks if isinstance(shown, Rendered) else shown)
    for kind, text, is_verbatim in everything:
        assert is_verbatim or kind == "plain_text", text
        if kind == "mrkdwn":
            left = OF_OURS.sub("", text)
            assert "<" not in left, text
            assert ">" not in left, text
            assert re.search(r"&(?!amp;|lt;|gt;)", left) is None, text
        assert not [one for one in text if is_unseen(one)], ascii(text)
        assert most_marks(text) <= 4
        json.dumps(text, ensure_ascii=False).encode()


def check_taken(shown: Shown) -> None:
    check_shown(shown)
    if isinstance(shown, Rendered):
        assert sum(len(text) for _, text, _ in texts(shown.blocks)) < 12_000


class TestTheTable:
    def test_has_every_builder(self) -> None:
        """Where a message or a window is built that no test below has seen, this one fails."""
        modules = [*modules_of(app.feed, "render"), *modules_of(app.slack.views)]
        found: set[Builder] = {one for module in modules for one in builders(module)}

        assert set(map(named, found)) == set(map(named, {*EVERYWHERE, *OURS, *PARTS}))


class TestTokens:
    @pytest.mark.parametrize("token", TOKENS)
    @pytest.mark.parametrize("place", PLACES)
    def test_are_shown_as_they_were_written(self, token: str, place: str) -> None:
        shown = PLACES[place](f"before {token} after")

        check_harmless(shown)
        check_taken(shown)
        visible = str(shown).replace("<http://evil.example>", "http://evil.example")
        escaped = token.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert escaped[:_ROOM] in visible.replace("ˍ", "_")


class TestLinks:
    @pytest.mark.parametrize("link", LINKS)
    @pytest.mark.parametrize("place", PLACES)
    def test_that_read_as_if_they_led_elsewhere_are_none(self, link: str, place: str) -> None:
        shown = PLACES[place](f"Pay at {LINKS[link]} today.")

        check_harmless(shown)
        check_taken(shown)
        for led_to in re.findall(r"<(https?://[^>|]+)>", str(shown)):
            assert led_to.startswith("https://evil.example/"), led_to

    def test_that_read_as_they_lead_are_links(self) -> None:
        for address in (
            "https://acme.example/a?b=c#d",
            "http://acme.example:8080/",
            "https://müller.example/ü",
            "https://例え.jp/",
            "https://пример.рф/",
            "http://[2001:db8::1]/",
        ):
            shown = render.mail(replace(MAIL, excerpt=f"See {address} now."))
            assert f"See <{address}> now." in str(shown)


class TestForms:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("builder", EVERYWHERE, ids=named)
    def test_are_bounded_and_harmless_in_all_places_at_once(
        self, builder: Builder, form: str
    ) -> None:
        for shown in EVERYWHERE[builder](FORMS[form]):
            check_harmless(shown)
            check_taken(shown)

    @pytest.mark.parametrize("form", FORMS)
    def test_are_harmless_where_somebody_is_told_of_an_error(self, form: str) -> None:
        shown = told.view(words(NotFound(FORMS[form], fix=FORMS[form])))

        check_harmless(shown)
        check_taken(shown)

    def test_no_line_of_our_frame_changes_its_direction(self) -> None:
        card = render.card(
            replace(CARD, subject="a\u202eb", mail=replace(MAIL, sender_name="\u2067x"))
        )

        for _, text, _ in texts(card.blocks):
            assert re.search("[\u202a-\u202e\u2066-\u2069]", text) is None

    def test_no_mark_of_the_sender_formats_what_follows_it(self) -> None:
        marks = "` ~ _ * ```"
        card = render.card(
            replace(
                CARD, subject=marks, mail=replace(MAIL, sender_name=marks, sender_address=marks)
            )
        )

        frame = [text for _, text, _ in texts(card.blocks) if "Hello." not in text]
        for text in frame:
            assert re.search(r"[`~]|(?<!\w)_(?!\w)", OF_OURS.sub("", text)) is None, text

    @pytest.mark.parametrize("form", FORMS)
    def test_as_tags_are_offered_harmlessly(self, form: str) -> None:
        tag = FORMS[form][: tags.LONGEST_TAG]
        others = [f"{n}{tag}"[: tags.LONGEST_TAG] for n in range(120)]

        check_taken(tags.view(CONVERSATION, [tag], others))

    def test_buttons_carry_ids_and_nothing_else(self) -> None:
        for builder, made in EVERYWHERE.items():
            for shown in made("<!here>"):
                for value in re.findall(r"'value': '([^']*)'", str(shown)):
                    assert "here" not in value or builder is tags.view, value


@pytest.fixture
def judge() -> ModuleType:
    found = outside_checker()
    if found is None:
        pytest.skip("no shared/slack_validate.py stands in a folder above the project")
    return found


class TestTheOutsideChecker:
    def test_finds_nothing_wrong_with_any_message_or_window(self, judge: ModuleType) -> None:
        for text in (" ".join(TOKENS), *FORMS.values(), ""):
            for shown in everywhere(text):
                check_shown_outside(judge, shown)

    def test_nor_with_what_the_folder_select_offers(self, judge: ModuleType) -> None:
        for text in (*TOKENS, *FORMS.values()):
            folders = [move.FolderChoice(MailboxId(new_id()), text, None) for _ in range(120)]
            found = judge.validate(move.suggestions(folders, ""), "options")
            assert [one for one in found if one["severity"] == "error"] == []

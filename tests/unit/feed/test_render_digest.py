"""The one message for many cards that are held back."""

import dataclasses
from typing import Any

from app.core.ids import PostId, new_id
from app.feed.render_digest import digest
from app.feed.view import DigestView, HeldView

HELD = HeldView("Invoice 4471 is wrong", "Ana Ruiz", "ana@acme.example")
VIEW = DigestView(
    post_id=PostId(new_id()), total=180, waiting=160, first=(HELD,) * 10, is_asked_for=False
)


def shown(view: DigestView) -> tuple[str, list[Any]]:
    rendered = digest(view)
    return rendered.text, [dict(block) for block in rendered.blocks]


class TestDigest:
    def test_that_waits_counts_lists_and_offers_all(self) -> None:
        text, (section, _, actions) = shown(VIEW)

        assert text == "📬 Many mails at once: 160 of 180 wait for their cards."
        assert section["text"]["text"].count("• Ana Ruiz: Invoice 4471 is wrong") == 10
        assert section["text"]["text"].endswith("… and 150 more")
        assert actions["elements"][0]["value"] == str(VIEW.post_id)

    def test_that_was_asked_for_offers_nothing_more(self) -> None:
        _, blocks = shown(dataclasses.replace(VIEW, is_asked_for=True))

        assert [block["type"] for block in blocks] == ["section", "context"]

    def test_that_is_over_is_one_line(self) -> None:
        text, blocks = shown(dataclasses.replace(VIEW, waiting=0, first=()))

        assert text == "✅ Many mails at once: the 180 that had to wait have their cards now."
        assert len(blocks) == 1

    def test_hostile_words_ping_nobody_and_fit(self) -> None:
        bad = HeldView("<!channel> \u202e*x*" * 200, "<@U1>" * 90, "")
        _, (section, *_) = shown(dataclasses.replace(VIEW, first=(bad,) * 10))

        said = section["text"]["text"]
        assert "<!" not in said
        assert "<@" not in said
        assert "\u202e" not in said
        assert len(said) < 3000

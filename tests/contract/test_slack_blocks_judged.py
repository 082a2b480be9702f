"""Our block validator, judged by two that we did not write it from.

One is a checker of Slack payloads that may stand beside the project; the other is the models of
Slack's own Python SDK, which know most limits but not all: what they are known to miss is listed.
"""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from app.core.config import PROJECT_ROOT
from app.sandbox.slack.blockkit.payloads import check_blocks, check_view
from app.sandbox.slack.wire import JSON
from tests.fixtures.block_kit import LIMITS, WRONG, button, field, options, section, text

JUDGE: Final = Path(
    os.environ.get("SHAREDBOX_SLACK_JUDGE", PROJECT_ROOT.parent / "shared" / "slack_validate.py")
)
SDK_MISSES: Final = frozenset(
    {
        "section field text",
        "option text",
        "option value",
        "radio options",
        "blocks in a message",
        "max_length",
    }
)
"""Limits that slack_sdk's models do not look at."""


@pytest.fixture(scope="module")
def judge() -> ModuleType:
    if not JUDGE.exists():
        pytest.skip(f"the other checker is not at {JUDGE}")
    spec = importlib.util.spec_from_file_location("slack_judge", JUDGE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judged(judge: ModuleType, payload: JSON, kind: str) -> bool:
    """Whether the other checker accepts a payload."""
    found = judge.validate(payload, kind, lint=False)
    return not any(finding["severity"] == "error" for finding in found)


def accepted(blocks: object) -> bool:
    return not check_blocks(blocks, "/blocks", "message").list


def modal(**more: object) -> JSON:
    return {"type": "modal", "title": text(24), "blocks": [section()], **more}


VIEWS: Final = [
    modal(),
    modal(title=text(25)),
    modal(submit=text(24), close=text(24)),
    modal(close=text(25)),
    modal(blocks=[field({"type": "plain_text_input"})]),
    modal(blocks=[field({"type": "plain_text_input"})], submit=text(4)),
    modal(blocks=[section()] * 100),
    modal(blocks=[section()] * 101),
    modal(private_metadata="p" * 3_000),
    modal(private_metadata="p" * 3_001),
    modal(notify_on_close="yes"),
    modal(hash="1.2"),
    modal(blocks=[{"type": "alert", "text": text(3), "level": "warning"}]),
    modal(blocks=[{"type": "markdown", "text": "x"}]),
    {"type": "home", "blocks": [section(accessory=button())]},
    {"type": "home", "blocks": [section()], "submit": text(4)},
    {"type": "home", "blocks": []},
]


class TestAgainstTheOtherChecker:
    @pytest.mark.parametrize(("build", "limit"), [row[1:] for row in LIMITS])
    def test_both_draw_the_line_at_the_same_place(
        self, judge: ModuleType, build: Callable[[int], list[JSON]], limit: int
    ) -> None:
        for count in (limit, limit + 1):
            message = {"channel": "C0SUPPORT00", "text": "x", "blocks": build(count)}

            assert (
                accepted(message["blocks"]) == judged(judge, message, "message") == (count <= limit)
            )

    @pytest.mark.parametrize("blocks", [row[0] for row in WRONG])
    def test_both_refuse_what_is_wrong(self, judge: ModuleType, blocks: object) -> None:
        message = {"channel": "C0SUPPORT00", "text": "x", "blocks": blocks}

        assert not accepted(blocks)
        assert not judged(judge, message, "message")

    @pytest.mark.parametrize("view", VIEWS)
    def test_both_say_the_same_of_views(self, judge: ModuleType, view: JSON) -> None:
        ours = not check_view(view, "/view").list

        assert ours == judged(judge, view, view["type"])

    @pytest.mark.parametrize("answer", [{"options": options(100)}, {"options": options(101)}])
    def test_both_say_the_same_of_suggestions(self, judge: ModuleType, answer: JSON) -> None:
        element = {"type": "static_select", "action_id": "a", **answer}
        message = {"channel": "C0SUPPORT00", "text": "x"}
        blocks = [{"type": "actions", "elements": [element]}]

        assert accepted(blocks) == judged(judge, {**message, "blocks": blocks}, "message")


class TestAgainstTheSDK:
    @pytest.mark.parametrize(("name", "build", "limit"), LIMITS)
    def test_both_draw_the_line_at_the_same_place(
        self, name: str, build: Callable[[int], list[JSON]], limit: int
    ) -> None:
        assert self.sdk_accepts(build(limit))
        assert self.sdk_accepts(build(limit + 1)) == (name in SDK_MISSES)

    def sdk_accepts(self, blocks: list[JSON]) -> bool:
        try:
            for block in blocks:
                parsed = Block.parse(block)
                assert parsed is not None
                parsed.validate_json()
                parsed.to_dict()
        except SlackObjectFormationError:
            return False
        return True

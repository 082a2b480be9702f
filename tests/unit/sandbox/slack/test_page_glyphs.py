"""The emoji that SharedBox's own words use look the same on a machine without an emoji font."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.config import PROJECT_ROOT
from app.sandbox.slack.page_server import FOLDER

_EMOJI = re.compile("[\u231a-\u23f3\u2600-\u27bf\U0001f300-\U0001faff]")


def used() -> Iterator[tuple[str, str]]:
    for part in ("feed", "slack"):
        for path in sorted((PROJECT_ROOT / "app" / part).rglob("*.py")):
            for emoji in sorted(set(_EMOJI.findall(path.read_text()))):
                yield str(Path(path).relative_to(PROJECT_ROOT)), emoji


class TestGlyphs:
    def test_some_are_used(self) -> None:
        assert {"🟠", "✅", "⚠"} <= {emoji for _, emoji in used()}

    @pytest.mark.parametrize(("file", "emoji"), list(used()))
    def test_each_is_drawn_by_the_page(self, file: str, emoji: str) -> None:
        drawn = (FOLDER / "emoji.js").read_text()

        assert f'"{emoji}"' in drawn, f"{file} says {emoji}, which page/emoji.js does not draw"

"""Charts as SVG, drawn here: they need no script, and say in words what they show. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from markupsafe import Markup, escape

_WIDTH: Final = 460
_HEIGHT: Final = 160
_LEFT: Final = 46
_RIGHT: Final = 12
_BELOW: Final = 22
_ABOVE: Final = 10
_GAP: Final = 0.25
"""Of the width of a bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """`label` stands below it, where it is not empty; `words` say what it is."""

    value: float
    words: str
    label: str = ""
    moment: datetime | None = None


def bars(
    name: str, summary: str, found: Sequence[Bar], ticks: Sequence[tuple[float, str]]
) -> Markup:
    """A bar chart. `ticks` are values and their words on the left, the highest last."""
    top = max([value for value, _ in ticks] + [one.value for one in found] + [1e-9])
    plot = _HEIGHT - _BELOW - _ABOVE
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(found), 1)
    parts = [
        (
            f'<svg class="drawing" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
            f'aria-label="{escape(summary)}">'
        ),
        f"<title>{escape(name)}</title>",
    ]
    for value, words in ticks:
        y = _y(value, top, plot)
        parts.append(f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{escape(words)}</text>')
    for n, one in enumerate(found):
        x, y = _LEFT + step * (n + _GAP / 2), _y(one.value, top, plot)
        height = max(_ABOVE + plot - y, 0)
        if one.value > 0:
            parts.append(
                f'<rect class="bar" x="{x:.1f}" y="{y}" width="{step * (1 - _GAP):.1f}" '
                f'height="{height:.1f}" rx="1.5"><title>{escape(one.words)}</title></rect>'
            )
        if one.label:
            middle = _LEFT + step * (n + 0.5)
            parts.append(
                f'<text x="{middle:.1f}" y="{_HEIGHT - 6}" text-anchor="middle">'
                f"{escape(one.label)}</text>"
            )
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 -- every word in it is escaped


def counting_ticks(most: float) -> list[tuple[float, str]]:
    """Zero, the half and the whole of a round number that holds all."""
    whole = next(size * unit for unit in _units() for size in (2, 4, 10) if size * unit >= most)
    return [(value, f"{value:,.0f}") for value in (0, whole / 2, whole)]


def duration_ticks(most: float) -> list[tuple[float, str]]:
    """Zero and two round durations, in seconds."""
    for half, words_half, words in (
        (60, "1 min", "2 min"), (300, "5 min", "10 min"), (1800, "30 min", "1 h"),
        (3600, "1 h", "2 h"), (3 * 3600, "3 h", "6 h"), (12 * 3600, "12 h", "1 d"),
        (86400, "1 d", "2 d"), (3 * 86400, "3 d", "6 d"),
    ):  # fmt: skip
        if 2 * half >= most:
            return [(0, "0"), (half, words_half), (2 * half, words)]
    days = -(-most // 86400)
    return [(0, "0"), (most, f"{days:.0f} d")]


def _units() -> list[int]:
    return [10**power for power in range(13)]


def _y(value: float, top: float, plot: float) -> float:
    return round(_ABOVE + plot * (1 - value / top), 1)

"""Other people's test mail, read in place where it is: `SHAREDBOX_MAIL_CORPUS` names the folder.

Each mail comes with the facts that its origin asserts. None of it is part of this project.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from app.core.config import PROJECT_ROOT

FOLDER: Final = Path(
    os.environ.get("SHAREDBOX_MAIL_CORPUS", PROJECT_ROOT.parent / "shared" / "mail-corpus")
)


@dataclass(frozen=True)
class Entry:
    id: str
    kind: str
    path: Path
    expected: dict[str, Any]

    @property
    def raw(self) -> bytes:
        return self.path.read_bytes()

    @property
    def text(self) -> str:
        return self.raw.decode(errors="replace").replace("\r\n", "\n")


def entries(*kinds: str) -> list[Entry]:
    index = FOLDER / "index.jsonl"
    if not index.exists():
        pytest.skip(f"the mail corpus is not in {FOLDER}; SHAREDBOX_MAIL_CORPUS may name its place")
    rows = [json.loads(line) for line in index.read_text().splitlines()]
    return [
        Entry(row["id"], row["kind"], FOLDER / row["file"], row["expected"])
        for row in rows
        if row["kind"] in kinds
    ]


def vectors() -> list[str]:
    """HTML that was made to get past sanitisers: those that DOMPurify is tested with."""
    file = FOLDER / "html-vectors" / "dompurify-expect.json"
    if not file.exists():
        pytest.skip(f"the mail corpus is not in {FOLDER}; SHAREDBOX_MAIL_CORPUS may name its place")
    return [one["payload"] for one in json.loads(file.read_text())]


class Tally:
    """How many of the facts we agree with; the test says how many it takes."""

    def __init__(self) -> None:
        self.agreed: list[str] = []
        self.others: list[str] = []

    def add(self, entry: Entry, agrees: bool) -> None:
        (self.agreed if agrees else self.others).append(entry.id)

    def __str__(self) -> str:
        total = len(self.agreed) + len(self.others)
        return f"{len(self.agreed)} of {total} agree; the others: {' '.join(self.others)}"

"""The table of providers in the documentation says what the code does."""

import pytest

from app.core.config import PROJECT_ROOT
from app.providers.base import Provider
from app.providers.generic import GENERIC
from app.providers.registry import PROVIDERS

TABLE = (PROJECT_ROOT / "docs/providers/README.md").read_text()


def cells(provider: Provider) -> list[str]:
    facts = provider.facts
    habits = [
        *(["wants `ID`"] if facts.wants_id else []),
        *(["`STATUS` keeps the session alive"] if facts.status_keeps_alive else []),
        *(["`SELECT` must have opened a folder"] if facts.forgets_unselected else []),
    ]
    roles = ", ".join(f"`{name}` {role}" for name, role in facts.roles.items())
    parts = [", ".join(habits), f"roles: {roles}" if roles else ""]
    return [
        str(facts.connections or "not known"),
        str(facts.dials_at_once),
        f"{facts.rest_when_busy.total_seconds() / 60:.0f} min",
        "yes" if facts.files_sent else "no",
        f"{facts.sending_line_kept.total_seconds():.0f} s, {facts.mails_per_sending_line} mails",
        "; ".join(part for part in parts if part),
    ]


@pytest.mark.parametrize("provider", [*PROVIDERS, GENERIC], ids=lambda one: one.key)
def test_each_provider_has_its_row(provider: Provider) -> None:
    rows = [line.split(" | ") for line in TABLE.splitlines() if line.startswith("| ")]
    (row,) = [row for row in rows if provider.title in row[0]]

    assert [cell.strip(" |") for cell in row[1:]] == cells(provider)

"""The menu: what stands in it, in which group, and who sees it."""

from dataclasses import dataclass
from enum import Enum

from app.core.access import Role


class Group(Enum):
    """In the order they are shown."""

    WORK = ""
    INBOX = "Inbox"
    SENDING = "Sending"
    TEAM = "Team"
    SYSTEM = "System"


@dataclass(frozen=True, slots=True)
class Entry:
    """`icon` is a name in `templates/icons.html`; `role` is the least that sees it."""

    label: str
    path: str
    icon: str
    group: Group
    role: Role = Role.VIEWER

    def is_current(self, path: str) -> bool:
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))


def menu(entries: tuple[Entry, ...], role: Role) -> list[tuple[str, list[Entry]]]:
    """What somebody sees, group by group."""
    shown = [
        (group.value, [one for one in entries if one.group is group and role.includes(one.role)])
        for group in Group
    ]
    return [(name, found) for name, found in shown if found]

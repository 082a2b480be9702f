"""The app's Home tab: what waits for whoever looks at it. Pure.

At most 100 blocks (docs.slack.dev/reference/views/home-tab-views): four lists of ten, one's own
settings, twenty mailboxes and ten rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from app.slack.views import mailboxes, ruling, settings
from app.slack.views.listing import Line, context, line, section
from app.slack.views.mailboxes import MailboxLine
from app.slack.views.ruling import RuleLine
from app.slack.views.settings import Settings

COMPOSE: Final = "home.compose"
REFRESH: Final = "home.refresh"
FIND: Final = "home.find"
OPEN: Final = "home.open"
"""`action_id`s of its buttons."""
MOST_LINES: Final = 10
MOST_COUNTED: Final = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """The first lines of a list, and how many it has; `MOST_COUNTED` is that many or more."""

    lines: Sequence[Line] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Home:
    mine: Part = field(default_factory=Part)
    unassigned: Part = field(default_factory=Part)
    waiting: Part = field(default_factory=Part)
    """First what of theirs had no answer in time, then what waits for colleagues."""
    snoozed: Part = field(default_factory=Part)
    has_accounts: bool = True
    """Whether the person is in any channel that gets mail."""
    settings: Settings = field(default_factory=Settings)
    mailboxes: Sequence[MailboxLine] | None = None
    """For admins, the worst first."""
    more_mailboxes: int = 0
    connect: str = ""
    """Where an admin connects a mailbox."""
    rules: Sequence[RuleLine] | None = None
    """For admins, the first few in their order."""
    rule_count: int = 0


def view(home: Home, now: datetime) -> dict[str, Any]:
    counts = (
        f"*{_number(home.mine)}* yours · *{_number(home.unassigned)}* unassigned · "
        f"*{_number(home.waiting)}* waiting or overdue · *{_number(home.snoozed)}* asleep"
    )
    blocks = [_header("Your inbox"), section(counts), _buttons()]
    if home.has_accounts:
        blocks += [
            *_part("Mine", home.mine, "Nothing is yours. Press *Assign to me* on a card."),
            *_part("Unassigned", home.unassigned, "Everything has somebody. Well done."),
            *_part(
                "Waiting / overdue",
                home.waiting,
                "No customer waits for a colleague, and you had every answer in time.",
            ),
            *_part(
                "Snoozed by me",
                home.snoozed,
                "Nothing sleeps. *Snooze* on a card puts it away until a time or a reply.",
            ),
        ]
    else:
        blocks.append(
            section(
                "You are in no channel that gets mail. Ask a colleague to invite you to one, then "
                "press *Refresh*; whoever runs SharedBox connects mailboxes to channels."
            )
        )
    blocks += settings.home_part(home.settings)
    if home.mailboxes is not None:
        blocks += mailboxes.home_part(home.mailboxes, home.more_mailboxes, now, home.connect)
    if home.rules is not None:
        blocks += ruling.home_part(home.rules, home.rule_count)
    return _home(blocks)


def told(text: str) -> dict[str, Any]:
    """Why there is nothing to see. `text` is markup, escaped already."""
    return _home([_header("Your inbox"), section(text), _buttons()])


def _home(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "home", "blocks": blocks}


def _part(title: str, part: Part, empty: str) -> list[dict[str, Any]]:
    shown = [_header(f"{title} ({_number(part)})" if part.count else title)]
    shown += [_row(one) for one in part.lines]
    if not part.lines:
        shown.append(context(empty))
    elif part.count > len(part.lines):
        shown.append(context(f"And more: the first {len(part.lines)} are shown."))
    return shown


def _row(shown: Line) -> dict[str, Any]:
    row = section(line(shown))
    if shown.link:
        row["accessory"] = {
            "type": "button",
            "action_id": OPEN,
            "text": {"type": "plain_text", "text": "Open"},
            "url": shown.link,
        }
    return row


def _buttons() -> dict[str, Any]:
    return {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": action_id,
                "text": {"type": "plain_text", "text": label},
            }
            for action_id, label in (
                (FIND, "Find mail"),
                (COMPOSE, "Compose e-mail"),
                (REFRESH, "Refresh"),
            )
        ],
    }


def _number(part: Part) -> str:
    return f"{MOST_COUNTED:,}+" if part.count >= MOST_COUNTED else str(part.count)


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}

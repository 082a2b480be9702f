"""What `/inbox` answers, where only the person who asked sees it. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from app.core.findings import Finding, counted
from app.feed.mrkdwn import escape_line
from app.feed.port import Rendered
from app.slack.views.listing import Line, context, health, line, section

MOST_LINES: Final = 10
MOST_ACCOUNTS: Final = 10
_TEXT: Final = 200
_VERBS: Final = {
    "/inbox": "your open conversations, and this help",
    "/inbox search invoice 4471": "find mail by its words",
    "/inbox compose": "write a new mail",
    "/inbox status": "how the mailboxes are",
    "/inbox mute news.example.com": "show no more mail of a sender or a domain in this channel; "
    "`/inbox unmute` ends that",
    "/inbox here support@example.com": "have a mailbox’s mail come to this channel (admins)",
    "/inbox emoji on": "have 👀 and ✅ on a card act; `/inbox emoji off` ends that (admins)",
    "/inbox route": "say which mail goes to which channel (admins)",
}
_HELP: Final = "\n".join(f"`{said}` {what}" for said, what in _VERBS.items())
_ONLY_YOURS: Final = "Of the mailboxes whose channels you are in."


def mine(lines: Sequence[Line], *, more: bool, unknown: str = "") -> Rendered:
    """The person's open conversations and what else can be asked; `unknown` is no verb of ours."""
    blocks: list[dict[str, Any]] = []
    if unknown:
        said = escape_line(unknown, 80)
        blocks.append(section(f"“{said}” is nothing that `/inbox` knows. This is what it does:"))
    blocks += [section(_HELP), {"type": "divider"}]
    if lines:
        head = f"You have {'more than ' if more else ''}{counted(len(lines), 'open conversation')}."
    else:
        head = "You have no open conversations. Press *Assign to me* on a card to take one."
    blocks += [section(head), *_lines(lines), context(_ONLY_YOURS)]
    return Rendered("Your open conversations, and what /inbox can do", blocks)


def found(query: str, lines: Sequence[Line], *, more: bool) -> Rendered:
    said = escape_line(query, _TEXT)
    if not lines:
        head = (
            f"Nothing was found for “{said}”. Whole words are looked for, in subjects, senders and "
            "texts: try fewer of them, or one that is surely in the mail."
        )
    elif more:
        head = f"The latest {len(lines)} for “{said}”. More words find fewer."
    else:
        head = f"{counted(len(lines), 'conversation')} for “{said}”."
    return Rendered(f"Search: {said}", [section(head), *_lines(lines), context(_ONLY_YOURS)])


def nothing_to_search() -> Rendered:
    text = "What is to be found? Write it after the verb: `/inbox search invoice 4471`."
    return Rendered(text, [section(text)])


def status(findings: Sequence[Finding], *, more: int) -> Rendered:
    """Accounts' health, the worst first."""
    if not findings:
        text = (
            "None of the channels you are in gets mail. Whoever runs SharedBox connects mailboxes."
        )
        return Rendered(text, [section(text)])
    blocks = [section(health(one)) for one in findings]
    if more:
        blocks.append(context(f"And {more:,} more, none of them worse than these."))
    return Rendered("How the mailboxes are", [*blocks, context(_ONLY_YOURS)])


def told(text: str) -> Rendered:
    """`text` is markup, escaped already."""
    return Rendered(text, [section(text)])


def _lines(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [section(line(one)) for one in lines]

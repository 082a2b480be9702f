"""The two Bolt apps: what people do is acknowledged at once, what Slack tells of when it is done.

Bolt acknowledges an event before its listener ends, unless it is told to process before it responds
(docs.slack.dev/tools/bolt-python/concepts/lazy-listeners). Whatever fails after that is lost, for
Slack repeats only what was not acknowledged. A click, by contrast, is waited for by a person, and
its listener says itself when it has what was asked for. Hence two apps with the same listeners.
"""

from dataclasses import dataclass

from slack_bolt.async_app import AsyncApp


@dataclass(frozen=True, slots=True)
class SlackApps:
    clicks: AsyncApp
    """Buttons, windows, selects, shortcuts and commands."""
    events: AsyncApp
    """The Events API. Its answer is 200 once the effect is committed, and nothing else before."""

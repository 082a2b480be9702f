"""Where a card is, without asking Slack for each: Slack's site leads on to the workspace. Pure."""

from urllib.parse import urljoin

from app.store.models import Post


def link_to(card: Post | None, site: str) -> str | None:
    if card is None or card.ts is None:
        return None
    return urljoin(site, f"/archives/{card.channel_id}/p{card.ts.replace('.', '')}")

"""What Slack thinks of our token: whose it is, and what it may do."""

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.findings import Finding, Level
from app.slack.scopes import SCOPES, missing_of

_SUBJECT = "Slack token"
MEANWHILE = (
    "Until then cards wait. Who was to be told something, and what a group was to get by turns, "
    "waits for a day; after that nobody is told, and it stays unassigned."
)


async def examine_token(client: AsyncWebClient, install_url: str | None = None) -> Finding:
    """Ask Slack about the client's token. `install_url` is where the app is installed again."""
    try:
        who = await client.auth_test()
    except SlackApiError as error:
        code = error.response.get("error") or f"status {error.response.status_code}"
        return Finding(
            _SUBJECT,
            Level.PROBLEM,
            f"Slack refuses the token: {code}.",
            f"Install the app again: {install_url}"
            if install_url
            else "Install the app again, set SHAREDBOX_SLACK_BOT_TOKEN, and restart.",
            (MEANWHILE,),
        )
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Finding(
            _SUBJECT,
            Level.PROBLEM,
            f"Slack cannot be reached: {str(error) or type(error).__name__}.",
            "Check that this machine may call https://slack.com.",
        )
    granted = {one.strip() for one in (who.headers or {}).get("x-oauth-scopes", "").split(",")}
    missing = missing_of(granted)
    whose = f"{who.get('user', 'the app')} in {who.get('team', 'a workspace')}"
    if missing:
        where = f": {install_url}" if install_url else "."
        return Finding(
            _SUBJECT,
            Level.PROBLEM,
            f"The token is that of {whose}, and lacks {', '.join(missing)}.",
            f"Add these scopes to the app and install it again{where}",
            tuple(f"{scope}: {SCOPES[scope]}" for scope in missing),
        )
    return Finding(_SUBJECT, Level.OK, f"The token is that of {whose}, with every scope we need.")

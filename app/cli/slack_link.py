"""`sharedbox slack-link`: a link by which a Slack workspace is connected."""

import typer

from app.cli.opening import opened
from app.cli.output import errors
from app.cli.output import run as run_work
from app.core.config import Settings
from app.core.errors import Conflict, InvalidInput
from app.slack.permits import link_path


def slack_link() -> None:
    """Print a link by which a Slack workspace is connected. It works once, within an hour.

    For the first workspace, where whoever may install apps in Slack has no login here.

    Example: sharedbox slack-link
    """

    async def work(given: Settings) -> str:
        if given.install_url is None:
            raise InvalidInput(
                "The Slack app’s client id and secret are not set, so it cannot be installed by a "
                "link.",
                fix="Set SHAREDBOX_SLACK_CLIENT_ID and SHAREDBOX_SLACK_CLIENT_SECRET.",
            )
        async with opened(given) as on:
            async with on.parts.store.across_workspaces() as fleet:
                team_id = (await fleet.workspace(on.workspace_id)).slack_team_id
            if team_id is not None:
                raise Conflict(
                    f"This is the workspace {team_id} in Slack already, and no other.",
                    fix="Open /slack/install to install the app there once more, or name another "
                    "workspace in SHAREDBOX_SLACK_TEAMS.",
                )
            return given.base_url.rstrip("/") + link_path(on.parts.vault, on.workspace_id)

    typer.echo(run_work(work))
    errors.print("Whoever opens this link first connects their Slack: give it to nobody else.")

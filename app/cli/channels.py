"""`sharedbox channels`: the Slack channels that mail is posted to."""

from typing import Annotated, Any

import typer

from app.cli.opening import opened
from app.cli.output import AsJSON, console, run, show
from app.core.config import Settings
from app.core.ids import ChannelId
from app.feed.again import try_channel_again

_MOST: int = 1000

channels = typer.Typer(help="Slack channels that mail is posted to.", no_args_is_help=True)


@channels.command("list")
def list_(as_json: AsJSON = False) -> None:
    """List the channels: whether we can post there, what waits and what Slack refused.

    Example: sharedbox channels list --json
    """

    async def work(given: Settings) -> list[dict[str, Any]]:
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            found = await uow.channels.page(after=None, limit=_MOST)
            ids = [one.id for one in found]
            unsent, parked = await uow.channels.unsent(ids), await uow.channels.parked(ids)
        return [
            {
                "id": one.id,
                "state": one.state,
                "unsent": unsent.get(one.id, 0),
                "parked": parked[one.id].count if one.id in parked else 0,
                "detail": one.detail or (parked[one.id].detail if one.id in parked else ""),
            }
            for one in found
        ]

    show(run(work), ("id", "state", "unsent", "parked", "detail"), as_json=as_json)


@channels.command()
def retry(channel: Annotated[str, typer.Argument(help="The channel’s id in Slack.")]) -> None:
    """Post again what Slack refused in a channel, and try one that is paused now.

    Example: sharedbox channels retry C024BE91L
    """

    async def work(given: Settings) -> None:
        async with opened(given) as on, on.parts.store.begin(on.workspace_id) as uow:
            await try_channel_again(uow, ChannelId(channel))

    run(work)
    console.print(f"{channel} is tried now. See: sharedbox channels list", highlight=False)

"""`sharedbox erase`: everything of one workspace goes."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.bootstrap.opening import open_container
from app.cli.output import console, errors, run
from app.core.config import Settings
from app.core.errors import InvalidInput, NotFound
from app.core.ids import WorkspaceId
from app.core.logging import get_logger
from app.store.models import Workspace
from app.store.repositories.erasing import WorkspaceHoldings
from app.store.unit_of_work import Store
from app.team.erase import erase as erase_workspace

_PLAIN: Final[dict[str, Any]] = {"markup": False, "highlight": False, "soft_wrap": True}
_AFTERWARDS: Final = """\
The bytes of its mail are deleted within two hours, by a worker, where no other workspace has the same.
Not ours to delete: its messages in Slack, mail on the mail servers, logs, and back-ups of the database.
Remove the app in Slack (Settings → Manage apps), and SharedBox at Google or Microsoft, if you signed in there.
If SHAREDBOX_SLACK_BOT_TOKEN names this workspace, take it out, or the next start connects it again, empty."""  # noqa: E501
log = get_logger(__name__)


def erase(
    workspace: Annotated[
        str, typer.Option(help="The workspace’s name, its id in Slack (T…), or its id here.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for its name.")] = False,
) -> None:
    """Erase a workspace: its accounts, mail, people, keys and all else. There is no way back.

    May be broken off; the same command goes on.

    Example: sharedbox erase --workspace "Acme"
    """

    async def work(given: Settings) -> str:
        async with open_container(given) as parts:
            async with parts.store.across_workspaces() as fleet:
                found, others = await fleet.named(workspace), await fleet.all_of_them()
            one = _the_one(workspace, found, others)
            id_, name = WorkspaceId(one.id), one.name or str(one.id)
            async with parts.store.begin(id_) as uow:
                holdings, total = await uow.erasing.holdings(), await uow.erasing.rows()
            console.print(_what_goes(name, one, holdings), **_PLAIN)
            if not yes:
                _ask_for(name)
            log.warning("workspace.erasing", workspace=str(id_), origin="cli")
            await _erase(parts.store, id_, total)
            return name

    console.print(f"Erased {run(work)}.", **_PLAIN)
    console.print(_AFTERWARDS, **_PLAIN)


async def _erase(store: Store, workspace_id: WorkspaceId, total: int) -> None:
    rows = 0
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    )  # fmt: skip
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("Waiting for what is under way", total=total)
        async for portion in erase_workspace(store, workspace_id):
            rows += portion.rows
            what = portion.table.replace("_", " ")
            bar.update(task, description=f"Erasing {what}", completed=min(rows, total))


def _the_one(words: str, found: Sequence[Workspace], others: Sequence[Workspace]) -> Workspace:
    """Raises `NotFound`, and `InvalidInput` where several have that name."""
    if not found:
        _no_such(words, others)
    if len(found) > 1:
        raise InvalidInput(
            f"{len(found)} workspaces are named {words}.",
            fix=f"Give the id of one: {_list(found)}.",
        )
    return found[0]


def _no_such(words: str, others: Sequence[Workspace]) -> NoReturn:
    fix = f"There is: {_list(others)}." if others else "There is none at all."
    raise NotFound(f"There is no workspace {words}.", fix=fix)


def _list(workspaces: Sequence[Workspace]) -> str:
    return ", ".join(f"{one.id} ({_described(one)})" for one in workspaces)


def _described(one: Workspace) -> str:
    name = one.name or "without a name"
    return name if one.erasing_since is None else f"{name}, being erased"


def _what_goes(name: str, one: Workspace, holdings: WorkspaceHoldings) -> str:
    counted = (
        (holdings.accounts, "accounts, with their passwords and tokens"),
        (holdings.mails, "mails, with their files"),
        (holdings.conversations, "conversations"),
        (holdings.notes, "notes"),
        (holdings.teammates, "people, with their sign-ins"),
        (holdings.keys, "API keys"),
        (holdings.webhooks, "webhooks"),
    )
    lines = [
        f"Of {name} goes, for ever:",
        *(f"  {what}: {count}" for count, what in counted),
        "  rules, routes, templates, signatures, drafts, the event log and the audit log",
        "  the token for Slack",
    ]
    if holdings.unsent:
        lines.append(f"Mails that wait to be sent, and will not be: {holdings.unsent}")
    if one.erasing_since is not None:
        lines.append(f"This was begun on {one.erasing_since:%Y-%m-%d at %H:%M} UTC, and goes on.")
    return "\n".join(lines)


def _ask_for(name: str) -> None:
    """Raises `InvalidInput` where something else is typed."""
    typed = str(typer.prompt(f"Type its name to erase it ({name})", err=True))
    if typed.strip() != name:
        raise InvalidInput("That is not its name.", fix="Nothing was erased.")

"""Everything there is to say about an installation: database, workers, Slack, channels, accounts.

`sharedbox doctor` prints it and the admin shows it. It asks Slack, so it takes a moment.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from app.accounts.diagnose import diagnose
from app.accounts.health import health_of
from app.container import Container
from app.core.crypto import SecretUnreadable
from app.core.findings import Finding, Level, ago, counted
from app.core.ids import WorkspaceId
from app.slack.client import http_session, web_client
from app.slack.diagnose import MEANWHILE, examine_token
from app.slack.installations import Installations
from app.store.models import Account, ChannelState, Grant
from app.store.unit_of_work import UnitOfWork
from app.store.workers import LiveWorker

_PAGE: Final = 200


async def examine(parts: Container, workspace_id: WorkspaceId) -> AsyncIterator[Finding]:
    """What was found, in the order in which one would look."""
    yield Finding("Database", Level.OK, "It answers, and has our schema.")
    async with parts.store.across_workspaces() as fleet:
        workers = await fleet.workers()
    async with parts.store.begin(workspace_id) as uow:
        figures = await uow.charts.figures()
    yield _workers(workers, silent_seconds=parts.settings.worker_silent_seconds)
    yield await _token(parts, workspace_id)
    if not (parts.settings.slack_signing_secret or parts.settings.slack_app_token):
        yield Finding(
            "Slack requests",
            Level.PROBLEM,
            "No signing secret and no app-level token is set, so no click reaches us.",
            "Set SHAREDBOX_SLACK_SIGNING_SECRET, or SHAREDBOX_SLACK_APP_TOKEN for Socket Mode.",
        )
    async with parts.store.begin(workspace_id) as uow:
        for one in await _channels(uow):
            yield one
    if figures.commands_failed:
        yield Finding(
            "Commands",
            Level.NOTE,
            f"{counted(figures.commands_failed, 'command')} failed and can be tried again.",
            "The cards say why; GET /api/v1/commands?state=failed lists them.",
        )
    if figures.quarantined:
        yield Finding(
            "Quarantine",
            Level.NOTE,
            f"{counted(figures.quarantined, 'mail')} could not be read.",
            "The cards say why, and have Process again.",
        )
    if not figures.accounts:
        yield Finding("Accounts", Level.NOTE, "None is connected yet.")
    async for one in _accounts(parts, workspace_id):
        yield one


def _workers(workers: Sequence[LiveWorker], *, silent_seconds: float) -> Finding:
    if not workers:
        return Finding(
            "Workers",
            Level.PROBLEM,
            "None runs, so no mail is fetched and nothing is posted.",
            "Start one: sharedbox run worker",
        )
    details = tuple(
        f"{one.name.removeprefix('sharedbox ')}: {counted(one.accounts, 'account')}, "
        f"heard of {ago(one.silent_seconds)} ago"
        for one in workers
    )
    silent = sum(one.silent_seconds > silent_seconds for one in workers)
    what = f"{len(workers)} live."
    if silent == len(workers):
        return Finding("Workers", Level.PROBLEM, "None gives a sign of life.", "", details)
    if silent:
        return Finding("Workers", Level.NOTE, f"{what} {silent} of them are silent.", "", details)
    return Finding("Workers", Level.OK, what, "", details)


async def _token(parts: Container, workspace_id: WorkspaceId) -> Finding:
    given = parts.settings.slack_bot_token
    token = given.get_secret_value() if given else None
    try:
        token = token or await Installations(parts.store, parts.vault).token_of(workspace_id)
    except SecretUnreadable as error:
        return Finding("Slack token", Level.PROBLEM, str(error), error.fix)
    if token is None:
        return Finding(
            "Slack token",
            Level.PROBLEM,
            "There is none, so nothing can be posted.",
            "Set SHAREDBOX_SLACK_BOT_TOKEN to the bot token of your Slack app.",
            (MEANWHILE,),
        )
    async with http_session() as http:
        client = web_client(http, parts.settings.slack_api_url, token)
        return await examine_token(client, parts.settings.install_url)


async def _channels(uow: UnitOfWork) -> list[Finding]:
    """The channels in which something is not as it should be."""
    channels = await uow.channels.page(after=None, limit=_PAGE)
    parked = await uow.channels.parked([one.id for one in channels])
    found = [
        Finding(
            f"Channel {one.id}",
            Level.PROBLEM,
            one.detail or "Slack refuses our posts there.",
            f"Then, to be tried at once: sharedbox channels retry {one.id}",
        )
        for one in channels
        if one.state is ChannelState.PAUSED
    ]
    return found + [
        Finding(
            f"Channel {id_}",
            Level.PROBLEM if one.mails else Level.NOTE,
            f"Slack refused {counted(one.count, 'post')} there. {one.detail}",
            f"Post them again, once that is mended: sharedbox channels retry {id_}",
        )
        for id_, one in parked.items()
    ]


async def _accounts(parts: Container, workspace_id: WorkspaceId) -> AsyncIterator[Finding]:
    last: Account | None = None
    while True:
        async with parts.store.begin(workspace_id) as uow:
            page = await uow.accounts.page(after=last.id if last else None, limit=_PAGE)
            healths = await health_of(uow, page)
            grants = await uow.grants.of_accounts(page)
        for account, health in zip(page, healths, strict=True):
            yield _unreadable(parts, account, grants.get(account.id)) or diagnose(
                health, parts.clock.now(), poll_seconds=parts.settings.poll_seconds
            )
        if len(page) < _PAGE:
            return
        last = page[-1]


def _unreadable(parts: Container, account: Account, grant: Grant | None) -> Finding | None:
    """Where what it is opened with was stored under a key that we were not given."""
    sealed = [account.imap_secret, account.smtp_secret]
    if grant is not None:
        sealed += [grant.refresh_token, grant.access_token]
    try:
        for one in sealed:
            if one:
                parts.vault.open(one)
    except SecretUnreadable as error:
        return Finding(account.address, Level.PROBLEM, str(error), error.fix)
    return None

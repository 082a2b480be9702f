"""The Bolt app: one for all workspaces, behind one route."""

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from app.container import Container
from app.core.config import Settings
from app.core.errors import InvalidInput
from app.sending.context import writing_of
from app.slack.client import web_client
from app.slack.composer import Composer
from app.slack.errors import ErrorHandler
from app.slack.files import SlackFiles
from app.slack.gate import Gate
from app.slack.installations import Installations
from app.slack.listeners import unknown
from app.slack.listeners.actions import CardActions
from app.slack.listeners.channels import ChannelEvents
from app.slack.listeners.compose import Compose
from app.slack.listeners.compose_send import ComposeSend
from app.slack.listeners.digest import Digest
from app.slack.listeners.find import Finding
from app.slack.listeners.home import HomeTab
from app.slack.listeners.inbox import InboxCommand
from app.slack.listeners.lifecycle import Lifecycle
from app.slack.listeners.links import Links
from app.slack.listeners.merge import Merges
from app.slack.listeners.modals import Modals
from app.slack.listeners.notes import Notes
from app.slack.listeners.outgoing import OutgoingActions
from app.slack.listeners.reactions import Reactions
from app.slack.listeners.reading import Reading
from app.slack.listeners.routing import Routing
from app.slack.listeners.rules import Ruling
from app.slack.listeners.snooze import Snoozing
from app.slack.listeners.team import Team
from app.slack.listeners.threads import Threads
from app.slack.listeners.unsubscribe import Unsubscribing
from app.slack.members import Members
from app.slack.middleware import Door


def build_app(
    container: Container, installations: Installations, http: aiohttp.ClientSession
) -> AsyncApp:
    """An app that answers for every installed workspace.

    Without a signing secret it takes what comes by Socket Mode, and refuses all else.
    """

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        return await installations.authorize(enterprise_id, team_id)

    secret = container.settings.slack_signing_secret
    door = Door(container.store, container.clock, installations)
    app = AsyncApp(
        signing_secret=secret.get_secret_value() if secret else "",
        authorize=authorize,  # type: ignore[arg-type] # None is Bolt's "nobody"
        client=web_client(http, container.settings.slack_api_url, None),
    )
    members = Members()
    gate = Gate(container.store, installations, members)
    app.use(door.identify)
    app.use(gate.guard)
    CardActions(door).register(app)
    OutgoingActions(door).register(app)
    Digest(door).register(app)
    Snoozing(door).register(app)
    Team(door).register(app)
    Merges(door, members).register(app)
    Notes(door).register(app)
    composer = Composer(door, members, container.settings.undo_seconds)
    Threads(door, gate, composer).register(app)
    Reactions(door, gate).register(app)
    Links(door, gate, container.settings).register(app)
    mails = Reading(door, container.blobs)
    mails.register(app)
    writing = writing_of(container.store, container.blobs, container.settings)
    unsubscribing = Unsubscribing(door, writing)
    unsubscribing.register(app)
    routing = Routing(door, gate, frozenset(container.settings.admins))
    routing.register(app)
    rules = Ruling(door, routing, container.blobs)
    Modals(door, composer, mails, unsubscribing, rules).register(app)
    Compose(door, composer, writing).register(app)
    files = _files(container, installations, http)
    ComposeSend(door, composer, writing, files).register(app)
    InboxCommand(door, composer, routing, container.settings).register(app)
    Finding(door, members, container.settings).register(app)
    home = HomeTab(door, gate, composer, container.settings)
    home.register(app)
    rules.register(app, home)
    Lifecycle(installations).register(app)
    ChannelEvents(door, members).register(app)
    unknown.register(app)
    app.error(ErrorHandler().handle)
    return app


def _files(
    container: Container, installations: Installations, http: aiohttp.ClientSession
) -> SlackFiles:
    settings = container.settings
    return SlackFiles(
        container.blobs, installations, http, settings.slack_api_url, settings.max_sent_bytes
    )


def signing_secret(settings: Settings) -> str:
    """Raises `InvalidInput` where there is none."""
    if settings.slack_signing_secret is None:
        raise InvalidInput(
            "There is no signing secret, so nothing that Slack sends could be believed.",
            field="SHAREDBOX_SLACK_SIGNING_SECRET",
            fix="Copy it from your Slack app’s page “Basic Information”.",
        )
    return settings.slack_signing_secret.get_secret_value()

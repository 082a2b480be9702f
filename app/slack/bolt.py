"""The Bolt apps: the same for all workspaces, behind one route."""

from collections.abc import Callable

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from app.container import Container
from app.core.config import Settings
from app.core.errors import InvalidInput
from app.sending.context import writing_of
from app.slack.apps import SlackApps
from app.slack.client import web_client
from app.slack.composer import Composer
from app.slack.errors import ErrorHandler
from app.slack.files import SlackFiles
from app.slack.gate import Gate
from app.slack.home_drawing import HomeDrawing
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
from app.slack.listeners.mailboxes import Mailboxes
from app.slack.listeners.merge import Merges
from app.slack.listeners.messages import Messages
from app.slack.listeners.modals import Modals
from app.slack.listeners.notes import Notes
from app.slack.listeners.outgoing import OutgoingActions
from app.slack.listeners.people import People
from app.slack.listeners.reactions import Reactions
from app.slack.listeners.reading import Reading
from app.slack.listeners.recipients import Recipients
from app.slack.listeners.routing import Routing
from app.slack.listeners.rules import Ruling
from app.slack.listeners.settings import PersonalSettings
from app.slack.listeners.snooze import Snoozing
from app.slack.listeners.team import Team
from app.slack.listeners.threads import Threads
from app.slack.listeners.unsubscribe import Unsubscribing
from app.slack.members import Members
from app.slack.middleware import Door


def build_apps(
    container: Container, installations: Installations, http: aiohttp.ClientSession
) -> SlackApps:
    """The apps that answer for every installed workspace.

    Without a signing secret they take what comes by Socket Mode, and refuse all else.
    """

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        return await installations.authorize(enterprise_id, team_id)

    secret = container.settings.slack_signing_secret
    door = Door(container.store, container.clock, installations)
    members = Members()
    gate = Gate(container.store, installations, members)
    listeners = _listeners(container, installations, http, door, gate, members)
    errors = ErrorHandler()

    def app(*, process_before_response: bool) -> AsyncApp:
        made = AsyncApp(
            name="SharedBox",  # which Bolt would find by a look at every file on the stack
            signing_secret=secret.get_secret_value() if secret else "",
            authorize=authorize,  # type: ignore[arg-type] # None is Bolt's "nobody"
            client=web_client(http, container.settings.slack_api_url, None),
            process_before_response=process_before_response,
        )
        made.use(door.identify)
        made.use(gate.guard)
        for register in listeners:
            register(made)
        unknown.register(made)
        made.error(errors.handle)
        return made

    return SlackApps(
        clicks=app(process_before_response=False), events=app(process_before_response=True)
    )


def _listeners(
    container: Container,
    installations: Installations,
    http: aiohttp.ClientSession,
    door: Door,
    gate: Gate,
    members: Members,
) -> list[Callable[[AsyncApp], None]]:
    """How each is made known to an app."""
    settings = container.settings
    composer = Composer(door, members, settings.undo_seconds)
    mails = Reading(door, container.blobs, settings.base_url)
    writing = writing_of(container.store, container.blobs, settings)
    unsubscribing = Unsubscribing(door, writing)
    routing = Routing(door, gate, frozenset(settings.admins))
    rules = Ruling(door, routing, container.blobs)
    home = HomeTab(door, HomeDrawing(door.store, door.clock, gate, settings), composer)
    files = _files(container, installations, http)
    return [
        CardActions(door).register,
        OutgoingActions(door).register,
        Digest(door).register,
        Snoozing(door).register,
        Team(door).register,
        Merges(door, members).register,
        Notes(door).register,
        Threads(door, gate, composer).register,
        Messages(door, members, composer).register,
        Reactions(door, gate).register,
        Links(door, gate, settings).register,
        mails.register,
        unsubscribing.register,
        routing.register,
        Modals(door, composer, mails, unsubscribing, rules, members).register,
        Compose(door, composer, writing).register,
        ComposeSend(door, composer, writing, files).register,
        Recipients(door, composer, members).register,
        InboxCommand(door, composer, routing, settings).register,
        Finding(door, members, settings).register,
        home.register,
        PersonalSettings(door, home).register,
        Mailboxes(door, routing, home).register,
        lambda app: rules.register(app, home),
        Lifecycle(installations).register,
        ChannelEvents(door, members).register,
        People(door, members, installations).register,
    ]


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

"""Everything around SharedBox in a demo: a database, a mail server, a customer, a local Slack.

Only SharedBox itself is not here: `cli/demo.py` runs it as it always runs, in processes of its own,
with `Demo.environment` as its settings. All of it listens on loopback and lives in one folder.
"""

import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet
from pydantic import SecretStr

from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.errors import Conflict, InvalidInput
from app.sandbox.mail.customer import Customer
from app.sandbox.mail.server import MailServer
from app.sandbox.mail.submission import SubmissionServer
from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.seed import (
    AppSeed,
    ChannelSeed,
    CommandSeed,
    PersonSeed,
    Seed,
    ShortcutSeed,
)
from app.sandbox.slack.serving import LOOPBACK, PortTaken
from app.store.engine import open_engine, parse_database_url
from app.store.unit_of_work import Store
from app.team.joining import Newcomer, find, first_link, join
from app.team.passwords import Passwords

DEFAULT_PORT: Final = 8000
_PORTS_TRIED: Final = 100
_SETTINGS: Final = "SHAREDBOX_"
_APP: Final = AppSeed(
    commands=(
        CommandSeed(
            "/inbox",
            "Your conversations, and finding, writing and checking mail",
            "search invoice | compose | status | mute | here | route | emoji",
        ),
    ),
    shortcuts=(
        ShortcutSeed(
            "Compose e-mail",
            "new_email",
            description="Write a new e-mail from one of the team's inboxes",
        ),
        ShortcutSeed("Find mail", "find_mail", description="Look through subjects and texts"),
        ShortcutSeed("Send as e-mail reply", "reply_email", "message"),
        ShortcutSeed("Assign to me", "assign_me", "message"),
        ShortcutSeed("File under…", "file_under", "message"),
        ShortcutSeed("Create e-mail from message", "email_from_message", "message"),
        ShortcutSeed("Add to conversation…", "add_to_conversation", "message"),
    ),
    unfurl_domains=frozenset({LOOPBACK}),
)
_SEED: Final = Seed(app=_APP)
_NEIGHBOUR: Final = Seed(
    team="Birch Workshop",
    domain="birch",
    people=(PersonSeed("Farah", admin=True), PersonSeed("Goran", "Europe/Lisbon")),
    channels=(ChannelSeed("orders"), ChannelSeed("general")),
    app=_APP,
)
"""A second workspace, in which the app is not until somebody adds it."""


class RealSlack(Conflict):
    """There are credentials of a real Slack workspace, and a demo has no business with them."""


def refuse_real_slack(given: Settings) -> None:
    """Raises `RealSlack` where the settings name anything of a Slack that is not ours.

    The settings of a demo are its own, so they would not be used; but whoever has set them wants
    `sharedbox run`, and should not take what the demo's page shows for their own workspace.
    """
    names = sorted(name for name in given.model_fields_set if name.startswith("slack_"))
    found = [f"{_SETTINGS}{name.upper()}" for name in names if _is_given(getattr(given, name))]
    if found:
        raise RealSlack(
            f"A demo does not start beside the credentials of a Slack workspace: {', '.join(found)}"
            f" {'is' if len(found) == 1 else 'are'} set.",
            fix="Unset them (in .env too) to see the demo, or use them with “sharedbox run all”.",
        )


def _is_given(value: object) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


@contextmanager
def demo_folder(wanted: Path | None) -> Iterator[Path]:
    """A folder of the demo's own: a new one that goes with it, or the empty one that was named.

    Raises `InvalidInput`.
    """
    if wanted is None:
        with tempfile.TemporaryDirectory(prefix="sharedbox-demo-") as name:
            yield Path(name)
        return
    folder = wanted.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise InvalidInput(
            f"{folder} cannot be used: {error.strerror}.", field="data", fix="Name another folder."
        ) from None
    if not is_empty:
        raise InvalidInput(
            f"{folder} is not empty, and every demo begins anew.",
            field="data",
            fix="Name an empty folder, or one that does not exist.",
        )
    yield folder


@dataclass(frozen=True, slots=True)
class Ports:
    """Where SharedBox and the workspace's page are to listen; None is whatever is free."""

    web: int | None = None
    slack: int | None = None


def open_slack(ports: Ports, customer: Customer) -> tuple[LocalSlack, int]:
    """A workspace that holds its port, and the port that is left for SharedBox.

    Two demos that start together find two pairs, since a workspace takes its port at once. Raises
    `PortTaken` for a port that was asked for.
    """
    if ports.web is not None and not _is_free(ports.web):
        raise PortTaken(
            f"Something else listens on port {ports.web}.",
            fix="Choose another one with --port, or stop what listens there.",
        )
    if ports.slack is not None:
        web = ports.web or next(port for port in _candidates(DEFAULT_PORT) if port != ports.slack)
        return _two_workspaces(ports.slack, customer, web), web
    for port in _candidates((ports.web or DEFAULT_PORT) + 1):
        web = ports.web or port - 1
        if not _is_free(web):
            continue
        try:
            return _two_workspaces(port, customer, web), web
        except PortTaken:
            continue
    raise PortTaken("No free ports were found.", fix="Choose them with --port and --slack-port.")


def _two_workspaces(port: int, customer: Customer, web: int) -> LocalSlack:
    """Raises `PortTaken`."""
    slack = LocalSlack(_SEED, port=port, customer=customer)
    slack.add_workspace(_NEIGHBOUR)
    slack.install_url = f"http://{LOOPBACK}:{web}/slack/install"
    return slack


def _candidates(first: int) -> Iterator[int]:
    """Free ports from here on. Raises `StopIteration` never before a hundred were looked at."""
    return (port for port in range(first, min(first + _PORTS_TRIED, 65_536)) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Owner:
    """Who signs in to the demo's admin."""

    email: str
    password: str


async def make_owner(database_url: str) -> Owner:
    """An owner with a password, by the link that the web process would print otherwise."""
    owner, clock = Owner("owner@demo.example", new_password()), SystemClock()
    url = parse_database_url(database_url)
    engine = open_engine(url)
    store = Store(engine)
    secret = await first_link(store, now=clock.now())
    assert secret is not None, "a new database has no owner"
    invitation = await find(store, secret, now=clock.now())
    newcomer = Newcomer("Olivia Owner", owner.email, await Passwords().hash(owner.password))
    async with store.begin(invitation.workspace_id) as uow:
        await join(uow, invitation.id, newcomer, now=clock.now())
    await engine.dispose()
    return owner


@dataclass(frozen=True, slots=True)
class Demo:
    """What runs around SharedBox, and what SharedBox has to know of it."""

    folder: Path
    database_url: str
    mail: MailServer
    submission: SubmissionServer
    slack: LocalSlack
    port: int
    api_key: str
    owner: Owner

    @property
    def base_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def environment(self, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
        """What SharedBox's processes are started with: none of the settings of whoever asks."""
        kept = {name: value for name, value in inherited.items() if not _is_setting(name)}
        settings = {
            "DATABASE_URL": self.database_url,
            "DATA_DIR": str(self.folder / "sharedbox"),
            "SECRET_KEYS": Fernet.generate_key().decode(),
            "BASE_URL": self.base_url,
            "HOST": LOOPBACK,
            "PORT": str(self.port),
            "BOOTSTRAP_API_KEY": self.api_key,
            "SLACK_API_URL": self.slack.api_url,
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_CLIENT_ID": self.slack.client_id,
            "SLACK_CLIENT_SECRET": self.slack.client_secret,
            "SLACK_TEAMS": ",".join(one.team_id for one in self.slack.workspaces),
            "ALLOW_PRIVATE_MAIL_HOSTS": "true",
            "PARSER_PROCESSES": "1",
        }
        if self.mail.ca_file is not None:
            settings["TLS_CA_FILE"] = str(self.mail.ca_file)
        return {
            **kept,
            **{f"{_SETTINGS}{name}": value for name, value in settings.items()},
            **_past_proxies(inherited),
        }


def new_password() -> str:
    return secrets.token_urlsafe(12)


def new_api_key() -> str:
    """Short enough to stand on one line of the terminal."""
    return f"demo-{secrets.token_urlsafe(24)}"


def _is_setting(name: str) -> bool:
    return name.upper().startswith(_SETTINGS)


def _past_proxies(inherited: Mapping[str, str]) -> dict[str, str]:
    """A proxy that is set for the world outside cannot reach what listens here."""
    named = inherited.get("no_proxy") or inherited.get("NO_PROXY") or ""
    past = ",".join(one for one in (named, LOOPBACK, "localhost") if one)
    return {"no_proxy": past, "NO_PROXY": past}

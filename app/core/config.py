"""Every setting, read once from the environment (or `.env`) at start.

`.env.example` and `docs/configuration.md` list the same settings: `make docs` writes them from
here, and a test holds the three equal.
"""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.crypto import Vault, keys_beside
from app.core.ids import SlackUserId
from app.core.oauth_settings import parse_providers
from app.core.retry import RetryLadder

PROJECT_ROOT: Final = Path(__file__).resolve().parents[2]
_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


def _checked_ladder(text: str) -> str:
    RetryLadder.parse(text)
    return text


def _checked_level(text: str) -> str:
    if text.upper() not in _LEVELS:
        raise ValueError(f"{text!r} is no level: write {', '.join(_LEVELS)}")
    return text.upper()


def _users(text: str) -> list[SlackUserId]:
    return [SlackUserId(one.strip()) for one in text.split(",") if one.strip()]


def _checked_users(text: str) -> str:
    for user in _users(text):
        if not re.fullmatch(r"[UW][A-Z0-9]{2,20}", user):
            raise ValueError(f"“{user}” is not the id of a person in Slack, such as U024BE7LH")
    return text


def _checked_providers(text: SecretStr | None) -> SecretStr | None:
    parse_providers(text.get_secret_value() if text else "")
    return text


def _checked_teams(text: str) -> str:
    for team in _teams(text) - {"*"}:
        if not re.fullmatch(r"[TE][A-Z0-9]{2,20}", team):
            raise ValueError(f"“{team}” is not the id of a Slack workspace, such as T024BE7LD")
    return text


def _teams(text: str) -> frozenset[str]:
    return frozenset(one.strip() for one in text.split(",") if one.strip())


class Settings(BaseSettings):
    """All settings, each under `SHAREDBOX_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="SHAREDBOX_", env_file=".env", extra="ignore")

    database_url: str | None = Field(
        default=None,
        description="PostgreSQL 15 or newer, as postgresql://user:password@host/name. "
        "Unset: a Postgres of our own is started in the data folder.",
    )
    data_dir: Path = Field(
        default=Path("data"),
        description="Where mail, the embedded Postgres and generated keys are kept.",
    )
    blob_url: str | None = Field(
        default=None,
        description="Where raw mail is kept: file:///…, s3://…, gs://… or az://…. "
        "Unset: the folder blobs in the data folder.",
    )
    secret_keys: SecretStr | None = Field(
        default=None,
        description="Fernet keys, separated by commas; the first encrypts, all decrypt. "
        "Unset: a key is made and kept in the data folder.",
    )
    base_url: str = Field(
        default="http://127.0.0.1:8000",
        description="The address under which people reach the web process.",
    )
    host: str = Field(default="127.0.0.1", description="The address the web server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port it listens on.")
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="A port on which a worker answers /healthz and /metrics for itself. "
        "Unset: it does not.",
    )
    log_level: Annotated[str, AfterValidator(_checked_level)] = Field(
        default="INFO", description="What is logged: DEBUG, INFO, WARNING or ERROR, and above."
    )
    bootstrap_api_key: SecretStr | None = Field(
        default=None,
        description="An API key with every scope that is accepted from the first start on.",
    )
    slack_api_url: str = Field(
        default="https://slack.com/api/",
        description="Where Slack's Web API is; change it only to talk to a stand-in.",
    )
    slack_bot_token: SecretStr | None = Field(
        default=None, description="The bot token of your Slack app (xoxb-…)."
    )
    admin_slack_users: Annotated[str, AfterValidator(_checked_users)] = Field(
        default="",
        description="The Slack ids of those who are told when a mailbox gives no sign of life, "
        "and see in the app’s Home tab how all of them are, separated by commas (U024BE7LH,…). "
        "Owners and admins by role are told as well, where Slack knows them.",
    )
    slack_signing_secret: SecretStr | None = Field(
        default=None, description="The signing secret of your Slack app."
    )
    slack_app_token: SecretStr | None = Field(
        default=None,
        description="An app-level token of your Slack app with the scope connections:write "
        "(xapp-…). Set: Slack is reached by Socket Mode, so SharedBox needs no public address.",
    )
    microsoft_client_id: str | None = Field(
        default=None,
        description="The application (client) id of your registration in Microsoft Entra ID. "
        "Set: accounts can be connected by signing in with Microsoft.",
    )
    microsoft_client_secret: SecretStr | None = Field(
        default=None,
        description="Its client secret (the value, not the id). Unset: a public client.",
    )
    microsoft_authority: str = Field(
        default="https://login.microsoftonline.com/common",
        description="Who signs in: /common anybody, /organizations work and school accounts, or "
        "your tenant’s id, which letting the application in by itself takes.",
    )
    microsoft_ca_file: Path | None = Field(
        default=None,
        description="A file of certificate authorities to trust for that authority (PEM), where it "
        "is not a public one.",
    )
    google_client_id: str | None = Field(
        default=None,
        description="The client id of your OAuth client in Google Cloud. Set: accounts can be "
        "connected by signing in with Google.",
    )
    google_client_secret: SecretStr | None = Field(default=None, description="Its client secret.")
    google_issuer: str = Field(
        default="https://accounts.google.com",
        description="Where Google’s OpenID metadata are; change it only to talk to a stand-in.",
    )
    oauth_providers: Annotated[SecretStr | None, AfterValidator(_checked_providers)] = Field(
        default=None,
        description="Further providers of OAuth2, as a JSON list; docs/connecting.md shows one.",
    )
    slack_client_id: str | None = Field(
        default=None,
        description="The client id of your Slack app. With its secret set as well, the app is "
        "installed in a workspace at /slack/install, and no bot token has to be copied.",
    )
    slack_client_secret: SecretStr | None = Field(
        default=None, description="The client secret of your Slack app."
    )
    slack_teams: Annotated[str, AfterValidator(_checked_teams)] = Field(
        default="",
        description="The ids of Slack workspaces that anybody may connect at /slack/install, "
        "separated by commas (T024BE7LD,…), or * for any. Others are connected by an owner or "
        "admin who is signed in, or by a link of sharedbox slack-link.",
    )
    workspace: str = Field(
        default="",
        description="The Slack workspace that the commands of sharedbox are about, by its id "
        "(T024BE7LD). Unset: the first one.",
    )
    allow_private_mail_hosts: bool = Field(
        default=False,
        description="Allow mail servers at private addresses (127.0.0.1, 10.0.0.0/8, …). "
        "Off: only public addresses, so that nobody can use SharedBox to look into your network.",
    )
    allow_private_webhook_hosts: bool = Field(
        default=False,
        description="Allow webhooks to private addresses, and without TLS. "
        "Off: only https:// to public addresses.",
    )
    tls_ca_file: Path | None = Field(
        default=None,
        description="A file of further certificate authorities to trust for mail servers (PEM).",
    )
    poll_seconds: int = Field(
        default=60,
        ge=5,
        description="How often a folder is looked at when nothing was announced, in seconds. A "
        "server that has proven to announce new mail is asked half as often, but not less often "
        "than IDLE is renewed.",
    )
    idle_renew_seconds: int = Field(
        default=120,
        ge=1,
        le=1740,
        description="How often IDLE is renewed, in seconds. A dead connection is noticed by it, "
        "half a minute later at most.",
    )
    retry_ladder: Annotated[str, AfterValidator(_checked_ladder)] = Field(
        default="0 60@600 300",
        description="Waits between attempts to reach a mail server, in seconds: the first, "
        "then delay@until by the age of the outage, then the last.",
    )
    retry_jitter: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="The share by which such a wait is stretched at random at most, so that many "
        "mailboxes do not come back at the same instant. 0: exact waits.",
    )
    retry_limit: int = Field(
        default=-1,
        ge=-1,
        description="How many retries one outage is worth before SharedBox gives up until somebody "
        "says Retry now. -1: never give up.",
    )
    reconnect_after_seconds: int = Field(
        default=6 * 3600,
        ge=60,
        description="The age at which a connection to a mail server is made anew, in seconds, "
        "shortened at random by up to a fifth.",
    )
    max_mail_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=1024,
        description="The largest mail that is fetched; a larger one is quarantined, with a card.",
    )
    max_bytes_in_flight: int = Field(
        default=128 * 1024 * 1024,
        ge=8 * 1024 * 1024,
        description="How many bytes of mail one worker holds at once between fetching and keeping "
        "them, over all its accounts; more wait their turn. A larger mail passes alone, and an "
        "eighth is left to small new mail.",
    )
    dials_per_second: float = Field(
        default=20,
        gt=0,
        description="How many connections to mail servers one worker may begin in a second, once "
        "the first few are made.",
    )
    import_mails_per_minute: int = Field(
        default=6000,
        ge=1,
        description="How fast the history of one account is imported, unless the import says "
        "otherwise. New mail and commands never wait for it.",
    )
    worker_silent_seconds: int = Field(
        default=20,
        ge=3,
        description="After so many seconds without a sign of life a worker counts as stopped: the "
        "others end its connections to the database and take over its accounts.",
    )
    undo_seconds: int = Field(
        default=10,
        ge=0,
        le=3600,
        description="How long a mail waits after Send, so that it can be taken back, in seconds.",
    )
    sends_per_hour: int = Field(
        default=200,
        ge=0,
        description="How many mails an account may send in an hour; more wait. A brake for what "
        "runs wild, below what providers allow.",
    )
    max_sent_bytes: int = Field(
        default=25 * 1024 * 1024,
        ge=1024,
        description="The largest mail that is sent, as it travels: files take a third more than "
        "on the disk. A server that takes less is asked before each mail.",
    )
    cards_per_minute: int = Field(
        default=20,
        ge=0,
        description="How many new cards a channel gets in a minute. Where more mail arrives, one "
        "message counts and lists the rest until their turn comes, or until somebody asks for all. "
        "0: every card is posted as fast as Slack takes it.",
    )
    imap_threads: int = Field(
        default=16,
        ge=1,
        description="How many IMAP commands of one worker may be on the wire at once.",
    )
    parser_processes: int = Field(
        default=2, ge=1, description="How many processes of one worker parse mail."
    )

    def vault(self) -> Vault:
        """The vault for credentials, with the operator's keys or the ones kept beside the data."""
        if self.secret_keys is None:
            return Vault(keys_beside(self.data_dir))
        return Vault([key.strip() for key in self.secret_keys.get_secret_value().split(",")])

    def ladder(self) -> RetryLadder:
        return RetryLadder.parse(
            self.retry_ladder, jitter=self.retry_jitter, most_retries=self.retry_limit
        )

    def may_connect(self, team_id: str) -> bool:
        """Whether a Slack workspace that is none of ours yet may become one."""
        return bool(_teams(self.slack_teams) & {team_id, "*"})

    def names_team(self, team_id: str) -> bool:
        """Whether a Slack workspace is named, and not only let in as any other is."""
        return team_id in _teams(self.slack_teams)

    @property
    def install_url(self) -> str | None:
        """Where the Slack app is installed; None where its client id and secret are not set."""
        if self.slack_client_id is None or self.slack_client_secret is None:
            return None
        return f"{self.base_url.rstrip('/')}/slack/install"

    @property
    def admins(self) -> list[SlackUserId]:
        return _users(self.admin_slack_users)

    @property
    def blob_location(self) -> str:
        if self.blob_url:
            return self.blob_url
        return (self.data_dir.absolute() / "blobs").as_uri()

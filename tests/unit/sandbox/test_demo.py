"""The demo's pure parts: whom it refuses, where it lives, what it hands on."""

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.core.config import Settings
from app.core.errors import InvalidInput
from app.sandbox.demo import (
    Demo,
    Owner,
    Ports,
    RealSlack,
    demo_folder,
    open_slack,
    refuse_real_slack,
)
from app.sandbox.mail.customer import Customer
from app.sandbox.slack.serving import LOOPBACK, PortTaken

NOBODY = cast("Customer", None)


def given(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


class TestRefuseRealSlack:
    @pytest.mark.parametrize("name", ["slack_bot_token", "slack_signing_secret", "slack_api_url"])
    def test_each_setting_of_a_slack_that_is_not_ours(self, name: str) -> None:
        with pytest.raises(RealSlack, match=f"SHAREDBOX_{name.upper()} is set") as refused:
            refuse_real_slack(given(**{name: "https://slack.com/api/"}))

        assert "Unset them" in refused.value.fix

    def test_several_are_all_named(self) -> None:
        with pytest.raises(RealSlack, match="_BOT_TOKEN, SHAREDBOX_SLACK_SIGNING_SECRET are set"):
            refuse_real_slack(given(slack_bot_token="xoxb-1", slack_signing_secret="s"))

    def test_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHAREDBOX_SLACK_BOT_TOKEN", "xoxb-1")

        with pytest.raises(RealSlack):
            refuse_real_slack(given())

    def test_from_the_env_file(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("SHAREDBOX_SLACK_SIGNING_SECRET=abc\n")

        with pytest.raises(RealSlack):
            refuse_real_slack(Settings(_env_file=file))

    def test_empty_lines_of_an_env_file_are_no_credentials(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("SHAREDBOX_SLACK_BOT_TOKEN=\nSHAREDBOX_SLACK_SIGNING_SECRET=\n")

        refuse_real_slack(Settings(_env_file=file))

    def test_the_refusal_does_not_tell_the_secret(self) -> None:
        with pytest.raises(RealSlack) as refused:
            refuse_real_slack(given(slack_bot_token="xoxb-very-secret"))

        assert "very-secret" not in refused.value.sentence


class TestDemoFolder:
    def test_a_folder_with_something_in_it_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "precious").touch()

        with pytest.raises(InvalidInput, match="is not empty"), demo_folder(tmp_path):
            pass

        assert (tmp_path / "precious").exists()

    def test_a_file_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        with pytest.raises(InvalidInput, match="cannot be used"), demo_folder(tmp_path / "file"):
            pass

    def test_the_one_that_was_named_is_made_and_kept(self, tmp_path: Path) -> None:
        with demo_folder(tmp_path / "a" / "b") as folder:
            (folder / "log").touch()

        assert (tmp_path / "a" / "b" / "log").exists()

    def test_one_of_its_own_goes_with_the_demo(self) -> None:
        with demo_folder(None) as folder:
            (folder / "log").touch()

        assert not folder.exists()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which something listens, with free ones above it."""
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        yield other.getsockname()[1]


def free() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class TestOpenSlack:
    def test_a_port_that_was_asked_for_is_taken(self, taken: int) -> None:
        with pytest.raises(PortTaken, match=f"port {taken}") as refused:
            open_slack(Ports(web=taken), NOBODY)

        assert "--port" in refused.value.fix

    def test_the_workspaces_port_is_taken(self, taken: int) -> None:
        with pytest.raises(PortTaken, match=f"Port {taken}"):
            open_slack(Ports(web=free(), slack=taken), NOBODY)

    async def test_both_as_asked(self) -> None:
        web, page = free(), free()

        slack, port = open_slack(Ports(web=web, slack=page), NOBODY)

        async with slack:
            assert (port, slack.page_url) == (web, f"http://127.0.0.1:{page}/")

    async def test_the_page_stands_beside_sharedbox(self) -> None:
        web = free()

        slack, port = open_slack(Ports(web=web), NOBODY)

        async with slack:
            assert port == web
            assert web < int(slack.page_url.rstrip("/").rpartition(":")[2]) <= web + 100

    async def test_two_at_once_find_different_ports(self) -> None:
        first, one = open_slack(Ports(), NOBODY)
        second, other = open_slack(Ports(), NOBODY)

        async with first, second:
            assert one != other
            assert first.page_url != second.page_url


def demo(*, ca_file: Path | None = None) -> Demo:
    slack = SimpleNamespace(
        api_url="http://127.0.0.1:9/api/",
        bot_token="xoxb-local",
        signing_secret="s",
        client_id="1.2",
        client_secret="c",
        workspaces=[SimpleNamespace(team_id="T1"), SimpleNamespace(team_id="T2")],
    )
    return Demo(
        folder=Path("demo"),
        database_url="postgresql:///demo",
        mail=cast("Any", SimpleNamespace(ca_file=ca_file)),
        submission=cast("Any", None),
        slack=cast("Any", slack),
        port=9000,
        api_key="key",
        owner=Owner("owner@demo.example", "a password"),
    )


class TestEnvironment:
    def test_settings_of_whoever_asks_are_not_handed_on(self) -> None:
        theirs = {
            "SHAREDBOX_DATABASE_URL": "postgresql://prod",
            "SHAREDBOX_POLL_SECONDS": "5",
            "PATH": "/bin",
        }

        environment = demo().environment(theirs)

        assert environment["SHAREDBOX_DATABASE_URL"] == "postgresql:///demo"
        assert "SHAREDBOX_POLL_SECONDS" not in environment
        assert environment["PATH"] == "/bin"

    def test_they_are_settings_that_sharedbox_understands(self, tmp_path: Path) -> None:
        environment = demo(ca_file=tmp_path / "ca.pem").environment({})
        ours = {name for name in environment if name.startswith("SHAREDBOX_")}

        known = {f"SHAREDBOX_{name.upper()}" for name in Settings.model_fields}
        assert ours <= known
        assert environment["SHAREDBOX_TLS_CA_FILE"] == str(tmp_path / "ca.pem")
        assert environment["SHAREDBOX_BASE_URL"] == "http://127.0.0.1:9000"

    def test_without_tls_there_is_no_authority_to_trust(self) -> None:
        assert "SHAREDBOX_TLS_CA_FILE" not in demo().environment({})

    def test_a_proxy_is_not_asked_for_this_machine(self) -> None:
        environment = demo().environment({"http_proxy": "http://p:1", "NO_PROXY": "intern.example"})

        assert environment["no_proxy"] == "intern.example,127.0.0.1,localhost"
        assert environment["NO_PROXY"] == environment["no_proxy"]

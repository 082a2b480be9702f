"""The manifest, the page about the Slack app and the code ask for the same."""

import ast
import re
from typing import Any

import yaml

from app.core.config import PROJECT_ROOT
from app.slack.scopes import SCOPES
from app.slack.sign_in import CALLBACK
from tests.architecture.tree import sources

DOCUMENT = (PROJECT_ROOT / "docs" / "slack-app.md").read_text()
MANIFEST: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "slack-manifest.yaml").read_text())
FAMILIES = "auth chat conversations dnd files reactions team users views bots usergroups"
METHOD = re.compile(rf"({'|'.join(FAMILIES.split())})\.(\w+(?:\.\w+)*)")


def explained() -> dict[str, set[str]]:
    """The methods of the table, by the scope they are for."""
    rows = re.findall(r"^\| (`[\w:.]+`|none) \| (.*?) \|", DOCUMENT, re.MULTILINE)
    return {scope.strip("`"): set(re.findall(r"`([\w.]+)`", methods)) for scope, methods in rows}


def called() -> set[str]:
    """The Web API methods that the code calls, by name or by slack_sdk's methods of that name."""
    found = set()
    for source in sources("app/slack"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Constant) and METHOD.fullmatch(str(node.value)):
                found.add(str(node.value))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                family, _, rest = node.func.attr.partition("_")
                if family in FAMILIES.split() and rest:
                    found.add(f"{family}.{_camel(rest)}")
    return found


def _camel(words: str) -> str:
    first, *others = words.split("_")
    return first + "".join(word.capitalize() for word in others)


class TestScopes:
    def test_of_the_manifest_are_the_ones_that_are_explained(self) -> None:
        asked = MANIFEST["oauth_config"]["scopes"]["bot"]

        assert sorted(asked) == asked
        assert set(asked) == set(explained()) - {"none"}

    def test_are_the_ones_that_the_doctor_looks_for(self) -> None:
        assert set(SCOPES) == set(explained()) - {"none"}

    def test_are_for_methods_that_are_called(self) -> None:
        assert {method for methods in explained().values() for method in methods} == called()


class TestAddress:
    def test_is_one_for_all_deliveries(self) -> None:
        settings = MANIFEST["settings"]["interactivity"]

        assert settings["request_url"] == settings["message_menu_options_url"]
        assert settings["request_url"].endswith("/slack/events")
        assert "/slack/events" in DOCUMENT

    def test_to_come_back_to_are_those_that_slack_is_told(self) -> None:
        told = MANIFEST["oauth_config"]["redirect_urls"]
        host = MANIFEST["settings"]["interactivity"]["request_url"].removesuffix("/slack/events")

        assert told == [f"{host}/slack/oauth_redirect", f"{host}{CALLBACK}"]


class TestEvents:
    def test_that_nobody_listens_to_are_not_asked_for(self) -> None:
        asked = MANIFEST["settings"].get("event_subscriptions", {}).get("bot_events", [])
        listened = {
            str(call.args[0].value)
            for source in sources("app/slack")
            for call in source.calls("event")
            if call.args and isinstance(call.args[0], ast.Constant)
        }

        assert {one.partition(".")[0] for one in asked} == listened

"""The settings, `.env.example` and docs/configuration.md say the same."""

import re

import pytest
from pydantic_settings import BaseSettings

from app.core.config import Settings
from scripts.settings_docs import (
    BEGIN,
    CONFIGURATION,
    END,
    ENV_EXAMPLE,
    env_example,
    table,
    with_table,
)

NAMES = {f"SHAREDBOX_{name.upper()}" for name in Settings.model_fields}


class TestEnvExample:
    def test_is_what_the_settings_say(self) -> None:
        assert ENV_EXAMPLE.read_text() == env_example(), "run: make docs"

    def test_names_every_setting_once_and_none_else(self) -> None:
        named = re.findall(r"^#?(SHAREDBOX_\w+)=", ENV_EXAMPLE.read_text(), re.MULTILINE)

        assert sorted(named) == sorted(NAMES)

    def test_every_default_it_shows_is_accepted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shown = re.findall(r"^#(SHAREDBOX_\w+)=(.+)$", ENV_EXAMPLE.read_text(), re.MULTILINE)
        for name, value in shown:
            monkeypatch.setenv(name, value)

        assert Settings(_env_file=None) == _defaults()


class TestConfigurationPage:
    def test_is_what_the_settings_say(self) -> None:
        text = CONFIGURATION.read_text()

        assert text == with_table(text), "run: make docs"

    def test_has_a_row_for_every_setting(self) -> None:
        written = CONFIGURATION.read_text().partition(BEGIN)[2].partition(END)[0]
        rows = re.findall(r"^\| `(SHAREDBOX_\w+)` \|", written, re.MULTILINE)

        assert sorted(rows) == sorted(NAMES)

    def test_speaks_of_no_setting_that_there_is_not(self) -> None:
        assert set(re.findall(r"SHAREDBOX_\w+", CONFIGURATION.read_text())) <= NAMES

    def test_without_its_marks_is_refused(self) -> None:
        with pytest.raises(ValueError, match="lacks the marks"):
            with_table("# Configuration\n")


class TestSettings:
    def test_each_is_described(self) -> None:
        undescribed = [name for name, one in Settings.model_fields.items() if not one.description]

        assert undescribed == []

    def test_no_secret_has_a_default_to_be_shown(self) -> None:
        for line in table().splitlines():
            assert "| secret |" not in line or "| unset |" in line


def _defaults() -> BaseSettings:
    with pytest.MonkeyPatch.context() as environment:
        for name in NAMES:
            environment.delenv(name, raising=False)
        return Settings(_env_file=None)

"""What a command says when it cannot do its work."""

from collections.abc import Awaitable, Callable

import pytest
import typer

from app.cli.output import run, settings, show
from app.core.config import Settings
from app.core.errors import Conflict


def failing(error: Exception) -> Callable[[Settings], Awaitable[None]]:
    async def work(_given: Settings) -> None:
        raise error

    return work


class TestRun:
    def test_says_what_went_wrong_as_it_was_said(self, capsys: pytest.CaptureFixture[str]) -> None:
        what = f"The server said [TRYCREATE] {'again and ' * 20}again."

        with pytest.raises(typer.Exit) as ended:
            run(failing(Conflict(what, fix="Wait.")))

        assert ended.value.exit_code == 1
        assert capsys.readouterr().err == f"{what} Wait.\n"

    def test_leaves_what_nobody_foresaw_to_be_seen(self) -> None:
        with pytest.raises(ZeroDivisionError):
            run(failing(ZeroDivisionError()))


class TestSettings:
    def test_that_are_wrong_are_named(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SHAREDBOX_PORT", "[many]")

        with pytest.raises(typer.Exit) as ended:
            settings()

        assert ended.value.exit_code == 2
        assert capsys.readouterr().err.startswith("SHAREDBOX_PORT: Input should be a valid integer")


class TestShow:
    def test_of_nothing_says_so(self, capsys: pytest.CaptureFixture[str]) -> None:
        show([], ["id"], as_json=False)

        assert capsys.readouterr().out == "Nothing here yet.\n"

    def test_of_nothing_is_an_empty_list_to_a_script(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        show([], ["id"], as_json=True)

        assert capsys.readouterr().out == "[]\n"

    def test_keeps_ids_whole_however_narrow_the_window(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        row = {"id": "01a219d0-2270-7b3c-9a6c-13e2165e3f40", "detail": "too long " * 20}

        show([row], ["id", "detail"], as_json=False)

        assert row["id"] in capsys.readouterr().out

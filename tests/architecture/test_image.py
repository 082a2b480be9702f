"""The Dockerfile and docker-compose.yml fit what they start. Read, not built: that takes Docker."""

import json
import re
import tomllib
from typing import Any, NamedTuple

import pytest
import yaml

from app.cli.run import Process
from app.core.config import PROJECT_ROOT, Settings
from app.web.admin.assets import WANTED
from app.web.health import router

PROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())
LOCK = (PROJECT_ROOT / "requirements.lock").read_text()
NAMES = {f"SHAREDBOX_{name.upper()}" for name in Settings.model_fields}
CHECKS_HEADERS_SINCE = {(3, 11): 10, (3, 12): 5}
"""By release: the first that checks the mail headers it writes. All later releases do."""
OLDEST_POSTGRES = 15
OF_NPM = {"package.json", "package-lock.json", ".npmrc"}


class Instruction(NamedTuple):
    word: str
    rest: str


def stages() -> list[list[Instruction]]:
    """The Dockerfile's instructions, one list for each stage."""
    text = (PROJECT_ROOT / "Dockerfile").read_text().replace("\\\n", "")
    found: list[list[Instruction]] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append(Instruction(word, rest.strip()))
    return found


def building() -> list[Instruction]:
    (stage,) = [one for one in stages() if one_of("FROM", one).endswith(" AS build")]
    return stage


def all_of(word: str, instructions: list[Instruction]) -> list[str]:
    return [one.rest for one in instructions if one.word == word]


def one_of(word: str, instructions: list[Instruction]) -> str:
    (rest,) = all_of(word, instructions)
    return rest


def environment(instructions: list[Instruction]) -> dict[str, str]:
    pairs = " ".join(all_of("ENV", instructions)).split()
    return dict(pair.split("=", 1) for pair in pairs)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text())
    return found


def ours() -> dict[str, dict[str, Any]]:
    return {name: one for name, one in compose()["services"].items() if name != "postgres"}


def locked(until: str) -> dict[str, str]:
    """The pins above a line of the lock, each with its hashes."""
    part, found, _ = LOCK.partition(f"# --- below this line: only for {until}")
    assert found
    blocks = re.split(r"\n(?=[a-z])", "\n" + re.sub(r"^#.*\n", "", part, flags=re.MULTILINE))
    return {re.split(r"[=\[]", block.strip())[0]: block for block in blocks if block.strip()}


def wanted(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~; ]", one)[0].lower().replace("_", "-") for one in requirements}


class TestBaseImage:
    def test_is_the_same_for_building_and_running(self) -> None:
        assert one_of("FROM", building()).split()[0] == one_of("FROM", stages()[-1])

    def test_has_a_python_that_checks_the_mail_headers_it_writes(self) -> None:
        tag = one_of("FROM", stages()[-1])
        version = re.fullmatch(r"python:(\d+)\.(\d+)\.(\d+)-slim-\w+", tag)
        assert version, "not pinned to a release"
        major, minor, patch = (int(number) for number in version.groups())

        assert (major, minor) >= (3, 11)
        assert patch >= CHECKS_HEADERS_SINCE.get((major, minor), 0)


class TestWhatIsCopied:
    def copied(self) -> set[str]:
        sources: set[str] = set()
        for stage in stages():
            for rest in all_of("COPY", stage):
                if not rest.startswith("--from="):
                    sources |= set(rest.split()[:-1])
        return sources

    def test_is_there(self) -> None:
        assert [one for one in self.copied() if not (PROJECT_ROOT / one).exists()] == []

    def test_is_all_that_a_wheel_is_made_of(self) -> None:
        wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
        project = PROJECT["project"]

        made_of = {*wheel["only-include"], *project["license-files"], project["readme"]}
        made_with = {"pyproject.toml", "requirements.lock"}
        assert self.copied() == made_of | made_with | OF_NPM

    def test_and_nothing_else_is_sent_to_the_builder(self) -> None:
        lines = (PROJECT_ROOT / ".dockerignore").read_text().splitlines()

        assert "*" in lines
        assert {line[1:] for line in lines if line.startswith("!")} == self.copied()


class TestThePages:
    def test_find_each_file_from_npm_where_they_look(self) -> None:
        (from_npm,) = [one for one in stages() if one_of("FROM", one).endswith(" AS pages")]
        (copied,) = [one for one in all_of("COPY", building()) if one.startswith("--from=pages")]
        wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]

        for name in WANTED:
            assert f"cp node_modules/{name} vendor/{name.rpartition('/')[0]}/" in one_of(
                "RUN", from_npm
            )
        assert copied.split()[1:] == ["/pages/vendor", *wheel["artifacts"]]


class TestWhatIsInstalled:
    def test_is_the_part_of_the_lock_that_running_needs(self) -> None:
        pins = locked("building")

        assert wanted(PROJECT["project"]["dependencies"]) <= set(pins)
        assert not wanted(PROJECT["project"]["optional-dependencies"]["build"]) & set(pins)
        assert "pytest" not in pins

    def test_is_built_with_what_the_lock_names(self) -> None:
        assert "hatchling" in locked("developing")

    @pytest.mark.parametrize("part", ["building", "developing"])
    def test_is_cut_from_the_lock_at_a_line_that_is_there(self, part: str) -> None:
        (cut,) = set(re.findall(rf"'/\^(# --- [^/]*{part})/", one_of("RUN", building()[:5])))

        assert sum(line.startswith(cut) for line in LOCK.splitlines()) == 1

    def test_has_a_hash_for_every_pin(self) -> None:
        assert [
            name for name, pin in locked("building").items() if "--hash=sha256:" not in pin
        ] == []
        for run in all_of("RUN", building()):
            for install in re.findall(r"pip install ([^&]*)", run):
                assert install.startswith(("--require-hashes", "--no-deps dist/"))

    def test_brings_no_index_along(self) -> None:
        assert not re.search(
            r"^(-i|--index-url|--extra-index-url|--find-links)", LOCK, re.MULTILINE
        )


class TestWhatRuns:
    def test_is_not_root(self) -> None:
        words = [one.word for one in stages()[-1]]

        assert one_of("USER", stages()[-1]) not in {"root", "0"}
        assert "RUN" not in words[words.index("USER") :]

    def test_is_a_command_there_is(self) -> None:
        (program,) = json.loads(one_of("ENTRYPOINT", stages()[-1]))
        command, process = json.loads(one_of("CMD", stages()[-1]))

        assert program in PROJECT["project"]["scripts"]
        assert (command, process in set(Process)) == ("run", True)

    def test_has_settings_that_there_are(self) -> None:
        given = environment(stages()[-1])
        ours = {name: value for name, value in given.items() if name.startswith("SHAREDBOX_")}

        assert set(ours) <= NAMES
        fields: dict[str, Any] = {
            name.removeprefix("SHAREDBOX_").lower(): value for name, value in ours.items()
        }
        assert Settings(_env_file=None, **fields).host == "0.0.0.0"

    def test_is_asked_for_its_health_where_it_listens(self) -> None:
        port = environment(stages()[-1])["SHAREDBOX_PORT"]
        asked = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", one_of("HEALTHCHECK", stages()[-1]))

        assert asked
        assert (asked[1], one_of("EXPOSE", stages()[-1])) == (port, port)
        assert asked[2] in {getattr(route, "path", None) for route in router.routes}

    def test_keeps_its_data_in_the_volume(self) -> None:
        data = environment(stages()[-1])["SHAREDBOX_DATA_DIR"]

        assert one_of("VOLUME", stages()[-1]) == data
        assert re.search(
            rf"install .*--owner=sharedbox .* {data}$", " ".join(all_of("RUN", stages()[-1]))
        )


class TestCompose:
    def test_starts_a_database_a_migration_and_both_processes(self) -> None:
        commands = {name: " ".join(one["command"]) for name, one in ours().items()}

        assert commands == {"migrate": "migrate", "web": "run web", "worker": "run worker"}

    def test_begins_after_the_migration_and_that_after_the_database(self) -> None:
        for name, service in ours().items():
            (first,) = service["depends_on"].items()
            expected = (
                ("postgres", {"condition": "service_healthy"})
                if name == "migrate"
                else ("migrate", {"condition": "service_completed_successfully"})
            )
            assert first == expected

    @pytest.mark.parametrize("name", ["migrate", "web", "worker"])
    def test_gives_settings_that_there_are(self, name: str) -> None:
        assert set(ours()[name]["environment"]) <= NAMES

    @pytest.mark.parametrize("name", ["migrate", "web", "worker"])
    def test_takes_secrets_from_the_file_alone(self, name: str) -> None:
        service = ours()[name]
        given = json.dumps(service["environment"])

        assert service["env_file"] == ".env"
        assert "${POSTGRES_PASSWORD:?" in given
        assert not re.search(r"SECRET|TOKEN|API_KEY", given)

    def test_asks_each_process_for_its_health_where_it_listens(self) -> None:
        web, worker = ours()["web"], ours()["worker"]

        assert "healthcheck" not in web  # the image's own
        port = worker["environment"]["SHAREDBOX_METRICS_PORT"]
        assert f"http://127.0.0.1:{port}/healthz" in worker["healthcheck"]["test"][-1]

    def test_publishes_the_web_process_to_this_machine_alone(self) -> None:
        published = {
            name: one["ports"] for name, one in compose()["services"].items() if "ports" in one
        }
        port = ours()["web"]["environment"]["SHAREDBOX_PORT"]

        assert published == {"web": [f"127.0.0.1:{port}:{port}"]}

    def test_keeps_what_must_last_in_volumes_that_it_declares(self) -> None:
        used = {
            volume.partition(":")[0]
            for one in compose()["services"].values()
            for volume in one["volumes"]
        }

        assert used == set(compose()["volumes"])
        data = environment(stages()[-1])["SHAREDBOX_DATA_DIR"]
        assert {volume for one in ours().values() for volume in one["volumes"]} == {f"data:{data}"}

    def test_has_a_postgres_that_is_new_enough(self) -> None:
        image, _, tag = compose()["services"]["postgres"]["image"].partition(":")

        assert (image, int(tag.partition("-")[0]) >= OLDEST_POSTGRES) == ("postgres", True)

    def test_leaves_more_time_to_stop_than_a_process_takes(self) -> None:
        assert int(ours()["worker"]["stop_grace_period"].removesuffix("s")) > 20

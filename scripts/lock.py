"""Write requirements.lock: every dependency, pinned and hashed, naming no index.

What SharedBox needs to run comes first, then what makes a wheel of it, then what developing it
needs, each below a marker line. An image of the service needs only the first (see the Dockerfile).
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
MARKERS = {
    "build": "# --- below this line: only for building SharedBox ---",
    "dev": "# --- below this line: only for developing SharedBox ---",
}


def compile_pins(*arguments: str) -> dict[str, str]:
    """Resolve pyproject.toml and answer one block of text (pin and hashes) per package.

    The pins of the present lock are kept where they still do, unless `--upgrade` is among the
    arguments: uv takes them from the file it writes to.
    """
    written = ROOT / ".venv" / "resolved.txt"
    shutil.copyfile(LOCK, written)
    command = [
        "uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11",
        "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header",
        "--no-annotate", "--quiet", "--output-file", str(written), *arguments,
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603
    blocks = re.split(r"\n(?=\S)", written.read_text().strip())
    return {re.split(r"[=\s;]", block, maxsplit=1)[0]: block for block in blocks}


def main() -> None:
    everything = compile_pins("--extra", "dev", *sys.argv[1:])
    pinned = ("--constraint", str(_as_constraints(everything)))
    runtime = compile_pins(*pinned)
    build = compile_pins("--extra", "build", *pinned)
    lines = [everything[name] for name in everything if name in runtime]
    lines += [MARKERS["build"]]
    lines += [everything[name] for name in everything if name in build and name not in runtime]
    lines += [MARKERS["dev"]]
    lines += [everything[name] for name in everything if name not in {*build, *runtime}]
    LOCK.write_text("\n".join(lines) + "\n")


def _as_constraints(pins: dict[str, str]) -> Path:
    path = ROOT / ".venv" / "all-pins.txt"
    path.write_text("\n".join(block.split(" \\")[0] for block in pins.values()))
    return path


if __name__ == "__main__":
    main()

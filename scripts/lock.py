"""Write requirements.lock: every dependency, pinned and hashed, naming no index.

What SharedBox needs to run comes first; below the marker line comes what developing it needs. An
image of the service installs the part above the line (see the Dockerfile).
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MARKER = "# --- below this line: only for developing SharedBox ---"


def compile_pins(*arguments: str) -> dict[str, str]:
    """Resolve pyproject.toml and answer one block of text (pin and hashes) per package."""
    command = [
        "uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11",
        "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header",
        "--no-annotate", "--quiet", *arguments,
    ]  # fmt: skip
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603
    blocks = re.split(r"\n(?=\S)", output.strip())
    return {re.split(r"[=\s;]", block, maxsplit=1)[0]: block for block in blocks}


def main() -> None:
    everything = compile_pins("--extra", "dev", *sys.argv[1:])
    runtime = compile_pins("--constraint", str(_as_constraints(everything)))
    lines = [everything[name] for name in everything if name in runtime]
    lines += [MARKER]
    lines += [everything[name] for name in everything if name not in runtime]
    (ROOT / "requirements.lock").write_text("\n".join(lines) + "\n")


def _as_constraints(pins: dict[str, str]) -> Path:
    path = ROOT / ".venv" / "all-pins.txt"
    path.write_text("\n".join(block.split(" \\")[0] for block in pins.values()))
    return path


if __name__ == "__main__":
    main()

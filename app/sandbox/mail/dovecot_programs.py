"""Dovecot's programs: where they are, which version, and how doveadm is run."""

import asyncio
import functools
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from app.sandbox.mail.server import MailServerFailed

_WHERE_ELSE: Final = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/opt/homebrew/bin"]
"""Where they are while the PATH of an ordinary user does not say so."""


@functools.cache
def installed_version() -> str:
    """The version of the installed Dovecot, such as `2.3.19.1`."""
    command = [path_of("dovecot"), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 -- our own command line
    if not (found := re.match(r"\d+\.\d+[\d.]*", said.stdout)):
        raise MailServerFailed(f"This Dovecot does not tell its version: {said.stderr.strip()}")
    return found[0]


def path_of(program: str) -> str:
    if path := find(program):
        return path
    raise MailServerFailed(
        "Dovecot is not installed.",
        fix="On Debian and Ubuntu: apt-get install dovecot-imapd dovecot-lmtpd. "
        "On macOS: brew install dovecot.",
    )


def find(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path=os.pathsep.join(_WHERE_ELSE))


async def run_doveadm(
    config_file: Path, *arguments: str, stdin: bytes = b"", within: float = 30
) -> str:
    """What doveadm says; raises `MailServerFailed` with its own words when it fails."""
    process = await asyncio.create_subprocess_exec(
        path_of("doveadm"),
        *("-c", str(config_file)),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(within):
            output, errors = await process.communicate(stdin)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise MailServerFailed(f"doveadm took longer than {within:g} s.") from None
    if process.returncode != 0:
        raise MailServerFailed(f"doveadm failed: {errors.decode(errors='replace').strip()}")
    return output.decode()

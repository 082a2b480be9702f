"""What people see of a demo in the terminal: its steps, then a panel of addresses and logins.

Steps and progress go to standard error. The panel, or the JSON in its place, is all of the output.
"""

import asyncio
import json
import os
import sys
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import typer
from rich import box
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from app.cli.output import console, errors
from app.sandbox.demo import Demo
from app.sandbox.inbox import CHANNEL

_LABELS: Final = {
    "slack": "Local Slack",
    "admin": "SharedBox",
    "docs": "API, described",
    "api_key": "API key",
    "imap": "Mailbox, IMAP",
    "smtp": "Write to it, SMTP",
    "folder": "Files and logs",
}


@dataclass(slots=True)
class Step:
    name: str


class DemoOutput:
    def __init__(self, *, as_json: bool, browser: bool) -> None:
        self._as_json = as_json
        self._browser = browser

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """A line that says what is being started, and then how long it took."""
        step, began = Step(name), perf_counter()
        with errors.status(f"{name} …"):
            yield step
        errors.print(
            f"[green]✔[/green] {step.name} [dim]{perf_counter() - began:.1f} s[/dim]",
            highlight=False,
        )

    async def ready(self, demo: Demo) -> None:
        """Show where everything is, and open the page."""
        if self._as_json:
            typer.echo(json.dumps(facts(demo)))
        else:
            console.print(_panel(demo))
        if self._browser and has_screen(os.environ, sys.platform):
            await asyncio.to_thread(webbrowser.open, demo.slack.page_url)

    @contextmanager
    def samples(self) -> Iterator[Callable[[int, int], None]]:
        """How many of how many sample mails are there."""
        bar = Progress(
            TextColumn("Sample mails come in"),
            BarColumn(),
            MofNCompleteColumn(),
            console=errors,
            transient=True,
        )
        task = bar.add_task("", total=None)
        with bar:
            yield lambda done, total: bar.update(task, completed=done, total=total)
        errors.print(
            f"[green]✔[/green] The sample mails are in #{CHANNEL}. Ctrl-C ends the demo.",
            highlight=False,
        )


def facts(demo: Demo) -> dict[str, Any]:
    """Everything somebody needs to look around, for scripts."""
    mail = demo.mail
    return {
        "slack_url": demo.slack.page_url,
        "web_url": f"{demo.base_url}/",
        "owner": {"email": demo.owner.email, "password": demo.owner.password},
        "api_url": f"{demo.base_url}/api/v1",
        "docs_url": f"{demo.base_url}/docs",
        "api_key": demo.api_key,
        "imap": {
            "host": mail.host,
            "port": mail.port,
            "security": mail.security,
            "username": mail.username,
            "password": mail.password,
            "ca_file": str(mail.ca_file) if mail.ca_file else None,
        },
        "smtp": {"host": demo.submission.host, "port": demo.submission.port},
        "folder": str(demo.folder),
    }


def has_screen(environment: Mapping[str, str], platform: str) -> bool:
    """Whether a browser can be shown: where none can, a text browser would take the terminal."""
    if platform == "darwin":
        return True
    return any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def _panel(demo: Demo) -> Panel:
    mail, tls = demo.mail, {"none": "no TLS", "starttls": "STARTTLS", "tls": "TLS"}
    values = {
        "slack": f"{demo.slack.page_url}\nRead #{CHANNEL}, and write a mail as a customer.",
        "admin": f"{demo.base_url}/\nuser {demo.owner.email}\npassword {demo.owner.password}\n"
        "or sign in with the local Slack",
        "docs": f"{demo.base_url}/docs",
        "api_key": demo.api_key,
        "imap": f"{mail.host}:{mail.port}, {tls[mail.security]}\n"
        f"user {mail.username}\npassword {mail.password}",
        "smtp": f"{demo.submission.host}:{demo.submission.port}, no login",
        "folder": str(demo.folder),
    }
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, value in values.items():
        rows.add_row(_LABELS[name], Text(value))
    return Panel(rows, title="SharedBox demo", box=box.ROUNDED, padding=(1, 2), expand=False)

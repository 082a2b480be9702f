"""`make bench`: measure, and print the tables that docs/performance.md shows.

Each subcommand measures one thing and takes what it compares with in the same run, by turns, so
that all meet the same machine. Nothing here is a test: figures differ between machines.
"""

import asyncio
from pathlib import Path
from typing import Annotated, Final

import typer

from app.core.logging import configure_logging
from bench.bulk import bulk
from bench.clicks import clicks
from bench.connecting import connecting
from bench.corpus import corpus
from bench.growth import growth
from bench.mails import Kind
from bench.peers import PEERS
from bench.report import machine
from bench.watching import watching

cli = typer.Typer(help=__doc__, no_args_is_help=False, pretty_exceptions_enable=False)
_KINDS: Final[tuple[Kind, ...]] = ("mix", "small")


@cli.callback(invoke_without_command=True)
def everything(context: typer.Context) -> None:
    """All of it, one after the other: about half an hour."""
    configure_logging(process="bench", json=False, level="WARNING")
    print(f"Measured on {machine()}.\n")
    if context.invoked_subcommand is None:
        run_bulk()
        run_watching()
        run_connecting()
        run_clicks()
        run_growth()


@cli.command("bulk")
def run_bulk(
    mails: Annotated[int, typer.Option(help="Mails in the mailbox.", min=10)] = 5000,
    rounds: Annotated[int, typer.Option(help="How often each takes its turn.", min=1)] = 3,
    kind: Annotated[str, typer.Option(help="mix, small or both.")] = "both",
    peer: Annotated[
        list[str] | None, typer.Option(help=f"Of {', '.join(PEERS)}; may be repeated.")
    ] = None,
) -> None:
    """Catch up with a full mailbox, beside other programs that do the same."""
    kinds = [one for one in _KINDS if kind in {one, "both"}]
    print(asyncio.run(bulk(mails, rounds, kinds, peer or ["mbsync"])), "\n")


@cli.command("watching")
def run_watching(
    accounts: Annotated[int, typer.Option(help="Accounts that are watched.", min=2)] = 500,
    mails: Annotated[int, typer.Option(help="Mails whose way is timed.", min=2)] = 60,
    settle: Annotated[int, typer.Option(help="Seconds before the quiet begins.", min=1)] = 200,
    quiet: Annotated[int, typer.Option(help="Seconds in which nothing happens.", min=10)] = 120,
) -> None:
    """Watch many accounts at once: memory, threads, processor time, and the way of a mail."""
    print(asyncio.run(watching(accounts, mails, settle, quiet)), "\n")


@cli.command("connecting")
def run_connecting(
    mails: Annotated[int, typer.Option(help="Mails in the account.", min=12)] = 20_000,
) -> None:
    """Connect an account full of mail: time, memory, cards posted, mails missing."""
    print(asyncio.run(connecting(mails)), "\n")


@cli.command("clicks")
def run_clicks(
    accounts: Annotated[int, typer.Option(help="Accounts that are watched.", min=2)] = 500,
    count: Annotated[int, typer.Option("--clicks", help="Of each kind.", min=2)] = 50,
    settle: Annotated[int, typer.Option(help="Seconds before the first click.", min=1)] = 60,
) -> None:
    """Click while many accounts are watched: until it is kept, shown, and done on the server."""
    print(asyncio.run(clicks(accounts, count, settle)), "\n")


@cli.command("growth")
def run_growth(
    largest: Annotated[int, typer.Option(help="Mails in the largest folder.", min=1000)] = 100_000,
) -> None:
    """Look at folders of growing size in which nothing is new."""
    print(asyncio.run(growth(largest)), "\n")


@cli.command("corpus")
def run_corpus(
    folder: Annotated[Path, typer.Argument(help="Where other people’s test mail is.")],
) -> None:
    """Compare what we read in other people's test mail with what it states of itself."""
    print(corpus(folder), "\n")


if __name__ == "__main__":
    cli()

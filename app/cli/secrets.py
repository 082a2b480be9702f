"""`sharedbox secrets`: the keys that stored credentials are encrypted with."""

from typing import Annotated

import typer
from cryptography.fernet import Fernet
from rich.progress import Progress

from app.accounts.reseal import count_secrets, reseal
from app.bootstrap.opening import open_container
from app.cli.output import console, errors, fail, run
from app.core.config import Settings

secrets = typer.Typer(help="The keys of stored credentials.", no_args_is_help=True)


@secrets.command()
def new(
    count: Annotated[int, typer.Option(help="How many keys.", min=1, max=10)] = 1,
) -> None:
    """Make a key for SHAREDBOX_SECRET_KEYS. To rotate, put the new one before the old one.

    Example: sharedbox secrets new
    """
    for _ in range(count):
        typer.echo(Fernet.generate_key().decode())


@secrets.command()
def rotate() -> None:
    """Encrypt every stored credential with the first of SHAREDBOX_SECRET_KEYS.

    May be broken off and run again. Afterwards the old keys can be taken out of the setting.

    Example: sharedbox secrets rotate
    """

    async def work(given: Settings) -> tuple[int, list[str]]:
        done, unreadable = 0, list[str]()
        async with open_container(given) as parts:
            total = await count_secrets(parts.store)
            with Progress(console=errors, transient=True) as bar:
                task = bar.add_task("Encrypting anew", total=total)
                async for one in reseal(parts.store, parts.vault):
                    if one.unreadable:
                        unreadable.append(one.what)
                    else:
                        done += 1
                    bar.advance(task)
        return done, unreadable

    done, unreadable = run(work)
    console.print(f"{done} encrypted with the first key.", highlight=False)
    for what in unreadable:
        errors.print(what, style="red", markup=False, highlight=False)
    if unreadable:
        fail("Keep the old keys until these are stored anew, or add the key they were stored with.")

"""The command `sharedbox`."""

from typing import Annotated

import typer
from cryptography.fernet import Fernet

from app.bootstrap import open_database
from app.cli.accounts import accounts
from app.cli.demo import demo
from app.cli.doctor import doctor
from app.cli.importing import import_
from app.cli.keys import keys
from app.cli.output import console
from app.cli.output import run as run_work
from app.cli.run import run
from app.core.config import Settings
from app.store.migrate import migrate as migrate_database

cli = typer.Typer(
    name="sharedbox",
    help="A self-hosted shared inbox in Slack.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(accounts, name="accounts")
cli.add_typer(keys, name="keys")
cli.command()(demo)
cli.command("import")(import_)
cli.command()(doctor)
cli.command()(run)


@cli.command()
def migrate() -> None:
    """Bring the database up to the schema of this version. Safe to repeat.

    Example: sharedbox migrate
    """

    async def work(given: Settings) -> None:
        async with open_database(given) as url:
            migrate_database(url)

    run_work(work)
    console.print("The database has the schema of this version.")


@cli.command()
def secrets(
    count: Annotated[int, typer.Option(help="How many keys.", min=1, max=10)] = 1,
) -> None:
    """Make a key for SHAREDBOX_SECRET_KEYS. To rotate, put the new one before the old one.

    Example: sharedbox secrets
    """
    for _ in range(count):
        typer.echo(Fernet.generate_key().decode())


def main() -> None:
    cli()


if __name__ == "__main__":
    main()

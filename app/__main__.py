"""The command `sharedbox`."""

import typer

from app.bootstrap.opening import open_database
from app.cli.accounts import accounts
from app.cli.aliases import aliases
from app.cli.channels import channels
from app.cli.demo import demo
from app.cli.doctor import doctor
from app.cli.erasing import erase
from app.cli.importing import import_
from app.cli.keys import keys
from app.cli.output import console
from app.cli.output import run as run_work
from app.cli.owner import owner
from app.cli.run import run
from app.cli.secrets import secrets
from app.cli.slack_link import slack_link
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
cli.add_typer(aliases, name="aliases")
cli.add_typer(channels, name="channels")
cli.add_typer(keys, name="keys")
cli.add_typer(secrets, name="secrets")
cli.command()(demo)
cli.command("import")(import_)
cli.command()(doctor)
cli.command()(erase)
cli.command()(owner)
cli.command()(run)
cli.command("slack-link")(slack_link)


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


def main() -> None:
    cli()


if __name__ == "__main__":
    main()

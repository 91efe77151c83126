"""The one command line, ``todoke``. Subcommands import lazily: the reader's needs neither Flask nor the database."""

from __future__ import annotations

import sys
from importlib import import_module

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("app.cli.demo:demo", "Run the whole system on this machine, with sample data and simulated cards."),
    "demo-prepare": (
        "app.cli.demo_prepare:demo_prepare",
        "Make a database and a state folder ready for the demo's parts (containers).",
    ),
    "journey": ("app.cli.journey:journey", "Walk one test person through a whole application; the smoke test."),
    "serve": ("app.cli.serve:serve", "Run the web service."),
    "worker": ("app.cli.serve:worker", "Run a worker: grant orders, inquiries, periodic jobs."),
    "reader": ("app.cli.reader:reader", "Run the reader agent beside a card reader, with its own keypad page."),
    "desk": ("app.cli.desk:desk", "Run the tester's desk: lay simulated cards on a virtual reader."),
    "card": ("app.cli.card:card", "Lay simulated cards on virtual PC/SC readers, take them away, list them."),
    "ocsp": ("app.cli.issuer:ocsp", "Run the OCSP responder of the TEST issuer; give out its revocation lists."),
    "provider-simulator": ("app.cli.provider_simulator:provider_simulator", "Run a simulated payment provider."),
    "db": ("app.cli.database:db", "Create and migrate the database."),
    "policies": ("app.cli.policies:policies", "Load benefits (施策) and payment services."),
    "maintenance": ("app.cli.maintenance:maintenance", "Announce planned maintenance, list it, call it off."),
    "lists": ("app.cli.lists:lists", "Load lists of recipients and exclusions."),
    "shops": ("app.cli.shops:shops", "Load lists of shops where purchases count or a benefit is spent."),
    "rebates": ("app.cli.rebates:rebates", "Import purchases for rebates, close periods, list what was put aside."),
    "municipalities": (
        "app.cli.municipalities:municipalities",
        "Import the table of municipality codes, or ask which municipality an address lies in.",
    ),
    "agents": ("app.cli.agents:agents", "Enrol, list and revoke reader agents."),
    "staff": ("app.cli.staff:staff", "Add, list, reset and disable accounts of staff."),
    "terminals": ("app.cli.terminals:terminals", "Name counter terminals and let their browsers join."),
    "openapi": ("app.cli.openapi:openapi", "Describe the interfaces for machines (OpenAPI)."),
    "clock": ("app.cli.clock:clock", "Show or move the simulated clock of a demo."),
    "people": ("app.cli.people:people", "Erase people's data."),
    "retention": ("app.cli.people:keeping", "How long personal data is kept; what is over is erased."),
    "keys": ("app.cli.keys:keys", "Make and rotate the keys of an installation."),
    "providers": ("app.cli.providers:providers", "Show the lines to providers; hold new orders back."),
    "grant-files": ("app.cli.grant_files:grant_files", "Orders to and results from providers reached by file."),
    "vouchers": ("app.cli.vouchers:vouchers", "Paper vouchers and the like, which staff hand over themselves."),
    "provider-kit": ("app.cli.provider_kit:provider_kit", "Try a payment provider's interface; describe it."),
    "results": ("app.cli.results:results", "List and decide providers' results that were put aside."),
    "mail": ("app.cli.mail:mail", "Stop sending to addresses that mail servers gave back; send what waits."),
    "mail-catcher": ("app.cli.mail_catcher:mail_catcher", "Catch the demo's mail and show it; nothing is delivered."),
    "check": ("app.cli.check:check", "Check that the books agree, and whether mail goes out."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; a missing extra is said in one sentence."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        try:
            command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"`todoke {cmd_name}` needs the package {error.name}: install todoke with the extra `server`"
            ) from None
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="todoke")
def cli() -> None:
    """todoke (とどけ): municipal benefits as cashless points.

    Try `todoke demo`, then, in a second terminal, `todoke journey --person TP-02 --policy P-001 --service SVC-QR-01`.
    Settings come from the environment (TODOKE_...); see docs/operations.
    """


def main() -> None:
    """Entry point: refusals of settings, and a database that does not answer, are one plain sentence and status 1."""
    try:
        cli(prog_name="todoke")
    except ModuleNotFoundError as error:
        click.echo(f"todoke: the package {error.name} is missing: install todoke with the extra `server`", err=True)
        sys.exit(1)
    except Exception as error:
        said = _in_one_sentence(error)
        if said is None:
            raise
        click.echo(f"todoke: {said}", err=True)
        sys.exit(1)


def _in_one_sentence(error: Exception) -> str | None:
    """What the operator can mend; ``None`` for a fault of ours, which keeps its traceback."""
    name = type(error).__name__
    if name in ("SettingsRefused", "PostgresUnavailable"):
        return str(error)
    # SQLAlchemy's, without a statement: there was no connection to ask on. It is not imported here.
    if name == "OperationalError" and getattr(error, "statement", "") is None:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        return f"the database of TODOKE_DATABASE_URL does not answer: {reason}"
    return None


if __name__ == "__main__":
    main()

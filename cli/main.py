"""The `busyhour` command. A verb's module is imported when it is used, so that `busyhour --help` is instant."""

import sys
from importlib import import_module
from typing import Final

import click

VERBS: Final = {
    "simulate": "Run a scenario in virtual time: KPIs with intervals, call records, a report.",
    "replay": "Run scenario files as tests: expectations and golden traces.",
    "schema": "The JSON Schema of scenario files, for editors and checkers.",
}
"""In the order of the help; each is a module of this package that defines a command of the same name."""


class Verbs(click.Group):
    """A group that knows its verbs' names and summaries without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(f"cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="busyhour")
def busyhour() -> None:
    """Busyhour: one call runtime, two clocks.

    Exit codes: 0 ok · 1 an expectation or golden comparison failed · 2 the input is wrong · 3 it could not
    run · 130 interrupted.
    """


def main() -> None:
    """The console script."""
    busyhour.main(prog_name="busyhour", args=sys.argv[1:])

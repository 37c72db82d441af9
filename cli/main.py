"""The `busyhour` command. A verb's module is imported when it is used: `busyhour --help` is instant."""

import os
import sys
import traceback
from importlib import import_module
from typing import Final

import click

from cli.exits import COULD_NOT_RUN, INTERRUPTED, OK, WRONG_INPUT

# numpy's linear algebra would start a thread a processor, which spin for a while and are never used.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

VERBS: Final = {
    "simulate": "Run a scenario in virtual time: KPIs with intervals, call records, a report.",
    "run": "Run the same scenario live: on Ray, by the clock on the wall, over a durable store.",
    "replay": "Run scenario files as tests: expectations and golden traces.",
    "campaigns": "How a live run's campaigns stand; pause, resume, stop or launch one.",
    "nodes": "What runs on which machine of a cluster; drain one, or take that back.",
    "serve": "Run the call platform and its HTTP API.",
    "doctor": "Look at a live run from outside, and name what is broken.",
    "keys": "API keys of the platform: create, list, revoke.",
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


def run(arguments: list[str]) -> int:
    """What the command comes to, as an exit code. A verb returns its own; None is OK."""
    try:
        code = busyhour.main(arguments, prog_name="busyhour", standalone_mode=False)
        return code if isinstance(code, int) else OK
    except click.ClickException as error:
        error.show()
        return WRONG_INPUT
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # Whoever read the output has gone (click exits for that alone), which is no fault; Python would say so once
        # more at exit.
        sys.stdout = None
        return OK
    except OSError as error:
        click.echo(f"busyhour: {sentence_of(error)}", err=True)
        return COULD_NOT_RUN
    except Exception:
        traceback.print_exc()
        click.echo("busyhour: a fault of Busyhour's own; the lines above say where", err=True)
        return COULD_NOT_RUN


def sentence_of(error: OSError) -> str:
    """`runs/demo: No space left on device` of an error of the operating system's."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))

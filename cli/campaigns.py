"""`busyhour campaigns`: a live run's campaigns, and what an operator does to them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cli.exits import COULD_NOT_RUN, OK, WRONG_INPUT
from cli.live_store import RunNotFound, data_dir_option, store_of

if TYPE_CHECKING:
    from actors.doctor import Facts
    from actors.runs import Listed

OBEYED_S: Final = 10.0
"""How long a campaign that answers takes to obey, at most."""

_Asked = Callable[[Any, str, "Listed"], Awaitable[int]]
"""(store, scope, run) → exit code."""


@click.group(invoke_without_command=True)
@data_dir_option
@click.pass_context
def campaigns(context: click.Context, data_dir: Path | None) -> int | None:
    """Say how the campaigns of a live run stand; with a command, pause, resume, stop or launch one of them.

    What was ordered is in the store before the command ends, and holds whatever crashes.
    """
    context.obj = data_dir
    return None if context.invoked_subcommand else _with_run(data_dir, _list)


@campaigns.command()
@click.argument("name")
@click.pass_obj
def pause(data_dir: Path | None, name: str) -> int:
    """Dial nobody any more for a while; calls that are under way go on."""
    return _with_run(data_dir, _order(name, "CampaignPaused", "paused"))


@campaigns.command()
@click.argument("name")
@click.pass_obj
def resume(data_dir: Path | None, name: str) -> int:
    """Go on dialling."""
    return _with_run(data_dir, _order(name, "CampaignResumed", "running"))


@campaigns.command()
@click.argument("name")
@click.pass_obj
def launch(data_dir: Path | None, name: str) -> int:
    """Begin before the scenario does it, or again after a stop."""
    return _with_run(data_dir, _order(name, "CampaignLaunched", "running"))


@campaigns.command()
@click.argument("name")
@click.option(
    "--in-flight",
    type=click.Choice(["drain", "cancel_unanswered", "hang_up"]),
    default="drain",
    help="What becomes of its calls: they go on; those that nobody has answered are cancelled; all end.",
)
@click.pass_obj
def stop(data_dir: Path | None, name: str, in_flight: str) -> int:
    """Dial nobody any more."""
    from busyhour.core.campaign import IN_FLIGHT

    return _with_run(data_dir, _order(name, "CampaignStopped", "stopping", IN_FLIGHT.index(in_flight)))


def _with_run(data_dir: Path | None, ask: _Asked) -> int:
    from actors.runs import listed
    from busyhour.adapters.valkey.connection import connect
    from busyhour.adapters.valkey.errors import StoreRefusedError
    from busyhour.settings import WrongSettingError

    async def asked(url: str) -> int:
        async with await connect(url, functions=False) as client:
            runs = await listed(client)
            if not runs:
                click.echo("nothing runs over this store", err=True)
                return COULD_NOT_RUN
            return max([await ask(client, scope, run) for scope, run in runs.items()])

    try:
        return asyncio.run(asked(store_of(data_dir)))
    except (RunNotFound, WrongSettingError) as missing:
        click.echo(missing, err=True)
        return WRONG_INPUT
    except StoreRefusedError as refused:
        click.echo(refused, err=True)
        return COULD_NOT_RUN


async def _list(client: Any, scope: str, run: Listed) -> int:
    from actors.doctor import look

    facts = [each for each in await look(client, scope) if each.actor.startswith("campaign-")]
    click.echo(f"{run.scenario}")
    for line in table_of(run, facts):
        click.echo(line)
    return OK if all(each.answers for each in facts) else COULD_NOT_RUN


def table_of(run: Listed, said: list[Facts]) -> list[str]:
    """A line for each campaign; `said`, what their actors say of themselves."""
    width = max((len(name) for name in run.campaigns), default=0)
    lines: list[str] = []
    for each in said:
        if not each.answers:
            lines.append(f"  {each.actor} does not answer")
        for number, facts in each.campaigns.items():
            held = f", held by {facts['blocked_by']}" if facts["blocked_by"] else ""
            lines.append(
                f"  {run.campaigns[number]:{width}}  {facts['state']}{held}: {facts['attempts']:,} attempts, "
                f"{len(facts['in_flight']):,} in flight, {facts['remaining'] + facts['leased']:,} of "
                f"{facts['total']:,} contacts to go"
            )
    return lines


def _order(name: str, event: str, becomes: str, *facts: int) -> _Asked:
    async def order(client: Any, scope: str, run: Listed) -> int:
        from actors.orders import give
        from busyhour.host import campaign_host

        if name not in run.campaigns:
            there = ", ".join(run.campaigns) or "none"
            click.echo(f"{run.scenario} has no campaign {name}: there is {there}", err=True)
            return WRONG_INPUT
        number = list(run.campaigns).index(name)
        if await give(client, scope, campaign_host(number), [event, number, *facts], OBEYED_S):
            click.echo(f"{name}: {becomes}")
            return OK
        click.echo(
            f"{name} has not answered in {OBEYED_S:g} s; the order stays, and holds when it is back", err=True
        )
        return COULD_NOT_RUN

    return order

"""`busyhour doctor`: what is broken in a live run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from cli.exits import COULD_NOT_RUN, FAILED, OK, WRONG_INPUT
from cli.live_store import RunNotFound, data_dir_option, store_of


@click.command()
@data_dir_option
def doctor(data_dir: Path | None) -> int:
    """Look twice at every live run of a store, and name what is broken: contacts with two calls or in no state, calls
    that nobody has, agents who wait for nothing, actors that do not answer.

    Exit codes: 0 all is well · 1 something is broken · 3 nothing to look at.
    """
    from busyhour.adapters.valkey.errors import StoreRefusedError

    try:
        return asyncio.run(_examine(store_of(data_dir)))
    except RunNotFound as missing:
        click.echo(missing, err=True)
        return WRONG_INPUT
    except StoreRefusedError as refused:
        click.echo(refused, err=True)
        return COULD_NOT_RUN


async def _examine(url: str) -> int:
    from actors.doctor import SETTLE_S, findings, listed, look
    from busyhour.adapters.valkey.connection import connect

    async with await connect(url) as client:
        runs = await listed(client)
        if not runs:
            click.echo("nothing runs over this store", err=True)
            return COULD_NOT_RUN
        code = OK
        for scope, run in runs.items():
            looks = [await look(client, scope, run)]
            await asyncio.sleep(SETTLE_S)
            looks.append(await look(client, scope, run))
            wrong = findings(looks)
            calls = sum(len(facts.calls) for facts in looks[-1])
            click.echo(f"{run.scenario}: {len(run.actors)} actors, {calls} calls alive")
            for sentence in wrong:
                click.echo(f"✗  {sentence}")
            if wrong:
                code = FAILED
            else:
                click.echo(
                    "✓  no contact has two calls or no state, every call and agent has what belongs to it"
                )
        return code

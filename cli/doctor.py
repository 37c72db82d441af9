"""`busyhour doctor`: what is broken in a live run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.exits import COULD_NOT_RUN, FAILED, OK, WRONG_INPUT
from cli.live_store import RunNotFound, data_dir_option, store_of

if TYPE_CHECKING:
    from actors.runs import Listed
    from busyhour.adapters.valkey.shards import ShardMap


@click.command()
@data_dir_option
@click.option("--clear", is_flag=True, help="Take runs that ended badly out of the store.")
def doctor(data_dir: Path | None, clear: bool) -> int:
    """Look at every live run of a store, and name what stays broken: contacts with two calls or in no state, calls
    that nobody has, agents who wait for nothing, actors that do not answer. A run of which nobody answers has ended
    badly.

    Exit codes: 0 all is well · 1 something is broken · 3 nothing to look at.
    """
    from busyhour.adapters.valkey.errors import StoreRefusedError
    from busyhour.settings import WrongSettingError

    try:
        return asyncio.run(_examine(store_of(data_dir), clear))
    except (RunNotFound, WrongSettingError) as missing:
        click.echo(missing, err=True)
        return WRONG_INPUT
    except StoreRefusedError as refused:
        click.echo(refused, err=True)
        return COULD_NOT_RUN


async def _examine(url: str, clear: bool) -> int:
    from actors.runs import listed
    from busyhour.adapters.valkey.connection import connect

    async with await connect(url, functions=False) as client:
        runs = await listed(client)
        if not runs:
            click.echo("nothing runs over this store", err=True)
            return COULD_NOT_RUN
        codes = [await _examine_run(client, scope, run, clear) for scope, run in runs.items()]
        return max(codes)


async def _examine_run(client: Any, scope: str, run: Listed, wants_clear: bool) -> int:
    from actors.doctor import ENOUGH, SETTLE_S, findings, look
    from actors.runs import clear, processes
    from busyhour.adapters.valkey.shards import StoredShards

    looks = [await look(client, scope)]
    while (wrong := findings(looks)) and len(looks) < ENOUGH:
        await asyncio.sleep(SETTLE_S)
        looks.append(await look(client, scope))
    shards = await StoredShards(client, scope).read()
    there = await processes(client, scope)
    calls = sum(len(facts.calls) for facts in looks[-1])
    click.echo(f"{run.scenario}: {len(there)} actors, {calls} calls alive")
    for actor, process in sorted(there.items()):
        restarts = f"{process.restarts} restart{'' if process.restarts == 1 else 's'}"
        has = shards_of(shards, actor)
        click.echo(f"   {actor:12} process {process.pid} on {process.node}, {restarts}{has}")
    if not any(facts.answers for each in looks for facts in each):
        if wants_clear:
            click.echo(f"cleared: it had ended badly and left {await clear(client, scope)} keys")
            return OK
        click.echo(
            "✗  none of its actors answers: the run has ended badly; busyhour doctor --clear clears it away"
        )
        return FAILED
    for sentence in wrong:
        click.echo(f"✗  {sentence}")
    if not wrong:
        click.echo("✓  no contact has two calls or no state, every call and agent has what belongs to it")
    return FAILED if wrong else OK


def shards_of(shards: ShardMap, actor: str) -> str:
    """What the map says of an actor; empty where it says nothing."""
    has, coming = len(shards.of(actor)), len(shards.bound_for(actor))
    if not has and not coming:
        return ""
    told = [f"{has} virtual shard{'' if has == 1 else 's'}"]
    closed = has - len(shards.open_of(actor))
    if closed:
        told.append(f"{closed} closed")
    if coming:
        told.append(f"{coming} to come")
    return ", " + ", ".join(told) + (", answers callers" if shards.front == actor else "")

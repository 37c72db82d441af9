"""`busyhour nodes`: the machines of a cluster, and how to take one away without losing a call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cli.exits import COULD_NOT_RUN, OK, WRONG_INPUT
from cli.live_store import RunNotFound, data_dir_option, store_of

if TYPE_CHECKING:
    from actors.nodes import NodeFacts

LOOK_S: Final = 0.5
APPEARS_S: Final = 5.0
"""A run that has just begun tells its nodes within so long."""

_Runs = Mapping[str, "list[NodeFacts] | None"]
"""The nodes by what runs on them; None where nobody watches over it."""


class RefusedError(Exception):
    """Its text is a sentence for whoever typed the command; `code` the exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence, code)
        self.sentence = sentence
        self.code = code

    def __str__(self) -> str:
        return self.sentence


@click.group(invoke_without_command=True)
@data_dir_option
@click.pass_context
def nodes(context: click.Context, data_dir: Path | None) -> int | None:
    """Say what runs on which node; with a command, drain a node that is to be taken away, or take that back."""
    context.obj = data_dir
    return None if context.invoked_subcommand else _with_store(data_dir, _list)


@nodes.command()
@click.argument("node")
@click.option("--no-wait", is_flag=True, help="Return when the order is in the store.")
@click.pass_obj
def drain(data_dir: Path | None, node: str, no_wait: bool) -> int:
    """Have everything leave NODE, without losing a call: no new calls begin there, those that are alive end by
    themselves, and campaigns, queues and recorder go on elsewhere at once.

    NODE is a name that `busyhour nodes` shows, or a part of it that means only one. The order is in the store before
    anything happens; Ctrl-C ends the waiting, not the drain.
    """

    async def drain_it(client: Any) -> int:
        return await _drain(client, node, no_wait)

    return _with_store(data_dir, drain_it)


@nodes.command()
@click.argument("node")
@click.pass_obj
def undrain(data_dir: Path | None, node: str) -> int:
    """Let actors come to NODE again; what has left comes back by and by, if that evens things out."""

    async def undrain_it(client: Any) -> int:
        return await _undrain(client, node)

    return _with_store(data_dir, undrain_it)


def _with_store(data_dir: Path | None, ask: Callable[[Any], Awaitable[int]]) -> int:
    from busyhour.adapters.valkey.connection import connect
    from busyhour.adapters.valkey.errors import StoreRefusedError
    from busyhour.settings import WrongSettingError

    async def asked(url: str) -> int:
        async with await connect(url, functions=False) as client:
            return await ask(client)

    try:
        return asyncio.run(asked(store_of(data_dir)))
    except RefusedError as refused:
        click.echo(refused, err=True)
        return refused.code
    except (RunNotFound, WrongSettingError) as missing:
        click.echo(missing, err=True)
        return WRONG_INPUT
    except StoreRefusedError as refused:
        click.echo(refused, err=True)
        return COULD_NOT_RUN


async def _runs(client: Any) -> _Runs:
    """Raises RefusedError where nothing runs."""
    from actors.nodes import told
    from actors.runs import listed

    runs = await listed(client)
    if not runs:
        raise RefusedError("nothing runs over this store", COULD_NOT_RUN)
    waited_s = 0.0
    while True:
        found = {run.scenario: await told(client, scope) for scope, run in runs.items()}
        if None not in found.values() or waited_s >= APPEARS_S:
            return found
        await asyncio.sleep(LOOK_S)
        waited_s += LOOK_S


async def _list(client: Any) -> int:
    from actors.nodes import drained

    runs = await _runs(client)
    drained_ids = set(await drained(client))
    for run, facts in runs.items():
        click.echo(run)
        for line in table_of(facts, drained_ids):
            click.echo(line)
    return COULD_NOT_RUN if None in runs.values() else OK


def table_of(facts: Sequence[NodeFacts] | None, drained: set[str]) -> list[str]:
    """A line for each node."""
    if facts is None:
        return ["  nobody watches over it"]
    width = max((len(node.name) for node in facts), default=0)
    return [
        f"  {node.name:{width}}  {node.cpus:g} CPUs, {_calls(node.calls)}{_state(node, drained)}: "
        f"{', '.join(node.actors) or 'nothing'}"
        for node in facts
    ]


def _state(node: NodeFacts, drained: set[str]) -> str:
    if node.id in drained:
        return ", drained"
    return f", {node.closed} virtual shards closed" if node.closed else ""


def _calls(count: int) -> str:
    return f"{count:,} call{'' if count == 1 else 's'}"


def node_of(wanted: str, facts: Sequence[NodeFacts]) -> NodeFacts:
    """The one that `wanted` means. Raises RefusedError."""
    exact = [node for node in facts if wanted in (node.name, node.id)]
    some = exact or [node for node in facts if wanted and (wanted in node.name or node.id.startswith(wanted))]
    by_id = {node.id: node for node in some}
    if len(by_id) == 1:
        return next(iter(by_id.values()))
    there = ", ".join(sorted({node.name for node in (some or facts)})) or "none"
    if by_id:
        raise RefusedError(f"{wanted} may mean {there}: which?", WRONG_INPUT)
    raise RefusedError(f"there is no node {wanted}: there is {there}", WRONG_INPUT)


async def _drain(client: Any, wanted: str, no_wait: bool) -> int:
    from actors.nodes import drain, drained

    runs = await _runs(client)
    every = [node for facts in runs.values() for node in facts or ()]
    node = node_of(wanted, every)
    out = {*await drained(client), node.id}
    for run, facts in runs.items():
        if facts and all(other.id in out for other in facts):
            raise RefusedError(
                f"{run} has no other node than {node.name} that could take its actors; add one first",
                COULD_NOT_RUN,
            )
    await drain(client, node)
    click.echo(f"{node.name}: no new calls begin there")
    return OK if no_wait else await _wait(client, node)


async def _wait(client: Any, node: NodeFacts) -> int:
    """Tell how far it is, until the node is empty."""
    from actors.nodes import drained

    said = ""
    while True:
        await asyncio.sleep(LOOK_S)
        runs = await _runs(client)
        for run, facts in runs.items():
            if facts is None:
                raise RefusedError(f"nobody watches over {run} any more; the order stays", COULD_NOT_RUN)
        here = [each for facts in runs.values() for each in facts or () if each.id == node.id]
        actors = [actor for each in here for actor in each.actors]
        if not actors:
            click.echo(f"{node.name} is empty")
            return OK
        if node.id not in await drained(client):
            raise RefusedError(f"somebody has taken back the order to drain {node.name}", COULD_NOT_RUN)
        now = f"{node.name}: {_calls(sum(each.calls for each in here))} to go, {', '.join(actors)}"
        if now != said:
            said = now
            click.echo(now)


async def _undrain(client: Any, wanted: str) -> int:
    from actors.nodes import NodeFacts, drained, undrain

    facts = [NodeFacts(id, name, 0.0, [], 0, 0) for id, name in (await drained(client)).items()]
    if not facts:
        raise RefusedError("no node is drained", WRONG_INPUT)
    node = node_of(wanted, facts)
    await undrain(client, node.id)
    click.echo(f"{node.name}: actors may come again")
    return OK

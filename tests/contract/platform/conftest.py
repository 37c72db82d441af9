"""A store of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from busyhour.adapters.valkey.embedded import EmbeddedStore


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with EmbeddedStore(tmp_path / "store") as store:
        yield store.url

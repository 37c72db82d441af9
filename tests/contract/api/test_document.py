"""The OpenAPI document and the API say the same: requests drawn from the one are answered as it says by the other."""

import asyncio
import json
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from busyhour.adapters.valkey.embedded import EmbeddedStore
from tests.support.api import Api, served

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis import GenerationMode

EXAMPLES = int(os.environ.get("BUSYHOUR_EXAMPLES", "8"))
"""Of each operation, and as many more of requests that break its schema."""
EVERY_CHECK = [
    HealthCheck.too_slow,
    HealthCheck.filter_too_much,
    HealthCheck.data_too_large,
    HealthCheck.large_base_example,
]


class Running:
    """An API on a loop of its own, which the tests drive a request at a time."""

    def __init__(self, folder: Path, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._context = served(url, folder / "files", scale=1e6)
        self.api: Api = self._loop.run_until_complete(self._context.__aenter__())
        document = self.ask("GET", "/openapi.json").json()
        self.document: dict[str, Any] = document
        self.schema: Any = schemathesis.openapi.from_dict(document)

    def ask(self, method: str, path: str, **rest: Any) -> httpx.Response:
        return self._loop.run_until_complete(self.api.client.request(method, path, **rest))

    def stop(self) -> None:
        self._loop.run_until_complete(self._context.__aexit__(None, None, None))
        self._loop.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with tempfile.TemporaryDirectory() as name, EmbeddedStore(Path(name)) as store:
        running = Running(Path(name), store.url)
        yield running
        running.stop()


def send(running: Running, case: Any) -> httpx.Response:
    """What it draws for a header or a path may be what no client could send; then the next one is drawn."""
    sent = case.as_transport_kwargs(base_url="http://api")
    headers = {
        name: value
        for name, value in sent["headers"].items()
        if name.lower() not in ("authorization", "user-agent")
    }
    request = httpx.Request(
        sent["method"],
        sent["url"],
        params=sent.get("params") or None,
        headers={**headers, **dict(running.api.client.headers)},
        json=sent.get("json"),
        files=_written(sent.get("files")),
        data=_written(sent["data"]) if isinstance(sent.get("data"), dict) else None,
        content=sent.get("data") if isinstance(sent.get("data"), bytes | str) else None,
    )
    return running._loop.run_until_complete(running.api.client.send(request))  # pyright: ignore[reportPrivateUsage]


def _written(form: Any) -> Any:
    """A form can only carry text: a number that was drawn is sent as its digits."""
    if isinstance(form, dict):
        return {name: _written(value) for name, value in form.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(form, list | tuple):
        return type(form)(_written(value) for value in form)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return form if form is None or isinstance(form, str | bytes) else str(form)


def hold(running: Running, operation: Any, response: httpx.Response) -> None:
    """What was answered is what the document says."""
    responses = operation.definition.raw["responses"]
    assert response.status_code < 500 or response.status_code == 503, response.text
    assert response.status_code != 422
    assert str(response.status_code) in responses, f"{response.status_code} is not in the document"
    content = responses[str(response.status_code)].get("content", {}).get("application/json")
    if response.status_code >= 400:
        assert list(response.json()) == ["detail"]
    elif content and content.get("schema"):
        schema = {**content["schema"], "components": running.document["components"]}
        jsonschema.validate(response.json(), schema)


def exercise(running: Running, operation: Any, mode: GenerationMode) -> list[int]:
    """The statuses of what was drawn for one operation."""
    statuses: list[int] = []

    @settings(
        max_examples=EXAMPLES, database=None, phases=[Phase.generate], suppress_health_check=EVERY_CHECK
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        try:
            response = send(running, case)
        except (httpx.InvalidURL, UnicodeError, ValueError, TypeError):
            return
        statuses.append(response.status_code)
        hold(running, operation, response)

    one()
    return statuses


@pytest.mark.slow
def test_what_the_document_allows_is_answered_as_it_says(running: Running) -> None:
    operations = [result.ok() for result in running.schema.get_all_operations()]
    assert len(operations) > 60
    statuses = [status for one in operations for status in exercise(running, one, GenerationMode.POSITIVE)]
    assert len(statuses) > 3 * len(operations)
    assert sum(200 <= status < 300 for status in statuses) > len(operations)


@pytest.mark.slow
def test_what_the_document_forbids_is_refused_as_it_says(running: Running) -> None:
    operations = [result.ok() for result in running.schema.get_all_operations()]
    taking = [one for one in operations if one.body or one.query]
    statuses = [status for one in taking for status in exercise(running, one, GenerationMode.NEGATIVE)]
    assert statuses.count(400) > len(taking)


JSON: st.SearchStrategy[Any] = st.deferred(
    lambda: (
        st.none()
        | st.booleans()
        | st.floats()
        | st.text()
        | st.lists(JSON, max_size=3)
        | st.dictionaries(st.text(), JSON, max_size=3)
    )
)


@given(body=JSON)
@settings(max_examples=60, suppress_health_check=EVERY_CHECK)
def test_no_json_value_makes_anything_but_a_400(running: Running, body: Any) -> None:
    response = running.ask(
        "POST",
        "/api/voice/flows",
        content=json.dumps(body).encode("utf-8", "surrogatepass"),
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == 400
    assert list(response.json()) == ["detail"]


def test_every_operation_has_a_name_of_its_own_and_what_it_answers(running: Running) -> None:
    operations = [operation for path in running.document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(any(status.startswith("2") for status in operation["responses"]) for operation in operations)

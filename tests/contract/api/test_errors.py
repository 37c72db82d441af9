"""Whatever is wrong, the client gets one sentence in JSON, and the first check that fails decides which."""

import json
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message

from tests.support.api import Api, detail_of

pytestmark = pytest.mark.anyio

CONTACT = {"phone": "+14155550123"}


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/nowhere", 404, "There is nothing at this path"),
        ("GET", "/v1/contacts/", 404, "There is nothing at this path"),
        ("PUT", "/v1/contacts", 405, "This path does not take this method"),
        ("DELETE", "/healthz", 405, "This path does not take this method"),
        ("GET", "/v1/contacts/absent", 404, "Contact not found"),
        ("GET", "/v1/campaigns/absent", 404, "Campaign not found"),
        ("GET", "/v1/calls/absent", 404, "Call not found"),
        ("GET", "/api/voice/calls/absent", 404, "Call not found"),
        ("GET", "/v1/webhooks/absent", 404, "Webhook not found"),
        ("GET", "/api/voice/flows/absent", 404, "Flow not found"),
        ("GET", "/api/voice/agents/absent", 404, "Agent not found"),
        ("GET", "/api/voice/queues/absent", 404, "Queue not found"),
        ("GET", "/api/voice/models/speakers/absent", 404, "Speaker not found"),
        ("GET", "/api/voice/customers/imports/absent", 404, "Import not found"),
        ("GET", "/v1/simulations/absent", 404, "Simulation not found"),
    ],
)
async def test_what_is_not_there_is_told_in_a_sentence(
    api: Api, method: str, path: str, status: int, sentence: str
) -> None:
    response = await api.client.request(method, path)
    assert (response.status_code, detail_of(response)) == (status, sentence)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"phone": "+14155550123", "priority": NaN}', "The request body must not hold NaN, which is not JSON"),
        (b'{"priority": -Infinity}', "The request body must not hold -Infinity, which is not JSON"),
        (b'{"metadata": {"x": 1e999}}', "The request body must not hold a number that is too large"),
        (b'{"name": "\\ud800"}', "The request body must not hold half a surrogate pair"),
        (b'{"name": "a\\u0000b"}', "The request body must not hold the character NUL"),
        (b'{"a": 1, "a": 2}', 'The request body must not hold the key "a" twice in one object'),
        (b"[" * 100_000, "The request body must not be nested deeper than 64 levels"),
        (b"\xff\xfe", "The request body must be UTF-8"),
        (b'\xef\xbb\xbf{"phone": "+14155550123"}', "The request body must not begin with a byte order mark"),
        (b'{"phone": ', "The request body must be JSON"),
        (b"[]", "The request body must be an object"),
        (b"null", "The request body must be an object"),
        (b'{"phone": "+14155550123", "colour": 1}', "colour is not a known field"),
        (b"{}", "phone is required"),
        (b"", "phone is required"),
        (b'{"phone": 14155550123}', "phone must be a string"),
        (b'{"phone": "4155550123"}', "phone must be in E.164 format"),
        (b'{"phone": "+14155550123", "priority": "1"}', "priority must be an integer"),
        (b'{"phone": "+14155550123", "priority": 1.5}', "priority must be an integer"),
        (b'{"phone": "+14155550123", "tags": ["a", 1]}', "tags[1] must be a string"),
        (b'{"phone": "+14155550123", "do_not_call": "yes"}', "do_not_call must be true or false"),
        (b'{"phone": "+14155550123", "timezone": "Mars/Base"}',
         "timezone must be an IANA timezone, such as America/New_York"),
    ],
)  # fmt: skip
async def test_a_hostile_or_wrong_body_is_a_400_that_names_what_is_wrong(
    api: Api, body: bytes, sentence: str
) -> None:
    response = await api.client.post(
        "/v1/contacts", content=body, headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, detail_of(response)) == (400, sentence)


@pytest.mark.parametrize(
    ("pacing", "sentence"),
    [
        ({"abandonment_cap": 2}, "pacing.abandonment_cap must be at most 1"),
        ({"mode": "fast"}, "pacing.mode must be one of agentless, preview, progressive, power, predictive"),
        ({"lines_per_agent": 0}, "pacing.lines_per_agent must be more than 0"),
    ],
)
async def test_a_sentence_names_the_field_within_an_object(api: Api, pacing: object, sentence: str) -> None:
    response = await api.client.post("/v1/campaigns", json={"name": "c", "pacing": pacing})
    assert (response.status_code, detail_of(response)) == (400, sentence)


@pytest.mark.parametrize(
    "phone",
    [
        "+١٤١٥٥٥٥٠١٢٣",
        "+0123456789",
        "+1415555012345678",
        "+1",
        "+1 415 555 0123",
        "+14155550123\n",
        "+99999999999",
    ],
)
async def test_only_possible_e164_numbers_in_ascii_are_phones(api: Api, phone: str) -> None:
    response = await api.client.post("/v1/contacts", json={"phone": phone})
    assert (response.status_code, detail_of(response)) == (400, "phone must be in E.164 format")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("limit=0", "limit must be at least 1"),
        ("limit=201", "limit must be at most 200"),
        ("limit=many", "limit must be an integer"),
        ("limit=1&limit=2", "limit must be given once"),
        ("cursor=x", "cursor is not one that this list gave"),
        ("colour=red", "colour is not a known field"),
        ("tag=a%00b", "The query must not hold the character NUL"),
    ],
)
async def test_a_wrong_query_is_a_400(api: Api, query: str, sentence: str) -> None:
    response = await api.client.get(f"/v1/contacts?{query}")
    assert (response.status_code, detail_of(response)) == (400, sentence)


async def test_a_body_of_another_type_is_refused(api: Api) -> None:
    response = await api.client.post(
        "/v1/contacts", content=b"<phone/>", headers={"Content-Type": "text/xml"}
    )
    assert (response.status_code, detail_of(response)) == (400, "Content-Type must be application/json")


@pytest.mark.parametrize(("path", "mib"), [("/v1/contacts", 1), ("/v1/contacts/bulk", 16)])
async def test_a_body_over_its_limit_is_a_413_whether_its_length_is_declared_or_not(
    api: Api, path: str, mib: int
) -> None:
    sentence = f"The request body must be at most {mib} MiB"
    body = b" " * (mib * 2**20 + 1)

    async def stream() -> AsyncGenerator[bytes]:
        for first in range(0, len(body), 2**16):
            yield body[first : first + 2**16]

    for content in (body, stream()):
        response = await api.client.post(path, content=content)
        assert (response.status_code, detail_of(response)) == (413, sentence)
    accepted = await api.client.post(path, content=body[: mib * 2**20])
    assert accepted.status_code == 400


async def test_checks_come_in_their_order(api: Api) -> None:
    nobody = await api.client.patch(
        "/v1/contacts/absent", content=b"{", headers={"Authorization": "Bearer x"}
    )
    assert (nobody.status_code, detail_of(nobody)) == (401, "Invalid or expired token")
    assert nobody.headers["www-authenticate"] == "Bearer"
    reader = await api.key("voice:contacts:read")
    forbidden = await api.client.patch("/v1/contacts/absent", content=b"{", headers=reader)
    assert forbidden.status_code == 403
    assert detail_of(forbidden) == "Insufficient permissions. Required scopes: voice:contacts:write"
    absent = await api.client.patch("/v1/contacts/absent", content=b"{")
    assert absent.status_code == 404
    contact = await api.made("/v1/contacts", CONTACT)
    wrong = await api.client.patch(f"/v1/contacts/{contact['id']}", content=b"{")
    assert wrong.status_code == 400


async def test_what_nobody_foresaw_is_a_500_in_json_that_tells_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("the password is sesame")

    monkeypatch.setattr(type(api.services.flows), "find", fail)
    response = await api.client.get("/api/voice/flows/any")
    assert response.status_code == 500
    assert "sesame" not in detail_of(response)
    assert response.headers["x-request-id"]


async def test_a_client_that_goes_in_the_middle_of_its_request_is_no_failure_of_ours(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in api.client.headers.items()]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/contacts",
        "query_string": b"",
        "headers": headers,
    }
    answered: list[Message] = []

    async def go() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answered.append(message)

    await api.app(scope, go, send)
    assert (answered, caplog.records) == ([], [])
    page = (await api.client.get("/metrics")).text
    assert 'method="POST",route="/v1/contacts",status="0"' in page


async def test_a_request_id_is_echoed_or_made(api: Api) -> None:
    echoed = await api.client.get("/healthz", headers={"X-Request-Id": "mine-1"})
    assert echoed.headers["x-request-id"] == "mine-1"
    made = await api.client.get("/nowhere", headers={"X-Request-Id": "two words"})
    assert len(made.headers["x-request-id"]) == 36


async def test_several_scopes_are_sorted(api: Api) -> None:
    writer = await api.key("voice:contacts:write")
    campaign = await api.made("/v1/campaigns", {"name": "c"})
    body = {"contacts": [CONTACT], "campaign_id": campaign["id"]}
    response = await api.client.post("/v1/contacts/bulk", json=body, headers=writer)
    assert response.status_code == 403
    assert detail_of(response).endswith("Required scopes: voice:campaigns:write, voice:contacts:write")


async def test_no_operation_of_the_document_answers_422(api: Api) -> None:
    document = (await api.client.get("/openapi.json")).text
    assert "422" not in document
    assert "HTTPValidationError" not in document
    assert len(json.loads(document)["paths"]) > 40

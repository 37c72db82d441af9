"""Keys, scopes, accounts and limits."""

import asyncio
from pathlib import Path

import pytest
from redis import Redis

from busyhour.core.ids import SECOND
from serve_app.access import DEFAULT_LIMIT, LIMITS, access_of, largest_body
from tests.support.api import Api, HandClock, detail_of, served

pytestmark = pytest.mark.anyio

NOW = 1_772_470_800 * SECOND


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic {key}",
        "Bearer {key}x",
        "Bearer bh_live_0000000000000000_" + "0" * 43,
        "Bearer {key} {key}",
    ],
)
async def test_without_a_good_key_there_is_nothing(api: Api, header: str) -> None:
    key = api.client.headers["Authorization"].removeprefix("Bearer ")
    response = await api.client.get("/v1/contacts", headers={"Authorization": header.format(key=key)})
    assert (response.status_code, detail_of(response)) == (401, "Invalid or expired token")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_changed_secret_is_refused(api: Api) -> None:
    key = api.client.headers["Authorization"]
    changed = key[:-1] + ("a" if key[-1] != "a" else "b")
    response = await api.client.get("/v1/contacts", headers={"Authorization": changed})
    assert response.status_code == 401


async def test_a_revoked_key_is_refused_within_a_second(url: str, tmp_path: Path) -> None:
    clock = HandClock(NOW)
    async with served(url, tmp_path, clock=clock) as api:
        key, written = await api.platform.keys.create("acme", "old", ["*"])
        header = {"Authorization": f"Bearer {written}"}
        assert (await api.client.get("/v1/contacts", headers=header)).status_code == 200
        await api.platform.keys.revoke(key.id)
        clock.instant += SECOND
        assert (await api.client.get("/v1/contacts", headers=header)).status_code == 401
        assert (await api.client.get("/v1/contacts")).status_code == 200, "the other key lives on"


async def test_the_store_never_holds_a_secret(api: Api, url: str) -> None:
    written = api.client.headers["Authorization"].removeprefix("Bearer ")
    secret = written.rpartition("_")[2]
    await api.made("/api/voice/queues", {"name": "sales"})
    with Redis.from_url(url) as client:
        everything = b""
        for key in client.scan_iter():
            everything += key + client.dump(key)
    assert secret.encode() not in everything


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/contacts", "voice:contacts:read"),
        ("POST", "/v1/calls", "voice:calls:write"),
        ("POST", "/v1/campaigns/x/launch", "voice:campaigns:write"),
        ("POST", "/api/voice/customers/import", "voice:customers:write"),
        ("DELETE", "/v1/webhooks/x", "voice:webhooks:write"),
        ("PUT", "/api/voice/agents/x/state", "voice:agents:write"),
        ("GET", "/api/voice/queues", "voice:queues:read"),
        ("POST", "/api/voice/flows", "voice:flows:write"),
        ("POST", "/api/voice/models/speakers", "voice:models:write"),
        ("POST", "/v1/simulations", "voice:simulations:write"),
        ("GET", "/api/voice/calls/agent-availability", "voice:calls:read"),
    ],
)
async def test_each_route_needs_the_scope_of_its_resource(
    api: Api, method: str, path: str, scope: str
) -> None:
    other = await api.key("voice:none:read")
    refused = await api.client.request(method, path, headers=other)
    assert refused.status_code == 403
    assert detail_of(refused) == f"Insufficient permissions. Required scopes: {scope}"
    granted = await api.client.request(method, path, headers=await api.key(scope))
    assert granted.status_code != 403


async def test_another_account_s_object_is_as_absent_as_one_that_never_was(api: Api) -> None:
    api.runtime.add_call("acme", "call-1")
    queue = await api.made("/api/voice/queues", {"name": "q"})
    hook = await api.made("/v1/webhooks", {"url": "https://example.com/", "events": ["*"]})
    flow = {"name": "f", "start": "a", "nodes": {"a": {"type": "hang_up"}}}
    mine = {
        "/v1/contacts/{}": (await api.made("/v1/contacts", {"phone": "+14155550123"}))["id"],
        "/v1/campaigns/{}": (await api.made("/v1/campaigns", {"name": "c"}))["id"],
        "/v1/webhooks/{}": hook["id"],
        "/v1/webhooks/{}/deliveries": hook["id"],
        "/v1/calls/{}": "call-1",
        "/api/voice/calls/{}": "call-1",
        "/api/voice/queues/{}": queue["id"],
        "/api/voice/queues/{}/callbacks": queue["id"],
        "/api/voice/flows/{}": (await api.made("/api/voice/flows", flow))["id"],
        "/api/voice/agents/{}": (
            await api.made("/api/voice/agents", {"kind": "human", "name": "a", "endpoint": "simulated"})
        )["id"],
        "/api/voice/models/speakers/{}": (
            await api.made("/api/voice/models/speakers", {"name": "ann", "language": "en-US"})
        )["name"],
    }
    stranger = await api.key(account="other")
    for path, id in mine.items():
        assert (await api.client.get(path.format(id))).status_code == 200, path
        theirs = await api.client.get(path.format(id), headers=stranger)
        absent = await api.client.get(path.format("01900000-0000-7000-8000-000000000000"), headers=stranger)
        assert theirs.status_code == absent.status_code == 404, path
        assert theirs.content == absent.content, path
    for path in ("/v1/contacts", "/v1/campaigns", "/v1/webhooks", "/api/voice/queues", "/v1/calls"):
        assert (await api.client.get(path, headers=stranger)).json()["data"] == [], path


def test_the_limits_are_those_of_the_reference() -> None:
    reference = """
    POST /v1/calls 30
    POST /v1/campaigns/{id}/launch 5
    POST /v1/campaigns/{id}/stop 5
    POST /v1/contacts 60
    PATCH /v1/contacts/{id} 60
    POST /v1/contacts/bulk 10
    POST /v1/webhooks 20
    POST /api/voice/customers/import 5
    POST /api/voice/models/speakers 5
    POST /api/voice/models/speakers/{name}/deploy 5
    POST /api/voice/models/speakers/{name}/dataset/sample 30
    POST /api/voice/calls/{uuid}/transfer 10
    POST /api/voice/calls/{uuid}/end 10
    GET /api/voice/calls/agent-availability 30
    POST /api/voice/calls/{uuid}/metadata 30
    POST /api/voice/agents 20
    POST /api/voice/flows 20
    """
    rows = [line.split() for line in reference.strip().splitlines()]
    assert {(method, path): int(limit) for method, path, limit in rows} == LIMITS
    assert DEFAULT_LIMIT == 100
    assert access_of("POST", "/v1/calls", 2.5).limit == 75


async def test_every_limit_is_exact_and_told_in_headers(url: str, tmp_path: Path) -> None:
    async with served(url, tmp_path, scale=1.0) as api:
        for (method, template), limit in LIMITS.items():
            path = template.format(id="absent", uuid="absent", name="absent")
            header = await api.key()
            answers = [await api.client.request(method, path, headers=header) for _ in range(limit)]
            assert 429 not in {answer.status_code for answer in answers}, template
            one_more = await api.client.request(method, path, headers=header)
            assert one_more.status_code == 429, template
            assert detail_of(one_more) == f"Rate limit exceeded: {limit}/minute"
            assert 1 <= int(one_more.headers["retry-after"]) <= 60
            assert one_more.headers["ratelimit-policy"].endswith(f";q={limit};w=60")
            assert ";r=0;t=" in one_more.headers["ratelimit"]
            assert f";r={limit - 1};t=" in answers[0].headers["ratelimit"]


async def test_a_template_is_one_bucket_whatever_the_id_and_other_keys_have_their_own(
    url: str, tmp_path: Path
) -> None:
    async with served(url, tmp_path, scale=1.0) as api:
        for number in range(5):
            assert (await api.client.post(f"/v1/campaigns/c{number}/launch")).status_code == 404
        assert (await api.client.post("/v1/campaigns/c9/launch")).status_code == 429
        assert (await api.client.post("/v1/campaigns/c9/stop")).status_code == 404
        assert (await api.client.post("/v1/campaigns/c9/launch", headers=await api.key())).status_code == 404


async def test_401_and_429_do_not_count_and_403_does(url: str, tmp_path: Path) -> None:
    async with served(url, tmp_path, scale=0.03) as api:
        for _ in range(5):
            assert (await api.client.get("/v1/contacts", headers={"Authorization": ""})).status_code == 401
        allowed = [(await api.client.get("/v1/contacts")).status_code for _ in range(10)]
        assert allowed == [200] * 3 + [429] * 7
        forbidden = await api.key("voice:calls:read")
        refused = [(await api.client.get("/v1/contacts", headers=forbidden)).status_code for _ in range(4)]
        assert refused == [403, 403, 403, 429]


async def test_at_once_no_more_than_the_limit_get_through(url: str, tmp_path: Path) -> None:
    async with served(url, tmp_path, scale=1.0) as api, served(url, tmp_path, scale=1.0) as other:
        other.client.headers.update(api.client.headers)
        both = [
            one.client.get("/api/voice/calls/agent-availability") for _ in range(50) for one in (api, other)
        ]
        answers = [answer.status_code for answer in await asyncio.gather(*both)]
        assert answers.count(200) == 30
        assert answers.count(429) == 70


@pytest.mark.parametrize(
    ("path", "mib"),
    [
        ("/v1/contacts", 1),
        ("/v1/contacts/bulk", 16),
        ("/api/voice/customers/import", 16),
        ("/api/voice/models/speakers/ann/dataset/sample", 16),
        ("/v1/calls", 1),
    ],
)
def test_bulk_and_uploads_may_be_larger(path: str, mib: int) -> None:
    assert largest_body(path) == mib * 2**20

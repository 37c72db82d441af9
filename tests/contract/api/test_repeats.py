"""Requests that are repeated, objects that have changed, and lists that go on."""

import asyncio

import pytest

from busyhour.adapters.valkey.once import Once
from tests.support.api import Api, detail_of

pytestmark = pytest.mark.anyio

QUEUES = "/api/voice/queues"


async def test_a_repeated_request_has_one_effect_and_the_first_answer(api: Api) -> None:
    header = {"Idempotency-Key": "order-1"}
    first = await api.client.post(QUEUES, json={"name": "sales"}, headers=header)
    again = await api.client.post(QUEUES, json={"name": "sales"}, headers=header)
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
    assert "idempotent-replayed" not in first.headers
    assert len((await api.client.get(QUEUES)).json()["data"]) == 1


async def test_the_key_is_the_account_s_and_the_route_s(api: Api) -> None:
    header = {"Idempotency-Key": "order-1"}
    assert (await api.client.post(QUEUES, json={"name": "q"}, headers=header)).status_code == 201
    campaign = await api.client.post("/v1/campaigns", json={"name": "q"}, headers=header)
    assert campaign.status_code == 201
    stranger = await api.key(account="other")
    theirs = await api.client.post(QUEUES, json={"name": "q"}, headers={**header, **stranger})
    assert theirs.status_code == 201
    assert "idempotent-replayed" not in theirs.headers


async def test_the_same_key_with_another_body_is_refused(api: Api) -> None:
    header = {"Idempotency-Key": "order-1"}
    await api.client.post(QUEUES, json={"name": "sales"}, headers=header)
    other = await api.client.post(QUEUES, json={"name": "support"}, headers=header)
    assert other.status_code == 400
    assert detail_of(other) == "Idempotency-Key was used with a different request"


async def test_a_request_that_failed_may_be_made_again(api: Api) -> None:
    header = {"Idempotency-Key": "order-1"}
    assert (await api.client.post(QUEUES, json={"name": ""}, headers=header)).status_code == 400
    assert (await api.client.post(QUEUES, json={"name": "sales"}, headers=header)).status_code == 201


async def test_while_the_first_runs_the_second_is_refused(api: Api) -> None:
    header = {"Idempotency-Key": "order-1"}
    answers = await asyncio.gather(
        *(api.client.post(QUEUES, json={"name": "sales"}, headers=header) for _ in range(10))
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert len((await api.client.get(QUEUES)).json()["data"]) == 1


async def test_a_claim_that_stands_is_a_409(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    create = api.services.queues.create

    async def slow(*arguments: object) -> object:
        begun.set()
        await go.wait()
        return await create(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(type(api.services.queues), "create", lambda self, *arguments: slow(*arguments))
    header = {"Idempotency-Key": "order-1"}
    first = asyncio.create_task(api.client.post(QUEUES, json={"name": "sales"}, headers=header))
    await begun.wait()
    second = await api.client.post(QUEUES, json={"name": "sales"}, headers=header)
    assert second.status_code == 409
    assert detail_of(second) == "The first request with this Idempotency-Key is still running"
    go.set()
    assert (await first).status_code == 201


async def test_an_effect_whose_answer_was_lost_is_not_had_twice(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is kept in the same step as the effect: what comes after that may fail."""

    def lose(*_: object, **__: object) -> None:
        raise RuntimeError("the process dies here")

    header = {"Idempotency-Key": "order-1"}
    with monkeypatch.context() as patch:
        patch.setattr("serve_app.visit.Visit.reply_stored", lose)
        assert (await api.client.post(QUEUES, json={"name": "sales"}, headers=header)).status_code == 500
    again = await api.client.post(QUEUES, json={"name": "sales"}, headers=header)
    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert len((await api.client.get(QUEUES)).json()["data"]) == 1


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_has_1_to_255_characters(api: Api, key: str) -> None:
    response = await api.client.post(QUEUES, json={"name": "q"}, headers={"Idempotency-Key": key})
    assert (response.status_code, detail_of(response)) == (
        400,
        "Idempotency-Key must have 1 to 255 characters",
    )


async def test_a_key_is_forgotten_after_a_day(api: Api) -> None:
    await api.client.post(QUEUES, json={"name": "q"}, headers={"Idempotency-Key": "k"})
    (key,) = [key async for key in api.platform.client.scan_iter("*once*")]
    assert 86_000_000 < await api.platform.client.pttl(key) <= 86_400_000


async def test_a_stale_etag_changes_nothing(api: Api) -> None:
    created = await api.client.post(QUEUES, json={"name": "a"})
    path, tag = f"{QUEUES}/{created.json()['id']}", created.headers["etag"]
    assert (await api.client.get(path)).headers["etag"] == tag
    changed = await api.client.patch(path, json={"name": "b"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    stale = await api.client.patch(path, json={"name": "c"}, headers={"If-Match": tag})
    assert (stale.status_code, detail_of(stale)) == (412, "The object has changed since it was read")
    assert (await api.client.get(path)).json()["name"] == "b"
    anyway = await api.client.patch(path, json={"name": "c"}, headers={"If-Match": "*"})
    assert anyway.status_code == 200


async def test_changes_at_once_are_all_made(api: Api) -> None:
    queue = await api.made(QUEUES, {"name": "a"})
    path = f"{QUEUES}/{queue['id']}"
    patches = [{"name": "b"}, {"wrap_up_s": 5}, {"service_level": {"target": 0.5}}]
    answers = await asyncio.gather(*(api.client.patch(path, json=patch) for patch in patches))
    assert {answer.status_code for answer in answers} == {200}
    after = (await api.client.get(path)).json()
    assert (after["name"], after["wrap_up_s"], after["service_level"]["target"]) == ("b", 5, 0.5)
    assert after["service_level"]["threshold_s"] == 20, "of an object only what was sent changes"


async def test_a_list_goes_on_where_it_stopped_newest_first(api: Api) -> None:
    names = [f"q{number}" for number in range(7)]
    for name in names:
        await api.made(QUEUES, {"name": name})
    seen: list[str] = []
    cursor = ""
    for expected in (3, 3, 1):
        page = (await api.client.get(f"{QUEUES}?limit=3{cursor}")).json()
        assert len(page["data"]) == expected
        seen += [queue["name"] for queue in page["data"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert seen == names[::-1]


async def test_a_cursor_is_good_for_its_account_list_and_filter_only(api: Api) -> None:
    for number in range(3):
        await api.made("/v1/campaigns", {"name": f"c{number}"})
        await api.made(QUEUES, {"name": f"q{number}"})
    cursor = (await api.client.get("/v1/campaigns?limit=1&state=draft")).json()["next_cursor"]
    sentence = "cursor is not one that this list gave"
    for path in (f"{QUEUES}?cursor={cursor}", f"/v1/campaigns?cursor={cursor}"):
        refused = await api.client.get(path)
        assert (refused.status_code, detail_of(refused)) == (400, sentence)
    path = f"/v1/campaigns?state=draft&cursor={cursor}"
    assert (await api.client.get(path, headers=await api.key(account="other"))).status_code == 400
    assert len((await api.client.get(path)).json()["data"]) == 2


async def test_a_filter_finds_what_matches_and_nothing_else(api: Api) -> None:
    for name in ("a", "b", "a"):
        await api.made(QUEUES, {"name": name})
    found = (await api.client.get(f"{QUEUES}?name=a")).json()["data"]
    assert [queue["name"] for queue in found] == ["a", "a"]


async def test_times_are_utc_with_milliseconds(api: Api) -> None:
    queue = await api.made(QUEUES, {"name": "a"})
    assert queue["created_at"].endswith("Z")
    assert len(queue["created_at"]) == len("2026-03-02T17:00:00.000Z")


async def test_keys_of_once_are_apart_by_owner(api: Api) -> None:
    once = Once(api.platform.client, api.platform.scope)
    assert type(await once.claim("a", "k", "x")) is not type(await once.claim("a", "k", "x"))
    assert type(await once.claim("a", "k2", "x")) is type(await once.claim("b", "k2", "x"))

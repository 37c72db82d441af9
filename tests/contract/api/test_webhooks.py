"""From the API to a receiver: what is signed, retried, given up, and never in another's way."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from busyhour.adapters import times, wall_clock
from busyhour.adapters.valkey.documents import Commit, Document
from busyhour.adapters.webhooks import sender
from busyhour.adapters.webhooks.addresses import Addresses
from busyhour.adapters.webhooks.courier import LANES, Courier
from busyhour.adapters.webhooks.deliveries import KEPT, Deliveries
from busyhour.adapters.webhooks.outbox import emit
from busyhour.adapters.webhooks.sender import Sender
from busyhour.core.ids import DAY, HOUR, MINUTE, SECOND
from tests.support.api import Api, HandClock, detail_of, served
from tests.support.receivers import Receiver, answers, receiving

pytestmark = pytest.mark.anyio

LOCAL = "127.0.0.1/32"


class Post:
    """An API whose webhooks may go to 127.0.0.1, and a courier on a clock of the test's own."""

    def __init__(self, api: Api, clock: HandClock, addresses: Addresses) -> None:
        self.api = api
        self.clock = clock
        self.deliveries = Deliveries(api.platform.client, api.platform.scope)
        self.courier = Courier(self.deliveries, Sender(addresses), clock, times.written, lambda: 0.0)

    async def webhook(self, receiver: Receiver, *events: str) -> Document:
        return await self.api.made("/v1/webhooks", {"url": receiver.url, "events": list(events or ("*",))})

    async def emit(self, type: str, account: str = "acme", **data: object) -> str:
        commit = Commit(self.api.platform.client, self.api.platform.scope)
        id = self.api.platform.new_id()
        emit(commit, id, account, type, self.api.platform.now(), data)
        await commit.run()
        self.clock.instant += 1
        return id

    async def work(self) -> None:
        """Until nothing is due."""
        while await self.courier.turn() or self.courier.in_flight:
            await self.courier.idle()

    async def listed(self, webhook: Document, query: str = "") -> list[Document]:
        response = await self.api.client.get(f"/v1/webhooks/{webhook['id']}/deliveries{query}")
        return response.json()["data"]


@pytest.fixture
async def post(url: str, tmp_path: Path, anyio_backend: str) -> AsyncGenerator[Post]:
    clock = HandClock(wall_clock.now())
    async with served(url, tmp_path, clock=clock, webhook_allow=LOCAL) as api:
        yield Post(api, clock, api.services.webhooks._addresses)  # pyright: ignore[reportPrivateUsage]


async def test_an_event_reaches_who_asked_for_it_signed(post: Post) -> None:
    async with receiving(answers("200 OK")) as receiver, receiving(answers("200 OK")) as other:
        webhook = await post.webhook(receiver, "call.ended")
        await post.webhook(other, "call.started")
        id = await post.emit("call.ended", call={"id": "c"}, sequence=3, mode="live")
        await post.emit("call.ended", account="another")
        await post.work()
        ((headers, body),) = receiver.received
        assert Webhook(webhook["secret"]).verify(body, headers) is not None
        assert headers["webhook-id"] == id
        assert json.loads(body)["type"] == "call.ended"
        assert json.loads(body)["data"] == {"call": {"id": "c"}, "sequence": 3, "mode": "live"}
        assert other.received == []
        (delivery,) = await post.listed(webhook)
        assert (delivery["status"], delivery["attempts"][0]["status_code"]) == ("delivered", 200)
        assert delivery["event_id"] == id


async def test_what_fails_is_tried_ten_times_and_is_a_dead_letter_then(post: Post) -> None:
    async with receiving(answers("500 Oops")) as receiver:
        webhook = await post.webhook(receiver)
        id = await post.emit("call.ended")
        for attempts, wait in enumerate(
            [0, 5 * SECOND, 5 * MINUTE, 30 * MINUTE, *(hours * HOUR for hours in (2, 5, 10, 14, 20, 24))],
            start=1,
        ):
            post.clock.instant += wait
            await post.work()
            assert len(receiver.received) == attempts
        assert {headers["webhook-id"] for headers, _ in receiver.received} == {id}
        assert len({body for _, body in receiver.received}) == 1
        (delivery,) = await post.listed(webhook, "?status=failed")
        assert (len(delivery["attempts"]), delivery["next_attempt_at"]) == (10, None)
        assert await post.listed(webhook, "?status=pending") == []
        post.clock.instant += 10 * DAY
        await post.work()
        assert len(receiver.received) == 10


async def test_a_dead_letter_can_be_sent_again(post: Post) -> None:
    async with receiving(answers("410 Gone")) as receiver:
        webhook = await post.webhook(receiver)
        await post.emit("call.ended")
        await post.work()
        (delivery,) = await post.listed(webhook, "?status=failed")
        path = f"/v1/webhooks/{webhook['id']}"
        disabled = (await post.api.client.get(path)).json()
        assert (disabled["enabled"], disabled["disabled_reason"]) == (False, "the receiver answered 410 Gone")
        await post.emit("call.ended")
        await post.work()
        assert len(receiver.received) == 1, "a disabled webhook gets nothing"
    async with receiving(answers("200 OK")) as better:
        changed = await post.api.client.patch(path, json={"url": better.url, "enabled": True})
        assert (changed.json()["enabled"], changed.json()["disabled_reason"]) == (True, None)
        again = await post.api.client.post(f"{path}/deliveries/{delivery['id']}/redeliver")
        assert (again.status_code, again.json()["status"]) == (202, "pending")
        pending = await post.api.client.post(f"{path}/deliveries/{delivery['id']}/redeliver")
        assert (pending.status_code, detail_of(pending)) == (409, "The delivery is pending already")
        await post.work()
        assert [headers["webhook-id"] for headers, _ in better.received] == [delivery["event_id"]]


async def test_five_days_of_failure_disable_it(post: Post) -> None:
    async with receiving(answers("503 Later")) as receiver:
        webhook = await post.webhook(receiver)
        for _ in range(6):
            await post.emit("call.ended")
            await post.work()
            post.clock.instant += DAY
        shown = (await post.api.client.get(f"/v1/webhooks/{webhook['id']}")).json()
        assert (shown["enabled"], shown["disabled_reason"]) == (False, "every delivery of 5 days has failed")


async def test_retry_after_is_waited_for(post: Post) -> None:
    async with receiving(answers("429 Slow down", "Retry-After: 600")) as receiver:
        await post.webhook(receiver)
        await post.emit("call.ended")
        await post.work()
        post.clock.instant += 599 * SECOND
        await post.work()
        assert len(receiver.received) == 1
        post.clock.instant += SECOND
        await post.work()
        assert len(receiver.received) == 2


async def test_a_redirect_is_not_followed(post: Post) -> None:
    async with (
        receiving(answers("200 OK")) as target,
        receiving(answers("302 Found", f"Location: {target.url}")) as receiver,
    ):
        webhook = await post.webhook(receiver)
        await post.emit("call.ended")
        await post.work()
        assert target.received == []
        assert (await post.listed(webhook))[0]["attempts"][0]["status_code"] == 302


async def test_a_receiver_that_hangs_or_floods_is_in_nobody_s_way(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "LONGEST_S", 1.0)

    async def hang(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async def flood(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(10_000):
            writer.write(b"x" * 65_536)
            await writer.drain()

    async def babble(writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-nonsense\r\n\r\n")
        await writer.drain()

    async with (
        receiving(hang) as hanging,
        receiving(flood) as flooding,
        receiving(babble) as babbling,
        receiving(answers("204 No Content")) as good,
    ):
        hung = await post.webhook(hanging)
        flooded, babbled = await post.webhook(flooding), await post.webhook(babbling)
        await post.webhook(good)
        for _ in range(3 * LANES):
            await post.emit("call.ended")
        began = time.monotonic()
        while len(good.received) < 3 * LANES and time.monotonic() - began < 10:
            await post.courier.turn()
            await asyncio.sleep(0.005)
        assert len(good.received) == 3 * LANES
        times = 1 + int(
            time.monotonic() - began
        )  # each of its lanes is given up after a second, and taken again
        assert len(hanging.received) <= LANES * times, "the lanes of the one that hangs are its own"
        await post.courier.idle()
        attempt = (await post.listed(hung))[-1]["attempts"][0]
        assert (attempt["status_code"], attempt["error"]) == (None, "no response within 1 s")
        assert (await post.listed(flooded))[-1]["status"] == "delivered"
        assert "does not speak HTTP" in (await post.listed(babbled))[-1]["attempts"][0]["error"]


async def test_an_event_that_nobody_can_read_keeps_none_that_comes_after_it(post: Post) -> None:
    async with receiving(answers("200 OK")) as receiver:
        await post.webhook(receiver)
        client = post.api.platform.client
        for wrong in (b"{", b"[]", b'{"id": 1}'):
            await client.rpush("{platform}:outbox", wrong)
        id = await post.emit("call.ended")
        await post.work()
        assert [headers["webhook-id"] for headers, _ in receiver.received] == [id]
        assert await client.lrange("{platform}:outbox:unreadable", 0, -1) == [b"{", b"[]", b'{"id": 1}']


async def test_two_couriers_deliver_each_event_once(post: Post) -> None:
    async with receiving(answers("200 OK")) as receiver:
        await post.webhook(receiver)
        ids = [await post.emit("call.ended") for _ in range(40)]
        other = Courier(post.deliveries, post.courier._sender, post.clock, times.written, lambda: 0.0)  # pyright: ignore[reportPrivateUsage]
        for _ in range(30):
            await asyncio.gather(post.courier.turn(), other.turn())
            await asyncio.gather(post.courier.idle(), other.idle())
        assert sorted(headers["webhook-id"] for headers, _ in receiver.received) == sorted(ids)


async def test_what_a_dead_courier_had_begun_is_begun_again(post: Post) -> None:
    async with receiving(answers("200 OK")) as receiver:
        webhook = await post.webhook(receiver)
        await post.emit("call.ended")
        now = post.clock()
        await post.deliveries.fan_out(now, times.written(now))
        taken = await post.deliveries.lease("acme", webhook["id"], now, now + MINUTE, 10)
        assert len(taken) == 1
        await post.work()
        assert receiver.received == []
        post.clock.instant += MINUTE
        await post.work()
        assert len(receiver.received) == 1


async def test_an_address_that_is_not_public_is_refused_when_it_is_connected_to(
    url: str, tmp_path: Path
) -> None:
    """The name was public when the webhook was made, and is not any more."""
    found = ["93.184.216.34"]

    async def resolve(host: str, port: int) -> list[str]:
        return found

    clock = HandClock(wall_clock.now())
    async with served(url, tmp_path, clock=clock) as api, receiving(answers("200 OK")) as receiver:
        post = Post(api, clock, Addresses(resolve=resolve))
        webhook = await api.made(
            "/v1/webhooks", {"url": f"https://example.com:{receiver.port}/", "events": ["*"]}
        )
        found[0] = "127.0.0.1"
        await post.emit("call.ended")
        await post.work()
        (delivery,) = await post.listed(webhook)
        assert delivery["attempts"][0]["error"] == "example.com is not at a public address"
        assert receiver.received == []


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("https://127.0.0.1/", "url must lead to a public address: 127.0.0.1 is not at a public address"),
        ("https://localhost/", "url must lead to a public address: localhost is not at a public address"),
        ("https://[::1]/", "url must lead to a public address: ::1 is not at a public address"),
        ("https://2130706433/",
         "url must lead to a public address: 2130706433 is neither a host's name nor a plain address"),
        ("https://169.254.169.254/latest",
         "url must lead to a public address: 169.254.169.254 is not at a public address"),
        ("http://example.com/", "url must begin with https://"),
        ("ftp://example.com/", "url must be an address such as https://example.com/hook"),
        ("https://user:pw@example.com/", "url must have neither a user's name nor a fragment"),
        ("https://example.com/#x", "url must have neither a user's name nor a fragment"),
        ("https://①②⑦.0.0.1/", "url must be an address such as https://example.com/hook"),
        ("https://exa mple.com/", "url must be an address such as https://example.com/hook"),
        ("https://example.com\\@127.0.0.1/", "url must be an address such as https://example.com/hook"),
        ("https://example.com:99999/", "url must be an address such as https://example.com/hook"),
        ("https://", "url must be an address such as https://example.com/hook"),
    ],
)  # fmt: skip
async def test_a_url_that_leads_inside_is_refused_at_once(api: Api, target: str, sentence: str) -> None:
    response = await api.client.post("/v1/webhooks", json={"url": target, "events": ["*"]})
    assert (response.status_code, detail_of(response)) == (400, sentence)


async def test_a_secret_is_shown_once_and_rotated(post: Post) -> None:
    async with receiving(answers("200 OK")) as receiver:
        webhook = await post.webhook(receiver)
        path = f"/v1/webhooks/{webhook['id']}"
        assert webhook["secret"].startswith("whsec_")
        assert "secret" not in (await post.api.client.get(path)).json()
        rotated = (await post.api.client.post(f"{path}/rotate-secret")).json()
        assert rotated["secret"] != webhook["secret"]
        test = await post.api.client.post(f"{path}/test")
        assert (test.status_code, test.json()["type"]) == (202, "webhook.test")
        await post.work()
        post.clock.instant += DAY
        await post.api.client.post(f"{path}/test")
        await post.work()
        (during, first), (after, second) = receiver.received
        assert len(during["webhook-signature"].split()) == 2
        assert len(after["webhook-signature"].split()) == 1
        for secret in (webhook["secret"], rotated["secret"]):
            assert Webhook(secret).verify(first, during) is not None
        assert json.loads(second)["type"] == "webhook.test"


async def test_with_a_webhook_goes_everything_of_it(post: Post, url: str) -> None:
    async with receiving(answers("500 Oops")) as receiver:
        webhook = await post.webhook(receiver)
        await post.emit("call.ended")
        await post.work()
        assert (await post.api.client.delete(f"/v1/webhooks/{webhook['id']}")).status_code == 204
        left = [key.decode() async for key in post.api.platform.client.scan_iter(f"*{webhook['id']}*")]
        assert left == []
        post.clock.instant += DAY
        await post.work()
        assert len(receiver.received) == 1


async def test_what_is_over_is_kept_up_to_a_bound(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    assert KEPT == 1_000
    monkeypatch.setattr("busyhour.adapters.webhooks.deliveries.KEPT", 5)
    async with receiving(answers("200 OK")) as receiver:
        webhook = await post.webhook(receiver)
        ids = [await post.emit("call.ended") for _ in range(9)]
        await post.work()
        kept = [delivery["event_id"] for delivery in await post.listed(webhook)]
        assert kept == ids[::-1][:5]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"url": "https://example.com/"}, "events is required"),
        ({"url": "https://example.com/", "events": []}, "events must not be empty"),
        (
            {"url": "https://example.com/", "events": ["call.lost"]},
            "events must name events that there are, or *: call.lost is none",
        ),
    ],
)
async def test_events_are_known_ones(api: Api, body: Document, sentence: str) -> None:
    response = await api.client.post("/v1/webhooks", json=body)
    assert (response.status_code, detail_of(response)) == (400, sentence)

"""An account's contacts: found by whatever leads to them, changed by one at a time, and never two for one customer."""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.contact_records import ContactChange, ContactRecord, new_id, number_of
from busyhour.adapters.valkey.contacts import AccountContacts, ContactChangedError, ExternalIdTakenError
from busyhour.adapters.valkey.embedded import EmbeddedStore

numbers = itertools.count()


def run(url: str, scene: Callable[[AccountContacts], Awaitable[None]]) -> None:
    """`scene(contacts)` on an account of its own."""

    async def play() -> None:
        async with await connect(url) as client:
            await scene(AccountContacts(client, "tests", f"contacts-{next(numbers)}"))

    asyncio.run(play())


def someone(number: int, **more: Any) -> ContactChange:
    change: ContactChange = {"phone": f"+1415555{number:04d}"}
    change.update(more)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return change


async def ids(contacts: AccountContacts, **wanted: Any) -> list[str]:
    return [record.id for record in (await contacts.listed(200, **wanted)).contacts]


def test_an_id_is_a_uuid_of_version_7_that_holds_its_time_and_number() -> None:
    id = UUID(new_id(1_234_567, 1_800_000_000_123))
    assert (id.version, id.variant) == (7, "specified in RFC 4122")
    assert id.int >> 80 == 1_800_000_000_123
    assert number_of(str(id)) == 1_234_567
    assert new_id(1, 5) != new_id(1, 5)


def test_a_contact_is_read_as_it_was_written(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        metadata = {"großes Ich": [1, 2.5, None, {"deep": "✓"}], "big": 2**70}
        made = await contacts.create(
            someone(
                1,
                external_id="crm-1",
                name="Ada 李",
                timezone="America/New_York",
                priority=3,
                tags=["vip", "été"],
                metadata=metadata,
            )
        )
        read = await contacts.get(made.id)
        assert read is not None
        assert (read.phone, read.external_id, read.name) == ("+14155550001", "crm-1", "Ada 李")
        assert (read.timezone, read.priority, tuple(read.tags)) == ("America/New_York", 3, ("vip", "été"))
        assert read.metadata == metadata
        assert read.created_ms == read.updated_ms == made.created_ms > 0
        assert not read.do_not_call
        bare = await contacts.create(someone(2))
        assert await contacts.get(bare.id) == ContactRecord(
            bare.id, "+14155550002", created_ms=bare.created_ms, updated_ms=bare.created_ms
        )

    run(url, scene)


def test_nobody_is_found_under_an_id_that_is_not_his(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        made = await contacts.create(someone(1))
        forged = new_id(made.number, made.created_ms)
        for id in (forged, new_id(99, 5), "", "17", "no-id", str(UUID(int=0))):
            assert await contacts.get(id) is None
            assert await contacts.patch(id, {"name": "Eve"}) is None
            assert not await contacts.delete(id)
        assert (await contacts.get(made.id)) == made

    run(url, scene)


def test_a_patch_changes_what_it_gives_and_nothing_else(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        made = await contacts.create(someone(1, external_id="a", name="Ada", tags=["vip"], metadata={"x": 1}))
        patched = await contacts.patch(made.id, {"name": "Bob", "external_id": None})
        assert patched is not None
        assert (patched.name, patched.external_id, tuple(patched.tags), patched.metadata) == (
            "Bob",
            None,
            ("vip",),
            {"x": 1},
        )
        assert (patched.revision, patched.created_ms) == (2, made.created_ms)
        assert patched.updated_ms >= made.updated_ms
        assert await contacts.get(made.id) == patched
        with pytest.raises(ContactChangedError, match="read it again"):
            await contacts.patch(made.id, {"name": "Eve"}, revision=1)
        assert (await contacts.patch(made.id, {"name": "Eve"}, revision=2)) is not None

    run(url, scene)


def test_whatever_leads_to_a_contact_follows_its_changes(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        made = await contacts.create(someone(1, external_id="a", tags=["vip", "north"]))
        change: ContactChange = {"phone": "+14155550009", "external_id": "b", "tags": ["north", "new"]}
        await contacts.patch(made.id, change)
        for gone in ({"phone": "+14155550001"}, {"external_id": "a"}, {"tag": "vip"}):
            assert await ids(contacts, **gone) == []
        for there in (
            {"phone": "+14155550009"},
            {"external_id": "b"},
            {"tag": "north"},
            {"tag": "new"},
            {"tag": "new", "external_id": "b", "phone": "+14155550009"},
        ):
            assert await ids(contacts, **there) == [made.id]
        assert await ids(contacts, phone="+14155550009", tag="vip") == []
        assert await contacts.delete(made.id)
        assert not await contacts.delete(made.id)
        assert await contacts.get(made.id) is None
        assert (
            await ids(contacts)
            == await ids(contacts, tag="new")
            == await ids(contacts, external_id="b")
            == []
        )

    run(url, scene)


def test_a_deleted_contact_leaves_nothing_behind_but_the_count_of_numbers(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        made = await contacts.create(someone(1, external_id="a", tags=["vip"]))
        await contacts.delete(made.id)
        client: Any = contacts._client  # pyright: ignore[reportPrivateUsage]
        left = [key async for key in client.scan_iter(match=f"{contacts.stem}*")]
        assert left == [f"{contacts.stem}last".encode()]

    run(url, scene)


def test_an_external_id_belongs_to_one_contact(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        first = await contacts.create(someone(1, external_id="crm-1"))
        second = await contacts.create(someone(1))
        with pytest.raises(ExternalIdTakenError, match="A contact with this external_id already exists"):
            await contacts.create(someone(2, external_id="crm-1"))
        with pytest.raises(ExternalIdTakenError):
            await contacts.patch(second.id, {"external_id": "crm-1", "name": "Eve"})
        read = await contacts.get(second.id)
        assert read is not None
        assert (read.name, read.revision) == (None, 1)
        await contacts.delete(first.id)
        assert (await contacts.create(someone(3, external_id="crm-1"))).external_id == "crm-1"

    run(url, scene)


def test_of_many_who_race_for_one_external_id_one_has_it(url: str) -> None:
    winners: list[str] = []

    async def racer(scope: str, account: str, number: int) -> None:
        async with await connect(url) as client:
            contacts = AccountContacts(client, scope, account)
            for turn in range(20):
                try:
                    made = await contacts.create(someone(number, external_id=f"crm-{turn}"))
                    winners.append(str(made.external_id))
                except ExternalIdTakenError:
                    continue

    async def scene(contacts: AccountContacts) -> None:
        await asyncio.gather(*(racer(contacts.scope, contacts.account, number) for number in range(4)))
        assert sorted(winners) == sorted(f"crm-{turn}" for turn in range(20))
        assert len(await ids(contacts)) == 20

    run(url, scene)


def test_two_who_upsert_the_same_phones_at_once_make_each_contact_once(url: str) -> None:
    async def client_of(scope: str, account: str, name: str) -> list[str]:
        async with await connect(url) as client:
            contacts = AccountContacts(client, scope, account)
            outcomes = await contacts.bulk([someone(n, name=name) for n in range(600)])
            return [outcome.status for outcome in outcomes]

    async def scene(contacts: AccountContacts) -> None:
        both = await asyncio.gather(
            *(client_of(contacts.scope, contacts.account, name) for name in ("Ada", "Bob"))
        )
        statuses = [status for statuses in both for status in statuses]
        assert statuses.count("created") == statuses.count("updated") == 600
        every = [record async for record in all_of(contacts)]
        assert len({record.phone for record in every}) == len(every) == 600
        assert all(record.revision == 2 for record in every)

    run(url, scene)


async def all_of(contacts: AccountContacts, limit: int = 200) -> AsyncIterator[ContactRecord]:
    page = await contacts.listed(limit)
    while True:
        for record in page.contacts:
            yield record
        if page.before is None:
            return
        page = await contacts.listed(limit, page.before)


def test_no_change_of_two_at_once_is_lost(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        made = await contacts.create(someone(1))
        await asyncio.gather(
            *(contacts.patch(made.id, {"name": "Ada"}) for _ in range(5)),
            *(contacts.patch(made.id, {"priority": 7}) for _ in range(5)),
        )
        read = await contacts.get(made.id)
        assert read is not None
        assert (read.name, read.priority, read.revision) == ("Ada", 7, 11)

    run(url, scene)


def test_lists_are_newest_first_and_pages_meet_without_gap_or_overlap(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        outcomes = await contacts.bulk(
            [someone(n, tags=["even"] if n % 2 == 0 else []) for n in range(1_200)]
        )
        newest_first = [outcome.id for outcome in reversed(outcomes)]
        for outcome in outcomes[300:1_000]:
            await contacts.delete(str(outcome.id))
        left = [*newest_first[:200], *newest_first[900:]]
        assert [record.id async for record in all_of(contacts, 7)] == left
        page = await contacts.listed(3, tag="even")
        second = await contacts.listed(200, page.before, tag="even")
        assert [r.id for r in (*page.contacts, *second.contacts)] == left[1::2][:203]
        exact = await contacts.listed(500)
        assert (len(exact.contacts), exact.before) == (500, None)

    run(url, scene)


def test_do_not_call_is_of_the_number_whoever_has_it(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        first = await contacts.create(someone(1, do_not_call=True))
        second = await contacts.create(someone(1))
        assert first.do_not_call
        assert second.do_not_call
        await contacts.patch(first.id, {"phone": "+14155550002"})
        moved = await contacts.get(first.id)
        assert moved is not None
        assert (moved.phone, moved.do_not_call) == ("+14155550002", True)
        await contacts.patch(second.id, {"do_not_call": False})
        called = await contacts.get(second.id)
        assert called is not None
        assert not called.do_not_call
        await contacts.delete(first.id)
        assert (await contacts.create(someone(2))).do_not_call

    run(url, scene)


def test_each_bulk_mode_does_its_own_with_who_is_there_already(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        there = await contacts.create(someone(1, name="Ada", tags=["vip"]))
        rows = [someone(1, name="Bob"), someone(2, name="Cyd")]
        skipped, made = await contacts.bulk(rows, "skip")
        assert (skipped.status, skipped.id, made.status) == ("skipped", there.id, "created")
        failed, again = await contacts.bulk(rows, "insert")
        assert (failed.status, failed.id, again.status) == ("failed", None, "failed")
        assert failed.detail == "A contact with this phone already exists"
        updated, _ = await contacts.bulk(rows, "upsert")
        assert (updated.status, updated.id) == ("updated", there.id)
        read = await contacts.get(there.id)
        assert read is not None
        assert (read.name, tuple(read.tags)) == ("Bob", ("vip",))

    run(url, scene)


def test_rows_about_one_contact_are_taken_one_after_another(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        rows = [
            someone(1, name="Ada", priority=1),
            someone(2),
            someone(1, name="Bob"),
            someone(1, priority=4),
        ]
        outcomes = await contacts.bulk(rows)
        assert [outcome.status for outcome in outcomes] == ["created", "created", "updated", "updated"]
        assert outcomes[0].id == outcomes[2].id == outcomes[3].id
        read = await contacts.get(str(outcomes[0].id))
        assert read is not None
        assert (read.name, read.priority) == ("Bob", 4)

    run(url, scene)


def test_a_bad_row_fails_alone(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        await contacts.create(someone(1, external_id="a"))
        rows = [
            someone(2, external_id="b"),
            someone(3, external_id="a"),
            someone(4, external_id="b"),
            someone(5),
        ]
        outcomes = await contacts.bulk(rows)
        assert [outcome.status for outcome in outcomes] == ["created", "failed", "failed", "created"]
        assert outcomes[1].detail == "A contact with this external_id already exists"
        assert len(await ids(contacts)) == 3

    run(url, scene)


def test_contacts_are_matched_by_external_id_where_that_is_asked_for(url: str) -> None:
    async def scene(contacts: AccountContacts) -> None:
        there = await contacts.create(someone(1, external_id="a", name="Ada"))
        rows = [someone(7, external_id="a"), someone(1, external_id="b"), someone(1)]
        outcomes = await contacts.bulk(rows, match="external_id")
        assert [outcome.status for outcome in outcomes] == ["updated", "created", "created"]
        read = await contacts.get(there.id)
        assert read is not None
        assert (read.phone, read.name) == ("+14155550007", "Ada")
        assert len(await ids(contacts, phone="+14155550001")) == 2

    run(url, scene)


def test_what_was_acknowledged_survives_the_server_s_kill(tmp_path: Path) -> None:
    async def write(url: str) -> tuple[str, str]:
        async with await connect(url) as client:
            contacts = AccountContacts(client, "tests", "kill")
            made = await contacts.create(someone(1, external_id="a"))
            outcomes = await contacts.bulk([someone(n) for n in range(2, 1_000)])
            info: Any = await client.info("server")
            os.kill(info["process_id"], signal.SIGKILL)
            return made.id, str(outcomes[-1].id)

    async def read(url: str, first: str, last: str) -> None:
        async with await connect(url) as client:
            contacts = AccountContacts(client, "tests", "kill")
            for id in (first, last):
                assert await contacts.get(id) is not None
            assert len([record async for record in all_of(contacts)]) == 999
            with pytest.raises(ExternalIdTakenError):
                await contacts.create(someone(5, external_id="a"))

    with EmbeddedStore(tmp_path) as store:
        first, last = asyncio.run(write(store.url))
    with EmbeddedStore(tmp_path) as store:
        asyncio.run(read(store.url, first, last))

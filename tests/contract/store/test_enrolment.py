"""Who is enrolled in a campaign, in which order they are dialled, and how far each has come."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.contact_records import ContactChange
from busyhour.adapters.valkey.contacts import AccountContacts
from busyhour.adapters.valkey.enrolment import (
    COMPLETED,
    IN_PROGRESS,
    PENDING,
    WAITING,
    Cursor,
    Enrolment,
    Progress,
)

numbers = itertools.count()


def run(url: str, scene: Callable[[AccountContacts, Enrolment], Awaitable[None]]) -> None:
    async def play() -> None:
        async with await connect(url) as client:
            contacts = AccountContacts(client, "tests", f"enrolment-{next(numbers)}")
            await scene(contacts, Enrolment(client, contacts, "spring"))

    asyncio.run(play())


async def made(contacts: AccountContacts, *priorities: int, **more: Any) -> list[int]:
    """Numbers of new contacts of these priorities."""
    rows: list[ContactChange] = []
    for number, priority in enumerate(priorities):
        row: ContactChange = {"phone": f"+1415555{number:04d}", "priority": priority}
        row.update(more)  # pyright: ignore[reportCallIssue, reportArgumentType]
        rows.append(row)
    records = [await contacts.get(str(outcome.id)) for outcome in await contacts.bulk(rows)]
    return [record.number for record in records if record is not None]


async def dialled(campaign: Enrolment, cursor: Cursor, count: int) -> tuple[list[int], Cursor, bool]:
    page = await campaign.page(cursor, count)
    return [contact.number for contact in page.contacts], page.cursor, page.is_last


def test_pages_come_in_the_order_of_priority_and_then_of_enrolment(url: str) -> None:
    async def scene(contacts: AccountContacts, campaign: Enrolment) -> None:
        a, b, c, d, e = await made(contacts, 1, 0, 1, 0, 12)
        assert await campaign.enrol([c, a, e, d]) == 4
        assert await campaign.enrol([b, c]) == 1
        first, cursor, is_last = await dialled(campaign, {}, 3)
        assert (first, is_last) == ([d, b, c], False)
        second, cursor, is_last = await dialled(campaign, cursor, 3)
        assert (second, is_last) == ([a, e], True)
        assert (await dialled(campaign, cursor, 3))[0] == []

    run(url, scene)


def test_who_is_enrolled_later_with_a_better_priority_comes_next(url: str) -> None:
    async def scene(contacts: AccountContacts, campaign: Enrolment) -> None:
        a, b, c = await made(contacts, 5, 5, 0)
        await campaign.enrol([a, b])
        first, cursor, _ = await dialled(campaign, {}, 1)
        await campaign.enrol([c])
        second, _, is_last = await dialled(campaign, cursor, 5)
        assert (first, second, is_last) == ([a], [c, b], True)

    run(url, scene)


def test_who_is_gone_is_neither_enrolled_nor_dialled(url: str) -> None:
    async def scene(contacts: AccountContacts, campaign: Enrolment) -> None:
        a, b, c = await made(contacts, 0, 0, 0)
        await contacts.delete((await contacts.numbered([a]))[0].id)
        assert await campaign.enrol([a, b, c, 99]) == 2
        await contacts.delete((await contacts.numbered([b]))[0].id)
        assert await dialled(campaign, {}, 5) == ([c], {0: 2}, True)

    run(url, scene)


def test_everybody_with_a_tag_is_enrolled_oldest_first(url: str) -> None:
    async def scene(contacts: AccountContacts, campaign: Enrolment) -> None:
        tagged = await made(contacts, *[0] * 700, tags=["vip"])
        await contacts.create({"phone": "+4930123456"})
        assert await campaign.enrol_tagged("vip") == 700
        assert (await dialled(campaign, {}, 1_000))[0] == tagged
        assert await campaign.enrol_tagged("vip") == await campaign.enrol_tagged("none") == 0

    run(url, scene)


def test_statuses_sum_to_the_number_enrolled_whatever_is_repeated(url: str) -> None:
    async def scene(contacts: AccountContacts, campaign: Enrolment) -> None:
        a, b, c, d = await made(contacts, 0, 0, 0, 0)
        await campaign.enrol([a, b, c, d])
        ringing = [Progress(a, IN_PROGRESS, 1), Progress(b, IN_PROGRESS, 1)]
        waits = Progress(a, WAITING, 1, 2, 1_800_000_000_000)
        for batch in (ringing, ringing, [waits], [waits, Progress(c, COMPLETED, 1, 0, 1_800_000_000_001)]):
            await campaign.record(batch)
            assert sum((await campaign.counts()).values()) == 4
        assert await campaign.counts() == {
            "pending": 1,
            "in_progress": 1,
            "waiting": 1,
            "completed": 1,
            "exhausted": 0,
            "skipped": 0,
        }
        assert await campaign.of([a, d]) == [waits, Progress(d)]

    run(url, scene)


def test_progress_is_listed_newest_first_by_status_and_in_pages(url: str) -> None:
    async def scene(contacts: AccountContacts, campaign: Enrolment) -> None:
        every = await made(contacts, *[0] * 600)
        await campaign.enrol(every[:-1])
        done = every[:500:2]
        await campaign.record([Progress(number, COMPLETED, 1, 0, 5) for number in done])
        rows, before = await campaign.progress(2, None, COMPLETED)
        assert [row.contact for row in rows] == done[::-1][:2]
        rest, none = await campaign.progress(900, before, COMPLETED)
        assert ([row.contact for row in rest], none) == (done[::-1][2:], None)
        pending, _ = await campaign.progress(900, None, PENDING)
        assert [row.contact for row in pending] == sorted(set(every[:-1]) - set(done), reverse=True)
        all_of_them, _ = await campaign.progress(900)
        assert [row.contact for row in all_of_them] == every[-2::-1]

    run(url, scene)


def test_a_dropped_enrolment_leaves_the_contacts_and_nothing_else(url: str) -> None:
    async def scene(contacts: AccountContacts, campaign: Enrolment) -> None:
        every = await made(contacts, 0, 1, 2)
        await campaign.enrol(every)
        await campaign.record([Progress(every[0], WAITING, 1)])
        await campaign.drop()
        client: Any = campaign._client  # pyright: ignore[reportPrivateUsage]
        assert [key async for key in client.scan_iter(match=f"{campaign.stem}*")] == []
        assert len((await contacts.listed(9)).contacts) == 3

    run(url, scene)

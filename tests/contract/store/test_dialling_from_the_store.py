"""A campaign whose contacts are in the store is dialled page by page, by number, and goes on where another ended."""

import asyncio
from pathlib import Path
from typing import Any

from actors.plan import LivePlan, first_owners
from actors.post import Answer, Batch
from actors.replications import Order
from actors.runner import Runner
from busyhour.adapters.valkey.admission import StoreAdmission
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.contact_records import ContactChange
from busyhour.adapters.valkey.contacts import AccountContacts
from busyhour.adapters.valkey.enrolment import Enrolment
from busyhour.adapters.valkey.shards import StoredShards
from busyhour.core.campaign import COMPLETED, LOAD_BATCH
from busyhour.core.phones import phone_text
from busyhour.host import RECORDER
from simulation.executor import Job
from simulation.live_part import Role
from simulation.scenario import loads

COUNT = 700
BUSY = [f"+1500555{number:03d}1" for number in range(COUNT)]
"""Magic numbers: each attempt ends at once."""


class Alone:
    """One actor that hosts everything, and the recorder's acknowledgements."""

    def __init__(self) -> None:
        self.rows = 0
        self.runner: Runner | None = None

    async def deliver(self, actor: str, batch: Batch) -> Answer:
        if actor == RECORDER:
            self.rows += sum(len(messages) for _, _, messages in batch)
            return [(to, sender, messages[-1][0]) for to, sender, messages in batch], False
        assert self.runner is not None
        return await self.runner.deliver(batch)


def plan_of(url: str, scope: str, folder: Path) -> LivePlan:
    scenario = loads(
        f"""
name: stored
seed: 1
clock: {{start: 2026-03-02T17:00:00Z, horizon: 1h}}
campaigns:
  spring:
    contacts: {{count: {COUNT}}}
    pacing: {{mode: agentless}}
    calling_hours: {{start: "08:00", end: "21:00"}}
"""
    )
    order = Order.of(Job(scenario, [0], folder))
    roles = {"all": Role(campaigns=[0], calls=range(256))}
    return LivePlan(scope, url, order, 20.0, roles, 0, folder, None, "acme", {0: "spring"})


async def dial(client: Any, plan: LivePlan, until: int, dialled: list[tuple[str, int]]) -> Runner:
    """Run an actor until it has dialled so many calls, or its campaign is over; a crash would leave it like that."""
    await StoredShards(client, plan.scope).begin(first_owners(plan.roles))
    courier = Alone()
    runner = Runner(plan, "all", courier, client)
    courier.runner = runner
    await runner.activate()
    runner.part.dialer.saw = lambda call: dialled.append((phone_text(call.phone), call.attempt))
    await runner.begin()
    campaign = runner.part.world.driver.campaigns[0]
    while campaign.state != COMPLETED and len(dialled) < until:
        await runner.turn()
        contacts = campaign.contacts
        assert len(contacts.fresh) + len(contacts.due) + len(contacts.returned) <= LOAD_BATCH
        await asyncio.sleep(0.001)
    return runner


def test_a_stored_campaign_is_dialled_in_order_by_number_and_across_a_crash(url: str, tmp_path: Path) -> None:
    scope = f"dialling-{url.partition(':')[0]}"
    dialled: list[tuple[str, int]] = []

    async def script() -> Runner:
        async with await connect(url) as client:
            contacts = AccountContacts(client, scope, "acme")
            rows: list[ContactChange] = [
                {"phone": phone, "timezone": "America/New_York" if n % 2 else None, "priority": n % 2}
                for n, phone in enumerate(BUSY)
            ]
            rows[10]["do_not_call"] = True
            rows[12]["timezone"] = "Mars/Olympus"
            made: list[Any] = [await contacts.get(str(row.id)) for row in await contacts.bulk(rows)]
            assert await Enrolment(client, contacts, "spring").enrol([c.number for c in made]) == COUNT
            plan = plan_of(url, scope, tmp_path)
            admission = StoreAdmission(client, scope, "acme")
            await admission.configure_trunk(0)
            await admission.configure_campaign(0)
            with plan.scenario() as scenario:
                await admission.start_clock(scenario.clock.start_us, plan.speed)
            first = await dial(client, plan, 300, dialled)
            second = await dial(client, plan, 10_000, dialled)
            first.close()
            second.close()
            return second

    runner = asyncio.run(script())
    wanted = [phone for n, phone in enumerate(BUSY) if n % 2 == 0 and n not in (10, 12)]
    wanted += [phone for n, phone in enumerate(BUSY) if n % 2 == 1]
    assert [attempt for _, attempt in dialled] == [1] * len(dialled)
    phones = [phone for phone, _ in dialled]
    assert phones[:200] == wanted[:200]
    assert len(set(phones)) == len(phones)
    assert set(phones) <= set(wanted)
    contacts = runner.part.world.driver.campaigns[0].contacts
    assert (contacts.skipped_do_not_call, contacts.skipped_unknown_zone) == (1, 1)
    assert contacts.exhausted == COUNT - 2
    assert runner.part.contacts_at_hand(0) == 0
    # What a crash caught between its leave and its dialling is over without having rung.
    assert len(phones) >= COUNT - 2 - LOAD_BATCH

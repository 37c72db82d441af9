"""What must hold of a replication's rows, whatever the scenario: read from the packed bytes alone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from busyhour.core.disposition import (
    CANCELLED,
    DISPOSITIONS,
    END_HORIZON,
    END_NO_CHANNEL,
    END_TRUNK_DOWN,
    HUMAN,
    OUTBOUND,
)
from busyhour.core.ids import SECOND
from busyhour.results.rows import CallRows
from simulation.scenario import Scenario
from simulation.scenario.campaigns import Campaign
from simulation.scenario.contacts import ContactCount

STEPS = (
    "created_at",
    "dialed_at",
    "ringing_at",
    "answered_at",
    "voice_connected_at",
    "queued_at",
    "connected_at",
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def check_rows(scenario: Scenario, rows: CallRows, ended_at: int) -> None:
    """Everything of this module that holds whatever the scenario, if messages take less than 15 s."""
    check_order_of_steps(rows, ended_at)
    check_agents(rows)
    check_attempts(scenario, rows)
    check_limits(scenario, rows)


def check_one_row_a_call(rows: CallRows, created: int) -> None:
    assert sorted(rows["call_no"].tolist()) == list(range(created))


def check_order_of_steps(rows: CallRows, ended_at: int) -> None:
    assert (np.diff(rows["ended_at"]) >= 0).all(), "rows stand in the order in which calls end"
    assert not len(rows) or rows["ended_at"].max() <= ended_at
    for row in rows:
        steps = [int(row[step]) for step in STEPS if row[step] >= 0]
        assert steps == sorted(steps), dict(zip(STEPS, row[list(STEPS)].tolist(), strict=True))
        assert steps[-1] <= row["ended_at"]
        assert (row["connected_at"] >= 0) == (row["agent_no"] >= 0)
        assert row["connected_at"] < 0 or row["disposition"] == HUMAN


def check_agents(rows: CallRows) -> None:
    """An agent's talks and wrap-ups follow one another."""
    for agent in set(rows["agent_no"].tolist()) - {-1}:
        own = np.sort(rows[rows["agent_no"] == agent], order="connected_at")
        for before, after in pairwise(own):
            free_at = before["ended_at"] + before["wrap_up_us"]
            assert free_at <= after["connected_at"], f"agent {agent} has two calls at once"


def check_attempts(scenario: Scenario, rows: CallRows) -> None:
    """Attempts of one contact: one at a time, numbered, as many, as soon and at such hours as the rules allow."""
    for number, campaign in enumerate(scenario.campaigns.values()):
        zones = _zones(scenario, campaign)
        by_contact: dict[int, list[Any]] = defaultdict(list)
        for row in rows[(rows["campaign"] == number) & (rows["direction"] == OUTBOUND)]:
            by_contact[int(row["contact_no"])].append(row)
        for contact, own in by_contact.items():
            own.sort(key=lambda row: int(row["attempt"]))
            zone = zones[contact]
            assert zone is not None, "nobody is called whose time zone is unknown"
            _check_contact(campaign, own, zone)


def _check_contact(campaign: Campaign, own: Sequence[Any], zone: ZoneInfo | Any) -> None:
    retry = campaign.retry
    after = {rule.outcome: rule.after for rule in retry.rules}
    assert [int(row["attempt"]) for row in own] == list(range(1, len(own) + 1))
    counted = [row for row in own if row["disposition"] != CANCELLED]
    assert len(counted) <= retry.max_attempts
    for before, this in pairwise(own):
        outcome = DISPOSITIONS[before["disposition"]]
        if before["end_reason"] in (END_NO_CHANNEL, END_TRUNK_DOWN) and "blocked" in after:
            outcome = "blocked"
        assert outcome in after or outcome == "cancelled", f"another try after {outcome}"
        assert this["dialed_at"] >= before["ended_at"] + after.get(outcome, 0)
    hours = campaign.calling_hours
    days: dict[Any, int] = defaultdict(int)
    for row in own:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(row["dialed_at"]))
        days[at.astimezone(zone).date()] += 1
        if hours is not None:
            own_clock = zone if hours.timezone == "recipient" else ZoneInfo(hours.timezone)
            assert _is_open(hours, at.astimezone(own_clock)), f"dialled at {at.astimezone(own_clock)}"
    assert retry.max_per_day is None or max(days.values()) <= retry.max_per_day


def _is_open(hours: Any, local: datetime) -> bool:
    """The window as a person reads it off a wall clock."""
    since_midnight = (local.hour * 3600 + local.minute * 60 + local.second) * SECOND + local.microsecond
    today, yesterday = WEEKDAYS[local.weekday()], WEEKDAYS[local.weekday() - 1]
    if hours.start < hours.end:
        return today in hours.days and hours.start <= since_midnight < hours.end
    late = today in hours.days and hours.start <= since_midnight
    return late or (yesterday in hours.days and since_midnight < hours.end)


def _zones(scenario: Scenario, campaign: Campaign) -> Any:
    """Contact → its zone, None where it is unknown. Only lists, and counts in one zone."""
    own = scenario.clock.start.tzinfo
    contacts: Any = campaign.contacts
    if isinstance(contacts, ContactCount):
        names = list(contacts.timezones)
        assert len(names) <= 1
        return defaultdict(lambda: ZoneInfo(names[0]) if names else own)
    found: dict[int, Any] = {}
    for number, contact in enumerate(contacts):
        if contact.timezone is None:
            found[number] = own
        else:
            found[number] = None if contact.timezone.startswith("Nowhere") else ZoneInfo(contact.timezone)
    return found


def check_limits(scenario: Scenario, rows: CallRows) -> None:
    """Channels, concurrency and calls per second, at every instant and in every window."""
    for number, trunk in enumerate(scenario.trunks.values()):
        own = rows[rows["trunk"] == number]
        seized = own[(own["end_reason"] != END_NO_CHANNEL) & (own["end_reason"] != END_TRUNK_DOWN)]
        if trunk.channels is not None:
            taken_at = np.maximum(seized["dialed_at"], seized["created_at"])
            assert most_at_once(taken_at, seized["ended_at"]) <= trunk.channels
        if trunk.calls_per_second is not None:
            check_rate(own["dialed_at"][own["dialed_at"] >= 0], trunk.calls_per_second)
    for number, campaign in enumerate(scenario.campaigns.values()):
        own = rows[rows["campaign"] == number]
        if campaign.limits.max_concurrency is not None:
            assert most_at_once(own["created_at"], own["ended_at"]) <= campaign.limits.max_concurrency
        if campaign.limits.calls_per_second is not None:
            check_rate(own["dialed_at"], campaign.limits.calls_per_second)


def most_at_once(begun: Any, ended: Any) -> int:
    """The most intervals that hold one instant; one that ends where another begins has made room for it."""
    changes = [(int(at), 1) for at in begun] + [(int(at), -1) for at in ended]
    most = at_once = 0
    for _, change in sorted(changes):
        at_once += change
        most = max(most, at_once)
    return most


def check_rate(instants: Iterable[int], per_second: float) -> None:
    """No half-open window of one, two or ten seconds, wherever it begins, holds more than its share, rounded up."""
    at = sorted(int(instant) for instant in instants)
    for seconds in (1, 2, 10):
        last = 0
        for first, begin in enumerate(at):
            while last < len(at) and at[last] < begin + seconds * SECOND:
                last += 1
            assert last - first <= ceil(seconds * per_second - 1e-9), f"{last - first} calls in {seconds} s"


def waited_us(rows: CallRows, queue: int) -> int:
    """Time that calls spent waiting in the queue, by their rows."""
    own = rows[(rows["queue"] == queue) & (rows["queued_at"] >= 0)]
    until = np.where(own["connected_at"] >= 0, own["connected_at"], own["ended_at"])
    return int((until - own["queued_at"]).sum())


def check_nobody_overtakes(rows: CallRows, queue: int) -> None:
    """First come, first served: who came earlier and was still there was taken no later."""
    own = rows[(rows["queue"] == queue) & (rows["queued_at"] >= 0)]
    left = np.where(own["connected_at"] >= 0, own["connected_at"], own["ended_at"])
    for row in own[own["connected_at"] >= 0]:
        passed = (own["queued_at"] < row["queued_at"]) & (left > row["connected_at"])
        assert not passed.any(), f"call {row['call_no']} overtook {own['call_no'][passed].tolist()}"


def cut_off(rows: CallRows) -> int:
    """Calls that the end of the run cut off."""
    return int((rows["end_reason"] == END_HORIZON).sum())

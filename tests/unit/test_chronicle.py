"""A host tells the ledger each state of its calls once, in a replay with the same numbers."""

import json

from busyhour.chronicle import LEDGER, CallsChronicle
from busyhour.core.call import Call
from busyhour.core.call_states import DIALING, RINGING
from busyhour.core.disposition import OUTBOUND
from busyhour.core.ids import ABSENT
from busyhour.core.snapshots import call_facts, call_of_facts
from busyhour.host import Host
from simulation.growth import bare_scenario
from simulation.live_part import LivePart, Role
from simulation.scenario.callees import Callees
from simulation.scenario.trunks import Trunk

NAME = "calls/0"


def hosted() -> Host:
    scenario = bare_scenario({"main": Trunk()}, {"people": Callees()})
    host = LivePart(scenario, Role(calls=[0]), 1, rows_to=LEDGER).hosts[NAME]
    host.chronicle = CallsChronicle(host)
    return host


def begun(number: int) -> list[list[object]]:
    call = Call(number, OUTBOUND, ABSENT, 0, 0, 1_000)
    call.campaign = 0
    return [
        [1_000, "campaigns/0", 2 * number + 1, "CallBegun", number, call_facts(call)],
        [1_000, "campaigns/0", 2 * number + 2, "DialAt", number, 1_000],
    ]


def told(host: Host) -> list[tuple[int, int, int]]:
    """(number of the message, call, its state)"""
    calls = [(number, call_of_facts(plain[2])) for number, plain in host.outboxes[LEDGER].unacknowledged]
    return [(number, call.id, call.state) for number, call in calls]


def test_each_state_is_told_once() -> None:
    host = hosted()
    for entry in [*begun(0), [2_000, "", 0, "CarrierRinging", 0], [3_000, "", 0, "CarrierRinging", 0]]:
        host.apply(entry)
    assert told(host) == [(1, 0, DIALING), (2, 0, RINGING)]


def test_the_last_state_comes_with_the_row_that_the_call_leaves() -> None:
    host = hosted()
    for entry in [*begun(0), [2_000, "", 0, "CarrierLost", 0]]:
        host.apply(entry)
    kinds = [plain[0] for _, plain in host.outboxes[LEDGER].unacknowledged]
    assert kinds == ["Call", "Row"]


def test_a_replay_from_a_snapshot_goes_on_with_the_next_number_and_repeats_nothing() -> None:
    entries = [*begun(0), [2_000, "", 0, "CarrierRinging", 0]]
    host = hosted()
    for entry in entries[:2]:
        host.apply(entry)
    snapshot = json.loads(json.dumps(host.snapshot()))
    successor = hosted()
    successor.restore(snapshot)
    assert successor.chronicle is not None
    successor.chronicle.restored()
    successor.apply(entries[2])
    assert told(successor) == [(1, 0, DIALING), (2, 0, RINGING)]

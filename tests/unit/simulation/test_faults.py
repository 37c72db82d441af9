"""Reports of a carrier that come out of order."""

from simulation.runs import trace_replication
from simulation.scenario import loads

SCENARIO = """
clock: {start: "2026-03-02T09:00:00Z", until: idle, horizon: 1h}
trunks: {sloppy: {faults: {reorder: 100%}}}
queues: {desk: {agents: 1}}
campaigns:
  list: {contacts: [{phone: "+14155550101", behaviour: [{human: {after: AFTER, talk: 10s}}]}]}
"""


def carrier_reports(after: str) -> list[str]:
    scenario = loads(SCENARIO.replace("AFTER", after))
    return [line for line in trace_replication(scenario, 0) if "Carrier" in line or "Party" in line]


def test_a_report_is_overtaken_by_the_one_that_follows_it() -> None:
    assert carrier_reports("500ms") == [
        "+0:00:00.500000 call 0 CarrierAnswered",
        "+0:00:00.500000 call 0 CarrierRinging",
        "+0:00:11.500000 call 0 PartyHungUp",
    ]


def test_a_report_that_came_in_the_end_holds_no_later_one_in_order() -> None:
    assert carrier_reports("5s") == [
        "+0:00:01.000000 call 0 CarrierRinging",
        "+0:00:06.000000 call 0 CarrierAnswered",
        "+0:00:17.000000 call 0 PartyHungUp",
    ]

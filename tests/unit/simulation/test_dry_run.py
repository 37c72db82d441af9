"""A dry run counts who may be called at a campaign's launch, and gives a reason for everybody else."""

from busyhour.core.ids import HOUR
from simulation.dry_run import CALLING_HOURS, UNKNOWN_TIMEZONE, dry_run
from simulation.scenario import loads

SCENARIO = """\
schema: busyhour.scenario/v1
name: dry
clock: {{start: "2026-03-02T08:30:00-05:00", horizon: 4h}}
callees: {{people: {{}}}}
queues: {{sales: {{agents: 2}}}}
campaigns:
  retail:
    contacts: {contacts}
    callees: people
    queue: sales
    launch_at: {launch_at}
    calling_hours: {{start: "09:00", end: "21:00", timezone: recipient}}
"""
LISTED = """
      - {phone: "+14155550123", timezone: America/New_York}
      - {phone: "+14155550124", timezone: America/Chicago}
      - {phone: "+14155550125", timezone: Europe/Berlin}
      - {phone: "+14155550126", timezone: Mars/Olympus}"""


def test_everybody_is_callable_or_excluded_for_one_reason() -> None:
    (run,) = dry_run(loads(SCENARIO.format(contacts=LISTED, launch_at="0s")))
    assert (run.contacts, run.callable) == (4, 1)  # 08:30 in New York is 14:30 in Berlin
    assert run.excluded == {UNKNOWN_TIMEZONE: 1, CALLING_HOURS: 2}


def test_the_launch_is_what_counts_and_the_next_opening_is_told() -> None:
    scenario = loads(SCENARIO.format(contacts=LISTED, launch_at="30m"))
    (run,) = dry_run(scenario)
    assert run.launch_at == scenario.clock.start_us + HOUR // 2
    assert run.excluded == {UNKNOWN_TIMEZONE: 1, CALLING_HOURS: 1}
    assert run.opens_at == scenario.clock.start_us + 3 * HOUR // 2  # 09:00 in Chicago


def test_counted_contacts_are_as_the_simulation_places_them() -> None:
    contacts = "{count: 1000, timezones: {America/New_York: 0.5, Europe/Berlin: 0.5}}"
    (run,) = dry_run(loads(SCENARIO.format(contacts=contacts, launch_at="0s")))
    assert run.callable + run.excluded[CALLING_HOURS] == 1000
    assert 400 < run.callable < 600

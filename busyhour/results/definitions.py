"""Every KPI of a run: its name, unit and definition, in the order a planner reads them."""

from dataclasses import dataclass
from typing import Final, Literal

Section = Literal["campaigns", "queues", "agents", "trunks", "voice_agents"]
Unit = Literal["share", "count", "number", "seconds", "per_second"]
Kind = Literal["plain", "ratio", "quantile"]

SECTIONS: Final[tuple[Section, ...]] = ("campaigns", "queues", "agents", "trunks", "voice_agents")

SECTION_TITLES: Final[dict[Section, str]] = {
    "campaigns": "Campaign",
    "queues": "Queue",
    "agents": "Agents",
    "trunks": "Trunk",
    "voice_agents": "Voice agent",
}


@dataclass(frozen=True, slots=True)
class Definition:
    name: str
    title: str
    unit: Unit
    kind: Kind
    """How replications are put together: "plain" their mean, "ratio" the ratio of the means, "quantile" the
    mean of quantiles."""
    text: str
    headline: bool = False
    """Stands in the terminal's table and the report's first lines."""


def _count(name: str, title: str, text: str, headline: bool = False) -> Definition:
    return Definition(name, title, "count", "plain", text, headline)


def _share(name: str, title: str, text: str, headline: bool = False) -> Definition:
    return Definition(name, title, "share", "ratio", text, headline)


def _mean_s(name: str, title: str, text: str, headline: bool = False) -> Definition:
    return Definition(name, title, "seconds", "ratio", text, headline)


def _mean(name: str, title: str, text: str, headline: bool = False) -> Definition:
    return Definition(name, title, "number", "ratio", text, headline)


def _quantile(name: str, percent: int, headline: bool = False) -> Definition:
    text = f"The wait that {percent}% of the calls that entered the queue did not exceed."
    return Definition(name, f"Wait, {percent}% within", "seconds", "quantile", text, headline)


_CALLS_PER_SECOND = Definition(
    "calls_per_second_max",
    "Most calls a second",
    "per_second",
    "plain",
    "The most calls dialled in any one second of the clock, counted from the start of the run.",
)

DEFINITIONS: Final[dict[Section, tuple[Definition, ...]]] = {
    "campaigns": (
        _share(
            "abandonment_rate",
            "Abandonment rate",
            "Live answers who hung up before an agent took them ÷ live answers. Machines not counted.",
            True,
        ),
        _count("attempts", "Attempts", "Calls dialled to contacts, the blocked ones included.", True),
        _count("live_answers", "Live answers", "Attempts recognised as answered by a live person.", True),
        _count("connects", "Connects", "Live answers that reached a human or a voice agent.", True),
        _count("abandoned", "Abandoned", "Live answers who hung up before an agent took them."),
        _share("answer_rate", "Answer rate", "Live answers ÷ attempts.", True),
        _count("contacts_completed", "Contacts completed", "Contacts of whom a person was reached.", True),
        _count("contacts_exhausted", "Contacts exhausted", "Contacts out of attempts and not reached.", True),
        _count("contacts_remaining", "Contacts remaining", "Contacts still to be worked at the end.", True),
        Definition(
            "duration_s",
            "Duration",
            "seconds",
            "plain",
            "From launch to completion, over the replications in which the campaign completed.",
            True,
        ),
        _mean(
            "attempts_per_contact",
            "Attempts per contact",
            "Attempts ÷ contacts attempted at least once.",
            True,
        ),
        _count("machines", "Machines", "Attempts taken for an answering machine."),
        _count("no_answers", "No answer", "Attempts that rang until the network or the dialler gave up."),
        _count("busy", "Busy", "Attempts to an engaged line."),
        _count("invalid", "Invalid", "Attempts to a number not in service."),
        _count(
            "failed",
            "Failed",
            "Attempts the carrier or the platform could not place, the blocked ones included.",
        ),
        _count(
            "blocked",
            "Blocked",
            "Attempts that found no channel, the trunk down, or the carrier answering 503.",
        ),
        _count("contacts_total", "Contacts", "Contacts in the list."),
        _CALLS_PER_SECOND,
    ),
    "queues": (
        _share("service_level", "Service level", "Answered within the threshold ÷ all offered.", True),
        _mean_s("asa_s", "Mean wait of the answered", "Mean wait of the calls that an agent took.", True),
        _share("abandonment_rate", "Abandonment rate", "Hung up while waiting ÷ all offered.", True),
        _share(
            "occupancy",
            "Occupancy",
            "Time busy with talk or wrap-up ÷ time staffed, of the pools that serve the queue.",
            True,
        ),
        _count("offered", "Offered", "Calls that came to the queue.", True),
        _count("answered", "Answered", "Calls that an agent took.", True),
        _count("abandoned", "Abandoned", "Calls that hung up while waiting."),
        _count("blocked", "Blocked", "Calls that found every waiting place taken."),
        _share("blocking_rate", "Blocking rate", "Blocked ÷ all offered.", True),
        _share("wait_probability", "Share that waits", "Calls that waited at all ÷ all offered.", True),
        _mean_s("wait_mean_s", "Mean wait", "Mean wait of all that entered, answered or not.", True),
        _quantile("wait_p50_s", 50),
        _quantile("wait_p90_s", 90),
        _quantile("wait_p95_s", 95, True),
        _quantile("wait_p99_s", 99),
        _mean("queue_length_mean", "Mean queue length", "Calls waiting, averaged over time.", True),
        _count("queue_length_max", "Longest queue", "The most calls waiting at once."),
        _mean(
            "agents_mean",
            "Agents staffed",
            "Agents on duty, averaged over time, of the pools that serve the queue.",
        ),
        _mean_s(
            "talk_mean_s",
            "Mean talk",
            "Mean talk of the answered calls; one cut off by the end counts as far as it got.",
        ),
        _mean_s("wrap_up_mean_s", "Mean wrap-up", "Mean wrap-up after the answered calls."),
    ),
    "agents": (
        _share("occupancy", "Occupancy", "Time busy with talk or wrap-up ÷ time staffed.", True),
        _share("talk_share", "Talk share", "Time talking ÷ time staffed.", True),
        _share("wrap_up_share", "Wrap-up share", "Time in wrap-up ÷ time staffed.", True),
        _share("idle_share", "Idle share", "Time neither talking nor in wrap-up ÷ time staffed.", True),
        _mean(
            "agents_mean",
            "Agents staffed",
            "Agents on duty, averaged over time; overrun to finish a call included.",
            True,
        ),
        _count("calls", "Calls", "Calls the pool's agents took.", True),
    ),
    "trunks": (
        _share("blocking_rate", "Blocking rate", "Blocked ÷ attempts.", True),
        _mean(
            "channels_mean",
            "Channels in use",
            "Channels held, from dialling to the call's end, averaged over time.",
            True,
        ),
        _count("channels_max", "Most channels", "The most channels held at once.", True),
        _count(
            "attempts", "Attempts", "Calls dialled or received on the trunk, the blocked ones included.", True
        ),
        _count(
            "blocked", "Blocked", "Calls that found no channel, the trunk down, or the carrier answering 503."
        ),
        _CALLS_PER_SECOND,
        _share(
            "answer_seizure_ratio",
            "Answer-seizure ratio",
            "Answered ÷ seizures (attempts that were not blocked).",
            True,
        ),
        _mean_s(
            "average_call_duration_s",
            "Mean call duration",
            "From answer to end, of the answered calls.",
            True,
        ),
    ),
    "voice_agents": (
        _count("offered", "Offered", "Live answers and calls that came to the voice agent.", True),
        _count("answered", "Answered", "Calls that the voice agent took.", True),
        _count("transferred", "Transferred", "Calls that it passed on to a queue.", True),
        _mean("concurrent_mean", "Calls at once", "Calls that it held at once, averaged over time.", True),
        _count("concurrent_max", "Most calls at once", "The most calls that it held at once.", True),
        _mean_s("talk_mean_s", "Mean talk", "From its answer to the transfer or the end.", True),
    ),
}

KPI_NAMES: Final[dict[Section, tuple[str, ...]]] = {
    section: tuple(d.name for d in definitions) for section, definitions in DEFINITIONS.items()
}


def definition_of(section: Section, name: str) -> Definition:
    """Raises KeyError for a KPI that does not exist."""
    for definition in DEFINITIONS[section]:
        if definition.name == name:
            return definition
    raise KeyError(f"{section} have no KPI {name}")

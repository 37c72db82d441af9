"""What may change about a campaign while it runs: its limits, its pacing, and how it dials and tries again.

Settings are plain numbers, as a journal has them, so that a replay changes the campaign where it was changed.
"""

from typing import Final, cast

from busyhour.core.attempts import RetryRules
from busyhour.core.campaign import CONCURRENCY, Campaign
from busyhour.core.errors import SnapshotError
from busyhour.core.ids import Instant
from busyhour.core.pacing import PREDICTIVE, pacer_for
from busyhour.core.pacing.base import TALKING, WRAPPING, Pacer
from busyhour.core.pacing.predictive import PredictivePacer
from busyhour.core.plain import Plain, int_at, rows_at

_MACHINE: Final = "campaign settings"


def change_campaign(campaign: Campaign, settings: Plain, now: Instant) -> None:
    """Have it go on with `settings`: max_concurrency (0: none), pacing_mode, lines_per_agent, max_lines_per_agent,
    abandonment_cap, dial_timeout (microseconds), screens_answers, leaves_messages, max_attempts, max_per_day (0: none)
    and retry, pairs of outcome and delay. Calls that are on stay as they are; calling hours are the dial list's. Raises
    SnapshotError.
    """
    campaign.max_concurrency = int_at(settings, "max_concurrency", _MACHINE)
    if campaign.blocked_by == CONCURRENCY:
        campaign.held_until = now
    plan = campaign.plan
    plan.dial_timeout = int_at(settings, "dial_timeout", _MACHINE)
    plan.screens_answers = int_at(settings, "screens_answers", _MACHINE) != 0
    plan.leaves_messages = int_at(settings, "leaves_messages", _MACHINE) != 0
    after = {row[0]: row[1] for row in rows_at(settings, "retry", _MACHINE, 2)}
    campaign.contacts.retry = RetryRules(
        int_at(settings, "max_attempts", _MACHINE), int_at(settings, "max_per_day", _MACHINE), after
    )
    campaign.pacer = _paced(campaign.pacer, settings, now)


def _paced(before: Pacer, settings: Plain, now: Instant) -> Pacer:
    """A pacer with what the one before it knew of lines and agents. What predictive dialling has learnt stays while it
    stays predictive.
    """
    mode = int_at(settings, "pacing_mode", _MACHINE)
    most, cap = _number(settings, "max_lines_per_agent"), _number(settings, "abandonment_cap")
    if mode == PREDICTIVE and isinstance(before, PredictivePacer):
        before.budget.cap = cap
        before.max_lines_per_agent = most
        return before
    pacer = pacer_for(mode, _number(settings, "lines_per_agent"), most, cap, before.reserve_agents)
    told: list[tuple[Instant, int, int]] = [(since, 0, agent) for agent, since in before.agent_since.items()]
    told += [(dialled, 1, line) for line, dialled in before.in_flight.items()]
    told += [(answered, 2, line) for line, answered in before.waiting.items()]
    told.sort()
    for at, kind, number in told:
        if kind == 0:
            _tell_of_agent(pacer, number, before.agent_state[number], at)
        else:
            pacer.dialed(number, at)
            if kind == 2:
                pacer.answered(number, at)
    pacer.waiting_changed(before.queue_waiting, now)
    pacer.unmatched = before.unmatched
    pacer.matched_at = before.matched_at
    return pacer


def _tell_of_agent(pacer: Pacer, agent: int, state: int, at: Instant) -> None:
    if state == TALKING:
        pacer.agent_talking(agent, at)
    elif state == WRAPPING:
        pacer.agent_wrapping(agent, at)
    else:
        pacer.agent_idle(agent, at)


def _number(settings: Plain, name: str) -> float:
    value = settings.get(name)
    if not isinstance(value, int | float):
        raise SnapshotError(_MACHINE, f"{name} must be a number, not {value!r}")
    return float(cast("float", value))

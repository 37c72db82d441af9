"""What a KPI is to be seen beside: a cap, a limit, a target, a threshold."""

from busyhour.core.ids import SECOND
from busyhour.results.definitions import Section
from busyhour.results.summary import Summary
from busyhour.results.wording import given


def beside(summary: Summary, section: Section, name: str, kpi: str) -> str:
    """A few words, empty where there is nothing."""
    facts = summary.facts
    if section == "campaigns" and kpi == "abandonment_rate" and name in facts.abandonment_caps:
        return f"cap {given(facts.abandonment_caps[name], 'share')}"
    if section == "trunks" and kpi == "channels_max" and name in facts.channel_limits:
        return f"of {facts.channel_limits[name]:,}"
    if section == "queues" and kpi == "service_level":
        threshold_s = facts.names.service_threshold(list(facts.names.queues).index(name)) / SECOND
        target = facts.service_targets.get(name)
        wanted = "" if target is None else f", target {given(target, 'share')}"
        return f"within {given(threshold_s, 'seconds')}{wanted}"
    return ""

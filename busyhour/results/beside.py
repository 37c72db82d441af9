"""Which KPIs stand in front, and what each is to be seen beside: a cap, a limit, a target, a threshold."""

from collections.abc import Mapping

from busyhour.core.ids import SECOND
from busyhour.results.definitions import DEFINITIONS, Definition, Section
from busyhour.results.estimates import Estimate
from busyhour.results.summary import Summary
from busyhour.results.wording import given, quantity


def headline_kpis(section: Section, kpis: Mapping[str, Estimate]) -> list[Definition]:
    """The most telling that were observed; none where nothing happened. A blocking rate of 0 says nothing."""
    observed = [d for d in DEFINITIONS[section] if d.headline and kpis[d.name].mean is not None]
    if not any(kpis[d.name].mean for d in observed):
        return []
    return [d for d in observed if d.name != "blocking_rate" or kpis[d.name].mean]


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


def length_of(summary: Summary) -> str:
    """Of one replication: as chosen, or as it came out on average where the run ended when idle."""
    if summary.facts.window.horizon is None:
        return f"about {quantity(summary.virtual_s, 'seconds')}"
    return given(summary.virtual_s, "seconds")

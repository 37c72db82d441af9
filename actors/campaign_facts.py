"""What the directory says of queues and campaigns, of the documents that the API keeps of them."""

from typing import Any

from actors.call_documents import DIRECT
from busyhour.adapters.valkey.documents import Document
from busyhour.core.attempts import BLOCKED
from busyhour.core.calling_hours import days_mask
from busyhour.core.disposition import DISPOSITIONS
from busyhour.core.ids import HOUR, MINUTE, SECOND, Micros
from busyhour.core.pacing import PACING_MODES


def queue_facts(queue: Document) -> dict[str, Any]:
    return {
        "wrap_up_us": _us(queue["wrap_up_s"]),
        "max_wait_us": _us(queue["max_wait_s"] or 0),
        "discipline": queue["discipline"],
    }


def flow_facts(flow: Document) -> dict[str, Any]:
    """As `core.flow.reading` has it, which has checked the flow before it was kept."""
    return {name: flow[name] for name in ("name", "start", "nodes")}


def campaign_facts(campaign: Document, voice_agent: str | None) -> dict[str, Any]:
    """As the campaign is when it is launched. `plan` is a `simulation.scenario.campaigns.Campaign` but for the
    callees, who are the trunk's; `voice_agent` is the key of its voice agent in the directory.
    """
    queue = None if voice_agent else campaign["queue_id"]
    plan: dict[str, Any] = {
        "contacts": [],
        "trunk": campaign["trunk"],
        "queue": queue,
        "voice_agent": voice_agent,
        "pacing": dict(campaign["pacing"]) if queue or voice_agent else {"mode": "agentless"},
        "limits": dict(campaign["limits"]),
        "dial_timeout": _us(campaign["dial_timeout_s"]),
        "calling_hours": _calling_hours(campaign["calling_hours"]),
        "retry": _retry(campaign["retry"]),
        "amd": dict(campaign["amd"]),
    }
    return {"plan": plan, DIRECT: False, "caller_ids": campaign["caller_ids"]}


def campaign_settings(campaign: Document) -> dict[str, Any]:
    """What may change while it runs, as `busyhour.core.campaign_settings` has it."""
    pacing, retry = campaign["pacing"], _retry(campaign["retry"])
    # A voice agent has a session for every call, so that limits alone hold dialling.
    mode = pacing["mode"] if campaign["queue_id"] and not campaign["agent_id"] else "agentless"
    codes = {name: code for code, name in enumerate(DISPOSITIONS)} | {"blocked": BLOCKED}
    return {
        "max_concurrency": campaign["limits"]["max_concurrency"] or 0,
        "pacing_mode": PACING_MODES.index(mode),
        "lines_per_agent": pacing["lines_per_agent"],
        "max_lines_per_agent": pacing["max_lines_per_agent"],
        "abandonment_cap": pacing["abandonment_cap"],
        "dial_timeout": _us(campaign["dial_timeout_s"]),
        "screens_answers": int(campaign["amd"]["enabled"]),
        "leaves_messages": int(campaign["amd"]["on_machine"] == "leave_message"),
        "max_attempts": retry["max_attempts"],
        "max_per_day": retry["max_per_day"] or 0,
        "retry": [[codes[rule["outcome"]], rule["after"]] for rule in retry["rules"]],
        "calling_hours": _hours_settings(campaign["calling_hours"]),
    }


def direct_facts(order: Document, voice_agent: str | None, queue: str | None, most: int) -> dict[str, Any]:
    """Of the campaign of single calls that are alike: nobody paces them, and nobody listens for machines. At most so
    many are on at once; 0: any number.
    """
    plan: dict[str, Any] = {
        "contacts": [],
        "trunk": order["trunk"],
        "queue": None if voice_agent else queue,
        "voice_agent": voice_agent,
        "pacing": {"mode": "agentless"},
        "limits": {"max_concurrency": most or None},
        "dial_timeout": _us(order["dial_timeout_s"]),
        "amd": {"enabled": False},
    }
    return {"plan": plan, DIRECT: True}


def _retry(retry: Document) -> dict[str, Any]:
    rules = [{"outcome": rule["outcome"], "after": _us(rule["after_s"])} for rule in retry["rules"]]
    return {"max_attempts": retry["max_attempts"], "max_per_day": retry["max_per_day"], "rules": rules}


def _calling_hours(hours: Document | None) -> dict[str, Any] | None:
    if hours is None:
        return None
    times = {name: _time_of_day(hours[name]) for name in ("start", "end")}
    return {**times, "days": list(hours["days"]), "timezone": hours["timezone"]}


def _hours_settings(hours: Document | None) -> list[Any] | None:
    """As `DialList.change_hours` has them."""
    if hours is None:
        return None
    zone = "" if hours["timezone"] == "recipient" else hours["timezone"]
    days = days_mask(list(hours["days"]))
    return [_time_of_day(hours["start"]), _time_of_day(hours["end"]), days, zone]


def _time_of_day(text: str) -> Micros:
    hours, _, minutes = text.partition(":")
    return int(hours) * HOUR + int(minutes) * MINUTE


def _us(seconds: float) -> Micros:
    return round(seconds * SECOND)

"""What people say to voice agents that follow a flow, and the flows themselves."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, TypeAlias

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from busyhour.core.flow.reading import check
from simulation.scenario.base import PROBLEMS, Finding, Form, Part, Path, as_list, as_mapping, problem
from simulation.scenario.distribution_forms import TimeDistribution, TimeDistributionOrInfinite
from simulation.scenario.distributions import Constant, Lognormal
from simulation.scenario.values import SHARE_TOLERANCE, Duration, Factor, Share, shown

KEYS_PATTERN: Final = r"^[0-9*#]{1,64}$"
DRAWN_KEYS_PATTERN: Final = r"^[0-9*#?]{1,64}$"
_KEYS: Final = re.compile(r"[0-9*#]{1,64}", re.ASCII)
_DRAWN_KEYS: Final = re.compile(r"[0-9*#?]{1,64}", re.ASCII)
LONGEST_SAYING: Final = 1_000

IntentName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Saying: TypeAlias = Annotated[str, Field(min_length=1, max_length=LONGEST_SAYING)]


def _read_flow(value: Any, from_file: bool) -> dict[str, Any]:
    """A flow in place, checked as the core checks it. One in a file of its own has been read by now."""
    flow = as_mapping(value)
    if flow is None:
        raise problem(f"must be a flow, or the file of one such as reminders.json, not {shown(value)}")
    empty = _empty(flow)
    if empty is not None:
        raise problem("is empty; leave the key out, or give it a value", *empty)
    sentences = check(flow)
    if sentences:
        findings = [Finding(_place(sentence, flow), sentence) for sentence in sentences]
        text = "; ".join(sentences)
        raise PydanticCustomError(PROBLEMS, "{text}", {"text": text, "findings": findings})
    return flow


def _place(sentence: str, flow: dict[str, Any]) -> Path:
    """Where the node stands that a sentence begins by naming."""
    for id in as_mapping(flow.get("nodes")) or {}:
        if sentence.startswith(f'node "{id}":'):
            return ("nodes", id)
    return ()


def _empty(value: Any, path: Path = ()) -> Path | None:
    """Where a key without a value stands, which no file keeps."""
    mapping, items = as_mapping(value), as_list(value)
    if mapping is None and items is None:
        return path if value is None else None
    for key, below in mapping.items() if mapping is not None else enumerate(items or []):
        found = _empty(below, (*path, key))
        if found is not None:
            return found
    return None


def _same(value: Any) -> Any:
    return value


def _read_keys(value: Any, from_file: bool) -> str:
    if isinstance(value, str) and _KEYS.fullmatch(value):
        return value
    raise problem(f'must be keys of a telephone in quotes, such as "1234#", not {shown(value)}')


def _read_drawn_keys(value: Any, from_file: bool) -> str:
    if isinstance(value, str) and _DRAWN_KEYS.fullmatch(value):
        return value
    raise problem(
        f'must be keys of a telephone in quotes, ? for any digit, such as "??#", not {shown(value)}'
    )


FLOW: Final = Form("flow", _read_flow, _same)
KEYS: Final = Form("keys", _read_keys, _same)
DRAWN_KEYS: Final = Form("drawn_keys", _read_drawn_keys, _same)
FlowDefinition: TypeAlias = Annotated[dict[str, Any], FLOW]


class ScriptedReply(Part):
    """What is said or done when a voice agent asks something."""

    say: Saying | None = Field(default=None, description="Words.", examples=['"Yes, please."'])
    press: Annotated[str, KEYS] | None = Field(default=None, description="Keys, 300 ms apart.")
    silent: bool = Field(default=False, strict=True, description="true: nothing, however long one waits.")
    hang_up: bool = Field(default=False, strict=True, description="true: the end of the call.")
    after: Duration = Field(
        default=800_000, description="From the end of the question to the first word or key."
    )

    @model_validator(mode="after")
    def _one(self) -> ScriptedReply:
        given = [
            name
            for name, is_given in (
                ("say", self.say is not None),
                ("press", self.press is not None),
                ("silent", self.silent),
                ("hang_up", self.hang_up),
            )
            if is_given
        ]
        if not given:
            raise problem('must be {say: "Yes"}, {press: "1234#"}, {silent: true} or {hang_up: true}')
        if len(given) > 1:
            raise problem(f"stands beside {given[0]}; keep one of them", given[1])
        return self


class Intent(Part):
    """Something people mean when they are asked."""

    share: Share = Field(description="Share of the times they are asked.", examples=["60%"])
    says: tuple[Saying, ...] = Field(default=(), description="Wordings, each as likely as the others.")
    press: Annotated[str, DRAWN_KEYS] | None = Field(
        default=None, description="Keys, where digits are asked for; ? is any digit."
    )
    at: tuple[str, ...] = Field(
        default=(), description="Nodes of the flow at which this is meant, in place of intents without at."
    )

    @model_validator(mode="after")
    def _something(self) -> Intent:
        if not self.says and self.press is None:
            raise problem('must have words or keys, such as says: ["Yes"] or press: "??#"')
        return self


class Persona(Part):
    """People by a table of rules."""

    intents: Annotated[dict[IntentName, Intent], Field(min_length=1)] = Field(
        description="What they mean, by name; what is left of 100% says nothing.",
        examples=["{agree: {share: 60%, says: [Yes]}}"],
    )
    thinks: TimeDistribution = Field(
        default=Lognormal(mean=900_000, sd=500_000), description="From the end of a question to the answer."
    )
    words_per_minute: Factor = Field(default=150.0, description="How fast they speak.")
    talkativeness: Share = Field(default=0.0, description="Share of answers that begin with small talk.")
    small_talk: Annotated[tuple[Saying, ...], Field(min_length=1)] = Field(
        default=("Well, let me see.",), description="What these begin with, each as likely as the others."
    )
    machine_patience: TimeDistributionOrInfinite = Field(
        default=None, description="How long they stay with a machine, from its first word."
    )
    hangs_up: Share = Field(default=0.0, description="Share of questions that they answer by hanging up.")
    presses_keys: Share = Field(
        default=1.0, description="Share of people who press keys when asked to; the others say something."
    )

    @model_validator(mode="after")
    def _whole(self) -> Persona:
        nodes = {node for intent in self.intents.values() for node in intent.at}
        for node in ("", *sorted(nodes)):
            total = sum(intent.share for intent in self.intents.values() if node in (intent.at or ("",)))
            if total > 1 + SHARE_TOLERANCE:
                where = f'at "{node}" ' if node else ""
                raise problem(f"shares {where}must sum to at most 1, and sum to {total:.6g}", "intents")
        return self


class HttpService(Part):
    """How the web services answer that a flow's http nodes ask. None is asked in truth."""

    after: TimeDistribution = Field(
        default=Constant(value=300_000), description="From the request to the answer."
    )
    fails: Share = Field(default=0.0, description="Share of requests that fail.")
    answers: dict[str, dict[str, Any]] = Field(
        default={}, description="What is answered, as JSON, by node; nothing for those that are not here."
    )

    @model_validator(mode="after")
    def _full(self) -> HttpService:
        empty = _empty(self.answers)
        if empty is not None:
            raise problem("is empty; leave the key out, or give it a value", "answers", *empty)
        return self

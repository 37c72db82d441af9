"""Campaigns: who is called, by whom, how fast, and when."""

import re
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from busyhour.adapters.timezones import zone_names
from serve_app.schemas.base import Body, Id, JsonObject, Name, PageQuery, Patch, Phone, Shown, Timestamp
from serve_app.sentences import wrong

State: TypeAlias = Literal["draft", "scheduled", "running", "paused", "stopping", "stopped", "completed"]
Mode: TypeAlias = Literal["agentless", "preview", "progressive", "power", "predictive"]
Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Outcome: TypeAlias = Literal[
    "busy", "no_answer", "machine", "failed", "abandoned", "blocked", "invalid", "unknown"
]
ContactStatus: TypeAlias = Literal["pending", "in_progress", "waiting", "completed", "exhausted", "skipped"]
InFlight: TypeAlias = Literal["drain", "cancel_unanswered", "hang_up"]

RECIPIENT: Final = "recipient"
_DAYS: Final[list[Day]] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_TIME_OF_DAY: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)


def _time_of_day(value: str) -> str:
    if not _TIME_OF_DAY.fullmatch(value):
        raise wrong("must be a time of day such as 08:00")
    return value


def _timezone(value: str) -> str:
    if value != RECIPIENT and value not in zone_names():
        raise wrong("must be recipient or an IANA timezone, such as America/New_York")
    return value


def _days(value: list[Day]) -> list[Day]:
    if len(set(value)) != len(value):
        raise wrong("must not name a day twice")
    return value


TimeOfDay: TypeAlias = Annotated[str, AfterValidator(_time_of_day)]


class Pacing(Body):
    mode: Mode = "progressive"
    lines_per_agent: Annotated[float, Field(gt=0, le=100)] = 1.5
    max_lines_per_agent: Annotated[float, Field(gt=0, le=100)] = 3.0
    abandonment_cap: Annotated[float, Field(ge=0, le=1)] = 0.03


class Limits(Body):
    max_concurrency: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    calls_per_second: Annotated[float, Field(gt=0, le=100_000)] | None = None


class CallingHours(Body):
    """An end before the start is a window over midnight."""

    start: TimeOfDay = "08:00"
    end: TimeOfDay = "21:00"
    days: Annotated[list[Day], Field(min_length=1), AfterValidator(_days)] = _DAYS
    timezone: Annotated[str, AfterValidator(_timezone)] = RECIPIENT

    @model_validator(mode="after")
    def _open(self) -> "CallingHours":
        if self.start == "24:00":
            raise wrong("must begin before 24:00; the day starts at 00:00")
        if self.start == self.end:
            raise wrong("must end when they do not begin; 00:00 to 24:00 is the whole day")
        return self


class RetryRule(Body):
    outcome: Outcome
    after_s: Annotated[float, Field(ge=0, le=30 * 86_400)]


class Retry(Body):
    max_attempts: Annotated[int, Field(ge=1, le=1_000)] = 1
    max_per_day: Annotated[int, Field(ge=1, le=1_000)] | None = None
    rules: Annotated[list[RetryRule], Field(max_length=20)] = []


class MachineDetection(Body):
    enabled: bool = True
    on_machine: Literal["hang_up", "leave_message"] = "hang_up"


class Schedule(Body):
    start_at: Timestamp | None = None
    end_at: Timestamp | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Schedule":
        if self.start_at is not None and self.end_at is not None and self.end_at <= self.start_at:
            raise wrong("must end after it starts")
        return self


CallerIds: TypeAlias = Annotated[list[Phone], Field(max_length=1_000)]
DialTimeout: TypeAlias = Annotated[float, Field(ge=1, le=300)]


class NewCampaign(Body):
    name: Name
    agent_id: Id | None = None
    queue_id: Id | None = None
    trunk: Name = "simulated"
    caller_ids: CallerIds = []
    pacing: Pacing = Pacing()
    limits: Limits = Limits()
    dial_timeout_s: DialTimeout = 25.0
    calling_hours: CallingHours | None = None
    retry: Retry = Retry()
    amd: MachineDetection = MachineDetection()
    schedule: Schedule = Schedule()
    config: JsonObject = {}


class CampaignPatch(Patch):
    """Of a setting that is an object, only the fields that are sent change. `config` is replaced whole."""

    name: Name = ""
    agent_id: Id | None = None
    queue_id: Id | None = None
    trunk: Name = ""
    caller_ids: CallerIds = []
    pacing: Pacing = Pacing()
    limits: Limits = Limits()
    dial_timeout_s: DialTimeout = 25.0
    calling_hours: CallingHours | None = None
    retry: Retry = Retry()
    amd: MachineDetection = MachineDetection()
    schedule: Schedule = Schedule()
    config: JsonObject = {}


class CampaignQuery(PageQuery):
    state: State | None = None


class Enrolment(Body):
    """`contact_ids`, or all contacts that have `tag`."""

    contact_ids: Annotated[list[Id], Field(min_length=1, max_length=5_000)] | None = None
    tag: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> "Enrolment":
        if (self.contact_ids is None) == (self.tag is None):
            raise wrong("must hold either contact_ids or tag")
        return self


class ProgressQuery(PageQuery):
    status: ContactStatus | None = None


class Launch(Body):
    dry_run: bool = False


class Stop(Body):
    in_flight: InFlight = "drain"


class CampaignShown(Shown):
    id: str
    name: str
    state: State
    agent_id: str | None
    queue_id: str | None
    trunk: str
    caller_ids: list[str]
    pacing: Pacing
    limits: Limits
    dial_timeout_s: float
    calling_hours: CallingHours | None
    retry: Retry
    amd: MachineDetection
    schedule: Schedule
    config: JsonObject
    flow_version: Annotated[
        int | None, Field(description="Of the voice agent's flow, since it was launched.")
    ]
    stats: Annotated[JsonObject | None, Field(description="null while the call runtime is away.")]
    created_at: str
    updated_at: str
    launched_at: str | None
    ended_at: str | None


class CampaignList(Shown):
    data: list[CampaignShown]
    next_cursor: str | None


class Enrolled(Shown):
    enrolled: int
    already_enrolled: int
    not_found: int


class Progress(Shown):
    contact_id: str
    status: ContactStatus
    attempts: int
    last_disposition: str | None
    last_attempt_at: str | None


class ProgressList(Shown):
    data: list[Progress]
    next_cursor: str | None


class Stopped(Shown):
    cancelled_queued: int
    cancelled_ringing: int
    draining: int
    campaign: CampaignShown

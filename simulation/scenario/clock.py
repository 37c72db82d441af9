"""When a run starts, ends and begins to count."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, model_validator

from simulation.scenario.base import Form, Part, problem
from simulation.scenario.distribution_forms import TimeDistribution
from simulation.scenario.distributions import Constant
from simulation.scenario.values import Duration, shown

START_PATTERN: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
_START: Final = re.compile(START_PATTERN.replace("$", r"\Z"))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REMEDY: Final = 'such as "2026-03-02T17:00:00-05:00"'


def read_start(value: Any, from_file: bool) -> datetime:
    if isinstance(value, datetime) and not from_file:
        start = value
    elif not isinstance(value, str):
        raise problem(f"must be a date and time with its UTC offset in quotes, {_REMEDY}, not {shown(value)}")
    else:
        try:
            start = datetime.fromisoformat(value)
        except ValueError:
            raise problem(
                f"must be a date and time with its UTC offset, {_REMEDY}, not {shown(value)}"
            ) from None
        if start.tzinfo is None:
            raise problem(f"has no UTC offset; add one, {_REMEDY}, or Z for UTC")
        if not _START.match(value):
            raise problem(f"must be written as RFC 3339 has it, {_REMEDY}, not {shown(value)}")
    if start.tzinfo is None:
        raise problem(f"has no UTC offset, {_REMEDY}")
    if not 1970 < start.year < 2100:
        raise problem(f"must lie between the years 1971 and 2099, and is {shown(value)}")
    return start


START: Final = Form("start", read_start, datetime.isoformat)
Start: TypeAlias = Annotated[datetime, START]


class Clock(Part):
    """Virtual time: a run ends at the horizon, or once nothing is left to do."""

    start: Start = Field(
        default=datetime(2026, 1, 5, 9, 0, tzinfo=UTC),
        description="Date and time at which the run starts, with UTC offset; default a Monday, 09:00 UTC.",
    )
    horizon: Duration | None = Field(
        default=None, description="How long the run lasts. With `until: idle`, how long it lasts at most."
    )
    until: Literal["idle"] | None = Field(
        default=None,
        description="idle: the run ends when all campaigns are complete and all calls have ended.",
    )
    warmup: Duration = Field(default=0, description="Statistics start this long after the start.")
    message_delay: TimeDistribution = Field(
        default=Constant(value=0),
        description="Time a message takes between campaign, calls and queues, as on a cluster.",
    )

    @property
    def start_us(self) -> int:
        """Start of the run, microseconds since the Unix epoch."""
        return (self.start - _EPOCH) // timedelta(microseconds=1)

    @property
    def end_us(self) -> int | None:
        """Instant of the horizon; None where the run ends only when idle."""
        return None if self.horizon is None else self.start_us + self.horizon

    @model_validator(mode="after")
    def _ends(self) -> Clock:
        if self.horizon is None and self.until is None:
            raise problem("must say when the run ends: horizon: 4h, or until: idle")
        if self.horizon is not None and self.horizon == 0:
            raise problem("must be more than 0", "horizon")
        if self.horizon is not None and self.warmup >= self.horizon:
            raise problem("must be shorter than the horizon, or nothing is counted", "warmup")
        return self

"""Durations, rates, shares, counts and times of day: how a file writes them and what a model holds.

duration   `90`, `"90s"`, `"250ms"`, `"1h30m"`     int, microseconds
rate       `"48/min"`, `"300/h"`, `"2/s"`          float, per second
share      `0.03`, `"3%"`                          float, 0 to 1
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias

from busyhour.core.ids import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from simulation.scenario.base import Form, problem

UNIT_US: Final[dict[str, int]] = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": MILLISECOND, "us": 1}
PER_SECONDS: Final[dict[str, int]] = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}

LONGEST_US: Final = 3_660 * DAY
"""Ten years. Beyond it a number is a slip of the unit, and sums of instants would leave 64 bits."""
MOST_PER_SECOND: Final = 1_000_000.0
MOST_COUNT: Final = 100_000_000
MOST_AGENTS: Final = 1_000_000

SHARE_TOLERANCE: Final = 1e-6
"""Sums of shares written with few decimals, such as three times 0.333333, still count as 1."""

NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?"
LONGEST_NUMBER: Final = 400
DURATION_PATTERN: Final = "^(?=.)(?:" + "".join(f"(?:{NUMBER}{u})?" for u in UNIT_US) + f"|{NUMBER})$"
RATE_PATTERN: Final = f"^{NUMBER}/(?:s|min|h|d)$"
PERCENT_PATTERN: Final = f"^{NUMBER}%$"
TIME_OF_DAY_PATTERN: Final = r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"

# \Z, for $ would let a line break follow.
_DURATION: Final = re.compile("".join(f"(?:({NUMBER}){u})?" for u in UNIT_US) + r"\Z")
_NUMBER: Final = re.compile(rf"{NUMBER}\Z")
_RATE: Final = re.compile(rf"({NUMBER})/(s|min|h|d)\Z")
_PERCENT: Final = re.compile(rf"({NUMBER})%\Z")
_TIME_OF_DAY: Final = re.compile(TIME_OF_DAY_PATTERN.replace("$", r"\Z"))

DURATION_REMEDY: Final = 'such as 90 (seconds), "250ms", "2m" or "1h30m"'
RATE_REMEDY: Final = 'such as "48/min", "300/h" or "2/s"'
SHARE_REMEDY: Final = 'such as 0.03 or "3%"'


def shown(value: Any) -> str:
    """A value of the file as a sentence shows it, cut to a readable length."""
    if value is None:
        return "nothing"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value) if not isinstance(value, str) else f'"{value}"'
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= 60 else text[:57] + "…" + ('"' if isinstance(value, str) else "")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_short_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_NUMBER


def duration_us(value: Any, from_file: bool) -> Decimal:
    """Microseconds, exactly as written. Raises a `problem` naming what a duration looks like."""
    if is_number(value):
        us = Decimal(repr(value)) * (SECOND if from_file else 1)
    elif not isinstance(value, str) or not 0 < len(value) <= LONGEST_NUMBER:
        raise problem(f"must be a duration, {DURATION_REMEDY}, not {shown(value)}")
    elif plain := _NUMBER.match(value):
        us = Decimal(plain[0]) * SECOND
    elif parts := _DURATION.match(value):
        us = sum(
            (Decimal(n) * unit for n, unit in zip(parts.groups(), UNIT_US.values(), strict=True) if n),
            start=Decimal(0),
        )
    else:
        raise problem(f"must be a duration, {DURATION_REMEDY}, not {shown(value)}")
    if us < 0:
        raise problem(f"must not be negative, and is {shown(value)}")
    if us > LONGEST_US:
        raise problem(f"must be at most 3660 days, and is {shown(value)}")
    return us


def read_duration(value: Any, from_file: bool) -> int:
    return int(duration_us(value, from_file).to_integral_value())


def write_duration(us: float) -> str:
    """The exact duration: `4h`, `1h30m`, `1500ms`, `0.5us`."""
    if not float(us).is_integer():
        return f"{Decimal(repr(us)):f}us"
    rest = int(us)
    if rest == 0:
        return "0s"
    if rest < MINUTE and rest % SECOND:
        return f"{rest}us" if rest % MILLISECOND else f"{rest // MILLISECOND}ms"
    text = ""
    for unit in ("h", "m", "s", "ms", "us"):
        count, rest = divmod(rest, UNIT_US[unit])
        if count:
            text += f"{count}{unit}"
    return text


def read_rate(value: Any, from_file: bool) -> float:
    if is_number(value) and not from_file:
        per_second = float(value)
    elif _is_short_text(value) and (parts := _RATE.match(value)):
        per_second = float(Decimal(parts[1]) / PER_SECONDS[parts[2]])
    elif is_number(value):
        raise problem(f'must say per what, {RATE_REMEDY}: write "{value}/s", "{value}/min" or "{value}/h"')
    else:
        raise problem(f"must be a rate, {RATE_REMEDY}, not {shown(value)}")
    if not 0 <= per_second <= MOST_PER_SECOND:
        raise problem(f"must be between 0 and {MOST_PER_SECOND:.0f} a second, and is {shown(value)}")
    return per_second


def decimal_text(number: float) -> str:
    """The number without an exponent, reading back as the same float."""
    text = f"{Decimal(repr(number)):f}"
    return text.removesuffix(".0")


def write_rate(per_second: float) -> str:
    """The exact form with the shortest number."""
    forms = [f"{decimal_text(per_second)}/s"]
    for unit in ("min", "h"):
        text = f"{decimal_text(round(per_second * PER_SECONDS[unit], 9))}/{unit}"
        if read_rate(text, True) == per_second:
            forms.append(text)
    return min(forms, key=lambda text: text.index("/"))


def read_pace(value: Any, from_file: bool) -> float:
    """Calls per second: a number, or a rate."""
    per_second = float(value) if is_number(value) else read_rate(value, from_file)
    if not 0 < per_second <= MOST_PER_SECOND:
        raise problem(
            f"must be more than 0 and at most {MOST_PER_SECOND:.0f} a second, and is {shown(value)}"
        )
    return per_second


def read_share(value: Any, from_file: bool) -> float:
    if is_number(value):
        share = float(value)
    elif _is_short_text(value) and (percent := _PERCENT.match(value)):
        share = float(Decimal(percent[1]) / 100)
    else:
        raise problem(f"must be a share, {SHARE_REMEDY}, not {shown(value)}")
    if share < 0:
        raise problem(f"must not be negative, and is {shown(value)}")
    if share > 1:
        percent_form = (
            f' (write "{value}%" for {value} of a hundred)' if is_number(value) and share <= 100 else ""
        )
        raise problem(f"must be at most 1, and is {shown(value)}{percent_form}")
    return share


def read_whole(value: Any, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise problem(f"must be a whole number, not {shown(value)}")
    if not least <= value <= most:
        raise problem(
            f"must be {f'at least {least}' if value < least else f'at most {most}'}, and is {value}"
        )
    return value


def check_sum(shares: list[float], what: str) -> None:
    total = sum(shares)
    if abs(total - 1.0) > SHARE_TOLERANCE:
        raise problem(f"{what} must sum to 1, and sum to {total:.6g}")


def read_number(value: Any) -> float:
    if not is_number(value):
        raise problem(f"must be a number, not {shown(value)}")
    return float(value)


def read_time_of_day(value: Any, from_file: bool) -> int:
    if not from_file and isinstance(value, int) and not isinstance(value, bool):
        return read_whole(value, 0, DAY)
    if not isinstance(value, str) or not _TIME_OF_DAY.match(value):
        raise problem(f'must be a time of day in quotes, such as "08:00" or "21:30", not {shown(value)}')
    return int(value[:2]) * HOUR + int(value[3:]) * MINUTE


def write_time_of_day(us: int) -> str:
    return f"{us // HOUR:02d}:{us % HOUR // MINUTE:02d}"


def _same(value: Any) -> Any:
    return value


def _whole(name: str, least: int, most: int = MOST_COUNT) -> Form:
    def read(value: Any, from_file: bool) -> int:
        return read_whole(value, least, most)

    return Form(name, read, _same)


def or_word(form: Form, word: str) -> Form:
    """The same values, or a word that means there is no bound and stands as None in the model."""

    def read(value: Any, from_file: bool) -> Any:
        if value == word or (value is None and not from_file):
            return None
        if isinstance(value, str) and value.lower() in ("unlimited", "infinite", "infinity", "none", "inf"):
            raise problem(f"is {shown(value)}; write {word} for no bound")
        return form.read(value, from_file)

    def write(value: Any) -> Any:
        return word if value is None else form.write(value)

    return Form(f"{form.name}_or_{word}", read, write)


def _read_factor(value: Any, from_file: bool) -> float:
    number = read_number(value)
    if not 0 < number <= 1_000:
        raise problem(f"must be more than 0 and at most 1000, and is {shown(value)}")
    return number


DURATION: Final = Form("duration", read_duration, write_duration)
RATE: Final = Form("rate", read_rate, write_rate)
PACE: Final = Form("pace", read_pace, _same)
SHARE: Final = Form("share", read_share, _same)
WHOLE: Final = _whole("whole", 0)
COUNT: Final = _whole("count", 1)
AGENT_COUNT: Final = _whole("agent_count", 0, MOST_AGENTS)
SEED: Final = _whole("seed", 0, 2**63 - 1)
FACTOR: Final = Form("factor", _read_factor, _same)
TIME_OF_DAY: Final = Form("time_of_day", read_time_of_day, write_time_of_day)

Duration: TypeAlias = Annotated[int, DURATION]
DurationOrUnlimited: TypeAlias = Annotated[int | None, or_word(DURATION, "unlimited")]
Rate: TypeAlias = Annotated[float, RATE]
Pace: TypeAlias = Annotated[float, PACE]
PaceOrUnlimited: TypeAlias = Annotated[float | None, or_word(PACE, "unlimited")]
Share: TypeAlias = Annotated[float, SHARE]
Whole: TypeAlias = Annotated[int, WHOLE]
Count: TypeAlias = Annotated[int, COUNT]
WholeOrUnlimited: TypeAlias = Annotated[int | None, or_word(WHOLE, "unlimited")]
CountOrUnlimited: TypeAlias = Annotated[int | None, or_word(COUNT, "unlimited")]
AgentCount: TypeAlias = Annotated[int, AGENT_COUNT]
Seed: TypeAlias = Annotated[int, SEED]
Factor: TypeAlias = Annotated[float, FACTOR]
TimeOfDay: TypeAlias = Annotated[int, TIME_OF_DAY]

"""IANA time zones as the core's plain data.

Always from the tzdata package, never from the system's files: the same scenario must give the same bytes on
every machine. Names are looked up in the package's own list, so a name can be no path.
"""

import struct
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from busyhour.core.calling_hours import Zone
from busyhour.core.ids import SECOND

_FIRST: Final = int(datetime(1970, 1, 1, tzinfo=UTC).timestamp())
_LAST: Final = int(datetime(2101, 1, 1, tzinfo=UTC).timestamp())
_RULE_STEP_S: Final = 14 * 86_400
"""Beyond a file's last listed transition one yearly rule holds; no rule's seasons are shorter than this."""
_HEADER: Final = struct.Struct(">4sc15x6l")
"""RFC 8536 section 3.1: magic, version, reserved, then isutcnt, isstdcnt, leapcnt, timecnt, typecnt,
charcnt."""


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every IANA name that `load_zone` knows."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@lru_cache(maxsize=1024)
def load_zone(name: str) -> Zone | None:
    """The zone's offsets from 1970 to 2100, or None when there is no zone of that name.

    Before 1970 the first offset holds, after 2100 the last.
    """
    if name not in zone_names():
        return None
    entry = resources.files("tzdata").joinpath("zoneinfo").joinpath(*name.split("/"))
    with entry.open("rb") as file:
        zone = ZoneInfo.from_file(file, key=name)
    listed = _listed_transitions(entry.read_bytes())
    candidates = [instant for instant in listed if _FIRST < instant < _LAST]
    candidates += _ruled_transitions(zone, max([_FIRST, *candidates]))
    transitions: list[int] = []
    offsets = [_offset_s(zone, _FIRST)]
    for instant in candidates:
        offset = _offset_s(zone, instant)
        if offset != offsets[-1]:
            transitions.append(instant)
            offsets.append(offset)
    return Zone([instant * SECOND for instant in transitions], [offset * SECOND for offset in offsets])


def _offset_s(zone: ZoneInfo, instant_s: int) -> int:
    offset = datetime.fromtimestamp(instant_s, zone).utcoffset()
    return (offset or timedelta()) // timedelta(seconds=1)


def _listed_transitions(tzif: bytes) -> list[int]:
    """Transition instants in seconds of a TZif file's second, 64-bit block (RFC 8536 section 3)."""
    _, version, *counts = _HEADER.unpack_from(tzif)
    isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt = counts
    if version == b"\0":
        return list(struct.unpack_from(f">{timecnt}l", tzif, _HEADER.size))
    first_block = timecnt * 5 + typecnt * 6 + charcnt + leapcnt * 8 + isstdcnt + isutcnt
    second_header = _HEADER.size + first_block
    timecnt = _HEADER.unpack_from(tzif, second_header)[5]
    return list(struct.unpack_from(f">{timecnt}q", tzif, second_header + _HEADER.size))


def _ruled_transitions(zone: ZoneInfo, after_s: int) -> list[int]:
    """Instants after `after_s` at which the offset changes by the yearly rule in the file's footer."""
    found: list[int] = []
    for low in range(after_s, _LAST, _RULE_STEP_S):
        before, high = _offset_s(zone, low), min(low + _RULE_STEP_S, _LAST)
        if _offset_s(zone, high) == before:
            continue
        unchanged = low
        while high - unchanged > 1:
            middle = (unchanged + high) // 2
            if _offset_s(zone, middle) == before:
                unchanged = middle
            else:
                high = middle
        found.append(high)
    return found

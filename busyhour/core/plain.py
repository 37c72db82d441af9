"""Plain data read back: each function gives what it should be, or raises SnapshotError that names the machine."""

from typing import cast

from busyhour.core.errors import SnapshotError

Plain = dict[str, object]
"""What JSON can carry."""


def int_at(snapshot: Plain, name: str, machine: str) -> int:
    value = snapshot.get(name)
    if not isinstance(value, int):
        raise SnapshotError(machine, f"{name} must be a whole number, not {value!r}")
    return value


def mapping(plain: object, machine: str) -> Plain:
    if not isinstance(plain, dict):
        raise SnapshotError(machine, f"a mapping was expected, not {plain!r}")
    return cast("dict[str, object]", plain)


def list_at(snapshot: Plain, name: str, machine: str) -> list[object]:
    value = snapshot.get(name)
    if not isinstance(value, list):
        raise SnapshotError(machine, f"{name} must be a list, not {value!r}")
    return cast("list[object]", value)


def whole_numbers(plain: object, machine: str) -> list[int]:
    if not isinstance(plain, list):
        raise SnapshotError(machine, f"a list was expected, not {plain!r}")
    numbers: list[int] = []
    for item in cast("list[object]", plain):
        if not isinstance(item, int):
            raise SnapshotError(machine, f"a whole number was expected, not {item!r}")
        numbers.append(item)
    return numbers


def rows_at(snapshot: Plain, name: str, machine: str, width: int) -> list[list[int]]:
    found = [whole_numbers(item, machine) for item in list_at(snapshot, name, machine)]
    for numbers in found:
        if len(numbers) != width:
            raise SnapshotError(machine, f"an entry of {name} has {len(numbers)} numbers, not {width}")
    return found


def counts_at(snapshot: Plain, name: str, machine: str, count: int) -> list[int]:
    counts = whole_numbers(snapshot.get(name), machine)
    if len(counts) != count:
        raise SnapshotError(machine, f"{name} has {len(counts)} entries, not {count}")
    return counts

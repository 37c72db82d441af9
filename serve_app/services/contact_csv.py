"""Contacts in a CSV file: read a batch at a time, so that memory stays the same for a million rows."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from busyhour.adapters.valkey.documents import Document
from serve_app.errors import InvalidInputError
from serve_app.services.contacts import checked_rows

BATCH: Final = 1_000
_FIELDS: Final = ("external_id", "phone", "name", "timezone", "priority", "tags", "do_not_call")
_TAG_SEPARATOR: Final = ";"
_TRUTHS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows after one another; `rows` and `complaints` are by row number, the header's being 1."""

    last: int
    rows: dict[int, Document]
    complaints: dict[int, str]


def require_header(path: Path) -> None:
    """Raises InvalidInputError where the file can't hold contacts."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            header = next(csv.reader(file, strict=True), [])
        except (csv.Error, UnicodeDecodeError) as error:
            raise InvalidInputError(f"file must be CSV in UTF-8: {error}") from None
    names = [name.strip() for name in header]
    if "phone" not in names:
        raise InvalidInputError("file must begin with a header row that names the column phone")
    if len(set(names)) != len(names):
        raise InvalidInputError("file must not name a column twice")


def batches(path: Path, after: int) -> Iterator[Batch]:
    """Of the rows after the row numbered `after`. Raises csv.Error and UnicodeDecodeError where the file breaks off."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = [name.strip() for name in next(reader)]
        given: dict[int, Any] = {}
        wrong: dict[int, str] = {}
        number = 1
        for cells in reader:
            number += 1
            if number <= after or not cells:
                continue
            if len(cells) > len(header):
                wrong[number] = f"the row has {len(cells)} cells, and the header {len(header)}"
            elif any("\0" in cell for cell in cells):
                wrong[number] = "a cell holds the character NUL"
            else:
                given[number] = contact_of(header, cells)
            if len(given) + len(wrong) >= BATCH:
                yield _checked(number, given, wrong)
                given, wrong = {}, {}
        if given or wrong:
            yield _checked(number, given, wrong)


def _checked(last: int, given: dict[int, Any], wrong: dict[int, str]) -> Batch:
    numbers = list(given)
    rows, complaints = checked_rows(list(given.values()))
    return Batch(
        last,
        {numbers[index]: row for index, row in rows.items()},
        wrong | {numbers[index]: complaint for index, complaint in complaints.items()},
    )


def contact_of(header: Sequence[str], cells: Sequence[str]) -> Document:
    """As a client would have sent it. An empty cell is not given; a column of no known name is metadata."""
    contact: Document = {}
    metadata: Document = {}
    for name, cell in zip(header, cells, strict=False):
        cell = cell.strip()
        if not cell:
            continue
        if name in _FIELDS:
            contact[name] = _value(name, cell)
        elif name:
            metadata[name] = cell
    if metadata:
        contact["metadata"] = metadata
    return contact


def _value(name: str, cell: str) -> Any:
    """What can't be read stays text, which the schema complains of."""
    if name == "priority":
        try:
            return int(cell) if len(cell) <= 10 else cell
        except ValueError:
            return cell
    if name == "tags":
        return list(dict.fromkeys(tag.strip() for tag in cell.split(_TAG_SEPARATOR) if tag.strip()))
    if name == "do_not_call":
        return _TRUTHS.get(cell.lower(), cell)
    return cell

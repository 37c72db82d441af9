"""Contacts in a CSV file beside the scenario, a row at a time: a million of them take no memory.

The header row names the columns: `phone`, and as wanted `external_id`, `name`, `timezone`, `priority`. Other
columns are left alone. Where a file is, and that it has a phone column, is checked when the scenario is
loaded; its rows when they are read.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

from simulation.scenario.base import Finding
from simulation.scenario.contacts import Contact, ContactCount, ContactFile, is_phone
from simulation.scenario.errors import Problem, ScenarioError
from simulation.scenario.folders import complaint_about
from simulation.scenario.model import Scenario
from simulation.scenario.reading import printable
from simulation.scenario.values import MOST_COUNT, shown

COLUMNS: Final = ("phone", "external_id", "name", "timezone", "priority")
LONGEST_TEXT: Final = 1_000


def check_files(scenario: Scenario) -> list[Finding]:
    """What is wrong with the contact files of a scenario, as far as their names and header rows tell."""
    found: list[Finding] = []
    for name, campaign in scenario.campaigns.items():
        if isinstance(campaign.contacts, ContactFile):
            sentence = _complaint(campaign.contacts.file, scenario.folder)
            if sentence:
                found.append(Finding(("campaigns", name, "contacts", "file"), sentence))
    return found


def contact_count(scenario: Scenario, campaign: str) -> int:
    """How many contacts a campaign has. Reads a contact file through.

    Raises ScenarioError as `contact_rows` does.
    """
    contacts = scenario.campaigns[campaign].contacts
    if isinstance(contacts, ContactCount):
        return contacts.count
    if isinstance(contacts, ContactFile):
        return sum(1 for _ in contact_rows(scenario, campaign))
    return len(contacts)


def contact_rows(scenario: Scenario, campaign: str) -> Iterator[Contact]:
    """The contacts of a campaign that are listed, in the file or beside it; none where they are only counted.

    Raises ScenarioError for a file that is gone, or at a row that is wrong, naming its line.
    """
    contacts = scenario.campaigns[campaign].contacts
    if isinstance(contacts, ContactFile):
        yield from _rows(contacts.file, scenario.folder)
    elif not isinstance(contacts, ContactCount):
        yield from contacts


def _complaint(file: str, folder: Path) -> str:
    """Why a path is no contact file of this folder, or nothing."""
    try:
        complaint = complaint_about(file, folder, "leads.csv")
        if complaint:
            return complaint
        with _opened(folder / file) as lines:
            _columns(_header(csv.reader(lines)), file)
    except ScenarioError as error:
        return error.problems[0].sentence
    except UnicodeError:
        return f"{shown(file)} is not UTF-8; save it as UTF-8"
    except (OSError, RuntimeError, csv.Error) as error:
        return f"{shown(file)} can't be read: {printable(str(error))[:200]}"
    return ""


def _opened(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", newline="")


def _header(rows: Iterator[list[str]]) -> list[str]:
    return next(rows, [""])


def _columns(header: list[str], file: str) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    columns = {name: names.index(name) for name in COLUMNS if name in names}
    for name in columns:
        if names.count(name) > 1:
            raise _row_error(file, 1, f'has two columns "{name}"; keep one of them')
    if "phone" not in columns:
        there = ", ".join(names)[:200] or "none"
        raise _row_error(file, 1, f'has no column "phone" in its header row; there is: {printable(there)}')
    return columns


def _rows(file: str, folder: Path) -> Iterator[Contact]:
    sentence = _complaint(file, folder)
    if sentence:
        raise ScenarioError([Problem(file, 0, 0, "", sentence)])
    line = 1
    try:
        with _opened(folder / file) as lines:
            reader = csv.reader(lines, strict=True)
            columns = _columns(_header(reader), file)
            for row in reader:
                line = reader.line_num
                if row:
                    yield _contact(row, columns, file, line)
    except (UnicodeError, csv.Error) as error:
        what = "is not UTF-8" if isinstance(error, UnicodeError) else str(error)
        raise _row_error(file, line, f"can't be read here or in the next rows: {what}") from None


def _contact(row: list[str], columns: dict[str, int], file: str, line: int) -> Contact:
    def cell(name: str) -> str | None:
        index = columns.get(name, -1)
        text = row[index].strip() if 0 <= index < len(row) else ""
        if len(text) > LONGEST_TEXT:
            raise _row_error(file, line, f"must have at most {LONGEST_TEXT} characters", name)
        return text or None

    phone = cell("phone")
    if phone is None or not is_phone(phone):
        sentence = f"must be in E.164 format, such as +14155550123, not {shown(phone)}"
        raise _row_error(file, line, sentence, "phone")
    priority = cell("priority") or "0"
    if not (
        priority.isascii() and priority.isdecimal() and len(priority) < 10 and int(priority) <= MOST_COUNT
    ):
        raise _row_error(file, line, f"must be a whole number from 0, not {shown(priority)}", "priority")
    return Contact.model_construct(
        phone=phone,
        external_id=cell("external_id"),
        name=cell("name"),
        timezone=cell("timezone"),
        priority=int(priority),
        behaviour=(),
    )


def _row_error(file: str, line: int, sentence: str, column: str = "") -> ScenarioError:
    return ScenarioError([Problem(printable(file), line, 1, column, sentence)])

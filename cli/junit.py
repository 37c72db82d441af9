"""Outcomes of a replay as JUnit XML, which build servers read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

_NOT_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write, section 2.2."""


@dataclass(slots=True)
class Outcome:
    """What became of one scenario file."""

    file: Path
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list[str])
    """Why it could not be run: the input is wrong."""
    failures: list[str] = field(default_factory=list[str])
    """What did not hold: each a text whose first line says it all."""
    passed: list[str] = field(default_factory=list[str])
    """What was checked and held, in a few words."""

    @property
    def ok(self) -> bool:
        return not self.wrong and not self.failures


def junit_xml(outcomes: Sequence[Outcome]) -> str:
    """A document with one suite, a test case a file."""
    suite = ElementTree.Element(
        "testsuite",
        name="busyhour replay",
        tests=str(len(outcomes)),
        failures=str(sum(bool(each.failures) for each in outcomes)),
        errors=str(sum(bool(each.wrong) for each in outcomes)),
        skipped="0",
        time=f"{sum(each.seconds for each in outcomes):.3f}",
    )
    for each in outcomes:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=_text(each.file.parent.as_posix()),
            name=_text(each.file.stem),
            file=_text(each.file.as_posix()),
            time=f"{each.seconds:.3f}",
        )
        for kind, texts in (("error", each.wrong), ("failure", each.failures)):
            for text in texts:
                message = _text(text.partition("\n")[0])
                ElementTree.SubElement(case, kind, message=message).text = _text(text)
    document = ElementTree.Element("testsuites")
    document.append(suite)
    ElementTree.indent(document)
    return ElementTree.tostring(document, encoding="unicode", xml_declaration=True) + "\n"


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)

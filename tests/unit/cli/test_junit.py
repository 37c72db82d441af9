"""JUnit XML of a replay."""

from pathlib import Path
from xml.etree import ElementTree

from cli.junit import Outcome, junit_xml


def test_every_outcome_is_a_case_with_what_went_wrong() -> None:
    text = junit_xml(
        [
            Outcome(Path("qa/good.yaml"), 0.25),
            Outcome(Path("qa/bad.yaml"), wrong=["qa/bad.yaml:3:1: clock: unknown key"]),
            Outcome(
                Path("qa/off.yaml"), 1.0, failures=["queues.q.occupancy >= 0.9: 0.5", "line 3\n- a\n+ b"]
            ),
        ]
    )
    suite = ElementTree.fromstring(text)[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    assert suite.get("time") == "1.250"
    assert [(case.get("classname"), case.get("name")) for case in suite] == [
        ("qa", "good"),
        ("qa", "bad"),
        ("qa", "off"),
    ]
    assert [[child.tag for child in case] for case in suite] == [[], ["error"], ["failure", "failure"]]
    assert suite[2][1].get("message") == "line 3"
    assert suite[2][1].text == "line 3\n- a\n+ b"


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    text = junit_xml([Outcome(Path("a.yaml"), wrong=["bell \x07 <&> \ufffe \U0001f4de"])])
    error = ElementTree.fromstring(text)[0][0][0]
    assert error.text == "bell \ufffd <&> \ufffd \U0001f4de"

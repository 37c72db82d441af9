"""`busyhour campaigns` says how each campaign stands, and what is wrong with what was typed."""

from pathlib import Path

import pytest

from actors.doctor import Facts
from actors.runs import Listed
from cli.campaigns import table_of
from cli.exits import WRONG_INPUT
from cli.main import run

RUN = Listed("evening", ["retail", "win-back"])
RETAIL = {
    "state": "running",
    "blocked_by": "abandonment_cap",
    "attempts": 1_234,
    "total": 5_000,
    "remaining": 3_000,
    "leased": 40,
    "completed": 1_900,
    "exhausted": 60,
    "skipped": 0,
    "in_flight": [1, 2, 3],
}


def test_a_line_tells_state_what_holds_it_and_how_far_it_is() -> None:
    lines = table_of(RUN, [Facts("campaign-0", campaigns={0: RETAIL})])
    assert lines == [
        "  retail    running, held by abandonment_cap: 1,234 attempts, 3 in flight, 3,040 of 5,000 contacts to go"
    ]


def test_nothing_is_said_to_hold_a_campaign_that_dials_freely() -> None:
    (line,) = table_of(RUN, [Facts("campaign-1", campaigns={1: {**RETAIL, "blocked_by": ""}})])
    assert line.startswith("  win-back  running: 1,234 attempts")


def test_a_campaign_whose_actor_is_silent_is_named() -> None:
    assert table_of(RUN, [Facts("campaign-1", answers=False)]) == ["  campaign-1 does not answer"]


def test_a_folder_without_a_store_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["campaigns", "--data-dir", str(tmp_path), "pause", "retail"]) == WRONG_INPUT
    assert capsys.readouterr().err == f"no store has run in {tmp_path}\n"


def test_a_command_that_names_no_store_asks_for_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BUSYHOUR_STORE_URL", raising=False)
    assert run(["campaigns"]) == WRONG_INPUT
    assert capsys.readouterr().err == "which run? Give --data-dir, or BUSYHOUR_STORE_URL\n"

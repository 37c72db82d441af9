"""The file of a platform's trunks is read as strictly as a scenario, and always has a simulated one."""

from pathlib import Path

import pytest

from simulation.scenario import ScenarioError
from simulation.scenario.callees import Callees
from simulation.scenario.trunk_file import TrunkFile, load_trunks, loads_trunks


def test_without_a_file_there_is_the_simulated_trunk_without_limits() -> None:
    file = load_trunks(None)
    assert list(file.trunks) == ["simulated"]
    trunk = file.trunks["simulated"]
    assert (trunk.carrier, trunk.channels, trunk.calls_per_second) == ("simulated", None, None)
    assert file.callees == {trunk.callees: Callees()}


def test_trunks_and_callees_are_those_of_a_scenario(tmp_path: Path) -> None:
    path = tmp_path / "trunks.yaml"
    path.write_text(
        "trunks:\n"
        "  main: {channels: 30, calls_per_second: 2, post_dial_delay: 1s, callees: rude}\n"
        "  simulated: {channels: 4}\n"
        "callees:\n"
        "  kind: {outcomes: {human: 1}, ring_time: {human: 5s}}\n"
        "  rude: {outcomes: {busy: 1}}\n"
    )
    file = load_trunks(path)
    assert (file.trunks["main"].channels, file.trunks["main"].callees) == (30, "rude")
    assert (file.trunks["simulated"].channels, file.trunks["simulated"].callees) == (4, "kind")
    assert file.callees["rude"].outcomes.busy == 1.0


def test_the_simulated_trunk_is_there_beside_others() -> None:
    file = loads_trunks("trunks: {main: {carrier: simulated}}")
    assert list(file.trunks) == ["main", "simulated"]
    assert TrunkFile.model_validate(file.model_dump()).trunks.keys() == file.trunks.keys()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "trunks:\n  main: {carrier: sip}\n",
            "t.yaml:2:19: trunks.main.carrier: sip: real trunks come with a later release; "
            "until then a trunk is carrier: simulated",
        ),
        (
            "trunks:\n  main: {chanels: 3}\n",
            "t.yaml:2:10: trunks.main.chanels: unknown key; did you mean channels?",
        ),
        (
            "trunks: {main: {faults: {outages: [{from: 1h, to: 2h}]}}}\n",
            "t.yaml:1:26: trunks.main.faults.outages: "
            "outages are counted from the start of a run, and a platform has none",
        ),
        ("queues: {}\n", "t.yaml:1:1: queues: unknown key; keys here: trunks, callees"),
        (
            "trunks: {main: {callees: kid}}\ncallees: {kind: {outcomes: {human: 1}}}\n",
            't.yaml:1:26: trunks.main.callees: there is no callees "kid"; did you mean kind?',
        ),
        ("trunks: {main: {}}\ntrunks: {}\n", "t.yaml:2:1: trunks: "),
        (
            "- main\n",
            "t.yaml:1:1: must be a mapping of keys, the first such as trunks: {simulated: {channels: 100}}",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_line_and_column(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        loads_trunks(text, "t.yaml")
    assert str(refused.value).startswith(message)

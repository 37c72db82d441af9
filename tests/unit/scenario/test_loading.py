"""Files: which are read, and how a refusal is told."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.scenario import ScenarioError, load, loads
from simulation.scenario.reading import MOST_BYTES


def refused(path: Path | str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(path)
    return str(caught.value)


def test_a_file_gives_its_name_and_folder(tmp_path: Path, smallest: str) -> None:
    path = tmp_path / "retail evening (2).yaml"
    path.write_text(smallest)
    scenario = load(path)
    assert (scenario.name, scenario.folder) == ("retail-evening-2", tmp_path)


def test_a_name_in_the_file_wins(smallest: str) -> None:
    assert loads(smallest + "name: hotline.v2", "x.yaml").name == "hotline.v2"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nothing.yaml"
    assert refused(path) == f"{path}: there is no such file"


def test_a_directory_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path}: is a directory; name the scenario file in it"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert refused(path) == f"{path}: is not a regular file"


def test_a_path_with_nul_is_told() -> None:
    assert refused("a\0b") == "a�b: can't be read: embedded null byte"


def test_what_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text("a: 1")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    assert refused(path) == f"{path}: can't be read: permission denied"


def test_a_file_over_the_bound_is_told(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert refused(path) == f"{path}: is larger than 16 MiB; keep long lists of contacts in a CSV file"


def test_the_first_byte_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"clock: {horizon: 4h}\nname: caf" + b"\xe9\n")
    assert refused(path) == f"{path}:2:10: is not UTF-8 from here on; save it as UTF-8"


def test_a_list_is_no_scenario() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads("- 1\n- 2\n", "f.yaml")
    assert (
        str(caught.value) == "f.yaml:1:1: must be a mapping of keys, the first such as clock: {horizon: 4h}"
    )


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        "seed: -1\n"
        "clock: {horizon: soon}\n"
        "queues:\n"
        "  sales: {agents: many, agent: 5}\n"
        "inbound:\n"
        "  - {queue: sales, rate: 5}\n"
    )
    with pytest.raises(ScenarioError) as caught:
        loads(text, "f.yaml")
    places = [(problem.line, problem.column, problem.path) for problem in caught.value.problems]
    assert places == [
        (1, 7, "seed"),
        (2, 18, "clock.horizon"),
        (4, 19, "queues.sales.agents"),
        (4, 25, "queues.sales.agent"),
        (6, 26, "inbound.0.rate"),
    ]


def test_after_twenty_problems_the_rest_are_counted() -> None:
    lines = "\n".join(f"  q{index}: {{agents: -1}}" for index in range(30))
    with pytest.raises(ScenarioError) as caught:
        loads(f"clock: {{horizon: 4h}}\nqueues:\n{lines}\ninbound: [{{rate: 1/s, queue: q0}}]")
    assert (len(caught.value.problems), caught.value.omitted) == (20, 10)
    assert str(caught.value).endswith("\n… and 10 more")


def test_a_problem_keeps_its_facts_and_travels() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads("clock: {horizon: 4h, horzon: 5h}", "f.yaml")
    error = pickle.loads(pickle.dumps(caught.value))
    problem = error.problems[0]
    assert (problem.file, problem.line, problem.column, problem.path, problem.option) == (
        "f.yaml",
        1,
        22,
        "clock.horzon",
        "",
    )
    assert str(problem) == (
        "f.yaml:1:22: clock.horzon: unknown key; did you mean horizon? "
        "Keys here: start, horizon, until, warmup, message_delay"
    )


def test_a_scenario_travels(smallest: str, tmp_path: Path) -> None:
    scenario = loads(smallest, folder=tmp_path)
    copy = pickle.loads(pickle.dumps(scenario))
    assert (copy, copy.folder) == (scenario, tmp_path)


def test_control_characters_never_reach_the_terminal() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads('clock: {horizon: 4h}\n"\\e[31mred": 1\nseed: "\\e[2J"', "f\x1b.yaml")
    assert "\x1b" not in str(caught.value)


def test_refusing_a_file_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from simulation.scenario import ScenarioError, loads\n"
        "try: loads('clock: 5')\n"
        "except ScenarioError: pass\n"
        "heavy = {'numpy', 'pyarrow', 'plotly', 'scipy', 'ray', 'rich'} & set(sys.modules)\n"
        "sys.exit(' '.join(heavy) or 0)\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_twenty_thousand_listed_contacts_are_loaded() -> None:
    rows = "\n".join(f'      - {{phone: "+1415555{index:05d}", timezone: UTC}}' for index in range(20_000))
    head = "clock: {until: idle}\nqueues: {q: {agents: 5}}\ncampaigns:\n  c:\n    contacts:\n"
    scenario = loads(head + rows)
    contacts = scenario.campaigns["c"].contacts
    assert isinstance(contacts, tuple)
    assert (len(contacts), contacts[-1].phone) == (20_000, "+141555519999")

"""Contacts in a CSV file beside the scenario."""

from pathlib import Path

import pytest

from simulation.scenario import Scenario, ScenarioError, contact_count, contact_rows, inputs_digest, loads
from simulation.scenario.contacts import Contact

TEXT = (
    "clock: {until: idle}\nqueues: {sales: {agents: 5}}\ncampaigns: {retail: {contacts: {file: leads.csv}}}\n"
)


def scenario_with(folder: Path, rows: str | bytes, file: str = "leads.csv") -> Scenario:
    (folder / "leads.csv").write_bytes(rows if isinstance(rows, bytes) else rows.encode())
    return loads(TEXT.replace("leads.csv", file), "evening.yaml", folder)


def refused(folder: Path, file: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        loads(TEXT.replace("leads.csv", file), "evening.yaml", folder)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.path) == (3, 39, "campaigns.retail.contacts.file")
    return problem.sentence


def test_rows_become_contacts_by_the_names_of_their_columns(tmp_path: Path) -> None:
    scenario = scenario_with(
        tmp_path,
        "\ufeffName,Phone,timezone,priority,external_id,balance\r\n"
        '"Lovelace, Ada",+14155550123,America/New_York,2,a-1,99.50\r\n'
        "\r\n"
        ",+14155550124\r\n",
    )
    assert list(contact_rows(scenario, "retail")) == [
        Contact(
            phone="+14155550123",
            external_id="a-1",
            name="Lovelace, Ada",
            timezone="America/New_York",
            priority=2,
        ),
        Contact(phone="+14155550124"),
    ]
    assert contact_count(scenario, "retail") == 2


def test_contacts_that_are_not_in_a_file_are_read_alike() -> None:
    listed = loads(TEXT.replace("{file: leads.csv}", '[{phone: "+14155550123"}]'))
    assert list(contact_rows(listed, "retail")) == [Contact(phone="+14155550123")]
    assert contact_count(listed, "retail") == 1
    counted = loads(TEXT.replace("{file: leads.csv}", "{count: 7}"))
    assert (list(contact_rows(counted, "retail")), contact_count(counted, "retail")) == ([], 7)


NOT_E164 = "phone: must be in E.164 format, such as +14155550123, not"
UNREADABLE = "can't be read here or in the next rows:"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("phone\n14155550123\n", f'leads.csv:2:1: {NOT_E164} "14155550123"'),
        ("phone\n+14155550123\nabc\n", f'leads.csv:3:1: {NOT_E164} "abc"'),
        ("phone,name\n,Ann\n", f"leads.csv:2:1: {NOT_E164} nothing"),
        (
            "phone,priority\n+14155550123,high\n",
            'leads.csv:2:1: priority: must be a whole number from 0, not "high"',
        ),
        (
            "phone,priority\n+14155550123,-1\n",
            'leads.csv:2:1: priority: must be a whole number from 0, not "-1"',
        ),
        (
            f"phone,name\n+14155550123,{'x' * 1001}\n",
            "leads.csv:2:1: name: must have at most 1000 characters",
        ),
        ('phone\n+14155550123\n"open', f"leads.csv:2:1: {UNREADABLE} unexpected end of data"),
        (
            f"phone,name\n+14155550123,{'x' * 200_000}\n",
            f"leads.csv:1:1: {UNREADABLE} field larger than field limit (131072)",
        ),
    ],
)
def test_a_wrong_row_is_told_when_it_is_read(tmp_path: Path, rows: str, told: str) -> None:
    scenario = scenario_with(tmp_path, rows)
    with pytest.raises(ScenarioError) as caught:
        list(contact_rows(scenario, "retail"))
    assert str(caught.value) == told


def test_what_is_not_utf8_far_down_is_told_near_its_row(tmp_path: Path) -> None:
    scenario = scenario_with(tmp_path, b"phone\n" + b"+14155550123\n" * 5_000 + b"\xe9\n")
    with pytest.raises(ScenarioError, match=UNREADABLE) as caught:
        list(contact_rows(scenario, "retail"))
    assert 4_000 < caught.value.problems[0].line <= 5_002


def test_rows_are_read_one_at_a_time(tmp_path: Path) -> None:
    scenario = scenario_with(tmp_path, "phone\n+14155550123\nwrong\n")
    assert next(contact_rows(scenario, "retail")).phone == "+14155550123"


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    scenario = scenario_with(tmp_path, "phone\n")
    (tmp_path / "leads.csv").unlink()
    with pytest.raises(ScenarioError, match=r'leads\.csv: there is no file "leads\.csv" in '):
        list(contact_rows(scenario, "retail"))


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("number,name", 'has no column "phone" in its header row; there is: number, name'),
        ("", 'has no column "phone" in its header row; there is: none'),
        ("phone,name,Phone", 'has two columns "phone"; keep one of them'),
    ],
)
def test_a_wrong_header_is_told_when_the_scenario_is_loaded(tmp_path: Path, header: str, told: str) -> None:
    (tmp_path / "leads.csv").write_text(header)
    assert refused(tmp_path, "leads.csv") == told


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("../leads.csv", ', and "../leads.csv" leads out of it'),
        ("lists/../../x.csv", ', and "lists/../../x.csv" leads out of it'),
        ("/etc/passwd", ', such as leads.csv, not the absolute "/etc/passwd"'),
        ('"C:/leads.csv"', ', such as leads.csv, not the absolute "C:/leads.csv"'),
        ("~/leads.csv", ', such as leads.csv, not the absolute "~/leads.csv"'),
        ('"..\\\\leads.csv"', ', such as leads.csv, not "..\\leads.csv"'),
        ('""', ', such as leads.csv, not ""'),
    ],
)
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, file: str, told: str) -> None:
    assert refused(tmp_path, file) == f"must be a path within the scenario's folder{told}"


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "latin.csv").write_bytes(b"phone,pr\xe9nom\n")
    assert refused(tmp_path, "lists") == '"lists" is not a regular file'
    assert refused(tmp_path, "latin.csv") == '"latin.csv" is not UTF-8; save it as UTF-8'
    assert refused(tmp_path, "5") == "must be text, in quotes, not 5"


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (tmp_path / "leads.csv").write_text("phone\n+14155550123\n")
    (folder / "leads.csv").symlink_to(tmp_path / "leads.csv")
    assert refused(folder, "leads.csv").endswith("is a link that leads out of it")
    (folder / "here").symlink_to(tmp_path)
    assert refused(folder, "here/leads.csv").endswith("is a link that leads out of it")


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    scenario_with(tmp_path, "phone\n+14155550123\n")
    (tmp_path / "today.csv").symlink_to(tmp_path / "leads.csv")
    assert contact_count(loads(TEXT.replace("leads.csv", "today.csv"), folder=tmp_path), "retail") == 1


def test_a_link_to_itself_is_told(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").symlink_to(tmp_path / "leads.csv")
    assert refused(tmp_path, "leads.csv").startswith('"leads.csv" can\'t be read: ')


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path, "leads.csv") == f'there is no file "leads.csv" in {tmp_path.resolve()}'


def test_the_digest_follows_the_contacts_not_the_folder(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    one = scenario_with(first, "phone\n+14155550123\n")
    same = scenario_with(second, "phone\n+14155550123\n")
    assert (one, inputs_digest(one)) == (same, inputs_digest(same))
    other = scenario_with(second, "phone\n+14155550124\n")
    assert inputs_digest(other) != inputs_digest(one)

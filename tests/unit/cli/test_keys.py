"""`busyhour keys`, over an embedded store that it starts itself."""

import json
from pathlib import Path

import pytest

from cli.main import run


def keys(*arguments: str, folder: Path) -> int:
    return run(["keys", *arguments, "--data-dir", str(folder)])


def create(folder: Path, *more: str, account: str = "acme", scopes: str = "voice:calls:read") -> int:
    return keys("create", "--account", account, "--name", "n", "--scopes", scopes, *more, folder=folder)


def test_a_key_is_printed_once_listed_without_its_secret_and_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create(tmp_path, "--json", scopes="voice:calls:write, voice:calls:read") == 0
    made = json.loads(capsys.readouterr().out)
    assert made["key"].startswith(f"bh_live_{made['id']}_")
    assert (made["account"], made["scopes"]) == ("acme", ["voice:calls:read", "voice:calls:write"])
    assert keys("list", "--json", folder=tmp_path) == 0
    listed = capsys.readouterr().out
    assert made["key"].rpartition("_")[2] not in listed
    assert json.loads(listed)[0]["revoked_at"] is None
    assert keys("revoke", made["id"], folder=tmp_path) == 0
    capsys.readouterr()
    keys("list", folder=tmp_path)
    assert "revoked" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("account", "scopes", "said"),
    [
        ("acme", "voice:calls:fly", "there is no scope voice:calls:fly"),
        ("acme", " , ", "a key needs a scope"),
        ("a:ids", "*", "an account's name is 1 to 64 letters"),
        ("", "*", "an account's name is 1 to 64 letters"),
    ],
)
def test_what_can_be_no_key_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], account: str, scopes: str, said: str
) -> None:
    assert create(tmp_path, account=account, scopes=scopes) == 2
    assert said in capsys.readouterr().err


def test_a_key_that_is_not_there_can_t_be_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert keys("revoke", "nobody", folder=tmp_path) == 2
    assert capsys.readouterr().err == "there is no key nobody\n"


def test_without_a_store_it_asks_which(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BUSYHOUR_STORE_URL", "BUSYHOUR_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert run(["keys", "list"]) == 2
    assert "Give --data-dir" in capsys.readouterr().err

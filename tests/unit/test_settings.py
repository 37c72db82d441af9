"""The environment's settings."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from busyhour.settings import Settings, WrongSettingError


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"BUSYHOUR_{name.upper()}", raising=False)


def test_nothing_need_be_set() -> None:
    settings = Settings.read()
    assert (settings.store_url, settings.data_dir, settings.trunks, settings.ray_address) == (None,) * 4
    assert settings.rate_limit_scale == 1.0
    assert settings.webhook_allow == ()
    assert settings.http_proxy_mode == "haproxy"


def test_every_setting_is_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "STORE_URL": "redis://store:6379/0",
        "DATA_DIR": "/var/lib/busyhour",
        "TRUNKS": "trunks.yaml",
        "RATE_LIMIT_SCALE": "2.5",
        "WEBHOOK_ALLOW": "127.0.0.1, 10.0.0.0/8,::1",
        "RAY_ADDRESS": "10.0.0.7:6379",
        "HTTP_PROXY_MODE": "python",
    }.items():
        monkeypatch.setenv(f"BUSYHOUR_{name}", value)
    settings = Settings.read()
    assert settings.store_url == "redis://store:6379/0"
    assert settings.data_dir == Path("/var/lib/busyhour")
    assert settings.trunks == Path("trunks.yaml")
    assert settings.rate_limit_scale == 2.5
    assert settings.webhook_allow == (
        ip_network("127.0.0.1/32"),
        ip_network("10.0.0.0/8"),
        ip_network("::1/128"),
    )
    assert settings.ray_address == "10.0.0.7:6379"
    assert settings.http_proxy_mode == "python"


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUSYHOUR_STORE_URL", "")
    monkeypatch.setenv("BUSYHOUR_WEBHOOK_ALLOW", "")
    settings = Settings.read()
    assert settings.store_url is None
    assert settings.webhook_allow == ()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BUSYHOUR_RATE_LIMIT_SCALE", "0"),
        ("BUSYHOUR_RATE_LIMIT_SCALE", "nan"),
        ("BUSYHOUR_HTTP_PROXY_MODE", "nginx"),
        ("BUSYHOUR_WEBHOOK_ALLOW", "localhost"),
    ],
)
def test_what_is_wrong_is_refused_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(WrongSettingError) as refused:
        Settings.read()
    assert refused.value.variable == variable
    assert str(refused.value).startswith(f"{variable}: ")

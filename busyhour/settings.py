"""What the environment says: variables that begin with BUSYHOUR_, the same for every process.

An option of the command line that says the same thing comes first. An empty variable is as good as none.
"""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from busyhour.core.errors import BusyhourError

PREFIX: Final = "BUSYHOUR_"


class WrongSettingError(BusyhourError):
    """The environment's `variable` is not as `reason` says it must be."""

    variable: str
    reason: str

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(variable, reason)
        self.variable = variable
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.variable}: {self.reason}"


class Settings(BaseSettings):
    """`Settings.read()` is the only way to them from outside the tests."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    store_url: str | None = None
    """A Redis or Valkey of one's own (redis://, rediss:// or unix://). Default: an embedded one."""
    data_dir: Path | None = None
    """Where the embedded store keeps its data."""
    trunks: Path | None = None
    """A file of trunks and callees, as a scenario has them."""
    rate_limit_scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """Multiplies every rate limit of the API, for load tests."""
    webhook_allow: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Addresses and networks, separated by commas, that webhooks may go to although they are not public."""
    ray_address: str | None = None
    """A Ray cluster to run on. Default: Ray on this machine alone."""
    http_proxy_mode: Literal["haproxy", "python"] = "haproxy"
    """What stands in front of the API."""

    @field_validator("webhook_allow", mode="before")
    @classmethod
    def _separate(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @classmethod
    def read(cls) -> Self:
        """Of this process's environment. Raises WrongSettingError."""
        try:
            return cls()
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            raise WrongSettingError(PREFIX + str(wrong["loc"][0]).upper(), wrong["msg"]) from None

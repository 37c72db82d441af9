"""What goes wrong with a store before anything is kept in it, each as a sentence an operator can act on."""

from busyhour.core.errors import BusyhourError


class StoreInUseError(BusyhourError):
    """Another process, `owner` (0: unknown), runs its store in `data_dir`."""

    data_dir: str
    owner: int

    def __init__(self, data_dir: str, owner: int) -> None:
        super().__init__(data_dir, owner)
        self.data_dir = data_dir
        self.owner = owner

    def __str__(self) -> str:
        who = f"process {self.owner}" if self.owner else "another process"
        return f"the data directory {self.data_dir} is in use by {who}: stop it, or choose another --data-dir"


class StoreFailedError(BusyhourError):
    """The embedded server in `data_dir` did not start; `reason` is its own."""

    data_dir: str
    reason: str

    def __init__(self, data_dir: str, reason: str) -> None:
        super().__init__(data_dir, reason)
        self.data_dir = data_dir
        self.reason = reason

    def __str__(self) -> str:
        return f"the store in {self.data_dir} did not start: {self.reason}"


class StoreRefusedError(BusyhourError):
    """The store at `url` (without its password) must not be trusted with calls, for `reason`."""

    url: str
    reason: str

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"the store at {self.url} is refused: {self.reason}"

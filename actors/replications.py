"""Replications as Ray tasks, on this machine's cores or on a cluster.

A replication is a pure function of the scenario and its number, so a task whose worker dies is simply run
again. What it writes comes back as bytes through the object store and is put in place by the process that
asked: nodes need no shared disk, and the files are the same whoever made them.
"""

import os
import socket
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Self

from busyhour.results.replication import ReplicationResult
from simulation.executor import Job, run_one
from simulation.scenario import Scenario
from simulation.scenario.contacts import ContactFile

PACKAGES: Final = ("busyhour", "simulation", "actors", "scenarios")
"""What a node of a cluster is sent, so that it runs this code and not what is installed there."""
OBJECT_STORE_BYTES: Final = 512 << 20
"""Of a cluster that is started here; results beyond it spill to disk."""
POLL_S: Final = 0.2
PROGRESS_STEP: Final = 0.01
"""Share of a replication between two reports of its progress."""
CONNECT_S: Final = 3.0
GRACE_S: Final = 3.0
"""What tasks get to clean up after a cancellation."""

# Before Ray is imported, for it reads them then.
QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
}


class NoCluster(Exception):
    """Ray could not be started, or the cluster at the address could not be reached. `reason` is Ray's."""

    def __init__(self, address: str | None, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    def __str__(self) -> str:
        if self.address is None:
            return f"Ray could not be started on this machine: {self.reason}"
        return f"the Ray cluster at {self.address} could not be reached: {self.reason}"


@dataclass(frozen=True, slots=True)
class Finished:
    """What a task gives back."""

    result: ReplicationResult
    files: dict[str, bytes]
    """Path below the run's folder, to what the file holds."""


class Board:
    """An actor on which tasks note how far they are."""

    def __init__(self) -> None:
        self._notes: dict[int, tuple[float, int]] = {}

    def note(self, replication: int, fraction: float, calls: int) -> None:
        self._notes[replication] = (fraction, calls)

    def take(self) -> dict[int, tuple[float, int]]:
        """What is new since it was last asked."""
        notes, self._notes = self._notes, {}
        return notes


@dataclass(frozen=True, slots=True)
class Order:
    """What is the same for every task of a run, and goes to a node once."""

    scenario: Scenario
    contact_files: dict[str, bytes]
    """Path below the scenario's folder, to what the file holds: a node has no such folder."""
    files_wanted: bool
    events: bool

    @classmethod
    def of(cls, job: Job) -> Self:
        """Raises OSError where a contact file can't be read."""
        contacts = [campaign.contacts for campaign in job.scenario.campaigns.values()]
        names = {each.file for each in contacts if isinstance(each, ContactFile)}
        files = {name: (job.scenario.folder / name).read_bytes() for name in names}
        return cls(job.scenario, files, job.out is not None, job.events)

    def scenario_in(self, folder: Path) -> Scenario:
        """The scenario with its contact files, put into `folder`."""
        for name, content in self.contact_files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return self.scenario.in_folder(folder)


def replicate(order: Order, replication: int, board: Any) -> Finished:
    """The task: one replication, its files read back into memory."""
    told = 0.0

    def progress(fraction: float, calls: int) -> None:
        nonlocal told
        if fraction - told >= PROGRESS_STEP:
            told = fraction
            board.note.remote(replication, fraction, calls)

    with tempfile.TemporaryDirectory(prefix="busyhour-") as folder:
        written = Path(folder) / "written"
        scenario = order.scenario_in(Path(folder) / "read")
        out = written if order.files_wanted else None
        result = run_one(scenario, replication, out, order.events, progress)
        files = [path for path in sorted(written.rglob("*")) if path.is_file()]
        return Finished(result, {path.relative_to(written).as_posix(): path.read_bytes() for path in files})


class RayReplications:
    """Runs replications on `workers` cores here, or on the cluster at `address`.

    At an address, `workers` bounds how many run at once; None: as many as the cluster has cores.
    """

    def __init__(self, workers: int | None, address: str | None = None) -> None:
        self._workers = workers
        self._address = address

    def run(self, job: Job) -> Iterator[ReplicationResult]:
        """As the port says. Raises NoCluster, and ray.exceptions.RayError where a task could not be run."""
        ray = connected(self._workers, self._address)
        try:
            yield from self._results(ray, job)
        finally:
            ray.shutdown()

    def _results(self, ray: Any, job: Job) -> Iterator[ReplicationResult]:
        workers = self._workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        board = ray.remote(num_cpus=0)(Board).remote()
        task = ray.remote(num_cpus=1, max_retries=3)(replicate)
        order = ray.put(Order.of(job))
        waiting = list(job.replications)
        due = list(job.replications)
        running: dict[Any, int] = {}
        finished: dict[int, ReplicationResult] = {}
        notes = board.take.remote()
        while waiting or running:
            if job.cancelled():
                stop(ray, running)
                break
            # One more than there are workers, so that none stands idle while a result is written.
            while waiting and len(running) <= workers:
                replication = waiting.pop(0)
                running[task.remote(order, replication, board)] = replication
            done, _ = ray.wait(list(running), num_returns=1, timeout=POLL_S)
            for reference in done:
                replication = running.pop(reference)
                finished[replication] = put_in_place(received(ray, reference), job)
            if ray.wait([notes], timeout=0)[0]:
                tell(job, ray.get(notes), running)
                notes = board.take.remote()
            while due and due[0] in finished:
                yield finished.pop(due.pop(0))
        yield from (finished[replication] for replication in sorted(finished))


def connected(processors: int | None, address: str | None) -> Any:
    """Ray, started on this machine for `processors` (None: all) or connected to the cluster at `address`; shut it down.

    Raises NoCluster.
    """
    if address is not None and not answers(address):
        raise NoCluster(address, "nothing answers there")
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address is None:
            ray.init(
                address="local",
                num_cpus=processors,
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                **quiet,
            )
        else:
            ray.init(address=address, runtime_env={"py_modules": package_folders()}, **quiet)
    except (ConnectionError, OSError, RuntimeError, TimeoutError, ValueError) as error:
        raise NoCluster(address, why(error)) from error
    return ray


def answers(address: str) -> bool:
    """Whether something listens at `host:port` or `ray://host:port`; Ray itself would try for minutes.

    True for an address of another form, such as `auto`.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return True
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_S).close()
    except (OSError, OverflowError):
        return False
    return True


def why(error: BaseException) -> str:
    """The reason in one sentence; Ray's own goes over pages and has its cause at the end."""
    text = "".join(traceback.format_exception(error))
    if "InvalidAuthToken" in text:
        return "it asks for a token: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH"
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def received(ray: Any, reference: Any) -> Finished:
    """What a task gave. Raises what the replication raised, and RayError where the task could not be run."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        # Ray's error is of the cause's class too, but has nothing of its attributes.
        raise error.cause from None


def tell(job: Job, notes: dict[int, tuple[float, int]], running: dict[Any, int]) -> None:
    """Pass on what tasks noted, but for those that have finished meanwhile."""
    for replication, (fraction, calls) in notes.items():
        if replication in running.values():
            job.progress(replication, fraction, calls)


def put_in_place(finished: Finished, job: Job) -> ReplicationResult:
    """Write a finished replication's files into the run's folder. Raises OSError."""
    if job.out is not None:
        for name, content in finished.files.items():
            path = job.out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    job.progress(finished.result.replication, 1.0, finished.result.calls)
    return finished.result


def stop(ray: Any, running: dict[Any, int]) -> None:
    """Cancel what runs and give it a moment to remove its files."""
    for reference in running:
        ray.cancel(reference)
    if running:
        ray.wait(list(running), num_returns=len(running), timeout=GRACE_S)


def package_folders() -> list[str]:
    """Where the packages lie that a node needs."""
    specs = [find_spec(name) for name in PACKAGES]
    return [os.path.dirname(spec.origin) for spec in specs if spec is not None and spec.origin is not None]

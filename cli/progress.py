"""How far a run is: a live bar where somebody is watching, a line now and then where nobody is."""

import sys
import time
from typing import Final, Self

import click

LINE_EVERY_S: Final = 5.0
"""Between two lines of a run whose progress goes to a file or a pipe."""
BAR_EVERY_S: Final = 0.1


class Progress:
    """What a verb shows of a run, entered around it; this one shows nothing: `--quiet`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def note(self, replication: int, fraction: float, calls: int) -> None:
        """What an executor tells."""

    def say(self, sentence: str) -> None:
        """A line that stays."""


class Count:
    """What the notes of replications come to."""

    def __init__(self, replications: int) -> None:
        self.replications = replications
        self._fractions: dict[int, float] = {}
        self._calls: dict[int, int] = {}
        self.started = time.monotonic()

    def note(self, replication: int, fraction: float, calls: int) -> None:
        self._fractions[replication] = fraction
        self._calls[replication] = calls

    @property
    def finished(self) -> int:
        return sum(fraction >= 1.0 for fraction in self._fractions.values())

    @property
    def share(self) -> float:
        """Of the whole run, 0 to 1."""
        return sum(self._fractions.values()) / self.replications

    @property
    def calls(self) -> int:
        return sum(self._calls.values())

    @property
    def calls_per_second(self) -> float:
        """Of real time."""
        return self.calls / max(time.monotonic() - self.started, 1e-3)


class Lines(Progress):
    """A line at the start and every few seconds, for logs and pipes."""

    def __init__(self, replications: int) -> None:
        self._count = Count(replications)
        self._last = self._count.started

    def note(self, replication: int, fraction: float, calls: int) -> None:
        self._count.note(replication, fraction, calls)
        now = time.monotonic()
        if now - self._last >= LINE_EVERY_S:
            self._last = now
            count = self._count
            self.say(
                f"{count.share:.0%} · replication {count.finished}/{count.replications} · "
                f"{count.calls:,} calls · {count.calls_per_second:,.0f} calls/s"
            )

    def say(self, sentence: str) -> None:
        click.echo(sentence, err=True)


class Bar(Progress):
    """A bar on the terminal, which standard error is."""

    def __init__(self, replications: int, virtual_h: float | None) -> None:
        """`virtual_h`: virtual hours of a replication; None where it ends when idle."""
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._count = Count(replications)
        self._virtual_h = virtual_h
        self._last = 0.0
        self._bar = RichProgress(
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(self._text(), total=1.0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def note(self, replication: int, fraction: float, calls: int) -> None:
        self._count.note(replication, fraction, calls)
        now = time.monotonic()
        if fraction >= 1.0 or now - self._last >= BAR_EVERY_S:
            self._last = now
            self._bar.update(self._task, completed=self._count.share, description=self._text())

    def say(self, sentence: str) -> None:
        self._bar.console.print(sentence, highlight=False)

    def _text(self) -> str:
        count = self._count
        text = f"replication {count.finished}/{count.replications} · {count.calls:,} calls"
        if self._virtual_h is not None:
            text += f" · {count.share * count.replications * self._virtual_h:,.1f} virtual hours"
        return f"{text} · {count.calls_per_second:,.0f} calls/s"


def progress_for(replications: int, virtual_h: float | None, quiet: bool) -> Progress:
    """What suits whoever is watching."""
    if quiet:
        return Progress()
    if sys.stderr.isatty():
        return Bar(replications, virtual_h)
    return Lines(replications)

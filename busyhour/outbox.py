"""What one host sends another: numbered, kept until it is acknowledged, and sent again after a crash."""

from collections import deque
from itertools import islice
from typing import final

Plain = list[object]


@final
class Outbox:
    """What one host sends another. Numbers begin at 1."""

    __slots__ = ("last", "sent", "unacknowledged")

    def __init__(self) -> None:
        self.last: int = 0
        """Number of the latest."""
        self.sent: int = 0
        """Everything up to this number is under way or there."""
        self.unacknowledged: deque[tuple[int, Plain]] = deque()

    def add(self, plain: Plain) -> None:
        self.last += 1
        self.unacknowledged.append((self.last, plain))

    def acknowledged(self, number: int) -> None:
        """Everything up to `number` is durable there."""
        unacknowledged = self.unacknowledged
        while unacknowledged and unacknowledged[0][0] <= number:
            unacknowledged.popleft()
        if self.sent < number:
            self.sent = number

    def again(self) -> None:
        """Whatever is under way may be lost: all that is not acknowledged is to be sent."""
        self.sent = self.unacknowledged[0][0] - 1 if self.unacknowledged else self.last

    def to_send(self, at_most: int) -> list[tuple[int, Plain]]:
        """What has not been sent yet, which counts as under way from now on."""
        unacknowledged = self.unacknowledged
        if self.sent == self.last or not unacknowledged:
            return []
        first = max(0, self.sent + 1 - unacknowledged[0][0])
        batch = list(islice(unacknowledged, first, first + at_most))
        self.sent = batch[-1][0]
        return batch

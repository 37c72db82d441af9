"""The call runtime, as the API needs it.

What a campaign or an agent should be is in its document, and the runtime makes it so. What only the runtime knows
(calls, live counters) is asked of it. Documents are as the API shows them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from busyhour.adapters.valkey.documents import Document
from serve_app.errors import UnavailableError


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of what only the runtime has."""

    documents: Sequence[Document]
    after: str | None
    """Where the next page begins; None when there is none."""


class Runtime(Protocol):
    """Every method raises UnavailableError where the runtime is not there, and ConflictError where the state of a call
    or a campaign forbids it.
    """

    async def ready(self) -> None:
        """Raises UnavailableError when it could not be told anything now."""
        ...

    async def open(self) -> None:
        """Raises UnavailableError when it could not take a call or launch a campaign now, or is being shut down."""
        ...

    def trunks(self) -> Sequence[str]:
        """Names of those that a call may go over."""
        ...

    # Campaigns

    async def launch(self, account: str, campaign: Document) -> None: ...

    async def change(self, account: str, campaign: Document) -> None:
        """The document of a campaign that was launched is new."""
        ...

    async def pause(self, account: str, campaign: Document) -> None: ...

    async def resume(self, account: str, campaign: Document) -> None: ...

    async def stop(self, account: str, campaign: Document, in_flight: str) -> Document:
        """`{cancelled_queued, cancelled_ringing, draining}`."""
        ...

    async def callable_counts(self, account: str, campaign: Document) -> Document:
        """Who would be called: `{callable, excluded: {reason: count}}`."""
        ...

    async def campaign_stats(self, account: str, campaign: Document) -> Document: ...

    async def forecast(self, account: str, campaign: Document) -> Document: ...

    # Calls

    async def place(self, account: str, order: Document) -> Document:
        """The new call."""
        ...

    async def find_call(self, account: str, id: str) -> Document | None:
        """Without its transcript."""
        ...

    async def calls(self, account: str, limit: int, after: str | None, matching: Document) -> Listed: ...

    async def transcript(self, account: str, id: str) -> Sequence[Document]: ...

    async def call_events(self, account: str, id: str) -> Sequence[Document]: ...

    async def end_call(self, account: str, id: str) -> Document: ...

    async def annotate(self, account: str, id: str, metadata: Document) -> Document:
        """`metadata` merged at the top level into the call's; gives all of it."""
        ...

    async def transfer(self, account: str, id: str, order: Document) -> Document:
        """The call, with its transfer. Raises UnavailableError where no agent is free."""
        ...

    # Queues and agents

    async def availability(self, account: str, queues: Sequence[Document]) -> Sequence[Document]:
        """How each of `queues` stands now."""
        ...

    async def callbacks(self, account: str, queue_id: str, limit: int, after: str | None) -> Listed: ...

    async def agent_changed(self, account: str, agent: Document) -> None:
        """The document of a human agent is new."""
        ...

    async def queue_changed(self, account: str, queue: Document) -> None:
        """The document of a queue is new."""
        ...


class NoRuntime:
    """Where none runs: nothing is known of calls, and nothing is dialled."""

    def _refuse(self) -> NoReturn:
        raise UnavailableError("The call runtime is not running")

    async def ready(self) -> None:
        self._refuse()

    async def open(self) -> None:
        self._refuse()

    def trunks(self) -> Sequence[str]:
        return ("simulated",)

    async def launch(self, account: str, campaign: Document) -> None:
        self._refuse()

    async def change(self, account: str, campaign: Document) -> None:
        self._refuse()

    async def pause(self, account: str, campaign: Document) -> None:
        self._refuse()

    async def resume(self, account: str, campaign: Document) -> None:
        self._refuse()

    async def stop(self, account: str, campaign: Document, in_flight: str) -> Document:
        self._refuse()

    async def callable_counts(self, account: str, campaign: Document) -> Document:
        self._refuse()

    async def campaign_stats(self, account: str, campaign: Document) -> Document:
        self._refuse()

    async def forecast(self, account: str, campaign: Document) -> Document:
        self._refuse()

    async def place(self, account: str, order: Document) -> Document:
        self._refuse()

    async def find_call(self, account: str, id: str) -> Document | None:
        self._refuse()

    async def calls(self, account: str, limit: int, after: str | None, matching: Document) -> Listed:
        self._refuse()

    async def transcript(self, account: str, id: str) -> Sequence[Document]:
        self._refuse()

    async def call_events(self, account: str, id: str) -> Sequence[Document]:
        self._refuse()

    async def end_call(self, account: str, id: str) -> Document:
        self._refuse()

    async def annotate(self, account: str, id: str, metadata: Document) -> Document:
        self._refuse()

    async def transfer(self, account: str, id: str, order: Document) -> Document:
        self._refuse()

    async def availability(self, account: str, queues: Sequence[Document]) -> Sequence[Document]:
        self._refuse()

    async def callbacks(self, account: str, queue_id: str, limit: int, after: str | None) -> Listed:
        self._refuse()

    async def agent_changed(self, account: str, agent: Document) -> None:
        """A runtime that starts later reads the document."""

    async def queue_changed(self, account: str, queue: Document) -> None:
        """As with agents."""

"""Events that were committed and not handed to their webhooks yet.

One list in the store: whoever changes something appends what it means in the same step. An entry is the JSON object
`{id, account, type, body}`, where `body` is what receivers get, as text.
"""

from typing import Final

from busyhour.adapters.valkey.documents import Commit, Document, packed
from busyhour.adapters.valkey.event_log import log_event

OUTBOX: Final = "outbox"

EVENTS: Final = (
    "call.started",
    "call.ended",
    "call.transfer.reserved",
    "call.transfer.bridged",
    "call.transfer.failed",
    "call.handoff_queued",
    "campaign.launched",
    "campaign.paused",
    "campaign.resumed",
    "campaign.stopped",
    "campaign.completed",
    "contact.exhausted",
    "import.completed",
    "speaker.deployed",
)
TEST_EVENT: Final = "webhook.test"


def body_of(type: str, timestamp: str, data: Document) -> str:
    return packed({"type": type, "timestamp": timestamp, "data": data}).decode()


def emit(commit: Commit, id: str, account: str, type: str, timestamp: str, data: Document) -> None:
    """In `commit`, an event of the name `type`, for webhooks and for who follows; `id` is its own for ever."""
    body = body_of(type, timestamp, data)
    commit.append(commit.key(OUTBOX), packed({"id": id, "account": account, "type": type, "body": body}))
    log_event(commit, account, type, body)

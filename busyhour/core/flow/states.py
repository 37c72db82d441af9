"""The states of a conversation that follows a flow, and the table of what may happen in each."""

from typing import Final

from busyhour.core.flow.events import (
    CALLER_SPOKE,
    CALLER_STARTED,
    CONVERSATION_ENDED,
    DIGIT_PRESSED,
    FLOW_EVENT_NAMES,
    FLOW_STARTED,
    HTTP_ANSWERED,
    SPEECH_FINISHED,
    TRANSFER_FAILED,
    TRANSFER_SUCCEEDED,
)

READY: Final = 0
SPEAKING: Final = 1
LISTENING: Final = 2
COLLECTING: Final = 3
REQUESTING: Final = 4
TRANSFERRING: Final = 5
FINISHED: Final = 6
FLOW_STATES: Final = (
    "ready",
    "speaking",
    "listening",
    "collecting",
    "requesting",
    "transferring",
    "finished",
)

_ONWARD: Final = (SPEAKING, LISTENING, COLLECTING, REQUESTING, TRANSFERRING, FINISHED)
"""What the nodes up to the next one that takes time may come to."""

FLOW_TRANSITIONS: Final[dict[tuple[int, int], tuple[int, ...]]] = {
    (READY, FLOW_STARTED): _ONWARD,
    (READY, CONVERSATION_ENDED): (FINISHED,),
    (SPEAKING, SPEECH_FINISHED): _ONWARD,
    (SPEAKING, CALLER_STARTED): (SPEAKING, LISTENING),
    (SPEAKING, CALLER_SPOKE): _ONWARD,
    (SPEAKING, DIGIT_PRESSED): _ONWARD,
    (SPEAKING, CONVERSATION_ENDED): (FINISHED,),
    (LISTENING, CALLER_STARTED): (LISTENING,),
    (LISTENING, CALLER_SPOKE): _ONWARD,
    (LISTENING, DIGIT_PRESSED): (LISTENING,),
    (LISTENING, CONVERSATION_ENDED): (FINISHED,),
    (COLLECTING, CALLER_STARTED): (COLLECTING,),
    (COLLECTING, CALLER_SPOKE): (COLLECTING,),
    (COLLECTING, DIGIT_PRESSED): _ONWARD,
    (COLLECTING, CONVERSATION_ENDED): (FINISHED,),
    (REQUESTING, CALLER_STARTED): (REQUESTING,),
    (REQUESTING, CALLER_SPOKE): (REQUESTING,),
    (REQUESTING, DIGIT_PRESSED): (REQUESTING,),
    (REQUESTING, HTTP_ANSWERED): _ONWARD,
    (REQUESTING, CONVERSATION_ENDED): (FINISHED,),
    (TRANSFERRING, CALLER_STARTED): (TRANSFERRING,),
    (TRANSFERRING, CALLER_SPOKE): (TRANSFERRING,),
    (TRANSFERRING, DIGIT_PRESSED): (TRANSFERRING,),
    (TRANSFERRING, TRANSFER_SUCCEEDED): (REQUESTING, FINISHED),
    (TRANSFERRING, TRANSFER_FAILED): _ONWARD,
    (TRANSFERRING, CONVERSATION_ENDED): (FINISHED,),
}
"""(state, event kind) → the states it may lead to; what is not here is illegal."""

_KINDS: Final = len(FLOW_EVENT_NAMES)
FLOW_LEGAL: Final = [
    (state, FLOW_STARTED + kind) in FLOW_TRANSITIONS
    for state in range(len(FLOW_STATES))
    for kind in range(_KINDS)
]


def is_legal(state: int, kind: int) -> bool:
    return FLOW_LEGAL[state * _KINDS + kind - FLOW_STARTED]

"""What became of a call, as small integers, and the table from a carrier's answer to it.

A *disposition* says what the dialler met (a human, a machine, a busy line...), an *end reason* says what
ended the call. Both are `Final` ints whose place in the parallel name tuple is their value, because mypyc
keeps ints unboxed and an enum member is an object.

Sources of the table: RFC 3261 section 21 (meaning of each SIP status), RFC 3398 sections 7.2.4.1 and 8.2.6.1
(SIP <-> ISUP cause), ITU-T Q.850 (05/2018) table 1 (cause values and classes), RFC 3326 (cause in a SIP
Reason header), RFC 8197 (607), RFC 8688 (608), RFC 8224 (428, 436, 437, 438), RFC 5079 (433).
"""

from typing import Final, final

HUMAN: Final = 0
"""A live person answered and was recognised as one."""
MACHINE: Final = 1
"""Answering-machine detection said machine."""
BUSY: Final = 2
"""The line was engaged, or the called person refused the call."""
NO_ANSWER: Final = 3
"""It rang, or could not be reached just then, and nobody answered."""
INVALID: Final = 4
"""The number is not in service, not assigned or not complete: dialling it again is pointless."""
FAILED: Final = 5
"""The carrier or the platform could not place the call; says nothing of the customer."""
ABANDONED: Final = 6
"""A live answer hung up before an agent took the call."""
CANCELLED: Final = 7
"""We gave the call up before it was answered."""
UNKNOWN: Final = 8
"""The outcome was lost (a crash between intent and answer); never dialled again under the same attempt."""

DISPOSITIONS: Final = (
    "human",
    "machine",
    "busy",
    "no_answer",
    "invalid",
    "failed",
    "abandoned",
    "cancelled",
    "unknown",
)

END_COMPLETED: Final = 0
END_CUSTOMER_HUNG_UP: Final = 1
END_AGENT_HUNG_UP: Final = 2
END_NO_AGENT: Final = 3
END_BUSY: Final = 4
END_NO_ANSWER: Final = 5
END_INVALID: Final = 6
END_CARRIER_FAILURE: Final = 7
END_NO_CHANNEL: Final = 8
END_TRUNK_DOWN: Final = 9
END_QUEUE_FULL: Final = 10
END_MACHINE: Final = 11
END_CANCELLED: Final = 12
END_DIAL_TIMEOUT: Final = 13
END_HORIZON: Final = 14
END_SILENT: Final = 15
END_MAX_WAIT: Final = 16
END_NO_VOICE_AGENT: Final = 17

END_REASONS: Final = (
    "completed",
    "customer_hung_up",
    "agent_hung_up",
    "no_agent",
    "busy",
    "no_answer",
    "invalid",
    "carrier_failure",
    "no_channel",
    "trunk_down",
    "queue_full",
    "machine",
    "cancelled",
    "dial_timeout",
    "horizon",
    "silent",
    "max_wait",
    "no_voice_agent",
)

AMD_NONE: Final = 0
"""Answering-machine detection was off, or the call ended before it decided."""
AMD_HUMAN: Final = 1
AMD_MACHINE: Final = 2

AMD_RESULTS: Final = ("", "human", "machine")

INBOUND: Final = 0
OUTBOUND: Final = 1

DIRECTIONS: Final = ("inbound", "outbound")

FAULT_NONE: Final = 0
FAULT_CUSTOMER: Final = 1
"""The called side: engaged, away, refusing, or not existing."""
FAULT_CARRIER: Final = 2
"""The network between: congestion, outage, routing."""
FAULT_PLATFORM: Final = 3
"""Ourselves: a request, credential, caller identity or codec that the far end cannot accept."""

FAULTS: Final = ("none", "customer", "carrier", "platform")


@final
class Outcome:
    """One row of the table: what a carrier's final answer means to a campaign."""

    __slots__ = ("disposition", "end_reason", "fault", "retryable")

    disposition: int
    end_reason: int
    fault: int
    retryable: bool
    """A later attempt may fare better. Retry rules and attempt caps still decide whether there is one."""

    def __init__(self, disposition: int, end_reason: int, fault: int, retryable: bool) -> None:
        self.disposition = disposition
        self.end_reason = end_reason
        self.fault = fault
        self.retryable = retryable


_ENGAGED: Final = Outcome(BUSY, END_BUSY, FAULT_CUSTOMER, True)
_REFUSED: Final = Outcome(BUSY, END_BUSY, FAULT_CUSTOMER, False)
_UNANSWERED: Final = Outcome(NO_ANSWER, END_NO_ANSWER, FAULT_CUSTOMER, True)
_NOT_A_NUMBER: Final = Outcome(INVALID, END_INVALID, FAULT_CUSTOMER, False)
_GIVEN_UP: Final = Outcome(CANCELLED, END_CANCELLED, FAULT_NONE, True)
_CARRIER_FOR_NOW: Final = Outcome(FAILED, END_CARRIER_FAILURE, FAULT_CARRIER, True)
_CARRIER_FOR_GOOD: Final = Outcome(FAILED, END_CARRIER_FAILURE, FAULT_CARRIER, False)
_OUR_OWN: Final = Outcome(FAILED, END_CARRIER_FAILURE, FAULT_PLATFORM, False)
_NO_OUTCOME: Final = Outcome(UNKNOWN, END_CARRIER_FAILURE, FAULT_CARRIER, False)

# 3xx: a redirection reaching this table was not followed, which is our own doing, save 301: that number has
# moved for good. 403 and 603 share ISUP cause 21, "call rejected" (RFC 3398): 403 is an intermediary's no to
# this caller, 603 the called person's. The person is there and busy with something else, so 603 is `busy`;
# 607 is the same person saying never again.
SIP_OUTCOMES: Final[dict[int, Outcome]] = {
    300: _OUR_OWN,  # Multiple Choices
    301: _NOT_A_NUMBER,  # Moved Permanently; RFC 3398: cause 22 with a new number
    302: _OUR_OWN,  # Moved Temporarily
    305: _OUR_OWN,  # Use Proxy
    380: _OUR_OWN,  # Alternative Service
    400: _OUR_OWN,  # Bad Request
    401: _OUR_OWN,  # Unauthorized: our credentials were refused
    402: _OUR_OWN,  # Payment Required: our account
    403: _CARRIER_FOR_GOOD,  # Forbidden: "the request SHOULD NOT be repeated"
    404: _NOT_A_NUMBER,  # Not Found
    405: _OUR_OWN,  # Method Not Allowed
    406: _OUR_OWN,  # Not Acceptable
    407: _OUR_OWN,  # Proxy Authentication Required
    408: _UNANSWERED,  # Request Timeout: the user could not be found in time
    410: _NOT_A_NUMBER,  # Gone
    413: _OUR_OWN,  # Request Entity Too Large
    414: _OUR_OWN,  # Request-URI Too Long
    415: _OUR_OWN,  # Unsupported Media Type
    416: _OUR_OWN,  # Unsupported URI Scheme
    420: _OUR_OWN,  # Bad Extension
    421: _OUR_OWN,  # Extension Required
    422: _OUR_OWN,  # Session Interval Too Small (RFC 4028)
    423: _OUR_OWN,  # Interval Too Brief
    428: _OUR_OWN,  # Use Identity Header
    430: _CARRIER_FOR_NOW,  # Flow Failed (RFC 5626)
    433: _OUR_OWN,  # Anonymity Disallowed
    436: _OUR_OWN,  # Bad Identity Info
    437: _OUR_OWN,  # Unsupported Credential
    438: _OUR_OWN,  # Invalid Identity Header
    440: _CARRIER_FOR_GOOD,  # Max-Breadth Exceeded (RFC 5393)
    480: _UNANSWERED,  # Temporarily Unavailable
    481: _CARRIER_FOR_NOW,  # Call/Transaction Does Not Exist; RFC 3398: cause 41
    482: _CARRIER_FOR_GOOD,  # Loop Detected; RFC 3398: cause 25, exchange routing error
    483: _CARRIER_FOR_GOOD,  # Too Many Hops; likewise
    484: _NOT_A_NUMBER,  # Address Incomplete
    485: _NOT_A_NUMBER,  # Ambiguous; RFC 3398: cause 1
    486: _ENGAGED,  # Busy Here
    487: _GIVEN_UP,  # Request Terminated, by our CANCEL
    488: _OUR_OWN,  # Not Acceptable Here: no common media
    489: _OUR_OWN,  # Bad Event (RFC 6665)
    491: _CARRIER_FOR_NOW,  # Request Pending
    493: _OUR_OWN,  # Undecipherable
    494: _OUR_OWN,  # Security Agreement Required (RFC 3329)
    500: _CARRIER_FOR_NOW,  # Server Internal Error
    501: _CARRIER_FOR_GOOD,  # Not Implemented
    502: _CARRIER_FOR_NOW,  # Bad Gateway
    503: _CARRIER_FOR_NOW,  # Service Unavailable: congestion or maintenance
    504: _CARRIER_FOR_NOW,  # Server Time-out
    505: _OUR_OWN,  # Version Not Supported
    513: _OUR_OWN,  # Message Too Large
    580: _CARRIER_FOR_NOW,  # Precondition Failure (RFC 3312): resources could not be reserved
    600: _ENGAGED,  # Busy Everywhere
    603: _ENGAGED,  # Decline
    604: _NOT_A_NUMBER,  # Does Not Exist Anywhere
    606: _OUR_OWN,  # Not Acceptable
    607: _REFUSED,  # Unwanted
    608: _CARRIER_FOR_GOOD,  # Rejected by an intermediary's analytics, for every call from this caller
}
"""SIP final status code -> outcome. `of_sip` adds the fall-back by class."""

# Each row is the outcome of the SIP status RFC 3398 section 7.2.4.1 maps the cause to, except where noted
# "not 3398": there the standard's choice of status loses what the cause said.
Q850_OUTCOMES: Final[dict[int, Outcome]] = {
    1: _NOT_A_NUMBER,  # Unallocated number
    2: _CARRIER_FOR_GOOD,  # No route to transit network; not 3398 (404): the number may be fine
    3: _NOT_A_NUMBER,  # No route to destination
    16: _GIVEN_UP,  # Normal call clearing, which before an answer is the caller's CANCEL
    17: _ENGAGED,  # User busy
    18: _UNANSWERED,  # No user responding
    19: _UNANSWERED,  # No answer from user (user alerted)
    20: _UNANSWERED,  # Subscriber absent: a mobile that is switched off
    21: _ENGAGED,  # Call rejected; not 3398 (403): mostly the called person, as SIP 603
    22: _NOT_A_NUMBER,  # Number changed
    23: _NOT_A_NUMBER,  # Redirection to new destination
    25: _CARRIER_FOR_GOOD,  # Exchange routing error (hop counter ran out)
    26: _UNANSWERED,  # Non-selected user clearing; not 3398 (404): another terminal got it
    27: _CARRIER_FOR_NOW,  # Destination out of order
    28: _NOT_A_NUMBER,  # Invalid number format (address incomplete)
    29: _CARRIER_FOR_GOOD,  # Facility rejected
    31: _UNANSWERED,  # Normal, unspecified
    34: _CARRIER_FOR_NOW,  # No circuit/channel available
    38: _CARRIER_FOR_NOW,  # Network out of order
    41: _CARRIER_FOR_NOW,  # Temporary failure
    42: _CARRIER_FOR_NOW,  # Switching equipment congestion
    44: _CARRIER_FOR_NOW,  # Requested circuit/channel not available
    47: _CARRIER_FOR_NOW,  # Resource unavailable, unspecified
    50: _OUR_OWN,  # Requested facility not subscribed
    52: _OUR_OWN,  # Outgoing calls barred
    54: _CARRIER_FOR_GOOD,  # Incoming calls barred
    55: _CARRIER_FOR_GOOD,  # Incoming calls barred within CUG
    57: _CARRIER_FOR_GOOD,  # Bearer capability not authorized
    58: _CARRIER_FOR_NOW,  # Bearer capability not presently available
    63: _CARRIER_FOR_GOOD,  # Service or option not available, unspecified
    65: _OUR_OWN,  # Bearer capability not implemented
    70: _OUR_OWN,  # Only restricted digital information bearer capability is available
    79: _CARRIER_FOR_GOOD,  # Service or option not implemented, unspecified
    87: _CARRIER_FOR_GOOD,  # User not member of CUG
    88: _CARRIER_FOR_GOOD,  # Incompatible destination; not 3398 (503): it stays incompatible
    95: _CARRIER_FOR_GOOD,  # Invalid message, unspecified
    102: _CARRIER_FOR_NOW,  # Recovery on timer expiry
    111: _CARRIER_FOR_NOW,  # Protocol error, unspecified
    127: _CARRIER_FOR_NOW,  # Interworking, unspecified
}
"""Q.850 cause value -> outcome. `of_q850` adds the fall-back by class."""


def of_sip(code: int) -> Outcome:
    """Outcome of a call that a carrier refused with this SIP status code.

    A code that is not in the table is read as the x00 of its class, as RFC 3261 section 8.1.3.2 asks. A code
    that is no final refusal (below 300, above 699) tells nothing and is `unknown`.
    """
    known = SIP_OUTCOMES.get(code)
    if known is not None:
        return known
    if code < 300 or code > 699:
        return _NO_OUTCOME
    return SIP_OUTCOMES[code // 100 * 100]


def of_q850(cause: int) -> Outcome:
    """Outcome of a call that the network released with this Q.850 cause before it was answered.

    A cause that is not in the table is read as the "unspecified" cause that closes its class: 0-31 normal,
    32-47 resource, 48-63 not available, 64-79 not implemented, 80-95 invalid message, 96-111 protocol error,
    112-127 interworking. A value outside 1-127 is `unknown`.
    """
    known = Q850_OUTCOMES.get(cause)
    if known is not None:
        return known
    if cause < 1 or cause > 127:
        return _NO_OUTCOME
    return Q850_OUTCOMES[31 if cause < 32 else cause | 15]

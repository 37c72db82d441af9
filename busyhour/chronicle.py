"""What the machines of a platform tell its ledger: each change of a call, a campaign and a contact, once.

A change is a message to the host `ledger`, numbered and kept until it is acknowledged like any other, so that whatever
crashes, the ledger hears of each change exactly once and in the order in which it happened here.
"""

from typing import Final, cast, final

from busyhour.core.attempts import Contact, Lease
from busyhour.core.call import Call
from busyhour.core.call_states import CALL_STATES, CREATED
from busyhour.core.campaign import Campaign
from busyhour.core.events import ATTEMPT_ENDED, EVENT_NAMES
from busyhour.core.snapshots import call_facts
from busyhour.core.transfer import TRANSFER_STATES
from busyhour.host import Chronicle, Host, Plain

LEDGER: Final = "ledger"
"""The host that keeps what the API reads."""

CALL: Final = "Call"
CAMPAIGN: Final = "Campaign"
CONTACT: Final = "Contact"

ATTEMPT_ENDED_NAME: Final = EVENT_NAMES[ATTEMPT_ENDED]

TRIED_AGAIN: Final = 0
"""What becomes of a contact after an attempt: it will be called again."""
REACHED: Final = 1
GIVEN_UP: Final = 2


@final
class CallsChronicle(Chronicle):
    """Of a host of calls: `["Call", at, facts]` for each state of one and of its transfers but the last, which comes
    with the call's row.
    """

    __slots__ = ("_host", "_told")

    def __init__(self, host: Host) -> None:
        self._host: Host = host
        self._told: dict[int, int] = {}
        """Call → what was told last, as `_standing`."""

    def before(self, entry: Plain) -> None:
        """Nothing is lost by what is about to happen: ended calls have their rows."""

    def after(self, entry: Plain) -> None:
        if len(entry) < 5:
            return
        call_id = cast("int", entry[4])
        call = self._host.driver.calls.get(call_id)
        if call is None:
            self._told.pop(call_id, None)
        elif call.state != CREATED and self._told.get(call_id, CREATED) != _standing(call):
            self._told[call_id] = _standing(call)
            self._host.send(LEDGER, [CALL, self._host.at, call_facts(call)])

    def restored(self) -> None:
        self._told = {call.id: _standing(call) for call in self._host.driver.calls.values()}


def _standing(call: Call) -> int:
    """Differs whenever the states of the call and of its latest transfer do."""
    transfer = call.transfer
    if transfer is None:
        return call.state
    return call.state + len(CALL_STATES) * (transfer.state + 1 + len(TRANSFER_STATES) * transfer.number)


@final
class CampaignChronicle(Chronicle):
    """Of a campaign: `["Campaign", at, number, state]`, and after each attempt
    `["Contact", at, campaign, contact, attempts, outcome, disposition]`.
    """

    __slots__ = ("_campaign", "_completed", "_exhausted", "_host", "_lease", "_state")

    def __init__(self, host: Host, campaign: Campaign) -> None:
        self._host: Host = host
        self._campaign: Campaign = campaign
        self._state: int = campaign.state
        self._lease: Lease | None = None
        """Of the attempt that is about to end."""
        self._completed: int = 0
        self._exhausted: int = 0

    def before(self, entry: Plain) -> None:
        self._lease = None
        if entry[3] == ATTEMPT_ENDED_NAME:
            self._lease = self._campaign.in_flight.get(cast("int", entry[5]))
            self._completed = self._campaign.contacts.completed
            self._exhausted = self._campaign.contacts.exhausted

    def after(self, entry: Plain) -> None:
        campaign, host = self._campaign, self._host
        if self._lease is not None:
            contact = self._lease.contact
            outcome = self._outcome_for(contact)
            told: Plain = [CONTACT, host.at, campaign.id, contact.id, contact.attempts, outcome]
            told.append(entry[6])
            host.send(LEDGER, told)
        if campaign.state != self._state:
            self._state = campaign.state
            host.send(LEDGER, [CAMPAIGN, host.at, campaign.id, campaign.state])

    def restored(self) -> None:
        self._state = self._campaign.state

    def _outcome_for(self, contact: Contact) -> int:
        contacts = self._campaign.contacts
        if contacts.completed > self._completed:
            return REACHED
        if contacts.exhausted == self._exhausted:
            return TRIED_AGAIN
        # Somebody else may have been given up in the same step, whose calling hours never come.
        waiting = [parked[3] for parked in contacts.due] + [lease.contact for lease in self._campaign.claimed]
        return TRIED_AGAIN if any(other is contact for other in waiting) else GIVEN_UP

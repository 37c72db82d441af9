"""In a simulation too, a number is called as often a day as it may be, whoever's list it is on."""

from busyhour.core.attempts import DO_NOT_CALL, MAX_PER_DAY, Contact, Lease, RetryRules
from busyhour.core.calling_hours import utc
from busyhour.core.contact_list import ContactList, ZoneClock
from busyhour.core.ids import DAY, Instant
from simulation.admission import PhoneLimits, SimulatedAdmission
from simulation.trunks import UNLIMITED, SimulatedTrunk

NOON: Instant = 20_001 * DAY + DAY // 2


def lease(phone: int) -> Lease:
    contact = Contact(0, 0, 0)
    contact.phone = phone
    return Lease(contact, 1)


def admission(*max_per_day: int) -> SimulatedAdmission:
    trunk = SimulatedTrunk(UNLIMITED, None, None, None, NOON)
    made = SimulatedAdmission([trunk], [0] * len(max_per_day), [None] * len(max_per_day))
    lists = [ContactList(9, [ZoneClock(utc(), None)], RetryRules(1, most, {})) for most in max_per_day]
    made.phones = PhoneLimits(lists)
    return made


def test_campaigns_share_a_number_s_attempts_and_each_has_its_own_limit() -> None:
    shared = admission(1, 2, 0)
    assert shared.claim(2, [lease(7)], NOON).calls == [0]
    assert shared.claim(0, [lease(7), lease(8)], NOON).calls == [MAX_PER_DAY, 1]
    assert shared.claim(1, [lease(7), lease(7)], NOON).calls == [2, MAX_PER_DAY]
    assert shared.claim(2, [lease(7)], NOON).calls == [3]
    assert shared.claim(0, [lease(7)], NOON + DAY).calls == [4]


def test_who_must_not_be_called_is_rejected_and_holds_up_nobody() -> None:
    shared = admission(0)
    assert shared.phones is not None
    shared.phones.do_not_call.add(7)
    assert shared.claim(0, [lease(7), lease(0), lease(8)], NOON).calls == [DO_NOT_CALL, 0, 1]

"""Retry rules: what is tried again, and when."""

from busyhour.core.attempts import BLOCKED, NEVER_AGAIN, RETRYABLE, UNKNOWN_AFTER, Contact, RetryRules
from busyhour.core.disposition import (
    BUSY,
    CANCELLED,
    DISPOSITIONS,
    FAILED,
    HUMAN,
    MACHINE,
    NO_ANSWER,
    UNKNOWN,
)
from busyhour.core.ids import MINUTE, SECOND


def tried(attempts: int, cancelled: int = 0) -> Contact:
    contact = Contact(1, 0, 0)
    contact.attempts = attempts
    contact.cancelled = cancelled
    return contact


RULES = RetryRules(3, 0, {BUSY: 10 * MINUTE, NO_ANSWER: 0, FAILED: 30 * SECOND})


def test_the_delay_counts_from_the_attempt_s_end() -> None:
    assert RULES.due_at(tried(1), BUSY, 5_000) == 5_000 + 10 * MINUTE
    assert RULES.due_at(tried(2), NO_ANSWER, 5_000) == 5_000


def test_an_outcome_that_no_rule_names_is_final() -> None:
    for outcome in (HUMAN, CANCELLED, MACHINE):
        assert RULES.due_at(tried(1), outcome, 5_000) == NEVER_AGAIN


def test_the_last_attempt_is_final_whatever_its_outcome() -> None:
    assert RULES.due_at(tried(3), BUSY, 5_000) == NEVER_AGAIN


def test_attempts_that_we_cancelled_use_none_up() -> None:
    assert RULES.due_at(tried(4, cancelled=2), BUSY, 5_000) == 5_000 + 10 * MINUTE
    assert RULES.due_at(tried(5, cancelled=2), BUSY, 5_000) == NEVER_AGAIN


def test_a_trunk_s_refusal_follows_the_rule_of_failures_unless_it_has_its_own() -> None:
    assert RULES.due_at(tried(1), BLOCKED, 0) == 30 * SECOND
    own = RetryRules(3, 0, {FAILED: 30 * SECOND, BLOCKED: SECOND})
    assert own.due_at(tried(1), BLOCKED, 0) == SECOND
    assert own.due_at(tried(1), FAILED, 0) == 30 * SECOND


def test_an_attempt_whose_outcome_was_lost_uses_one_up_and_is_followed_by_the_next() -> None:
    assert RULES.due_at(tried(1), UNKNOWN, 5_000) == 5_000 + UNKNOWN_AFTER
    assert RULES.due_at(tried(3), UNKNOWN, 5_000) == NEVER_AGAIN
    own = RetryRules(3, 0, {UNKNOWN: SECOND})
    assert own.due_at(tried(1), UNKNOWN, 5_000) == 5_000 + SECOND


def test_a_person_who_was_reached_is_never_among_the_retryable() -> None:
    assert HUMAN not in RETRYABLE
    assert max(RETRYABLE) == BLOCKED == len(DISPOSITIONS)

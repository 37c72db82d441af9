"""When a delivery that failed comes again, and what its webhook is then."""

import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from busyhour.adapters.webhooks.courier import FAILING_REASON, GONE_REASON, judged, secrets_of
from busyhour.adapters.webhooks.schedule import next_attempt
from busyhour.adapters.webhooks.sender import Outcome
from busyhour.adapters.webhooks.signing import make_secret, signed_headers
from busyhour.core.ids import ABSENT, DAY, HOUR, MINUTE, SECOND

NOW = 1_772_470_800 * SECOND
WEBHOOK = {"enabled": True, "disabled_reason": None}


@pytest.mark.parametrize(
    ("attempts", "delay"),
    [
        (1, 5 * SECOND),
        (2, 5 * MINUTE),
        (3, 30 * MINUTE),
        (4, 2 * HOUR),
        (5, 5 * HOUR),
        (6, 10 * HOUR),
        (7, 14 * HOUR),
        (8, 20 * HOUR),
        (9, 24 * HOUR),
    ],
)
def test_delays_are_those_of_standard_webhooks_with_up_to_a_tenth_more(attempts: int, delay: int) -> None:
    assert next_attempt(attempts, NOW, 0.0) == NOW + delay
    assert NOW + delay < next_attempt(attempts, NOW, 0.999) <= NOW + delay * 1.1


def test_ten_attempts_are_all() -> None:
    assert next_attempt(10, NOW, 0.5) == ABSENT


def test_retry_after_is_obeyed_up_to_a_day() -> None:
    assert next_attempt(1, NOW, 0.0, retry_after=MINUTE) == NOW + MINUTE
    assert next_attempt(2, NOW, 0.0, retry_after=MINUTE) == NOW + 5 * MINUTE
    assert next_attempt(1, NOW, 0.0, retry_after=30 * DAY) == NOW + DAY


def test_410_disables() -> None:
    after = judged(WEBHOOK, Outcome(410, ""), NOW)
    assert (after["enabled"], after["disabled_reason"]) == (False, GONE_REASON)


def test_five_days_of_failure_disable_and_one_success_begins_anew() -> None:
    failure, success = Outcome(500, ""), Outcome(204, "")
    failing = judged(WEBHOOK, failure, NOW)
    assert failing["enabled"]
    almost = judged(failing, failure, NOW + 5 * DAY - 1)
    assert almost["enabled"]
    disabled = judged(almost, failure, NOW + 5 * DAY)
    assert (disabled["enabled"], disabled["disabled_reason"]) == (False, FAILING_REASON)
    recovered = judged(almost, success, NOW + 5 * DAY)
    assert judged(recovered, failure, NOW + 6 * DAY)["enabled"]


def test_the_oracle_verifies_with_either_secret_during_a_rotation() -> None:
    old, new = make_secret(), make_secret()
    webhook = {"_secret": new, "_previous_secret": old, "_previous_until": NOW + DAY}
    body = '{"type":"call.ended","data":{"text":"naïve ☎"}}'
    at = int(datetime.now(UTC).timestamp()) * SECOND
    headers = signed_headers("evt-1", at, body.encode(), secrets_of(webhook, NOW))
    for secret in (old, new):
        assert Webhook(secret).verify(body, headers) is not None
    assert secrets_of(webhook, NOW + DAY) == [new]
    assert len(base64.b64decode(new.removeprefix("whsec_"))) == 32

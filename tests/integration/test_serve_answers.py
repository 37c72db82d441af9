"""What Ray Serve and its proxies answer by themselves is as everything else is, whichever proxy it is."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from tests.support.ports import free_port, one_at_a_time

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture(scope="module", params=["haproxy", "python"])
def server(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    port = free_port()
    with TemporaryDirectory(prefix="busyhour-", dir="/tmp") as folder, ExitStack() as starting:
        starting.enter_context(one_at_a_time())
        command = [sys.executable, "-m", "tests.support.served_by_ray", request.param, str(port), folder]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        ) as served:
            assert served.stdin is not None
            assert served.stdout is not None
            wait_for(served.stdout, "empty")
            starting.close()
            base = f"http://127.0.0.1:{port}"
            refused(httpx.get(f"{base}/before"), "The API is not there at the moment; try again")
            print("deploy", file=served.stdin)
            wait_for(served.stdout, "ready")
            until_s = time.monotonic() + 20
            while httpx.get(f"{base}/wait?s=0").status_code != 200:
                assert time.monotonic() < until_s
            with httpx.Client(base_url=base, timeout=30) as client:
                yield client
            served.stdin.close()
            assert served.wait(60) == 0


def wait_for(lines: Iterator[str], wanted: str) -> None:
    """What Ray says besides is passed over."""
    assert any(line.strip() == wanted for line in lines)


def refused(response: httpx.Response, detail: str) -> None:
    assert (response.status_code, response.json()) == (503, {"detail": detail})
    assert response.headers["content-type"] == "application/json"
    assert int(response.headers["retry-after"]) >= 1


TOO_LONG = "The request took too long and was given up; what was asked may have been done, or not"
CROWDED = "Too many requests are waiting, or nobody is there for them; try again in a moment"
DIED = "The process that had the request has died; what was asked may have been done, or not"


def test_a_request_that_takes_too_long_is_a_503(server: httpx.Client) -> None:
    refused(server.post("/wait?s=3"), TOO_LONG)


def test_a_client_can_t_set_how_long_it_may_take(server: httpx.Client) -> None:
    answer = server.get("/wait?s=0.4", headers={"x-request-timeout-seconds": "0.2"})
    assert (answer.status_code, answer.json()) == (200, {"waited": 0.4})
    refused(server.get("/wait?s=3", headers={"x-request-timeout-seconds": "60"}), TOO_LONG)


def test_more_requests_than_may_wait_are_a_503_and_the_others_are_answered(server: httpx.Client) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: server.post("/wait?s=0.4"), range(6)))
    assert any(answer.status_code == 200 for answer in answers)
    told = [answer for answer in answers if answer.status_code != 200]
    assert any(answer.json() == {"detail": CROWDED} for answer in told)
    for answer in told:  # one that could wait may have waited too long
        refused(answer, CROWDED if answer.json() == {"detail": CROWDED} else TOO_LONG)


def test_a_response_has_one_request_id(server: httpx.Client) -> None:
    answer = server.get("/wait?s=0", headers={"x-request-id": "mine"})
    assert answer.headers.get_list("x-request-id") == ["mine"]


def test_a_request_whose_replica_dies_is_a_503_on_a_connection_that_had_others_before(
    server: httpx.Client,
) -> None:
    assert server.post("/wait?s=0").status_code == 200
    refused(server.post("/die"), DIED)

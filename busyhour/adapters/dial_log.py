"""The far end's own record of what it was told to dial, for rehearsals and tests: a line a call."""

import os
from collections.abc import Callable

from busyhour.core.call import Call


def dial_log(path: str) -> Callable[[Call], None]:
    """Notes every call that is dialled, a line each, as the far end would: whatever becomes of us, it has it."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def note(call: Call) -> None:
        os.write(file, f"{call.campaign} {call.contact} {call.attempt} {call.id}\n".encode())

    return note

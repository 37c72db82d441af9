"""Which of the two runs, the code compiled by mypyc or the sources it was compiled from.

`tools/compile_core.py` leaves extension modules beside the sources and a record of the sources' digests. They
run only when every recorded source is still what was compiled, because a stale extension would silently run
yesterday's rules; and all of them run or none, because classes compiled in one group know each other's memory
layout. `BUSYHOUR_INTERPRETED=1` chooses the sources whatever lies beside them. Both give the same traces,
byte for byte.
"""

import hashlib
import json
import os
import sys
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from typing import Final, Literal

ROOT: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RECORD: Final = os.path.join(ROOT, "busyhour", "_compiled.json")
"""`{"sources": {path: sha256}, "extensions": [path], "suffix": …}` of the last compile."""
SWITCH: Final = "BUSYHOUR_INTERPRETED"

Reason = Literal["", "asked", "not compiled", "stale"]
"""Why the sources run; empty where the compiled code does."""

_chosen: list[Reason] = []


def _in_the_house(path: str) -> bool:
    for package in ("busyhour", "simulation"):
        folder = os.path.join(ROOT, package)
        if path == folder or path.startswith(folder + os.sep):
            return True
    return False


def _source_finder(path: str) -> FileFinder:
    """A finder that takes a module's source before an extension of the same name.

    Raises ImportError, which sends the import system on to its own finders, for folders outside the house:
    numpy and others rely on the usual order.
    """
    if not _in_the_house(os.path.abspath(path)):
        raise ImportError("not a folder of Busyhour", path=path)
    return FileFinder(path, (SourceFileLoader, SOURCE_SUFFIXES), (ExtensionFileLoader, EXTENSION_SUFFIXES))


def prefer_sources() -> None:
    """From now on import Busyhour's modules from their sources, also where extensions lie beside them."""
    if _source_finder not in sys.path_hooks:
        sys.path_hooks.insert(0, _source_finder)
    # The import system remembers the finder it made of a folder, and asks the hooks only about folders new to
    # it.
    for path in list(sys.path_importer_cache):
        if _in_the_house(os.path.abspath(path)):
            del sys.path_importer_cache[path]


def digest_of(path: str) -> str:
    """sha256 of a source file; empty where there is none."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return ""


def _why_interpreted() -> Reason:
    if os.environ.get(SWITCH, "") not in ("", "0"):
        return "asked"
    try:
        with open(RECORD, encoding="utf-8") as file:
            record = json.load(file)
        sources: dict[str, str] = record["sources"]
        extensions: list[str] = record["extensions"]
        suffix: str = record["suffix"]
    except (OSError, ValueError, KeyError, TypeError):
        return "not compiled"
    # Built for another Python they could not be loaded at all.
    if not extensions or suffix != EXTENSION_SUFFIXES[0]:
        return "not compiled"
    if not all(os.path.exists(os.path.join(ROOT, path)) for path in extensions):
        return "not compiled"
    for path, digest in sources.items():
        if digest_of(os.path.join(ROOT, path)) != digest:
            return "stale"
    return ""


def choose() -> None:
    """Decide once in a process, before any module that may be compiled is imported."""
    if not _chosen:
        _chosen.append(_why_interpreted())
        if _chosen[0]:
            prefer_sources()


def reason() -> Reason:
    """Why this process runs the sources; empty where it runs the compiled code."""
    choose()
    return _chosen[0]


def runtime() -> Literal["compiled", "interpreted"]:
    """What this process runs, for reports and benchmarks."""
    return "interpreted" if reason() else "compiled"

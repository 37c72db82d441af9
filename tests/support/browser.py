"""Debian's chromium, headless and on its own: what a page says on its console and asks of the network is kept.

Playwright drives the browser that is installed; none is downloaded.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import pytest

CHROMIUM: Final = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
NO_CHROMIUM: Final = "no chromium here, so no page is opened: apt-get install chromium"

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)

FLAGS: Final = (
    "--no-sandbox",  # containers run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(slots=True)
class Opened:
    """A page, and all that it said and asked for since it was opened."""

    page: Any
    complaints: list[str] = field(default_factory=list[str])
    """Console errors and warnings, uncaught exceptions, refusals of its content security policy."""
    requests: list[str] = field(default_factory=list[str])


class Browser:
    def __init__(self, browser: Any) -> None:
        self._browser = browser

    @contextmanager
    def open(
        self, place: Path | str, *, width: int = 1280, scheme: Literal["light", "dark"] = "light"
    ) -> Iterator[Opened]:
        """A file, or what has an address, in a page `width` CSS pixels wide."""
        page = self._browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        opened = Opened(page)
        page.on("console", lambda said: _keep(opened, said))
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.on("request", lambda request: opened.requests.append(request.url))
        try:
            page.goto(place if isinstance(place, str) else place.as_uri())
            yield opened
        finally:
            page.close()


def _keep(opened: Opened, said: Any) -> None:
    if said.type in ("error", "warning"):
        opened.complaints.append(said.text)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a fresh profile, gone when done."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield Browser(browser)
        finally:
            browser.close()

"""/console: the page on which an operator watches campaigns, queues and calls. It asks the API like any client."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from serve_app.errors import NotFoundError

router = APIRouter(include_in_schema=False)

FOLDER: Final = Path(__file__).resolve().parents[1] / "console"
MEDIA_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
FILES: Final = {file.name: file for file in FOLDER.iterdir() if file.suffix in MEDIA_TYPES}


def _file(name: str) -> Response:
    file = FILES.get(name)
    if file is None:
        raise NotFoundError("Page not found")
    return FileResponse(file, headers=HEADERS, media_type=MEDIA_TYPES[file.suffix])


@router.get("/console")
async def console() -> Response:
    return _file("index.html")


@router.get("/console/{name}")
async def console_file(name: str) -> Response:
    return _file(name)

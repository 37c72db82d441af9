"""`eval "$(python tools/ray_environment.py FOLDER)"` before `ray start`: the API's front, whose files go to FOLDER."""

import shlex
import sys
from pathlib import Path

from busyhour.settings import Settings
from serve_app.front import environment


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in environment(Settings.read().http_proxy_mode, folder).items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())

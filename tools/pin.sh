#!/bin/sh
# Writes constraints.txt from what is in .venv: run it after an upgrade that passes `make check test`.
# Names and versions only; where they come from is each machine's own setting.
set -eu
cd "$(dirname "$0")/.."
{
    echo "# Exact versions of everything that set-up puts into .venv. Written by tools/pin.sh."
    .venv/bin/python -m pip freeze --all --exclude-editable | grep -v -i -E '^(pip|busyhour)==| @ '
} > constraints.txt.new
mv constraints.txt.new constraints.txt
echo "constraints.txt: $(grep -c == constraints.txt) pins"

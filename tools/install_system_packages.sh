#!/bin/sh
# Installs the Debian packages that the deeper tests use, each only where its command is missing.
# Does nothing twice, and on a machine without apt-get or without the right to use it says so and goes on: the tests
# that need a missing package skip themselves and say so.
set -eu

wanted=""
want() { # command package…
    command=$1
    shift
    if command -v "$command" >/dev/null 2>&1; then
        echo "system packages: $1 is there ($(command -v "$command"))"
    else
        wanted="$wanted $*"
    fi
}

want make make
want gcc gcc libc6-dev
want chromium chromium
want curl curl
want jq jq
want wrk wrk

python=$(command -v python3 || true)
if [ -z "$python" ]; then
    wanted="$wanted python3 python3-venv python3-dev"
else
    # A Python of Debian's own comes without ensurepip and without the headers that compiling the core needs.
    "$python" -c 'import ensurepip, venv' 2>/dev/null || wanted="$wanted python3-venv"
    header=$("$python" -c 'import os, sysconfig; print(os.path.join(sysconfig.get_paths()["include"], "Python.h"))')
    [ -e "$header" ] || wanted="$wanted python3-dev"
fi

if [ -z "$wanted" ]; then
    echo "system packages: nothing to install"
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "system packages: no apt-get here; going on without:$wanted"
    exit 0
fi

as_root=""
if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        echo "system packages: not root and no sudo without a password; going on without:$wanted"
        exit 0
    fi
fi

echo "system packages: installing$wanted"
export DEBIAN_FRONTEND=noninteractive
# A list that is a little old still installs, so a failed update is not the end.
$as_root apt-get update -qq || echo "system packages: apt-get update failed; trying with the lists that are here"
for package in $wanted; do
    # One by one: a package that cannot be had must not take the others with it.
    if $as_root apt-get install -y -qq --no-install-recommends "$package" >/dev/null; then
        echo "system packages: installed $package"
    else
        echo "system packages: $package could not be installed; the tests that need it will say that they are skipped"
    fi
done

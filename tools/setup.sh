#!/bin/sh
# Sets up the virtual environment .venv with the locked dependencies and todoke itself (make setup).
#
# Needs Python 3.11 or newer with pip (or with its venv module), and a package index that pip can reach. Debian's
# python3 has no venv module and forbids installing beside it, so uv is put into .tools and makes the environment;
# where uv can't be had, venv and pip do the same work slower. Run again, it changes nothing and takes a moment.
# Environment: PYTHON names the interpreter to use.

set -eu
cd "$(dirname "$0")/.."

VENV=.venv
TOOLS=.tools
STAMP=$VENV/.todoke-setup
BASE_STAMP=$VENV/.todoke-base
LOG=$TOOLS/setup.log
LOCKS="requirements-dev.lock requirements-pcsc.lock requirements-build.lock requirements-uv.lock"
PROGRESS_SECONDS=10

say() { printf '%s\n' "todoke setup: $*"; }

fail() {
    printf '%s\n' "todoke setup: $*" >&2
    exit 1
}

# Runs "$@" with its output in the log, and says every few seconds that it is still at work.
step() {
    say "$1"
    shift
    (
        exec 9>&- # the lock below is not for the orphaned sleep to keep
        seconds=0
        while sleep "$PROGRESS_SECONDS" >/dev/null 2>&1; do
            seconds=$((seconds + PROGRESS_SECONDS))
            printf '%s\n' "todoke setup:   ... still at it ($seconds s)"
        done
    ) &
    ticker=$!
    trap 'kill "$ticker" 2>/dev/null || :' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    if "$@" >>"$LOG" 2>&1; then result=0; else result=$?; fi
    kill "$ticker" 2>/dev/null || :
    wait "$ticker" 2>/dev/null || :
    trap - EXIT INT TERM
    return "$result"
}

explain_and_fail() {
    tail -n 20 "$LOG" >&2
    fail "$* The lines above are the end of $LOG."
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11)); ' 2>/dev/null || continue
        "$candidate" -c 'import sys; print(sys.executable)'
        return
    done
    fail "Python 3.11 or newer is needed and none was found. Install it, or name one: PYTHON=... make setup"
}

# PC/SC readers need a C compiler, Python's headers and those of libpcsclite; without them all else works.
can_build_pcsc() {
    command -v cc >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1 || return 1
    "$python" -c 'import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").is_file())' || return 1
    if command -v pkg-config >/dev/null 2>&1; then pkg-config --exists libpcsclite; else [ -f /usr/include/PCSC/winscard.h ]; fi
}

# Interpreter and folder: a virtual environment that was moved, or whose Python changed, has to be made anew.
base() { { pwd && "$python" -c 'import sys; print(sys.version, sys.executable)'; } | cksum; }

has_base() { [ "$(cat "$BASE_STAMP" 2>/dev/null)" = "$(base)" ] && "$VENV/bin/python" -c '' 2>/dev/null; }

# Everything that the environment was made from.
fingerprint() {
    {
        base
        printf 'pcsc: %s\n' "$pcsc"
        # shellcheck disable=SC2086 # a list of names without spaces
        cat tools/setup.sh pyproject.toml $LOCKS
    } | cksum
}

is_current() {
    [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$wanted" ] && "$VENV/bin/python" -c 'import app' 2>/dev/null
}

locked_uv_version() { sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements-uv.lock; }

has_locked_uv() { [ "$("$TOOLS/bin/uv" --version 2>/dev/null | cut -d' ' -f2)" = "$(locked_uv_version)" ]; }

install_uv_with() { "$@" -m pip install --quiet --require-hashes --upgrade --target "$TOOLS" -r requirements-uv.lock; }

fetch_uv() {
    if "$python" -m pip --version >/dev/null 2>&1; then
        install_uv_with "$python"
    else
        "$python" -m venv "$TOOLS/bootstrap" && install_uv_with "$TOOLS/bootstrap/bin/python"
    fi
}

uv() { "$python" tools/uv_with_pip_settings.py --quiet "$@"; }

install_with_uv() {
    # Only changed packages are replaced where the base stays, so that a running demo is not pulled from under itself.
    { has_base || uv venv --clear --python "$python" "$VENV"; } &&
        uv pip sync --python "$VENV/bin/python" --require-hashes requirements-dev.lock &&
        uv pip install --python "$VENV/bin/python" --no-deps --build-constraints requirements-build.lock --editable .
}

install_pcsc_with_uv() {
    uv pip install --python "$VENV/bin/python" --require-hashes --build-constraints requirements-build.lock \
        -r requirements-pcsc.lock
}

install_with_pip() {
    "$python" -m venv --clear "$VENV" &&
        "$VENV/bin/python" -m pip install --quiet --require-hashes -r requirements-build.lock &&
        "$VENV/bin/python" -m pip install --quiet --require-hashes -r requirements-dev.lock &&
        "$VENV/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
}

install_pcsc_with_pip() {
    # The build finds swig, which requirements-build.lock brought, on the path.
    PATH="$PWD/$VENV/bin:$PATH" \
        "$VENV/bin/python" -m pip install --quiet --require-hashes --no-build-isolation -r requirements-pcsc.lock
}

python=$(find_python)
if can_build_pcsc; then pcsc=yes; else pcsc=no; fi
wanted=$(fingerprint)
if is_current; then exit 0; fi

mkdir -p "$TOOLS"
# Two commands started at once set up one after the other; the second then finds the work done.
if command -v flock >/dev/null 2>&1; then
    exec 9>"$TOOLS/setup.lock"
    flock 9
    if is_current; then exit 0; fi
fi
: >"$LOG"

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1
export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 # settings of the user's that fit no --target
if ! mkdir -p "${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/uv" 2>/dev/null; then
    export UV_CACHE_DIR="$PWD/$TOOLS/cache" PIP_CACHE_DIR="$PWD/$TOOLS/pip-cache" # no home folder to write to
fi

count=$(grep -c '^[a-z].*==' requirements-dev.lock)
if has_locked_uv || step "fetching the installer uv $(locked_uv_version) into $TOOLS" fetch_uv; then
    say "Python $("$python" -c 'import platform; print(platform.python_version())'), packages go into $VENV"
    step "installing $count locked packages (the first time takes a minute or two)" install_with_uv ||
        explain_and_fail "The packages could not be installed."
    installer=uv
elif "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    say "uv can't be had here; using venv and pip, which takes longer"
    step "installing $count locked packages (takes some minutes)" install_with_pip ||
        explain_and_fail "The packages could not be installed."
    installer=pip
else
    explain_and_fail "Neither pip nor the venv module of $python works (on Debian: apt install python3-pip)."
fi

if [ "$pcsc" = yes ]; then
    step "building the driver for PC/SC card readers" "install_pcsc_with_$installer" ||
        say "the PC/SC driver could not be built; card readers on USB won't work, all else does (see $LOG)"
fi
base >"$BASE_STAMP"
printf '%s\n' "$wanted" >"$STAMP"
say "done"

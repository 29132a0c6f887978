# Sourced by the other scripts, in the checkout: the environment in .venv, made once and kept as long as it fits.

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# The name of a Python that is new enough; the one the requirements were chosen for goes first.
find_python() {
    for name in python3.11 python3.12 python3.13 python3.14 python3 python; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return
        fi
    done
    fail "Winnow needs Python 3.11 or newer, and none is on the PATH. Install it and try again."
}

# set_up FILE: what FILE requires is in .venv, and so is this checkout.
set_up() {
    python=.venv/bin/python
    if ! "$python" -c '' >/dev/null 2>&1; then
        found=$(find_python)
        "$found" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
            fail "$found cannot make environments: install its venv module (on Debian the package python3-venv)."
        printf 'Making the environment .venv with %s.\n' "$("$found" --version)"
        "$found" -m venv --clear .venv
    fi
    stamp=.venv/installed-$1
    # The folder counts too: an environment that was moved with its checkout points to where it was.
    wanted=$(cat requirements-build.txt "$1" pyproject.toml | cksum) && wanted="$wanted $PWD"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        printf 'Installing %s; the first time this takes a minute or two.\n' "$1"
        export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_REQUIRE_VIRTUALENV=1
        "$python" -m pip install --quiet --no-compile --require-hashes -r requirements-build.txt -r "$1"
        "$python" -m pip install --quiet --no-deps --no-build-isolation --editable .
        printf '%s\n' "$wanted" >"$stamp"
    fi
}

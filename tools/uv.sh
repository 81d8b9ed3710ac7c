#!/bin/sh
# Prints the path of uv; where there is none, installs it into .tools/ of this checkout first.
set -eu
cd "$(dirname "$0")/.."
if ! command -v uv >/dev/null && [ ! -x .tools/uv/bin/uv ]; then
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv; } >&2
    fi
    echo "installing uv into .tools, once" >&2
    python3 -m venv .tools/uv >&2
    .tools/uv/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9' >&2
fi
echo "$PWD/tools/trusting-uv.sh"

#!/usr/bin/env bash
# All fast tests, in the environment of `make` where it exists, else in the current one.
set -euo pipefail
cd "$(dirname "$0")"
python=python3
if [ -x .venv/bin/python ]; then python=.venv/bin/python; fi
"$python" -m pytest -q "$@"

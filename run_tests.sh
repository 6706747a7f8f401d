#!/usr/bin/env bash
# All fast tests, in the environment of `make test` where it exists, else in the current one.
set -euo pipefail
cd "$(dirname "$0")"
python=python3
if [ -e .venv/installed-dev ]; then python=.venv/bin/python; fi
"$python" -m pytest -q "$@"

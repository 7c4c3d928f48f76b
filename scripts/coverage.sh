#!/usr/bin/env bash
# coverage.sh [TEST...] : lines and branches of the package that the ordinary tests run, child processes included.
# Prints the figure whatever the tests say: under measurement the machine is slower, and `make test` judges them.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

"$bin/coverage" erase
"$bin/coverage" run -m pytest -q -n 2 -m "not device and not browser and not slow and not peers and not livekit" "$@" || failed=$?
"$bin/coverage" combine --quiet
"$bin/coverage" report --skip-covered --skip-empty --sort=cover
exit "${failed:-0}"

#!/usr/bin/env bash
# coverage.sh [TEST...] : lines and branches of the package that the tests run, child processes included: the ordinary
# ones, and those on the virtual sound card where there is one; or only TEST...
# Prints the figure whatever the tests say: under measurement the machine is slower, and `make test` judges them.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
failed=0

measure() { "$bin/coverage" run -m pytest -q --timeout 600 "$@" || failed=$?; }

"$bin/coverage" erase
measure -n 2 -m "not device and not browser and not slow and not peers and not livekit" "$@"
if [ $# = 0 ] && command -v pulseaudio >/dev/null; then measure -m device; fi
"$bin/coverage" combine --quiet
"$bin/coverage" report --skip-covered --skip-empty --sort=cover
exit "$failed"

#!/usr/bin/env bash
# test.sh [check] : lint, types, import contracts; without `check` also every test. Run by `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

step() { printf '\n== %s\n' "$1"; shift; "$@"; }

step "Lint" "$bin/ruff" check .
step "Format" "$bin/ruff" format --check .
step "Types" "$bin/mypy"
step "Import contracts" "$bin/lint-imports" --cache-dir .import_linter_cache
[ "${1:-}" != check ] || exit 0

step "Tests" "$bin/pytest" -n 2 -m "not device"
if command -v pulseaudio >/dev/null; then
  step "Tests on the virtual sound card, alone so that it is on time" "$bin/pytest" -m device
else
  printf '\nThe device tests need PulseAudio, which is not installed here: NOT RUN.\n'
  [ "$(uname -s)" = Darwin ]
fi
printf '\nEverything passed.\n'

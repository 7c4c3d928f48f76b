#!/usr/bin/env bash
# test.sh [check|slow|peers|livekit] : lint, types, import contracts; without an argument also every ordinary test (`make test`).
# `slow`, `peers` and `livekit` run the tests so marked, which take minutes or build programs of their own; .ci/run
# calls them.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

step() { printf '\n== %s\n' "$1"; shift; "$@"; }

# What fails while both cores are busy gets a second try alone, and is named: a real fault fails twice.
tests() {
  local code=0
  "$bin/pytest" "$@" || code=$?
  case $code in 0) return ;; 1) ;; *) return 1 ;; esac # 5, no test so marked, is a fault too
  step "Those that failed, once more and alone" "$bin/pytest" "$@" -n 0 --last-failed --last-failed-no-failures none
  printf '\nPassed only alone; see above which. Please mend them: they depend on how busy the machine is.\n'
}

case ${1:-all} in
slow | peers | livekit)
  step "Tests marked $1" tests -m "$1"
  exit 0
  ;;
esac

step "Lint" "$bin/ruff" check .
step "Format" "$bin/ruff" format --check .
step "Types" "$bin/mypy"
step "Import contracts" "$bin/lint-imports" --cache-dir .import_linter_cache
[ "${1:-all}" != check ] || exit 0

step "Tests" tests -n 2 -m "not device and not browser and not slow and not peers and not livekit"
if command -v pulseaudio >/dev/null; then
  step "Tests on the virtual sound card, alone so that it is on time" tests -m device
else
  printf '\nThe device tests need PulseAudio, which is not installed here: NOT RUN.\n'
  [ "$(uname -s)" = Darwin ]
fi
if command -v chromium >/dev/null; then
  step "Tests in the browser" tests -m browser
else
  printf '\nThe browser tests need Chromium, which is not installed here: NOT RUN.\n'
  [ "$(uname -s)" = Darwin ]
fi
printf '\nEverything passed.\n'

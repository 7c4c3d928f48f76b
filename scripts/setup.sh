#!/usr/bin/env bash
# setup.sh demo|test : everything `make demo` or `make test` needs, said in short lines.
# The second run compares one small file and does nothing.
set -euo pipefail
cd -P "$(dirname "$0")/.."

purpose=${1:?usage: setup.sh demo|test}
case $purpose in
demo) lock=requirements.lock why=sound extras="" ;;
test) lock=requirements-dev.lock why="sound and a browser, for the tests" extras="pulseaudio pulseaudio-utils libasound2-plugins portaudio19-dev chromium" ;;
*) echo "usage: setup.sh demo|test" >&2; exit 2 ;;
esac
weights_lock=requirements-weights.lock
venv=.venv
stamp=$venv/.ready-$purpose
log=$venv/.setup.log

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$@" >&2; exit 1; }

# What an environment is made from. The folder is part of it: a moved environment does not run.
fingerprint() { printf '%s\n' "$PWD" && cat "$lock" "$weights_lock" pyproject.toml; }

# ---------------------------------------------------------------------------------- Debian packages

has_apt() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }
has_package() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
may_install() { [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }; }

missing_packages() {
  local package
  for package in "$@"; do has_package "$package" || printf '%s ' "$package"; done
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >"$apt_log" 2>&1 </dev/null
}

# install_packages WHY PACKAGE... : true when all are there afterwards; otherwise the line to run was printed.
install_packages() {
  local why=$1 missing
  shift
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  if may_install; then
    say "Installing Debian packages ($why): $missing"
    apt_log=$(mktemp)
    # shellcheck disable=SC2086  # a list of package names
    if apt_install $missing || { as_root apt-get update >"$apt_log" 2>&1 </dev/null && apt_install $missing; }; then
      rm -f "$apt_log"
      return 0
    fi
    say "That did not work:"
    tail -n 5 "$apt_log"
    rm -f "$apt_log"
  fi
  say "Needed ($why). Run:  sudo apt-get install -y --no-install-recommends ${missing% }"
  return 1
}

install_audio() {
  if [ "$(uname -s)" = Darwin ]; then
    return 0 # the sounddevice wheel brings its own PortAudio
  fi
  if ! has_apt; then
    say "No apt-get here: please install PortAudio${extras:+, PulseAudio and its ALSA plugin} with your package manager."
    return 0
  fi
  # shellcheck disable=SC2086
  install_packages "$why" libportaudio2 $extras
}

# ------------------------------------------------------------------------------------------- Python

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
makes_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

find_python() {
  local candidate new_enough=""
  for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3; do
    if is_new_enough "$candidate"; then
      new_enough=${new_enough:-$candidate}
      if makes_venvs "$candidate"; then
        printf '%s' "$candidate"
        return
      fi
    fi
  done
  printf '%s' "$new_enough"
}

make_venv() {
  local python version
  python=$(find_python)
  if [ -z "$python" ]; then
    if [ "$(uname -s)" = Darwin ]; then
      fail "Python 3.11 or newer is needed." "Run:  brew install python@3.11"
    fi
    fail "Python 3.11 or newer is needed." \
      "Run:  sudo apt-get install -y python3.11 python3.11-venv   (or set PYTHON=/path/to/python3.11)"
  fi
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if ! makes_venvs "$python"; then
    has_apt || fail "Python $version cannot make virtual environments: its ensurepip module is missing."
    install_packages "Python environments" "python$version-venv" || exit 1
  fi
  say "Making .venv with Python $version"
  "$python" -m venv --clear "$venv"
}

run_pip() {
  if ! "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@" >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    fail "pip failed; everything it said is in $log."
  fi
}

# --------------------------------------------------------------------------------------------- main

if [ -f "$stamp" ] && [ -x "$venv/bin/voiceprep" ] && fingerprint | cmp -s - "$stamp"; then
  exit 0
fi

install_audio || [ "$purpose" = demo ] || exit 1

# An environment that works here is brought up to date; a moved or broken one is made anew.
if ! { is_new_enough "$venv/bin/python" && "$venv/bin/pip" --version 2>/dev/null | grep -qF "$PWD/$venv/"; }; then
  make_venv
fi
rm -f "$stamp"
say "Installing Python packages from $lock, hashes checked"
run_pip install --require-hashes -r "$lock"
say "Installing the end-of-turn model from $weights_lock: the file only, not what its package would need to run"
run_pip install --no-deps --require-hashes -r "$weights_lock"
say "Installing voiceprep"
run_pip install --no-build-isolation --no-deps -e .
fingerprint >"$stamp"
say "Ready."

#!/usr/bin/env bash
# livekit.sh path|run [FLAG...] : the LiveKit server, built from its Go module when none is found here.
# `path` prints where it is; `run` starts it with deploy/livekit-dev.yaml. What Go downloads is checked against its
# checksum database. LIVEKIT_SERVER=/path/to/livekit-server uses that one instead. Where LiveKit Egress
# (EGRESS_SERVER=/path/to/egress) and Redis are found, `run` starts both beside it; else it says what stopped them.
set -euo pipefail
cd -P "$(dirname "$0")/.."

version=v1.11.0 # later ones replace modules, which `go install` refuses
go_minor=25     # what that version is written in: go 1.25
toolchain=v0.0.1-go1.25.9
home=.livekit
server=$home/$version/livekit-server

say() { printf '%s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

find_go() { # an installed Go of any version
  command -v "${GO:-go}" || { [ -x /usr/local/go/bin/go ] && echo /usr/local/go/bin/go; } || ls -1 /usr/lib/go-*/bin/go 2>/dev/null | tail -n 1
}
minor_of() { "$1" version | sed -n 's/.*go1\.\([0-9]*\).*/\1/p'; }

install_go() {
  local command="sudo apt-get install -y --no-install-recommends golang-go"
  command -v apt-get >/dev/null || fail "The LiveKit server is built with Go, which is not installed." "Install Go 1.$go_minor or newer (https://go.dev/dl), or set LIVEKIT_SERVER=/path/to/livekit-server."
  say "Installing Go (for the LiveKit server)"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends golang-go >/dev/null 2>&1 </dev/null ||
    { as_root apt-get update >/dev/null 2>&1 </dev/null &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends golang-go >/dev/null 2>&1 </dev/null; } ||
    fail "The LiveKit server is built with Go, which is not installed." "Run:  $command"
}

# Debian's Go is too old for this and for fetching a newer one by itself; but a toolchain is a module like any other.
newer_go() {
  local old=$1 kept=$home/toolchain platform dir
  if [ ! -x "$kept/bin/go" ]; then
    platform=$("$old" env GOOS)-$("$old" env GOARCH)
    say "Fetching the Go toolchain ${toolchain#v0.0.1-} through the module proxy ($("$old" version | cut -d' ' -f3) is too old)"
    dir=$(cd / && "$old" mod download -json "golang.org/toolchain@$toolchain.$platform" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
    [ -d "$dir" ] || fail "The Go toolchain could not be fetched." "Install Go 1.$go_minor or newer (https://go.dev/dl)."
    rm -rf "$kept.new"
    cp -r "$dir" "$kept.new"
    chmod -R u+w "$kept.new"
    chmod +x "$kept.new"/bin/* "$kept.new"/pkg/tool/*/*
    mv "$kept.new" "$kept"
  fi
  echo "$PWD/$kept/bin/go"
}

build() {
  local go tried
  go=$(find_go) || { install_go && go=$(find_go); }
  mkdir -p "$home"
  if [ "$(minor_of "$go")" -lt "$go_minor" ]; then go=$(newer_go "$go"); fi
  say "Building the LiveKit server $version from its Go module (two minutes, once)"
  # -p 2: a small machine is not brought to its knees; an empty GOFLAGS: nobody's settings change what is built
  tried=0
  until (cd / && env GOTOOLCHAIN=local GOFLAGS=-p=2 GOSUMDB="${GOSUMDB:-sum.golang.org}" CGO_ENABLED=0 GOBIN="$OLDPWD/$home/build" \
    nice "$go" install -trimpath -ldflags="-s -w" "github.com/livekit/livekit-server/cmd/server@$version") >&2; do
    tried=$((tried + 1)) # a network that is slow for a moment; what was fetched is kept
    [ "$tried" -lt 3 ] || fail "The LiveKit server could not be built; see above." "Or set LIVEKIT_SERVER=/path/to/livekit-server."
  done
  mkdir -p "$(dirname "$server")"
  mv "$home/build/server" "$server"
}

find_server() {
  if [ -n "${LIVEKIT_SERVER:-}" ]; then
    [ -x "$LIVEKIT_SERVER" ] || fail "LIVEKIT_SERVER names no program: $LIVEKIT_SERVER"
    echo "$LIVEKIT_SERVER"
    return
  fi
  [ -x "$server" ] || command -v livekit-server || build
  if [ -x "$server" ]; then echo "$PWD/$server"; fi
}

redis_port=${REDIS_PORT:-7879}

find_redis() { command -v redis-server || command -v valkey-server; }
find_egress() { command -v "${EGRESS_SERVER:-egress}"; }

why_no_egress() { # nothing when there is nothing against it
  find_egress >/dev/null || echo "its program is not here, and cannot be built from its Go module: the module proxy knows github.com/livekit/egress v1.13.0 but answers 403 for its archive (and for older versions), and it needs cgo with GStreamer's headers. Set EGRESS_SERVER=/path/to/egress."
  find_redis >/dev/null || echo "Redis, through which LiveKit talks to it, is not here: sudo apt-get install -y redis-server"
}

run_with_egress() { # until one of the three ends
  local program=$1
  shift
  trap 'kill $(jobs -p) 2>/dev/null' EXIT
  "$(find_redis)" --port "$redis_port" --bind 127.0.0.1 --save "" --appendonly no >/dev/null &
  until (exec 3<>"/dev/tcp/127.0.0.1/$redis_port") 2>/dev/null; do
    kill -0 $! 2>/dev/null || fail "Redis ended at once; is port $redis_port taken?"
    sleep 0.1
  done
  "$program" --config deploy/livekit-dev.yaml --redis-host "127.0.0.1:$redis_port" "$@" &
  EGRESS_CONFIG_BODY="$(
    sed -n 's/^ *devkey: \(.*\)/api_key: devkey\napi_secret: \1/p' deploy/livekit-dev.yaml
    printf 'ws_url: ws://127.0.0.1:7880\ninsecure: true\nredis: {address: "127.0.0.1:%s"}\n' "$redis_port"
  )" "$(find_egress)" &
  wait -n
}

case ${1:-} in
path) find_server | tail -n 1 ;;
run)
  shift
  program=$(find_server | tail -n 1)
  say "LiveKit server on ws://127.0.0.1:7880. Now: voiceprep serve livekit --dev   and: voiceprep rooms create --dev"
  why=$(why_no_egress)
  if [ -z "$why" ]; then
    say "LiveKit Egress and Redis run beside it."
    run_with_egress "$program" "$@"
    exit
  fi
  say "Without LiveKit Egress; interviews are recorded all the same, it would be a second copy (docs/rooms.md):"
  say "$why"
  exec "$program" --config deploy/livekit-dev.yaml "$@"
  ;;
*) sed -n '2,5s/^# *//p' "$0" >&2; exit 2 ;;
esac

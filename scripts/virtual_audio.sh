#!/bin/sh
# A sound card made of software, for tests on machines without one: a private PulseAudio daemon that needs no
# systemd, no D-Bus and no root, and cannot disturb a real one.
#
#   scripts/virtual_audio.sh start DIR    start it; DIR holds its socket, its settings and its log
#   scripts/virtual_audio.sh env DIR      print the variables that point programs at it (eval them)
#   scripts/virtual_audio.sh stop DIR     end it
#
# Microphone: play into the sink voiceprep_mic_in and the program hears it (source voiceprep_mic, the default).
# Loudspeaker: the program plays to the sink voiceprep_speaker (the default); record voiceprep_speaker.monitor.
# Needs: pulseaudio pulseaudio-utils libportaudio2 libasound2-plugins
set -eu

usage() { sed -n '5,7s/^# *//p' "$0" >&2; exit 2; }
[ $# -eq 2 ] || usage
action=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)

settings() {
  cat <<EOF
export PULSE_SERVER='unix:$dir/socket'
export PULSE_RUNTIME_PATH='$dir'
export PULSE_STATE_PATH='$dir'
export PULSE_COOKIE='$dir/cookie'
export XDG_RUNTIME_DIR='$dir'
export ALSA_CONFIG_PATH='$dir/alsa.conf'
export DBUS_SESSION_BUS_ADDRESS='disabled:'
EOF
}

# Null sinks rewrite their past unless norewinds=1: recordings of them are garbage.
write_daemon_script() {
  cat > "$dir/daemon.pa" <<EOF
load-module module-native-protocol-unix auth-anonymous=1 socket=$dir/socket
load-module module-null-sink norewinds=1 sink_name=voiceprep_mic_in format=s16le rate=48000 channels=1
load-module module-null-sink norewinds=1 sink_name=voiceprep_speaker format=s16le rate=48000 channels=2
load-module module-remap-source source_name=voiceprep_mic master=voiceprep_mic_in.monitor
set-default-source voiceprep_mic
set-default-sink voiceprep_speaker
EOF
}

# PortAudio sees ALSA devices: the default, and one name for each end.
write_alsa_conf() {
  cat > "$dir/alsa.conf" <<EOF
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse hint { show on description "PulseAudio" } }
ctl.!default { type pulse }
pcm.voiceprep_mic { type pulse device voiceprep_mic }
pcm.voiceprep_speaker { type pulse device voiceprep_speaker }
EOF
}

# A process nobody has waited for yet is a zombie: gone, for us.
is_running() {
  [ -s "$dir/pid" ] || return 1
  grep -qa "$dir/daemon.pa" "/proc/$(cat "$dir/pid")/cmdline" 2>/dev/null
}

# wait_until WHAT...: tries for five seconds.
wait_until() {
  tries=100
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.05
  done
}

is_answering() { pactl get-default-source | grep -q voiceprep_mic; }
is_gone() { ! is_running; }

case $action in
env)
  settings ;;
start)
  is_running && { echo "already running"; exit 0; }
  rm -f "$dir/socket"
  chmod 700 "$dir"
  write_daemon_script
  write_alsa_conf
  eval "$(settings)"
  setsid pulseaudio -n --file="$dir/daemon.pa" --daemonize=no --exit-idle-time=-1 --use-pid-file=no \
    --disable-shm=yes --realtime=no --high-priority=no --log-target="file:$dir/log" \
    </dev/null >"$dir/out" 2>&1 &
  echo $! > "$dir/pid"
  wait_until is_answering || { echo "PulseAudio did not start:" >&2; cat "$dir/out" "$dir/log" >&2; exit 1; } ;;
stop)
  if is_running; then
    kill "$(cat "$dir/pid")"
    wait_until is_gone || kill -9 "$(cat "$dir/pid")"
  fi
  rm -f "$dir/pid" "$dir/socket" ;;
*)
  usage ;;
esac

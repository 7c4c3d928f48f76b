"""`make livekit`: what is started, and what is said about LiveKit Egress. The programs are stand-ins that tell how
they were called.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.livekit_room import REPOSITORY, free_port
from voiceprep.hosting.server import DEV_KEY, DEV_SECRET, DEV_URL

TOOLS = ("/usr/bin", "/bin")
LISTENING = """#!{python}
import socket, sys
place = socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])))
while True:
    place.accept()[0].close()
"""
TELLING = """#!/bin/sh
printf '%s\\n' "$@" > "{told}"
printf '%s' "$EGRESS_CONFIG_BODY" >> "{told}"
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs, of which the script finds what is in it."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for tool in ("bash", "cat", "dirname", "id", "nice", "printf", "sed", "sh", "sleep", "tail"):
        found = next((Path(place) / tool for place in TOOLS if (Path(place) / tool).exists()), None)
        if found is not None:
            (folder / tool).symlink_to(found)
    write(folder / "livekit-server", TELLING.format(told=tmp_path / "livekit-server.told"))
    return folder


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def run(programs: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value for key, value in os.environ.items() if key not in ("EGRESS_SERVER", "LIVEKIT_SERVER")
    }
    environment |= {"PATH": str(programs), "LIVEKIT_SERVER": str(programs / "livekit-server"), **changes}
    command = ["/bin/bash", str(REPOSITORY / "scripts" / "livekit.sh"), "run", "--flag"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_what_stopped_egress_is_said_and_the_server_starts_without(programs: Path, tmp_path: Path) -> None:
    done = run(programs)
    assert done.returncode == 0
    assert "github.com/livekit/egress v1.13.0 but answers 403 for its archive" in done.stderr
    assert "GStreamer's headers" in done.stderr
    assert "apt-get install -y redis-server" in done.stderr
    assert "recorded all the same" in done.stderr
    told = (tmp_path / "livekit-server.told").read_text().split()
    assert told == ["--config", "deploy/livekit-dev.yaml", "--flag"]


def test_egress_and_redis_run_beside_the_server_where_they_are(programs: Path, tmp_path: Path) -> None:
    write(programs / "redis-server", LISTENING.format(python=sys.executable))
    write(programs / "egress", TELLING.format(told=tmp_path / "egress.told"))
    # the server is what ends last: then egress has been started
    server = TELLING.format(told=tmp_path / "livekit-server.told")
    write(programs / "livekit-server", f'{server}while [ ! -s "{tmp_path}/egress.told" ]; do sleep 0.05; done\n')
    port = free_port()
    done = run(programs, REDIS_PORT=str(port))
    assert "LiveKit Egress and Redis run beside it." in done.stderr
    told = (tmp_path / "livekit-server.told").read_text().split()
    assert told == ["--config", "deploy/livekit-dev.yaml", "--redis-host", f"127.0.0.1:{port}", "--flag"]
    assert yaml.safe_load((tmp_path / "egress.told").read_text()) == {
        "api_key": DEV_KEY,
        "api_secret": DEV_SECRET,
        "ws_url": DEV_URL,
        "insecure": True,
        "redis": {"address": f"127.0.0.1:{port}"},
    }

"""Many candidates for little: a Go program, built from `crowd/`, that codes and decodes no sound.

So what a machine has is left to what is measured. They all say the same. Must not know the interviewer's side.
"""

import asyncio
import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import soundfile  # type: ignore[import-untyped]

from benchmarks.rooms.answers import say
from voiceprep.errors import ConfigError
from voiceprep.hosting.messages import INTERVIEWER, STATE_TOPIC
from voiceprep.hosting.server import LiveKitServer
from voiceprep.ports import SPEAKER_RATE_HZ, Samples

SOURCE = Path(__file__).parent / "crowd"
PACKET_SAMPLES = SPEAKER_RATE_HZ * 20 // 1000
OGG_RATE_HZ = 48_000


@dataclass(frozen=True, slots=True)
class CrowdMember:
    """`replies_ms`: from the true end of an answer to the first packet of the reply that is more than silence."""

    replies_ms: Sequence[float]
    overlap_count: int
    problem: str


async def hold_crowd(
    server: LiveKitServer,
    tokens: Sequence[str],
    text: str,
    stagger_s: float,
    on_begun: Callable[[], None],
    on_ended: Callable[[], None],
) -> list[CrowdMember]:
    """One interview a token, to its end, with `text` for an answer; called back as each begins and ends.

    Raises ConfigError without Go.
    """
    if not tokens:
        return []
    process = await asyncio.create_subprocess_exec(
        await asyncio.to_thread(_build), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(_order(server, tokens, text, stagger_s)).encode())
        process.stdin.close()
        members = []
        async for line in process.stdout:
            told = json.loads(line)
            if told["event"] == "begun":
                on_begun()
                continue
            on_ended()
            members.append(CrowdMember(told.get("replies_ms", []), told["overlap_count"], told.get("problem", "")))
    except BaseException:
        process.kill()
        raise
    finally:
        await process.wait()
    return members


def _order(server: LiveKitServer, tokens: Sequence[str], text: str, stagger_s: float) -> dict[str, object]:
    samples = say(text)
    packets = list(opus_packets(samples))
    packets = packets[: -(-samples.size // PACKET_SAMPLES)]
    return {
        "url": server.url,
        "tokens": list(tokens),
        "stagger_ms": round(stagger_s * 1000),
        "state_topic": STATE_TOPIC,
        "interviewer": INTERVIEWER,
        "packets": [base64.b64encode(packet).decode() for packet in packets],
        "last_ms": ((samples.size - 1) % PACKET_SAMPLES + 1) * 1000 / SPEAKER_RATE_HZ,
    }


def opus_packets(samples: Samples) -> Iterator[bytes]:
    """24 kHz sound in Opus packets of 20 ms, without the two that only describe them (RFC 3533, RFC 7845)."""
    file = BytesIO()
    soundfile.write(file, samples, SPEAKER_RATE_HZ, format="OGG", subtype="OPUS")
    data, at, packet, count = file.getvalue(), 0, b"", 0
    while at < len(data):
        assert data[at : at + 4] == b"OggS"
        sizes = data[at + 27 : at + 27 + data[at + 26]]
        at += 27 + len(sizes)
        for size in sizes:
            packet += data[at : at + size]
            at += size
            if size < 255:
                count += 1
                if count > 2:
                    yield packet
                packet = b""


def _build() -> Path:
    """With Go's own cache: at once when it was built before."""
    program = Path(tempfile.gettempdir()) / f"voiceprep-crowd-{os.getuid()}"
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if go is None:
        raise ConfigError("Candidates of many rooms are built with Go, which is not installed.", "Install Go 1.26.")
    environment = {**os.environ, "CGO_ENABLED": "0"}
    if subprocess.run([go, "build", "-o", program, "."], cwd=SOURCE, check=False, env=environment).returncode:
        raise ConfigError(
            "Candidates of many rooms could not be built; see above.", "They are written for Go 1.26."
        )
    return program

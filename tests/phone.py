"""A telephone behind Twilio's media streams: answers the TwiML, streams μ-law, and checks every message it gets.

The μ-law here is written from ITU-T G.711, not taken from what it tests.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.far_candidate import FarCandidate
from voiceprep.audio.pace import RealtimePace
from voiceprep.audio.streams import RateConverter
from voiceprep.ports import MICROPHONE_RATE_HZ, Samples
from voiceprep.tasks import Tasks

RATE_HZ = 8_000
STREAM_SID, CALL_SID = "MZ00000000000000000000000000000001", "CA00000000000000000000000000000001"
_BIAS, _CLIP = 0x84, 32_635

MuLaw = npt.NDArray[np.uint8]


def encode(samples: Samples) -> MuLaw:
    """G.711 μ-law. Shape kept."""
    wide = samples.astype(np.int32)
    sign = np.where(wide < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(wide), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    coded: MuLaw = (~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8)
    return coded


def decode(coded: MuLaw) -> Samples:
    """Back to int16. Shape kept."""
    bits = ~coded.astype(np.int32) & 0xFF
    magnitude = (((bits & 0x0F) << 3) + _BIAS << (bits >> 4 & 7)) - _BIAS
    samples: Samples = np.where(bits & 0x80, -magnitude, magnitude).astype(np.int16)
    return samples


@dataclass
class Phone:
    """One call. `keys` are pressed once the candidate has answered so many times."""

    candidate: FarCandidate
    keys: dict[int, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    is_over: bool = False

    async def call(self, address: str, twiml: str) -> None:
        """Until the other side hangs up."""
        stream = re.fullmatch(
            r'<\?xml version="1.0" encoding="UTF-8"\?><Response><Connect><Stream url="([^"]+)">'
            r'<Parameter name="ticket" value="([^"]+)"/></Stream></Connect></Response>',
            twiml,
        )
        assert stream is not None, twiml
        async with connect(stream[1]) as connection, Tasks() as tasks:
            await self._start(connection, {"ticket": stream[2]})
            listening = tasks.work(self._listen(connection), "phone")
            pace = RealtimePace()
            down = RateConverter(MICROPHONE_RATE_HZ, RATE_HZ)
            while not self.is_over:
                await pace.wait()
                await self._send(connection, "media", {"payload": _payload(down, await self.candidate.block())})
                if key := self.keys.pop(self.candidate.answer_count, ""):
                    await self._send(connection, "dtmf", {"track": "inbound_track", "digit": key})
            await listening

    async def _start(self, connection: ClientConnection, parameters: dict[str, str]) -> None:
        await connection.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        start = {
            "accountSid": "AC0",
            "callSid": CALL_SID,
            "streamSid": STREAM_SID,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": RATE_HZ, "channels": 1},
            "customParameters": parameters,
        }
        await self._send(connection, "start", start)

    async def _send(self, connection: ClientConnection, event: str, content: Mapping[str, object]) -> None:
        message = {"event": event, event: content, "streamSid": STREAM_SID}
        try:
            await connection.send(json.dumps(message))
        except ConnectionClosed:
            self.is_over = True

    async def _listen(self, connection: ClientConnection) -> None:
        async for text in connection:
            message = json.loads(text)
            assert message["streamSid"] == STREAM_SID
            assert message["event"] in ("media", "clear", "mark")
            self.messages.append(message["event"])
            if message["event"] == "media":
                coded = np.frombuffer(base64.b64decode(message["media"]["payload"], validate=True), np.uint8)
                assert 0 < coded.size <= RATE_HZ
                self.candidate.hear(decode(coded))
        self.is_over = True


def _payload(down: RateConverter, block: Samples) -> str:
    return base64.b64encode(encode(down.convert(block)).tobytes()).decode()

"""A peer-to-peer caller, as a browser is one: aiortc on the candidate's side, Opus both ways.

`python -m benchmarks.peers.webrtc_caller URL RECORDINGS` calls, answers what is asked, and ends when the other side
hangs up. Lives in the environment `webrtc` (see environments.py).
"""

import asyncio
import fractions
import sys
from pathlib import Path

import aiohttp
import aiortc
import av
import numpy as np
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError

from tests.far_candidate import FarCandidate
from voiceprep.audio.pace import RealtimePace
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES, MICROPHONE_RATE_HZ
from voiceprep.tasks import Tasks


class Microphone(AudioStreamTrack):  # type: ignore[misc]  # aiortc's way to send
    """20 ms after 20 ms of what the candidate says."""

    def __init__(self, candidate: FarCandidate) -> None:
        super().__init__()
        self._candidate = candidate
        self._pace = RealtimePace()
        self._sent_samples = 0

    async def recv(self) -> av.AudioFrame:
        await self._pace.wait()
        block = await self._candidate.block()
        frame = av.AudioFrame.from_ndarray(block[np.newaxis], format="s16", layout="mono")
        frame.sample_rate, frame.pts = MICROPHONE_RATE_HZ, self._sent_samples
        frame.time_base = fractions.Fraction(1, MICROPHONE_RATE_HZ)
        self._sent_samples += MICROPHONE_BLOCK_SAMPLES
        return frame


async def call(url: str, recordings: Path) -> int:
    """Until the other side hangs up; how many frames of its voice were loud."""
    async with Tasks() as tasks:
        candidate = FarCandidate(recordings, tasks)
        connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
        connection.addTrack(Microphone(candidate))
        is_over = asyncio.Event()

        async def listen(track: aiortc.MediaStreamTrack) -> None:
            try:
                while True:
                    candidate.hear((await track.recv()).to_ndarray()[0])
            except MediaStreamError:
                is_over.set()

        connection.on("track", lambda track: tasks.work(listen(track), "ear"))
        await connection.setLocalDescription(await connection.createOffer())
        offer = connection.localDescription
        body = {"sdp": offer.sdp, "type": offer.type}
        async with aiohttp.ClientSession() as http, http.post(url, json=body) as answer:
            found = await answer.json()
        await connection.setRemoteDescription(aiortc.RTCSessionDescription(found["sdp"], found["type"]))
        await is_over.wait()
        await connection.close()
    return candidate.loud_blocks


if __name__ == "__main__":
    print(asyncio.run(call(sys.argv[1], Path(sys.argv[2]))))

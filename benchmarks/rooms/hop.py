"""One way through the server and nothing else: a knock is sent every now and then, the other side hears it.

From when a block with a knock is handed over to when its first sample could begin to play.
"""

import asyncio
from datetime import timedelta

import numpy as np
from livekit import api, rtc

from benchmarks.rooms.replies import SOUND_AT
from tests.livekit_room import make_room
from voiceprep.audio.pace import RealtimePace
from voiceprep.hosting.order import RoomOrder
from voiceprep.hosting.server import LiveKitServer
from voiceprep.ports import SPEAKER_BLOCK_SAMPLES, SPEAKER_RATE_HZ
from voiceprep.tasks import Tasks

KNOCK_EVERY_BLOCKS = 25
SETTLE_S = 10.0
"""A jitter buffer begins careful and comes down."""
PIECE_SAMPLES = SPEAKER_RATE_HZ // 100


async def measure_hop(server: LiveKitServer, knocks: int, frame_ms: int = 10) -> tuple[list[float], float]:
    """Each knock's way in ms, and how long the receiver's jitter buffer held its sound in the end, on average."""
    room, _ = await make_room(server, RoomOrder())
    async with Tasks() as tasks:
        here, there = rtc.Room(), rtc.Room()
        ways_ms: list[float] = []
        sent_s: list[float] = []
        tracks: list[rtc.Track] = []

        async def listen(track: rtc.Track) -> None:
            loop = asyncio.get_running_loop()
            async for event in rtc.AudioStream(track, sample_rate=SPEAKER_RATE_HZ, frame_size_ms=frame_ms):
                loud = np.flatnonzero(
                    np.abs(np.frombuffer(event.frame.data, np.int16).astype(np.int32)) >= SOUND_AT
                )
                if loud.size and sent_s:
                    ways_ms.append((loop.time() + float(loud[0]) / SPEAKER_RATE_HZ - sent_s.pop()) * 1000)

        def on_track(track: rtc.Track, *_: object) -> None:
            tracks.append(track)
            tasks.watch(listen(track), "ear")

        there.on("track_subscribed", on_track)
        await there.connect(server.url, _token(server, room, "ear"))
        await here.connect(server.url, _token(server, room, "mouth"))
        source = rtc.AudioSource(SPEAKER_RATE_HZ, 1, queue_size_ms=0)
        track = rtc.LocalAudioTrack.create_audio_track("mouth", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
        await here.local_participant.publish_track(track, options)
        await _knock(source, sent_s, knocks)
        held_ms = await _held_ms(tracks[0])
        await here.disconnect()
        await there.disconnect()
    return ways_ms, held_ms


async def _knock(source: rtc.AudioSource, sent_s: list[float], knocks: int) -> None:
    loop, pace = asyncio.get_running_loop(), RealtimePace()
    begun_s, block_index, knocked = loop.time(), 0, 0
    tone = (12_000 * np.sin(np.arange(SPEAKER_BLOCK_SAMPLES) * 2 * np.pi * 700 / SPEAKER_RATE_HZ + 0.5)).astype(
        np.int16
    )
    quiet = np.random.default_rng(1).integers(-8, 8, SPEAKER_BLOCK_SAMPLES, np.int16, endpoint=True)
    while knocked < knocks:
        await pace.wait()
        is_knock = block_index % KNOCK_EVERY_BLOCKS == 0 and loop.time() - begun_s > SETTLE_S
        block_index += 1
        if is_knock:
            knocked += 1
            sent_s[:] = [loop.time()]
        block = tone if is_knock else quiet
        for first in range(0, block.size, PIECE_SAMPLES):
            piece = block[first : first + PIECE_SAMPLES].tobytes()
            await source.capture_frame(rtc.AudioFrame(piece, SPEAKER_RATE_HZ, 1, PIECE_SAMPLES))


async def _held_ms(track: rtc.Track) -> float:
    """Over the track's life (W3C webrtc-stats: jitterBufferDelay / jitterBufferEmittedCount)."""
    for each in await track.get_stats():
        inbound = each.inbound_rtp.inbound
        if inbound.jitter_buffer_emitted_count:
            return float(inbound.jitter_buffer_delay / inbound.jitter_buffer_emitted_count * 1000)
    return float("nan")


def _token(server: LiveKitServer, room: str, identity: str) -> str:
    grants = api.VideoGrants(room_join=True, room=room, can_publish=True, can_subscribe=True)
    token = api.AccessToken(server.key, server.secret).with_identity(identity).with_grants(grants)
    return token.with_ttl(timedelta(minutes=10)).to_jwt()

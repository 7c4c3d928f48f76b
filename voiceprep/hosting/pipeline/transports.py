"""Pipecat's transports by name, made from what the command line says. Each is imported when it is chosen.

Must not know the pipeline.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from fastapi import WebSocket
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.transports.base_transport import BaseTransport

from voiceprep.errors import ConfigError
from voiceprep.hosting.last_calls import let_last_calls_return

NAME = "Interviewer"
SOUND = {
    "audio_in_enabled": True,
    "audio_out_enabled": True,
    "audio_out_10ms_chunks": 2,  # as long as our blocks: what is cut short is cut short at once
    "audio_out_end_silence_secs": 1,
}


def websocket_transport(websocket: WebSocket) -> BaseTransport:
    """Pipecat's own frames (protobuf) over a WebSocket."""
    from pipecat.serializers.protobuf import ProtobufFrameSerializer

    return _over_websocket(websocket, ProtobufFrameSerializer())


def twilio_transport(
    websocket: WebSocket, stream_sid: str, call_sid: str, environment: Mapping[str, str]
) -> BaseTransport:
    """A telephone call as a Twilio media stream. With Twilio's credentials the call is hung up at the end."""
    from pipecat.serializers.twilio import TwilioFrameSerializer

    account_sid, token = environment.get("TWILIO_ACCOUNT_SID"), environment.get("TWILIO_AUTH_TOKEN")
    params = TwilioFrameSerializer.InputParams(auto_hang_up=bool(account_sid and token and call_sid))
    return _over_websocket(
        websocket, TwilioFrameSerializer(stream_sid, call_sid, account_sid, token, params=params)
    )


def _over_websocket(websocket: WebSocket, serializer: FrameSerializer) -> BaseTransport:
    from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport

    return FastAPIWebsocketTransport(websocket, FastAPIWebsocketParams(**SOUND, serializer=serializer))


def livekit_transport(url: str, token: str, room: str) -> BaseTransport:
    """One LiveKit room. Raises ConfigError."""
    logging.getLogger("livekit").addHandler(logging.NullHandler())  # what matters of its log is in our error
    let_last_calls_return()
    with _needs("livekit"):
        from pipecat.transports.livekit.transport import LiveKitParams, LiveKitTransport
    return LiveKitTransport(url, token, room, LiveKitParams(**SOUND))


def daily_transport(url: str, token: str) -> BaseTransport:
    """One Daily room. Raises ConfigError."""
    with _needs("daily"):
        from pipecat.transports.daily.transport import DailyParams, DailyTransport
    return DailyTransport(url, token or None, NAME, DailyParams(**SOUND))


def local_transport() -> BaseTransport:
    """This machine's sound devices, through PyAudio. Raises ConfigError."""
    with _needs("local"):
        from pipecat.transports.local.audio import LocalAudioTransport, LocalAudioTransportParams
    return LocalAudioTransport(LocalAudioTransportParams(**SOUND))


def webrtc_transport(connection: object) -> BaseTransport:
    """One browser, peer to peer. Raises ConfigError."""
    with _needs("webrtc"):
        from pipecat.transports.base_transport import TransportParams
        from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
    return SmallWebRTCTransport(connection, TransportParams(**SOUND))


def check_webrtc() -> None:
    """Raises ConfigError where peer-to-peer connections cannot be made."""
    with _needs("webrtc"):
        import pipecat.transports.smallwebrtc.connection  # noqa: F401


@contextmanager
def _needs(extra: str) -> Iterator[None]:
    """Pipecat raises a bare Exception where a package is missing."""
    try:
        yield
    except Exception as error:
        raise ConfigError(
            f"Pipecat's {extra} transport is not installed here ({error}).",
            f"Install it: pip install 'pipecat-ai[{extra}]' into the environment of voiceprep.",
        ) from error

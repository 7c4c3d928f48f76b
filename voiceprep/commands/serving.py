"""Commands that serve interviews to others."""

import os
from typing import Annotated

import typer

from voiceprep.commands.options import (
    Bank,
    Budget,
    Level,
    Llm,
    Minutes,
    Mode,
    Notice,
    Patience,
    Persona,
    Questions,
    Realtime,
    Recordings,
    Stt,
    Tts,
    as_text,
)

serve = typer.Typer(help="The same interview for others: in rooms, over a telephone, many at once.")


@serve.command()
def pipecat(
    transport: Annotated[
        str, typer.Option("--transport", help="websocket (and telephones), webrtc, livekit, daily or local.")
    ] = "websocket",
    host: Annotated[str, typer.Option("--host", help="Where calls are taken.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")] = 8765,
    url: Annotated[str, typer.Option("--url", help="A LiveKit server, or a Daily room.")] = "",
    token: Annotated[str, typer.Option("--token", help="Of the room.", envvar="VOICEPREP_ROOM_TOKEN")] = "",
    room: Annotated[str, typer.Option("--room", help="The LiveKit room's name.")] = "",
    at_once: Annotated[int, typer.Option("--at-once", min=1, help="Further callers are told to try later.")] = 4,
    public_url: Annotated[str, typer.Option("--public-url", help="How Twilio reaches this server.")] = "",
    bank: Bank = None,
    questions: Questions = None,
    minutes: Minutes = None,
    level: Level = None,
    persona: Persona = None,
    patience: Patience = None,
    mode: Mode = None,
    realtime: Realtime = None,
    stt: Stt = None,
    llm: Llm = None,
    tts: Tts = None,
    budget_usd: Budget = None,
    recordings: Recordings = None,
    notice: Notice = None,
) -> None:
    """Hold interviews over Pipecat's transports: WebSocket, telephone, LiveKit, Daily, WebRTC, sound devices."""
    from voiceprep.hosting.pipeline.order import PipelineOrder
    from voiceprep.terminal import serving

    flags = {
        "bank": bank,
        "questions": questions,
        "minutes": minutes,
        "level": level,
        "persona": persona,
        "patience": patience,
        "mode": mode,
        "realtime": realtime,
        "stt": stt,
        "llm": llm,
        "tts": tts,
        "budget_usd": budget_usd,
        "recordings": as_text(recordings),
        "notice": notice,
    }
    order = PipelineOrder(transport, host, port, url, token, room, at_once, public_url)
    serving.serve_pipecat(os.environ, flags, order)

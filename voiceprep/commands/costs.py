"""The command that says what a month of interviews costs."""

import os
from typing import Annotated

import typer

from voiceprep.commands.options import AsJson

app = typer.Typer()


@app.command()
def cost(
    interviews: Annotated[int, typer.Option("--interviews", min=1, help="How many in a month.")] = 1_000,
    minutes: Annotated[float, typer.Option("--minutes", min=0.1, max=480, help="How long each is.")] = 30.0,
    mode: Annotated[str, typer.Option("--mode", help="cascaded or s2s.")] = "cascaded",
    stt: Annotated[str, typer.Option("--stt", help="PROVIDER[:MODEL]; local costs nothing.")] = "deepgram",
    llm: Annotated[str, typer.Option("--llm", help="PROVIDER[:MODEL], or none.")] = "openai",
    tts: Annotated[str, typer.Option("--tts", help="PROVIDER[:MODEL]; local costs nothing.")] = "deepgram",
    realtime: Annotated[str, typer.Option("--realtime", help="PROVIDER[:MODEL] of --mode s2s.")] = "openai",
    place: Annotated[
        list[str] | None, typer.Option("--place", help="Where rooms run, by the price table; may be repeated.")
    ] = None,
    servers: Annotated[
        int, typer.Option("--servers", min=1, help="At least so many of one's own; 3: one may fail.")
    ] = 1,
    egress: Annotated[
        bool, typer.Option("--egress/--no-egress", help="LiveKit records the room beside our own two tracks.")
    ] = True,
    observers: Annotated[int, typer.Option("--observers", min=0, max=50, help="Listeners in each room.")] = 0,
    keep_months: Annotated[
        float, typer.Option("--keep-months", min=0, help="How long recordings are kept.")
    ] = 12.0,
    peak: Annotated[int, typer.Option("--peak", min=0, help="Rooms at once; 0: three times an office hour's.")] = 0,
    rooms_per_worker: Annotated[
        int, typer.Option("--rooms-per-worker", min=1, help="Rooms that one worker machine holds.")
    ] = 10,
    json: AsJson = False,
) -> None:
    """Estimate a month: rooms, recording, machines, storage, providers; LiveKit Cloud against one's own servers."""
    from voiceprep.costs.month import Month
    from voiceprep.terminal import costs
    from voiceprep.wiring.month import models_for

    month = Month(
        interviews,
        minutes,
        mode,
        models_for(mode, {"stt": stt, "llm": llm, "tts": tts, "realtime": realtime}),
        participants=2 + observers,
        is_recorded=egress,
        keep_months=keep_months,
        servers_min=servers,
        peak_rooms=peak,
        rooms_per_worker=rooms_per_worker,
    )
    costs.show_cost(os.environ, month, tuple(place or ()), json)

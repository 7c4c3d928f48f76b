"""Commands that serve interviews to others."""

import os
from typing import Annotated

import typer

from voiceprep.commands.groups import Asked, Held, Kept, Providers, Waiting, given_in, grouped
from voiceprep.commands.options import Bank, Dev, Minutes, Mode, Questions, Seed, end_with

serve = typer.Typer(help="The same interview for others: in rooms, over a telephone, many at once.")


@serve.command()
@grouped
def pipecat(
    asked: Asked,
    waiting: Waiting,
    held: Held,
    providers: Providers,
    kept: Kept,
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
    seed: Seed = None,
) -> None:
    """Hold interviews over Pipecat's transports: WebSocket, telephone, LiveKit, Daily, WebRTC, sound devices."""
    from voiceprep.hosting.pipeline.order import PipelineOrder
    from voiceprep.terminal import serving

    flags = given_in(asked, waiting, held, providers, kept)
    order = PipelineOrder(transport, host, port, url, token, room, at_once, public_url, seed)
    serving.serve_pipecat(os.environ, flags, order)


@serve.command()
def page(
    host: Annotated[str, typer.Option("--host", help="Where the page is served.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")] = 8080,
    is_open: Annotated[
        bool, typer.Option("--open", help="Who comes without an invitation gets a room of their own.")
    ] = False,
    bank: Bank = None,
    questions: Questions = None,
    minutes: Minutes = None,
    mode: Mode = None,
    dev: Dev = False,
) -> None:
    """Serve the page for candidates and observers of LiveKit rooms."""
    from voiceprep.terminal.page import PageOrder, serve_page

    order = {"bank": bank, "questions": questions, "minutes": minutes, "mode": mode}
    serve_page(os.environ, order, PageOrder(host, port, is_open or dev, dev))


@serve.command()
@grouped
def livekit(
    asked: Asked,
    waiting: Waiting,
    held: Held,
    providers: Providers,
    kept: Kept,
    egress: Annotated[
        str | None,
        typer.Option("--egress", help="Let LiveKit Egress record too: s3://BUCKET/PREFIX, or its folder."),
    ] = None,
    dev: Dev = False,
    rooms_max: Annotated[int, typer.Option("--rooms", help="At most so many at once; 0: by load.", min=0)] = 0,
    warm: Annotated[int, typer.Option("--warm", help="Processes kept ready for the next rooms.", min=0)] = 1,
    health_port: Annotated[int, typer.Option("--health-port", help="0: any; answers 200 while connected.")] = 0,
    health_host: Annotated[
        str, typer.Option("--health-host", help="0.0.0.0 for probes from outside.")
    ] = "127.0.0.1",
    metrics_port: Annotated[
        int, typer.Option("--metrics-port", help="Prometheus metrics on the health host; 0: none.", min=0)
    ] = 0,
) -> None:
    """Register as a worker with a LiveKit server and interview whoever comes into its rooms."""
    from voiceprep.hosting.worker_order import WorkerOrder
    from voiceprep.terminal.rooms import serve_livekit

    flags = given_in(asked, waiting, held, providers, kept) | ({} if egress is None else {"egress": egress})
    order = WorkerOrder(dev, rooms_max, warm, health_port, health_host, metrics_port)
    end_with(serve_livekit(os.environ, flags, order))

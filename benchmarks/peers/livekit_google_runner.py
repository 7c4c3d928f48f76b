"""LiveKit Agents 1.8.9 with its Gemini Live model. Runs in its own environment."""

import ssl

from google.genai import types
from livekit.plugins import google

from benchmarks.peers.livekit_realtime_runner import hold
from benchmarks.peers.stage import Stage


async def run(stage: Stage) -> None:
    """Hold the talk."""
    trust = ssl.create_default_context(cafile=stage.job["ca_path"])
    options = types.HttpOptions(
        base_url=stage.job["gemini_url"], api_version="v1beta", async_client_args={"ssl": trust}
    )
    model = google.realtime.RealtimeModel(
        model="gemini-3.8-live", api_key=stage.job["gemini_key"], http_options=options
    )
    await hold(stage, model)

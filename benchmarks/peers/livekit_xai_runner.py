"""LiveKit Agents 1.8.9 with its Grok voice model. Runs in its own environment."""

from livekit.plugins import xai

from benchmarks.peers.livekit_realtime_runner import hold
from benchmarks.peers.stage import Stage


async def run(stage: Stage) -> None:
    """Hold the talk."""
    address = f"{stage.openai_url.replace('http', 'ws', 1)}/realtime"
    await hold(stage, xai.realtime.RealtimeModel(base_url=address, api_key=stage.job["openai_key"]))

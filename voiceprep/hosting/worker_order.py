"""What is chosen for one worker only. Must not know LiveKit: commands read it without that extra."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerOrder:
    """`rooms_max` 0: as many as the processor allows. `health_port` 0: a free one; `metrics_port` 0: none."""

    is_dev: bool = False
    rooms_max: int = 0
    warm_processes: int = 1
    health_port: int = 0
    health_host: str = "127.0.0.1"
    metrics_port: int = 0

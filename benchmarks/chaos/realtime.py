"""What can go wrong with the server of a realtime model."""

import random
from collections.abc import Callable

from tests.loopback.realtime import Fault, RealtimeServer, Reply, Transcripts
from tests.loopback.serving import Refusal, hang_up

FAULTS_OF_A_WIRE = tuple(Fault)
STATUSES = (429, 500, 503)


def strike(server: RealtimeServer, chance: random.Random) -> str:
    """Let something fail; what."""
    return chance.choice(FAULTS)(server, chance)


def _cut(server: RealtimeServer, chance: random.Random) -> str:
    fault = chance.choice(FAULTS_OF_A_WIRE)
    server.disturb_now(fault)
    return f"connection: {fault}"


def _refuse_reconnects(server: RealtimeServer, chance: random.Random) -> str:
    status, times = chance.choice(STATUSES), chance.randint(1, 3)
    server.serving.trouble_next(server.PATHS[0], *[Refusal(status)] * times)
    server.disturb_now(Fault.DROP)
    return f"connection: dropped, then HTTP {status} {times} times"


def _lose_transcripts(server: RealtimeServer, chance: random.Random) -> str:
    server.script.transcripts = chance.choice(tuple(Transcripts))
    return f"transcripts: {server.script.transcripts} from now on"


def _fail_replies(server: RealtimeServer, chance: random.Random) -> str:
    left, usual = [chance.randint(1, 2)], server.script.reply

    def reply(asked: object) -> Reply:
        if left[0] > 0:
            left[0] -= 1
            return Reply("", failure="server_error")
        return usual(asked)  # type: ignore[arg-type]

    server.script.reply = reply
    return f"model: the next {left[0]} replies fail"


def _late_replies(server: RealtimeServer, chance: random.Random) -> str:
    first_ms, late = chance.choice((0, 150, 400)), chance.randint(0, 3)
    server.script.reply = lambda asked: Reply(asked.line, first_audio_ms=first_ms, late_pieces=late)
    return f"model: begins after {first_ms} ms, {late} pieces after a cancellation"


def _hang_up(server: RealtimeServer, chance: random.Random) -> str:
    for request in server.serving.open_requests:
        hang_up(request)
    return "network: every connection cut"


FAULTS: tuple[Callable[[RealtimeServer, random.Random], str], ...] = (
    _cut,
    _cut,
    _cut,
    _refuse_reconnects,
    _lose_transcripts,
    _fail_replies,
    _late_replies,
    _hang_up,
)

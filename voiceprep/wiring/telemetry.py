"""A session as OpenTelemetry spans: the interview, its turns, and what each reply waited for. No word of it.

The SDK is an extra, imported when telemetry is asked for. Where spans go the standard variables say (OTEL_…).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from voiceprep.errors import ConfigError
from voiceprep.events import Event, ProviderFailed, SessionEnded, SessionStarted, TurnEnded, TurnStarted
from voiceprep.model import Turn
from voiceprep.network import check_encrypted
from voiceprep.wiring.facts import facts_of

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
NS_PER_MS = 1_000_000


def open_exporting(environment: Mapping[str, str], *, is_plain_http_allowed: bool, is_offline: bool) -> Any:  # noqa: ANN401
    """A TracerProvider that sends spans to a collector; `shutdown` sends the last. Raises ConfigError."""
    if is_offline:
        raise ConfigError("--offline: telemetry is sent over the network.", "Leave out --telemetry.")
    for name in ENDPOINTS:
        check_encrypted(environment.get(name, ""), name, is_plain_allowed=is_plain_http_allowed)
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ConfigError("Telemetry needs an extra.", "pipx install 'voiceprep[telemetry]'") from error
    provider = TracerProvider(resource=Resource.create({"service.name": "voiceprep"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class SessionSpans:
    """Events → spans of `tracer`. Times are the session's audio clock, from when it started."""

    def __init__(self, tracer: Any, facts: Mapping[str, str]) -> None:  # noqa: ANN401 - an opentelemetry Tracer
        self._tracer, self._facts = tracer, dict(facts)
        self._start_ns = 0
        self._interview: Any = None
        self._turn_start_ms: dict[int, int] = {}

    def on_event(self, event: Event) -> None:
        """Take the next event."""
        match event:
            case SessionStarted(at_ms=at_ms, started_at=started_at):
                now = datetime.now(UTC)  # a session that is resumed started long ago: its clock goes on from here
                begun_ns = int((started_at if not at_ms else now).timestamp() * 1e9)
                self._start_ns = begun_ns - at_ms * NS_PER_MS
                self._interview = self._span("interview", None, at_ms, self._facts)
            case TurnStarted(at_ms=at_ms, turn_index=index):
                self._turn_start_ms[index] = at_ms
            case TurnEnded(at_ms=at_ms, turn=turn):
                self._note_turn(event, turn, at_ms)
            case ProviderFailed(at_ms=at_ms) if self._interview is not None:
                self._interview.add_event("provider_failed", _attributes(facts_of(event)), self._ns(at_ms))
            case SessionEnded(at_ms=at_ms) if self._interview is not None:
                self._interview.set_attributes(_attributes(facts_of(event)))
                self._interview.end(self._ns(at_ms))
                self._interview = None

    def _note_turn(self, event: TurnEnded, turn: Turn, at_ms: int) -> None:
        """The turn, the reply that began it (what was decided, and until it sounded), and the answer."""
        timings, answer = turn.timings, turn.answer
        spans = [
            ("reply", timings.speech_end_ms, timings.first_sound_ms),
            ("decide", timings.speech_end_ms, timings.decided_ms),
            ("speak", timings.decided_ms, timings.first_sound_ms),
            ("answer", answer.start_ms if answer else None, answer.end_ms if answer else None),
        ]
        known = [(name, start, end) for name, start, end in spans if start is not None and end is not None]
        start_ms = min([self._turn_start_ms.pop(turn.index, at_ms), *(start for _, start, _ in known)])
        facts = {**facts_of(event), "question": turn.brief.question_id or ""}
        outer = self._span("turn", self._interview, start_ms, facts)
        for name, from_ms, to_ms in known:
            self._span(name, outer, from_ms, {}).end(self._ns(max(from_ms, to_ms)))
        outer.end(self._ns(at_ms))

    def _span(self, name: str, parent: Any, start_ms: int, facts: Mapping[str, Any]) -> Any:  # noqa: ANN401
        from opentelemetry.trace import set_span_in_context

        context = None if parent is None else set_span_in_context(parent)
        return self._tracer.start_span(
            name, context=context, attributes=_attributes(facts), start_time=self._ns(start_ms)
        )

    def _ns(self, at_ms: int) -> int:
        return self._start_ns + at_ms * NS_PER_MS


def _attributes(facts: Mapping[str, Any]) -> dict[str, Any]:
    """As a span takes them: named after us, nothing that is None."""
    return {f"voiceprep.{name}": value for name, value in facts.items() if value is not None}

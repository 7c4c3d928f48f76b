"""Good inputs to begin from: what each target reads when nothing is wrong with it."""

import base64
import json
import tempfile
from functools import cache
from pathlib import Path

from benchmarks.fuzz.files import SEPARATOR, SESSION_FILES
from tests import sample_session as sample
from tests.papers import write_paper

BANK = b"""\
id: small
title: A small bank
description: "For the fuzzers: \\u00e9"
glossary:
  - written: PostgreSQL
    heard_as: [post gress, post grey sequel]
    phonemes: p
questions:
  - id: one
    topic: databases
    kind: behavioural
    difficulty: 4
    text: >
      Why can an index
      slow a table down?
    key_points:
      - id: writes
        text: Every write updates it.
        weight: 2.5
        phrases: [updates the index, 'writes, too']
        probe: What about writes?
        star: action
      - {id: space, text: It takes space.}
    misconceptions:
      - id: free
        text: An index is free.
        phrases: [costs nothing]
    reference: |
      Writes update it.
      It takes space.
    answer_seconds: 45
    examples:
      - level: strong
        text: Each write has to update the index.
        credited: [writes]
    sources: [notes]
    anchors: {1: a, 2: b, 3: c, 4: d, 5: e}
    wordings: ['What does an index cost?']
"""
SMALL_BANK = b"id: a\ntitle: A\nquestions:\n- {id: q, topic: t, text: Why?, key_points: [{id: p, text: So.}]}\n"
SETTINGS = b"""\
bank = "sql-and-data"
questions = 3
minutes = 12.5
notice = false
stt = "deepgram,local"

[keys]
DEEPGRAM_API_KEY = "abc"
"""
PRICES = b"""\
[free]
providers = ["local"]

[openai."gpt-6-luna"]
million_input_tokens = 0.25
million_output_tokens = 2
checked = 2026-11-22
"""
REVIEWS = b"""\
{"schema_version": 1, "reviews": [{"bank": "a", "question": "q", "point": "p", "rating": 3,
 "at": "2026-03-01T18:30:00Z", "text": "Because.", "topic": "t", "session": "s"}]}
"""
REPLIES = (
    b'{"key_points": [{"id": "same-effect", "credited": true, "quote": "twice is once", "reason": "said"},'
    b' {"id": "which", "credited": false, "quote": null, "reason": "not said"}]}',
    b'Here: {"questions": [{"id": "idempotent", "question": "Have you seen it?", "quote": "same effect as once"}]}',
)
GRADING = (
    b'{"id": 1, "question": "Why can an index slow a table down?", "reference": "Writes update it.", "key_points":'
    b' [{"id": "w", "text": "Every write updates it", "weight": 2}, {"id": "s", "text": "It takes space"}],'
    b' "answer": "Every write has to update the index, and it takes space on the disk."}\n',
)
URLS = (
    b"https://example.org/v1",
    b"ws://user:secret@[::1]:8080/x?key=1#f",
    b"http://127.0.0.1.example.org:0/",
    b"localhost:8080",
    b"https://xn--bcher-kva.example",
)
AUDIO = base64.b64encode(bytes(480)).decode()


def _lines(*messages: dict[str, object]) -> bytes:
    return b"\n".join(json.dumps(message).encode() for message in messages)


def _nova(start_s: float, words: str, **flags: object) -> dict[str, object]:
    timed = [
        {"word": word, "punctuated_word": f"{word}.", "start": start_s + n / 5, "end": start_s + n / 5 + 0.15}
        for n, word in enumerate(words.split())
    ]
    best = {"transcript": words, "confidence": 0.9, "words": timed}
    return {"type": "Results", "start": start_s, "duration": 0.6, "channel": {"alternatives": [best]}, **flags}


def _flux(event: str, text: str, end_s: float, **more: object) -> dict[str, object]:
    window = {"audio_window_start": 0.0, "audio_window_end": end_s, "end_of_turn_confidence": 0.4}
    words = [{"word": word, "confidence": 0.9} for word in text.split()]
    return {"type": "TurnInfo", "event": event, "transcript": text, "words": words, **window} | more


NOVA = _lines(
    {"type": "Metadata", "request_id": "r"},
    _nova(0.2, "every write", is_final=False),
    _nova(0.2, "every write updates", is_final=True, speech_final=True),
    _nova(0.8, "it", is_final=True, from_finalize=True),
    {"type": "UtteranceEnd", "last_word_end": 1.0},
)
FLUX = _lines(
    {"type": "Connected", "sequence_id": 0},
    _flux("Update", "every", 0.4),
    _flux("EagerEndOfTurn", "every write", 0.8),
    _flux("EndOfTurn", "every write", 1.0, words=[{"word": "every", "start": 0.2, "end": 0.4}], trigger="manual"),
)
_RESPONSE = {"id": "resp_1", "status": "completed", "output": []}
_USAGE = {
    "input_token_details": {"text_tokens": 9, "audio_tokens": 8, "cached_tokens_details": {"text_tokens": 3}},
    "output_token_details": {"text_tokens": 4, "audio_tokens": 5},
}
_PLACE = {"response_id": "resp_1", "item_id": "item_2", "content_index": 0}
OPENAI = _lines(
    {"type": "session.created", "session": {"id": "sess_1"}},
    {"type": "input_audio_buffer.speech_started", "item_id": "item_1", "audio_start_ms": 20},
    {"type": "input_audio_buffer.committed", "item_id": "item_1"},
    {"type": "conversation.item.input_audio_transcription.delta", "item_id": "item_1", "delta": "every write"},
    {"type": "conversation.item.input_audio_transcription.updated", "item_id": "item_1", "transcript": "every"},
    {
        "type": "conversation.item.input_audio_transcription.completed",
        "item_id": "item_1",
        "transcript": "every write",
        "usage": {"type": "duration", "seconds": 1.5},
    },
    {"type": "conversation.item.input_audio_transcription.failed", "item_id": "item_3"},
    {"type": "response.created", "response": _RESPONSE | {"status": "in_progress"}},
    {"type": "response.output_audio_transcript.delta", **_PLACE, "delta": "What is"},
    {"type": "response.output_audio.delta", **_PLACE, "delta": AUDIO},
    {"type": "response.function_call_arguments.done", "name": "note", "call_id": "call_1", "arguments": "{}"},
    {"type": "response.function_call_arguments.done", "name": "next_question", "call_id": "call_2"},
    {"type": "response.done", "response": _RESPONSE | {"usage": _USAGE}},
    {"type": "response.created", "response": _RESPONSE | {"id": "resp_2"}},
    {"type": "response.function_call_arguments.done", "name": "end_interview", "call_id": "call_3"},
    {"type": "response.done", "response": _RESPONSE | {"id": "resp_2", "status": "failed"}},
    {"type": "error", "error": {"type": "invalid_request_error", "code": "session_expired", "message": "over"}},
)
_TOKENS = {
    "promptTokenCount": 20,
    "responseTokenCount": 9,
    "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 12}],
    "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 7}],
}
_SOUND = {"modelTurn": {"parts": [{"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": AUDIO}}]}}
GEMINI = _lines(
    {"setupComplete": {}},
    {"serverContent": {"inputTranscription": {"text": "every write", "finished": True}}},
    {"toolCall": {"functionCalls": [{"id": "1", "name": "next_question", "args": {}}]}},
    {"serverContent": {"outputTranscription": {"text": "What is"}}},
    {"serverContent": _SOUND},
    {"serverContent": {"generationComplete": True}},
    {"serverContent": {"turnComplete": True}, "usageMetadata": _TOKENS},
    {"toolCall": {"functionCalls": [{"id": "2", "name": "note", "args": {"text": "good"}}]}},
    {"toolCallCancellation": {"ids": ["2"]}},
    {"serverContent": {"interrupted": True}},
    {"sessionResumptionUpdate": {"newHandle": "handle", "resumable": True}},
    {"goAway": {"timeLeft": "9.5s"}},
    {"toolCall": {"functionCalls": [{"id": "3", "name": "end_interview", "args": {}}]}},
)


@cache
def session_files() -> tuple[bytes, ...]:
    """The files of the sample session, in the order in which one input holds them."""
    with tempfile.TemporaryDirectory() as place:
        folder = sample.record_session(Path(place)).folder
        score_file = next(folder.glob("scores-*.json"))
        names = {SESSION_FILES[2]: score_file.name}
        paths = [folder / names.get(name, name) for name in SESSION_FILES]
        return tuple(path.read_bytes() if path.exists() else b"{}" for path in paths)


def session() -> list[bytes]:
    return [SEPARATOR.join(session_files())]


def journal() -> list[bytes]:
    from voiceprep.recordings.codec import encode_event

    return [session_files()[1], b"".join(encode_event(event) + b"\n" for event in sample.every_event())]


@cache
def _papers() -> tuple[bytes, ...]:
    lines = ["Ada Example", "- built a cache in front of PostgreSQL", "- led the move to Kubernetes"]
    with tempfile.TemporaryDirectory() as place:
        return tuple(
            name[:1].encode() + write_paper(Path(place) / f"paper.{name}", lines).read_bytes()
            for name in ("pdf", "docx", "md")
        )


def documents() -> list[bytes]:
    return list(_papers())

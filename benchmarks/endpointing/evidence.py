"""What the real chain knows of an answer, block by block, recorded once and kept: policies are compared on it.

Silero → SpeechGate → Moonshine while the answer grows → offline judge, Smart Turn; audio time, as in a session.
Computing takes no audio time here; a session pays it on top, and only once per pause.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import platformdirs

from benchmarks.endpointing.scripts import Place, Style
from benchmarks.endpointing.speech import Pause, SpokenAnswer
from voiceprep.audio.turn_model import SmartTurn
from voiceprep.audio.vad import SileroDetector
from voiceprep.conduct.interview import is_covered
from voiceprep.model import Question, Transcript, TurnBrief, TurnKind, Word
from voiceprep.ports import BLOCK_MS, MICROPHONE_BLOCK_SAMPLES, MICROPHONE_RATE_HZ, AudioBlock
from voiceprep.providers.moonshine import MoonshineTranscriber
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.tasks import Tasks
from voiceprep.turn_taking.speech_gate import GateChange, SpeechGate

ROOT = Path(__file__).parents[2]
MADE_BY = (
    "benchmarks/endpointing/scripts.py",
    "benchmarks/endpointing/speech.py",
    "benchmarks/endpointing/evidence.py",
    "voiceprep/turn_taking/speech_gate.py",
    "voiceprep/audio/vad.py",
    "voiceprep/audio/silero.py",
    "voiceprep/audio/turn_model.py",
    "voiceprep/providers/answer_stream.py",
    "voiceprep/providers/moonshine.py",
    "voiceprep/providers/segments.py",
)
"""Evidence is recorded again when any of these has changed, or the bank."""


@dataclass(frozen=True, slots=True)
class Step:
    """One 20 ms block, as `Hearing` wants it."""

    now_ms: int
    is_speech: bool
    last_speech_ms: int
    text: str
    through_ms: int
    turn_probability: float | None
    is_covered: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """One answer as it was heard. `end_ms`: the true end of speech."""

    name: str
    question_id: str
    style: Style
    is_held_out: bool
    answer_seconds: int
    pauses: tuple[Pause, ...]
    end_ms: int
    steps: tuple[Step, ...]


class Recorder:
    """Runs the chain, or reads what it found last time."""

    def __init__(self, tasks: Tasks, transcriber: MoonshineTranscriber, turn_model: SmartTurn | None) -> None:
        self._tasks = tasks
        self._transcriber = transcriber
        self._turn_model = turn_model
        self._detector = SileroDetector()
        self._judge = OfflineJudge()

    async def record(self, spoken: SpokenAnswer, question: Question) -> Evidence:
        """The whole answer on audio time: each block waits for the work the one before it began."""
        gate, stream = SpeechGate(), self._transcriber.open_stream()
        self._detector.reset()
        steps: list[Step] = []
        probability: float | None = None
        looked_at, covered_by = "", None
        for block in _blocks(spoken):
            heard = self._detector.probability(block)
            change = gate.step(block.start_ms, block.end_ms, heard, block.level_dbfs)
            stream.push(block, gate.is_speech and gate.last_speech_ms == block.end_ms)
            await self._tasks.settle()
            text, through_ms = stream.provisional.text, stream.provisional.through_ms
            if text and not gate.is_speech and text != looked_at:
                looked_at = text
                covered_by = text if self._is_covered(question, text) else covered_by
            if change is GateChange.STARTED:
                probability = None
            elif change is GateChange.STOPPED and self._turn_model is not None:
                newest = spoken.samples[: block.end_ms * MICROPHONE_RATE_HZ // 1000][-8 * MICROPHONE_RATE_HZ :]
                probability = await self._turn_model.probability(newest)
            is_all = bool(text) and text == covered_by
            last_ms = gate.last_speech_ms
            steps.append(Step(block.end_ms, gate.is_speech, last_ms, text, through_ms, probability, is_all))
        stream.close()
        script = spoken.script
        return Evidence(
            script.name,
            question.id,
            script.style,
            script.is_held_out,
            question.answer_seconds,
            spoken.pauses,
            spoken.end_ms,
            tuple(steps),
        )

    def _is_covered(self, question: Question, text: str) -> bool:
        transcript = Transcript(tuple(Word(word, 0, 0) for word in text.split()))
        brief = TurnBrief(TurnKind.QUESTION, question.text, question.id)
        return is_covered(brief, self._judge.score(question, transcript))


def _blocks(spoken: SpokenAnswer) -> list[AudioBlock]:
    count = len(spoken.samples) // MICROPHONE_BLOCK_SAMPLES
    whole = spoken.samples[: count * MICROPHONE_BLOCK_SAMPLES].reshape(count, -1)
    return [AudioBlock(samples, index * BLOCK_MS) for index, samples in enumerate(whole)]


# ------------------------------------------------------------------------------------------ kept


def folder(bank_id: str) -> Path:
    """Where evidence made by the present code from this bank is kept."""
    made_by = (*MADE_BY, f"question_banks/{bank_id}.yaml")
    digest = sha256(b"".join((ROOT / path).read_bytes() for path in made_by)).hexdigest()[:16]
    return Path(platformdirs.user_cache_dir("voiceprep-benchmarks")) / "endpointing" / digest


def save(evidence: Evidence, path: Path) -> None:
    texts = sorted({step.text for step in evidence.steps})
    place = {text: index for index, text in enumerate(texts)}
    document = {
        "question_id": evidence.question_id,
        "style": evidence.style.value,
        "is_held_out": evidence.is_held_out,
        "answer_seconds": evidence.answer_seconds,
        "end_ms": evidence.end_ms,
        "pauses": [[pause.place.value, pause.start_ms, pause.end_ms, pause.is_cut] for pause in evidence.pauses],
        "texts": texts,
    }
    turns = [np.nan if step.turn_probability is None else step.turn_probability for step in evidence.steps]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        document=np.array(json.dumps(document)),
        flags=np.array([[step.is_speech, step.is_covered] for step in evidence.steps], dtype=bool),
        times_ms=np.array([[s.now_ms, s.last_speech_ms, s.through_ms] for s in evidence.steps], np.int32),
        texts=np.array([place[step.text] for step in evidence.steps], np.int32),
        turns=np.array(turns),
    )


def load(path: Path) -> Evidence:
    with np.load(path) as kept:
        document = json.loads(str(kept["document"]))
        texts = document["texts"]
        rows = zip(kept["flags"], kept["times_ms"], kept["texts"], kept["turns"], strict=True)
        steps = tuple(
            Step(
                int(at[0]), bool(on[0]), int(at[1]), texts[t], int(at[2]), None if p != p else float(p), bool(on[1])
            )
            for on, at, t, p in rows
        )
    return Evidence(
        path.stem,
        document["question_id"],
        Style(document["style"]),
        document["is_held_out"],
        document["answer_seconds"],
        tuple(Pause(Place(place), start, end, is_cut) for place, start, end, is_cut in document["pauses"]),
        document["end_ms"],
        steps,
    )

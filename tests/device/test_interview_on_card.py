"""A whole interview on the virtual sound card: answers into the microphone, the interviewer out of the speaker.

In real time, so it takes minutes.
"""

import asyncio
import os
import re
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.device.soundcard import RATE_HZ, SoundCard
from voiceprep.audio.persona import CandidateStyle, Persona, sentences
from voiceprep.audio.streams import resample
from voiceprep.banks import bank_folders, find_bank
from voiceprep.events import InterviewerEnded, InterviewerPaused, InterviewerResumed, TurnStarted
from voiceprep.model import Answer, Outcome, TurnBrief, TurnKind
from voiceprep.ports import MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ, Samples
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.settings import Settings
from voiceprep.tasks import Tasks
from voiceprep.wiring.choice import plan_for

pytestmark = [pytest.mark.device, pytest.mark.timeout(480)]

BANK = find_bank("python-backend", bank_folders())
SEED = 3
QUESTION_COUNT = 3
WORD_ERROR_RATE_MAX = 0.08
BARGE_IN_MS_MAX = 300
PAUSE_MS = (350, 600, 450, 800)
"""Between the sentences of an answer."""
ASKING_S_MAX = 30
"""Between two answers."""

# ------------------------------------------------------------------------------------ what is said


def speak(texts: Sequence[str]) -> list[Samples]:
    """Each text as an answer with pauses between its sentences, 24 kHz."""

    async def all_of_them() -> list[Samples]:
        async with Tasks() as tasks:
            voice = HibariSynthesizer(tasks, BANK.glossary)
            return [await _answer(voice, text) for text in texts]

    return asyncio.run(all_of_them())


async def _answer(voice: HibariSynthesizer, text: str) -> Samples:
    pieces: list[Samples] = []
    for place, sentence in enumerate(sentences(text)):
        pause_ms = PAUSE_MS[place % len(PAUSE_MS)] if place else 0
        pieces.append(np.zeros(SPEAKER_RATE_HZ * pause_ms // 1000, np.int16))
        pieces += [piece async for piece in voice.synthesize(sentence)]
    return np.concatenate(pieces)


NUMBERS = dict(zip("0123456789", "zero one two three four five six seven eight nine".split(), strict=True))


def plain_words(text: str) -> list[str]:
    """Lower case, no punctuation, hyphens apart, digits as words."""
    lower = re.sub(r"\d", lambda digit: f" {NUMBERS[digit.group()]} ", text.lower().replace("'", ""))
    return re.findall(r"[a-z]+", lower)


def joined(words: Sequence[str], others: Sequence[str]) -> list[str]:
    """`words` with every pair written as one where the others write it as one."""
    whole, result = set(others), list(words[:1])
    for word in words[1:]:
        if result[-1] + word in whole:
            result[-1] += word
        else:
            result.append(word)
    return result


def word_error_rate(said: str, heard: str) -> float:
    """Levenshtein distance in words over the words said; "time stamp" and "timestamp" are the same word."""
    wanted, found = plain_words(said), plain_words(heard)
    wanted, found = joined(wanted, found), joined(found, wanted)
    row = list(range(len(found) + 1))
    for place, word in enumerate(wanted, 1):
        above, row = row, [place]
        for column, other in enumerate(found, 1):
            row.append(min(above[column] + 1, row[-1] + 1, above[column - 1] + (word != other)))
    return row[-1] / len(wanted)


# ------------------------------------------------------------------------------------- the interview


@contextmanager
def interview(recordings: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """The command on the card, as plain lines; killed if the test fails."""
    command = [sys.executable, "-m", "voiceprep", "interview", "--bank", BANK.id, "--plain", *options]
    with subprocess.Popen(
        [*command, "--recordings", str(recordings)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"VOICEPREP_SETTINGS": os.devnull},
    ) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()


def journal(recordings: Path) -> SessionRecord:
    (folder,) = session_folders(recordings)
    return load_session(folder)


@dataclass
class Played:
    """One answer that was played into the microphone."""

    brief: TurnBrief
    text: str
    samples: Samples


@dataclass
class Evidence:
    """What is left of the interview, on disk and on the card."""

    code: int
    err: str
    record: SessionRecord
    on_card: Samples
    played: list[Played] = field(default_factory=list)

    @property
    def answers(self) -> list[Answer]:
        """Everything that was taken for an answer."""
        return [turn.answer for turn in self.record.turns if turn.answer is not None]

    def track(self, name: str) -> Samples:
        with wave.open(str(self.record.folder / name), "rb") as file:
            samples: Samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return samples


@pytest.fixture(scope="module")
def held(running_card: SoundCard, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Three questions, answered with the bank's strong examples and, where it asks back, the missing point."""
    if "voiceprep_mic_in" not in running_card.pactl("list", "short", "modules"):
        running_card.plug()
    folder = tmp_path_factory.mktemp("on_card")
    persona = Persona(CandidateStyle.STRONG, BANK, SEED)
    plan = plan_for(Settings(bank=BANK.id, questions=QUESTION_COUNT), BANK, SEED)
    texts = [persona.reply(TurnBrief(TurnKind.QUESTION, "", question.id), 0) for question in plan.questions]
    ready = dict(zip(texts, speak(texts), strict=True))
    recording = running_card.record(folder / "speaker.raw")
    with interview(folder / "r", "--questions", str(QUESTION_COUNT), "--seed", str(SEED)) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        turns = (line for line in child.stdout if line.strip() == "Your turn.")
        played = [_reply(running_card, persona, journal(folder / "r"), ready) for _ in turns]
        err = child.stderr.read()
    return Evidence(child.returncode, err, journal(folder / "r"), recording.stop(), played)


def _reply(card: SoundCard, persona: Persona, so_far: SessionRecord, ready: dict[str, Samples]) -> Played:
    asked = [event for event in so_far.events if isinstance(event, TurnStarted)][-1]
    text = persona.reply(asked.brief, asked.turn_index)
    if text not in ready:
        (ready[text],) = speak([text])
    card.play(ready[text], SPEAKER_RATE_HZ).wait(120)
    return Played(asked.brief, text, ready[text])


def place_of(said: Samples, heard: Samples) -> tuple[float, int]:
    """Best normalised correlation of `said` inside `heard`, both at one rate, and where it begins in samples."""
    n_samples = said.size + heard.size
    spectrum = np.fft.rfft(heard.astype(float), n_samples) * np.conj(np.fft.rfft(said.astype(float), n_samples))
    place = int(np.fft.irfft(spectrum, n_samples)[: max(1, heard.size - said.size)].argmax())
    part = heard[place : place + said.size].astype(float)
    norm = float(np.linalg.norm(part) * np.linalg.norm(said[: part.size].astype(float)))
    return (float(part @ said[: part.size]) / norm if norm else 0.0), place


def scores_by_second(said: Samples, heard: Samples, place: int) -> list[float]:
    """Correlation of each second of `said` near its place: a busy machine shifts what follows an underrun."""
    parts = range(0, max(said.size - RATE_HZ // 2, 1), RATE_HZ)
    around = [heard[max(0, place + at - RATE_HZ) : place + at + 2 * RATE_HZ] for at in parts]
    return [place_of(said[at : at + RATE_HZ], near)[0] for at, near in zip(parts, around, strict=True)]


def test_it_ends_well_and_the_folder_is_complete(held: Evidence) -> None:
    assert (held.code, held.err) == (0, "")
    assert held.record.is_complete, held.record.problems
    assert held.record.info.outcome is Outcome.COMPLETED
    assert held.record.scores is not None
    assert held.record.delivery is not None
    assert held.track("candidate.wav").size * 3 == held.track("interviewer.wav").size * 2


def test_every_answer_was_heard(held: Evidence) -> None:
    main = [one for one in held.played if one.brief.kind is TurnKind.QUESTION]
    assert len(main) == QUESTION_COUNT
    assert len(held.answers) == len(held.played)
    for played, answer in zip(held.played, held.answers, strict=True):
        if played.brief.kind is TurnKind.QUESTION:
            assert word_error_rate(played.text, answer.transcript.text) <= WORD_ERROR_RATE_MAX, (
                answer.transcript.text
            )


def test_no_answer_was_cut(held: Evidence) -> None:
    """Where the microphone heard what was played lies inside what was taken for the answer to it."""
    heard, searched = held.track("candidate.wav"), 0
    for played, answer in zip(held.played, held.answers, strict=True):
        said = resample(played.samples, SPEAKER_RATE_HZ, MICROPHONE_RATE_HZ)
        within = said.size + ASKING_S_MAX * MICROPHONE_RATE_HZ  # the same words may come again later
        score, place = place_of(said, heard[searched : searched + within])
        place += searched
        searched = place + said.size
        assert score > 0.9
        loud = np.flatnonzero(np.abs(said) > 500)
        start_ms, end_ms = ((place + int(edge)) * 1000 // MICROPHONE_RATE_HZ for edge in (loud[0], loud[-1]))
        assert answer.start_ms <= start_ms + 250
        assert answer.end_ms >= end_ms - 250


def test_the_interviewer_was_heard_on_the_speaker(held: Evidence) -> None:
    """Everything recorded as heard came out of the card, in order."""
    track, edges = held.track("interviewer.wav"), []
    for event in held.record.events:
        if isinstance(event, InterviewerEnded) and not event.spoken.is_interrupted:
            start, end = (ms * SPEAKER_RATE_HZ // 1000 for ms in (event.spoken.start_ms, event.spoken.end_ms))
            said = resample(track[start:end], SPEAKER_RATE_HZ, RATE_HZ)
            _, place = place_of(said, held.on_card)
            assert np.median(scores_by_second(said, held.on_card, place)) > 0.9, event.spoken.text
            edges.append(place)
    assert len(edges) >= QUESTION_COUNT + 2  # the greeting, the questions, the goodbye
    assert edges == sorted(edges)


# ------------------------------------------------------------------------------------------ barge-in


class TimedRecording:
    """A monitor recorded with the time its audio was there: one clock for both ends of the card."""

    def __init__(self, device: str) -> None:
        command = ["parec", "--raw", f"--device={device}", f"--rate={RATE_HZ}", "--channels=1", "--format=s16le"]
        self._process = subprocess.Popen([*command, "--latency-msec=10"], stdout=subprocess.PIPE)
        self._pieces: list[bytes] = []
        self._start_s = float("inf")
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        n_bytes = 0
        while piece := os.read(self._process.stdout.fileno(), 65_536):
            n_bytes += len(piece)
            self._pieces.append(piece)
            # The piece that arrived with the least delay tells best when the recording began.
            self._start_s = min(self._start_s, time.monotonic() - n_bytes / 2 / RATE_HZ)

    def stop(self) -> tuple[Samples, float]:
        """The samples and when the first of them was there, on the monotonic clock."""
        self._process.terminate()
        self._thread.join(10)
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()
        data = b"".join(self._pieces)
        return np.frombuffer(data[: len(data) & ~1], np.int16), self._start_s


@dataclass
class Interruption:
    """The greeting or question that was disturbed: sound into the microphone, silence on the speaker."""

    record: SessionRecord
    silence_after_ms: float


def _disturb(card: SoundCard, recordings: Path, sound: Samples) -> Interruption:
    """Play `sound` 1 s into the first question, end the interview once the question is over."""
    ends = [TimedRecording(device) for device in ("voiceprep_mic_in.monitor", "voiceprep_speaker.monitor")]
    try:
        _hold_disturbed(card, recordings, sound)
    finally:
        (into, into_s), (out, out_s) = (end.stop() for end in ends)
    onset_s = into_s + int(np.flatnonzero(np.abs(into) > 150)[0]) / RATE_HZ
    return Interruption(journal(recordings), (_silence_s(out, out_s, onset_s) - onset_s) * 1000)


def _hold_disturbed(card: SoundCard, recordings: Path, sound: Samples) -> None:
    with interview(recordings, "--questions", "1", "--seed", str(SEED)) as child:
        assert child.stdout is not None
        lines = iter(child.stdout.readline, "")
        next(line for line in lines if line.startswith("Question 1"))
        next(line for line in lines if line.startswith("Interviewer: "))
        lead = np.zeros(SPEAKER_RATE_HZ, np.int16)
        player = card.play(np.concatenate((lead, sound)), SPEAKER_RATE_HZ)
        next(line for line in lines if line.startswith(("Your turn.", "You: ")))
        player.wait(60)
        child.terminate()
        child.stdout.read()
        child.wait(60)


def _silence_s(out: Samples, out_s: float, onset_s: float) -> float:
    """When, after `onset_s`, the speaker fell silent for at least 0.4 s."""
    window = RATE_HZ // 100
    loud = np.abs(out[: out.size // window * window].reshape(-1, window)).max(axis=1) > 30
    first = max(0, int((onset_s - out_s) * 100))
    for place in range(first, loud.size - 40):
        if not loud[place : place + 40].any():
            return out_s + place / 100
    raise AssertionError("the speaker never fell silent")


def test_barge_in_silences_the_speaker(
    card: SoundCard, tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    (sound,) = speak(["Sorry, before you go on, I would like to answer that right away."])
    found = _disturb(card, tmp_path, sound)
    record_testsuite_property("barge_in_ms", round(found.silence_after_ms))
    assert found.silence_after_ms <= BARGE_IN_MS_MAX
    question = found.record.turns[1]
    assert question.said[0].is_interrupted
    assert len(question.said[0].heard_text) < len(question.said[0].text)
    assert question.answer is not None
    assert "before you go on" in question.answer.transcript.text.lower()


def cough() -> Samples:
    """Noise that dies away, 0.3 s."""
    n_samples = SPEAKER_RATE_HZ * 3 // 10
    decay = np.exp(-np.arange(n_samples) / (SPEAKER_RATE_HZ * 0.06))
    samples: Samples = (np.random.default_rng(1).normal(0, 6_000, n_samples) * decay).clip(-32_000, 32_000)
    return samples.astype(np.int16)


def test_neither_a_cough_nor_a_nod_stops_the_interviewer(card: SoundCard, tmp_path: Path) -> None:
    """A noise is no speech; a word that only shows listening pauses the interviewer, who then goes on."""
    (nod,) = speak(["Okay."])
    found = _disturb(card, tmp_path, np.concatenate((cough(), np.zeros(SPEAKER_RATE_HZ // 2, np.int16), nod)))
    events = found.record.events
    pause_count = sum(isinstance(event, InterviewerPaused) for event in events)
    assert pause_count >= 1
    assert sum(isinstance(event, InterviewerResumed) for event in events) == pause_count
    question = found.record.turns[1]
    assert [spoken.is_interrupted for spoken in question.said] == [False]
    assert question.said[0].heard_text == question.said[0].text

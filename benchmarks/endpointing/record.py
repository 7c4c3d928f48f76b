"""Speaks every script and records what the real chain knows of it; what is kept already is read."""

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.endpointing import evidence
from benchmarks.endpointing.evidence import Evidence, Recorder
from benchmarks.endpointing.scripts import Script
from benchmarks.endpointing.speech import Stage
from voiceprep.audio.turn_model import load_turn_model
from voiceprep.model import Bank
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.providers.moonshine import MoonshineTranscriber
from voiceprep.tasks import Tasks


async def all_evidence(bank: Bank, scripts: Sequence[Script]) -> list[Evidence]:
    """In the order of the scripts. About 4 s of computing an answer the first time."""
    questions = {question.id: question for question in bank.questions}
    kept = evidence.folder(bank.id)
    missing = [script for script in scripts if not _path(kept, script.name).exists()]
    if missing:
        async with Tasks() as tasks:
            stage = Stage(HibariSynthesizer(tasks, bank.glossary))
            transcriber = MoonshineTranscriber(tasks, bank.glossary)
            await transcriber.warm()
            turn_model = load_turn_model(tasks)
            if turn_model is None:
                print("Smart Turn is not on this machine: its rows show what is without it.", file=sys.stderr)
            recorder = Recorder(tasks, transcriber, turn_model)
            for number, script in enumerate(missing, start=1):
                recorded = await recorder.record(await stage.speak(script), questions[script.question_id])
                evidence.save(recorded, _path(kept, script.name))
                print(f"\rrecorded {number} of {len(missing)}", end="", file=sys.stderr, flush=True)
            print(file=sys.stderr)
    return [evidence.load(_path(kept, script.name)) for script in scripts]


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.npz"

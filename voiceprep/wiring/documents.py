"""The candidate's documents as questions for a plan, and what of them would leave the machine. Must not print."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voiceprep.conduct.interviewers import INTERVIEWERS, NEUTRAL
from voiceprep.knowledge.claims import find_claims, find_demands
from voiceprep.knowledge.documents import load_document
from voiceprep.knowledge.notes import load_notes
from voiceprep.knowledge.passages import Passage, sort_out, split_lines
from voiceprep.knowledge.questions import interleave, job_questions, note_questions, resume_questions
from voiceprep.model import Bank, Question, Usage
from voiceprep.providers.registry import provider_names
from voiceprep.scoring.injection import find_injection
from voiceprep.scoring.vectors import DIMENSIONS, WordVectors, load_vectors
from voiceprep.settings import Settings

NOTES_FOUND = 8
LOCAL_NAMES = ("", "none", "local")


@dataclass(frozen=True, slots=True)
class OwnDocuments:
    """Files the candidate names; None where there is none."""

    resume: Path | None = None
    job: Path | None = None
    notes: Path | None = None

    def __bool__(self) -> bool:
        return any((self.resume, self.job, self.notes))


@dataclass(frozen=True, slots=True)
class OwnMaterial:
    """What came of the documents: questions, most fitting first, and what the candidate should know about them.

    `usages`: what calls to a model consumed on the way.
    """

    questions: tuple[Question, ...] = ()
    remarks: tuple[str, ...] = ()
    usages: tuple[Usage, ...] = ()


def own_material(documents: OwnDocuments, bank: Bank, cache: Path) -> OwnMaterial:
    """Read them and make questions. Raises ConfigError for a file that cannot be read."""
    remarks: list[str] = []
    resume = _lines(documents.resume, remarks)
    job = _lines(documents.job, remarks)
    sources = [
        list(resume_questions(find_claims(resume))),
        list(job_questions(find_demands(job, resume), has_resume=documents.resume is not None)),
        list(note_questions(_noted(documents.notes, bank, cache, remarks))),
    ]
    named = (
        ("the résumé", documents.resume),
        ("the job description", documents.job),
        ("the notes", documents.notes),
    )
    for (name, path), made in zip(named, sources, strict=True):
        if path is not None and not made:
            remarks.append(f"Nothing to ask about was found in {name} ({path.name}).")
    return OwnMaterial(tuple(interleave(*sources)), tuple(remarks))


def _lines(path: Path | None, remarks: list[str]) -> list[Passage]:
    if path is None:
        return []
    document = load_document(path)
    lines, orders = sort_out(list(split_lines(document.name, document.pages)), is_order)
    remarks += [f"{place_of(line)} gives orders to a machine. It is not used." for line in orders]
    return lines


def _noted(folder: Path | None, bank: Bank, cache: Path, remarks: list[str]) -> list[Passage]:
    """The passages of the notes that fit the bank's topics best."""
    if folder is None:
        return []
    embed = embedding()
    index, problems = load_notes(folder, cache, embed)
    remarks += [f"Left out of the notes: {problem}" for problem in problems]
    topics = dict.fromkeys(question.topic.replace("-", " ") for question in bank.questions)
    found = index.search(f"{bank.title} {' '.join(topics)}", NOTES_FOUND, embed)
    kept, orders = sort_out(found, is_order)
    remarks += [f"{place_of(passage)} gives orders to a machine. It is not used." for passage in orders]
    return kept


def is_order(text: str) -> bool:
    """It tells a machine what to do, instead of saying something about its writer."""
    return find_injection(text, "") is not None


def place_of(passage: Passage) -> str:
    """For remarks."""
    return f"Text in {passage.document}, page {passage.page}"


class _Embedding:
    """Texts → the mean direction of their words."""

    def __init__(self, vectors: WordVectors) -> None:
        self._vectors = vectors

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        numbers: dict[str, int] = {}
        said = [
            [numbers.setdefault(word, len(numbers)) for word in text.lower().split() if len(word) > 3]
            for text in texts
        ]
        rows = [self._vectors.direction(word.strip(".,;:()")) for word in numbers]
        table = np.stack([*rows, np.zeros(DIMENSIONS, np.float32)])
        found = np.stack([table[places].sum(axis=0) if places else table[-1] for places in said])
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.maximum(lengths, 1e-9), np.float32)


def embedding() -> _Embedding | None:
    """Word vectors for searching, where they are installed."""
    vectors = load_vectors()
    return None if vectors is None else _Embedding(vectors)


def what_is_sent(documents: OwnDocuments, settings: Settings) -> str:
    """One sentence on where words from the documents go; empty without documents."""
    if not documents:
        return ""
    remote = remote_providers(settings)
    if not remote:
        return "Your documents stay on this machine."
    return (
        f"Your documents stay on this machine. The questions made from them, the passages they are about, and your "
        f"answers go to {', '.join(remote)}."
    )


def remote_providers(settings: Settings) -> list[str]:
    """Everybody elsewhere who hears, words or speaks, sorted."""
    is_panel = INTERVIEWERS.get(settings.persona, NEUTRAL).colleague is not None
    names = [settings.stt, settings.llm, settings.tts, settings.second_tts if is_panel else ""]
    if settings.mode == "s2s":
        names = [settings.stt, settings.realtime]
    providers = {provider for name in names for provider in provider_names(name)}
    return sorted(providers.difference(LOCAL_NAMES))

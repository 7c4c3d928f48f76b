"""How many spoken fillers reach the transcript: python -m benchmarks.fillers. The report states the figure.

Sentences of our own with um, uh, you know, I mean and well, said by the embedded voice, through the embedded
recogniser, counted by the report's own list.
"""

import asyncio
import json
import re
from collections import Counter
from pathlib import Path

from benchmarks.speaking import Ear, open_ear
from voiceprep.scoring.delivery import FILLERS, count_fillers

RESULTS = Path(__file__).parent / "results" / "fillers.json"
SENTENCES = (
    "Um, I would start with the query plan.",
    "The index is, uh, a sorted copy of one column.",
    "So, um, the lock is held by the other thread, and, uh, both of them wait.",
    "Well, it depends on how many rows there are.",
    "You know, the cache is only a copy, um, of what the database holds.",
    "I mean, we could add a replica, uh, for the reads.",
    "The team was, um, rather small, and, uh, the deadline was close.",
    "Uh, let me think about the second part.",
    "We measured it, you know, and it was, um, ten times slower.",
    "It retries three times, and, um, then it gives up.",
    "The message is, uh, sent twice, I mean, at least once.",
    "Um, uh, the consumer has to be idempotent.",
    "Well, um, I talked to the customer first.",
    "The tests were green, but, uh, nobody had looked at the logs.",
    "A hash table is, you know, fast on average.",
    "I was responsible for, um, the part that loads the data.",
    "They disagreed, uh, about the schema, and, um, I wrote both versions down.",
    "In the end, I mean, after a week, it worked.",
    "The garbage collector, um, finds cycles.",
    "Uh, we rolled back, and, um, told the customers.",
)


def spoken_fillers(sentence: str) -> Counter[str]:
    """The fillers that were put in, by their text."""
    names = {filler.lower(): filler for filler in FILLERS}
    found = re.findall(r"\b(?:um|uh|you know|i mean)\b|^well\b", sentence.lower())
    return Counter(names[each] for each in found)


async def measure(ear: Ear) -> dict[str, object]:
    said, heard, wrongly = Counter[str](), Counter[str](), 0
    for sentence in SENTENCES:
        given = spoken_fillers(sentence)
        found = Counter({each.text: each.count for each in count_fillers([await ear.hear(sentence)])})
        said += given
        heard += given & found
        wrongly += (found - given).total()
    sounds = ("um", "uh")
    return {
        "sentences": len(SENTENCES),
        "said": dict(said),
        "heard": dict(heard),
        "recall": round(heard.total() / said.total(), 2),
        "recall_of_sounds": round(sum(heard[each] for each in sounds) / sum(said[each] for each in sounds), 2),
        "precision": round(heard.total() / max(1, heard.total() + wrongly), 2),
    }


async def main() -> None:
    async with open_ear() as ear:
        found = await measure(ear)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    asyncio.run(main())

"""How the figures of a report are measured and how wrong they may be. Sentences only."""

DELIVERY_METHODS = (
    "Pauses and talking time: from the audio, ± 60 ms.",
    "Pace: the recogniser's words over that time, gaps over 1 s left out; ± 3 % where no word is misheard.",
    "Fillers: uh, um, you know, I mean, well. In a transcript this list finds 88 % of them and is right in 98 %; "
    "the embedded recogniser kept 97 % of those that its own voice spoke clearly; what is mumbled may be lost, so "
    "the count is a lower limit.",
    "Microphone check: percentiles 10 and 90 of the level of your speech in 20 ms frames, ± 0.1 dB on known tones; "
    "it says nothing about you.",
    "Repeats, restarts and hedges: exact matches in the transcript; what the recogniser smooths over is missed.",
)
"""How each figure is measured and how wrong it may be."""

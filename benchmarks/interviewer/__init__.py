"""How good is the interviewer? Every bank against every simulated candidate, without audio.

`python -m benchmarks.interviewer`: coverage, follow-up precision, leaks, repeats, double questions, time kept, and
whether strong answers score above partial ones above weak ones.
"""

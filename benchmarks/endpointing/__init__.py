"""When is an answer over? Our endpointing against fixed time-outs, over speech with thinking pauses.

`python -m benchmarks.endpointing`. There are no recordings of people here: the voice and the noise are made.
"""

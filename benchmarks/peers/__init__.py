"""What turn_latency and barge_in share: one candidate, one emulator, and a runner for each engine under test.

Modules named *_runner, and what they import from here, also run in the other engines' environments: numpy only.
"""

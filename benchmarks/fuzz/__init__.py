"""Fuzzers: whatever a stranger can hand to voiceprep, handed to it wrong a million times."""

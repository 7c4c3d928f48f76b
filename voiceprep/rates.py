"""The two audio rates everything is recorded and played at, and the length of a block. Must not know samples."""

MICROPHONE_RATE_HZ = 16_000
SPEAKER_RATE_HZ = 24_000
BLOCK_MS = 20

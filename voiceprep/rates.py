"""The two audio rates everything here is recorded and played at. Must not know audio samples."""

MICROPHONE_RATE_HZ = 16_000
SPEAKER_RATE_HZ = 24_000

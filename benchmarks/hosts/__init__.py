"""The same interview direct, over LiveKit and over Pipecat."""

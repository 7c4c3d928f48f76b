"""The real device path: PortAudio through a private PulseAudio daemon."""

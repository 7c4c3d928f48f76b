"""The same interview elsewhere: hosts that bring a microphone and a speaker from a room or a pipeline."""

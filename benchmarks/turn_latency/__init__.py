"""End of true speech → first audio, beside LiveKit Agents and Pipecat on the same work."""

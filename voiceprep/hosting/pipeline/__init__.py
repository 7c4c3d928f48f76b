"""The interview as a part of a Pipecat pipeline. Needs the extra `pipecat`."""

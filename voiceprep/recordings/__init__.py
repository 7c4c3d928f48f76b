"""The session folder: written while the interview runs, read, repaired and listed afterwards."""

"""The commands, one file a group: flags in, one call of `terminal` each. Heavy imports stay inside functions."""

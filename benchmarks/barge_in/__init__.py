"""Onset of the candidate's voice → silence at the sink, and what noises and murmurs do to a reply."""

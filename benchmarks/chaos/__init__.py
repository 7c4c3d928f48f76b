"""Whole sessions while providers fail, devices vanish and the process is killed; all from a seed."""

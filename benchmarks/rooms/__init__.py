"""Interviews in real rooms with candidates made of code: what a room costs, how many fit, what a kill does."""

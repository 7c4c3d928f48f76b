"""Mutation testing: the smallest wrong versions of a module, and whether its tests notice."""

"""Servers on 127.0.0.1 that speak the providers' protocols: scripted, validating, failing on demand."""

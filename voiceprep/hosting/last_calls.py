"""Lets the native threads of LiveKit's client finish what they say to Python before the interpreter is taken down.

One that waits for the interpreter at that moment aborts the process, in the place of its exit code. Must not import
the client.
"""

import atexit
import time

LAST_CALL_S = 0.2


def let_last_calls_return() -> None:
    """Before the client is used. What was registered first is done last: once the client is closed and calls no
    more, a pause in which a call that is under way returns."""
    atexit.register(time.sleep, LAST_CALL_S)

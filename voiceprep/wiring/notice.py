"""Tells a candidate that the interview is recorded, where, and who else hears it. Must not know how it is shown."""

from dataclasses import replace

from voiceprep.wiring.choice import Choice
from voiceprep.wiring.documents import remote_providers
from voiceprep.wiring.places import recordings_for

SPOKEN = "This conversation is recorded."


def consent_line(choice: Choice) -> str:
    """The line for the screen; empty when it is not wanted, or when no microphone listens."""
    if not _is_wanted(choice):
        return ""
    remote = remote_providers(choice.settings)
    whereto = f"it also goes to {', '.join(remote)}" if remote else "it stays on this machine"
    kept = "what you say is kept" if choice.settings.audio else "what you say is kept as text, without the audio,"
    return (
        f"Recording: {kept} in {recordings_for(choice.settings)}; {whereto}. "
        "Ctrl-C ends it, `voiceprep purge last` deletes it."
    )


def announced(choice: Choice) -> Choice:
    """The same with the notice spoken in the welcome, where it is wanted."""
    if not _is_wanted(choice):
        return choice
    interviewer = choice.plan.interviewer
    told = replace(interviewer, welcome=f"{interviewer.welcome} {SPOKEN}")
    return replace(choice, plan=replace(choice.plan, interviewer=told))


def _is_wanted(choice: Choice) -> bool:
    return choice.settings.notice and choice.uses_microphone

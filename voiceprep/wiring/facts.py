"""What an event says about the running of a session, without a word of what anybody said in it."""

from dataclasses import asdict
from typing import Any

from voiceprep import events
from voiceprep.events import Event

Facts = dict[str, Any]


def facts_of(event: Event) -> Facts:
    """Type, time, and what may leave the folder: numbers, ids, names of providers; texts only of our own making."""
    return {"type": event.type, "at_ms": event.at_ms, **_more(event)}


def _more(event: Event) -> Facts:
    match event:
        case events.TurnStarted(turn_index=index, brief=brief):
            return {"turn": index, "kind": brief.kind.value, "question": brief.question_id}
        case events.InterviewerEnded(turn_index=index, spoken=spoken):
            return {"turn": index, "start_ms": spoken.start_ms, "end_ms": spoken.end_ms}
        case events.ProvisionalHeard(turn_index=index, text=text):
            return {"turn": index, "chars": len(text)}
        case events.AnswerHeard(turn_index=index, answer=answer):
            span = {"start_ms": answer.start_ms, "end_ms": answer.end_ms, "ended_by": answer.ended_by.value}
            return {"turn": index, "words": len(answer.transcript.words), **span}
        case events.TurnEnded(turn=turn):
            timings = {**asdict(turn.timings), "reply_ms": turn.timings.reply_ms}
            return {"turn": turn.index, "kind": turn.brief.kind.value, **timings}
        case events.QuestionScored(score=score):
            return {"question": score.question_id, "score": score.score, "is_abstained": score.is_abstained}
        case events.UsageMeasured(usage=usage, cost_usd=cost_usd):
            return {**asdict(usage), "cost_usd": cost_usd}
        case events.ProviderFailed(provider=provider, stage=stage, message=message):
            return {"provider": provider, "stage": stage, "message": message}
        case events.CommandGiven(command=command):
            return {"command": command}
        case events.DeviceLost(device=device) | events.DeviceReturned(device=device):
            return {"device": device}
        case events.SessionEnded(outcome=outcome):
            return {"outcome": outcome.value}
        case _:
            turn_index = getattr(event, "turn_index", None)
            return {} if turn_index is None else {"turn": turn_index}


def speech_of(event: Event) -> Facts:
    """What was said, for a log that is asked to hold it."""
    match event:
        case events.InterviewerStarted(text=text) | events.ProvisionalHeard(text=text):
            return {"text": text}
        case events.AnswerHeard(answer=answer):
            return {"text": answer.transcript.text}
        case _:
            return {}

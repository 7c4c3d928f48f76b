"""Pure: what the words so far suggest about an answer: does it go on, may it be over, is it closed?

Must not know pauses, audio or recognisers; it sees text.
"""

import re
from enum import StrEnum


class Sounds(StrEnum):
    """What the words so far suggest about the answer."""

    NOTHING = "nothing"  # no words yet
    UNFINISHED = "unfinished"  # "… because", "… and um"
    OPEN = "open"  # no sentence end heard, nothing dangling either
    COMPLETE = "complete"  # a sentence ends here; another may follow
    LEAVING = "leaving"  # "the rest I have not used myself": more is unlikely
    CLOSED = "closed"  # "that's it", "I don't know": nothing will follow


_DANGLING = frozenset(
    "and but or nor so because cause since as if when while whereas although though unless until which who whom "
    "whose than plus a an the of to in on at by for from with without into onto over under between through about "
    "against during before after within across per via like my your his her its our their some every each such "
    "very i'm we're they're there's that's let's um uh er erm ah hmm mm basically actually".split(" ")
)
"""Words no English answer ends in, whatever mark the recogniser puts behind them."""
_HANGING = frozenset(
    "that then where why how what also this these those any another more most much many is are was were be been am "
    "can could will would shall should may might must do does did has have had not i you he she we they maybe "
    "perhaps probably it's well".split(" ")
)
"""Words an answer may end in, though more often something follows."""
_DANGLING_ENDS = (
    "you know",
    "i mean",
    "i think",
    "i guess",
    "kind of",
    "sort of",
    "let me see",
    "let me think",
    "for example",
    "for instance",
    "such as",
    "as well as",
    "in order to",
    "the first",
    "the second",
    "the next",
    "and then",
    "first of all",
)
_CLOSERS = re.compile(
    r"(?:\b(?:"
    r"that(?:'s| is| would be| should be) (?:it|all|about it|all i (?:have|know|can say)|my answer|everything)"
    r"|that covers (?:it|everything)"
    r"|i (?:do not|don't) (?:really )?know(?: (?:that|this|it)(?: one)?)?"
    r"|i(?:'m| am) not sure(?: about (?:that|this)(?: one)?)?|(?:i have )?no idea|nothing else|i(?:'m| am) done"
    r"|(?:let's |please )?skip(?: (?:it|this|that)(?: one)?)?|next question(?: please)?"
    r"|i(?:'d| would) leave it (?:there|at that)|does that answer your question))"
    r"(?:,? (?:sorry|really|thanks|thank you|i think|i guess))?$"
)
_LIMITS = re.compile(
    r"\b(?:i (?:(?:really|just|honestly|personally|still|also) )?(?:"
    r"(?:cannot|can not|can't|could not|couldn't) (?:really )?(?:say|tell|explain|remember|recall|think of)"
    r"|(?:do not|don't|did not|didn't) (?:really |fully |quite )?"
    r"(?:know|remember|recall|understand|have (?:much|any|more)|get (?:to|into|that)|need|use)"
    r"|(?:have not|haven't|had not) (?:really |yet |ever |actually )?"
    r"(?:used|built|seen|tried|done|worked|looked|thought|needed|had|read|gone|been|come|written|met|touched)"
    r"|have never|never|have only|only|forgot|forget|leave that)"
    r"|i've (?:never|only|not)|i(?:'m| am) (?:not (?:really |so |quite |too |very )?(?:sure|familiar|certain)"
    r"|less (?:sure|familiar)|no expert|unsure)"
    r"|i(?:'d| would) (?:probably |simply |just )?"
    r"(?:(?:have|need) to (?:look|check|read|ask|think)|look (?:that|it|this) up|ask (?:somebody|someone|a|our|my))"
    r"|(?:not|isn't) my (?:strong|area|field)|(?:somebody|someone) else|no experience"
    r"|(?:that's|that is) (?:as|about as|how) (?:far|much)|(?:more|beyond|apart from|other) than that"
    r"|apart from that|beyond that|the rest|the details|nothing more)\b"
)
LIMITS_WORDS = 14
"""An admission counts when it stands among so many last words; answers do go on after one further back."""
_SHORT_ANSWERS = frozenset({"yes", "no", "yeah", "nope", "sure", "never", "always", "both", "neither", "skip"})
_EDGE = re.compile(r"^[^\w']+|[^\w']+$")


def plain_words(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return [word for raw in text.lower().replace("’", "'").split() if (word := _EDGE.sub("", raw))]


def how_it_sounds(text: str) -> Sounds:
    """Judge the end of an answer by its words alone; punctuation of a recogniser is weak evidence."""
    words = plain_words(text)
    if not words:
        return Sounds.NOTHING
    tail = " ".join(words[-8:])
    stripped = text.rstrip()
    if _CLOSERS.search(tail) or (len(words) <= 2 and words[-1] in _SHORT_ANSWERS):
        return Sounds.CLOSED
    if stripped.endswith(("...", "…", ",", "-", "—", ":", ";")):
        return Sounds.UNFINISHED
    if words[-1] in _DANGLING or tail.endswith(_DANGLING_ENDS):
        return Sounds.UNFINISHED
    if not stripped.endswith((".", "!", "?")) or len(words) < 3 or words[-1] in _HANGING:
        return Sounds.OPEN
    return Sounds.LEAVING if _LIMITS.search(" ".join(words[-LIMITS_WORDS:])) else Sounds.COMPLETE

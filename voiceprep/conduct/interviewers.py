"""The interviewers one can choose: manner, patience, how they follow up and what they say between questions.

Pure values. Every line stands alone, judges nothing and asks nothing.
"""

from dataclasses import dataclass

from voiceprep.model import FollowUpKind

PROBE, CHALLENGE = FollowUpKind.PROBE, FollowUpKind.CHALLENGE
EXAMPLE, DEEPER = FollowUpKind.EXAMPLE, FollowUpKind.DEEPER


@dataclass(frozen=True, slots=True)
class Interviewer:
    """One persona. `manner` is what a language model is told; `follow_ups`: the kinds it makes, preferred first.

    `patience_factor` stretches the waiting for unfinished thoughts. `nudges` meet a long silence, in order; the
    last one offers to move on. `is_cutting_in`: it interrupts long answers (a composure drill).

    `person` is the name they go by, for those who give one. `colleague` asks every other question, in a second
    voice; `taking_over` is what somebody says who goes on from the other.
    """

    name: str
    manner: str
    welcome: str
    goodbye: str
    acknowledgements: tuple[str, ...]
    moving_on: tuple[str, ...]
    nudges: tuple[str, ...]
    follow_ups: tuple[FollowUpKind, ...] = (CHALLENGE, PROBE, EXAMPLE, DEEPER)
    follow_ups_max: int = 2
    patience_factor: float = 1.0
    is_cutting_in: bool = False
    person: str = ""
    taking_over: tuple[str, ...] = ()
    colleague: "Interviewer | None" = None

    @property
    def everybody(self) -> "tuple[Interviewer, ...]":
        """Who sits on the other side of the table, whoever welcomes first."""
        return (self,) if self.colleague is None else (self, self.colleague)


NEUTRAL = Interviewer(
    "neutral",
    "calm, friendly and to the point",
    "Hello, and welcome. {agenda} Take your time, I will wait while you think.",
    "That was my last question. Thank you for your answers, and goodbye.",
    ("Thank you.", "Okay.", "All right.", "Thanks.", "I see.", "Understood."),
    ("Let's go on.", "Here is the next one.", "Next question.", "Let's move on."),
    (
        "Take your time.",
        "There is no hurry. I can repeat the question if you like.",
        "We can also move on. Say skip, or start whenever you are ready.",
    ),
)

FRIENDLY = Interviewer(
    "friendly",
    "warm, encouraging and in no hurry, like a colleague at lunch; you never judge",
    "Hi, and welcome, it is nice to meet you. {agenda} There is no hurry at all, so think as long as you like.",
    "That was all I wanted to ask. Thank you for taking the time, and goodbye.",
    (
        "Thank you for walking me through that.",
        "Thanks, I can follow that.",
        "All right, thank you.",
        "Okay, I have noted that.",
        "Thank you, that gives me a picture.",
    ),
    ("Let us take another one.", "That's fine, we go on.", "Let's try something else."),
    (
        "Take all the time you need.",
        "It is fine to think aloud, and I can repeat the question if you like.",
        "We can come to something else, just say skip. Or start whenever you are ready.",
    ),
    (PROBE, EXAMPLE, DEEPER, CHALLENGE),
    patience_factor=1.3,
)

PROBING = Interviewer(
    "probing",
    "precise and curious; you want to know exactly how and why, and stay courteous",
    "Hello. {agenda} I will ask for details where I want to understand you better.",
    "That was my last question. Thank you, and goodbye.",
    ("Okay.", "Thank you.", "I would like to know more precisely.", "Let me go into that.", "I see."),
    ("Next one.", "Then let's look at something else.", "Let's go on."),
    NEUTRAL.nudges,
    (CHALLENGE, EXAMPLE, PROBE, DEEPER),
    follow_ups_max=4,
)

HURRIED = Interviewer(
    "hurried",
    "brisk and short of time, still polite; your sentences are very short",
    "Hello. {agenda} I am a little short of time, so let's start.",
    "That's it, we are through. Thank you, goodbye.",
    ("Okay.", "Thanks.", "Noted.", "I see."),
    ("Next.", "Moving on.", "Next one."),
    ("Whenever you are ready.", "Shall I repeat it, just say so.", "We can skip this, or you start now."),
    (PROBE, CHALLENGE),
    follow_ups_max=1,
    patience_factor=0.7,
    is_cutting_in=True,
)

SILENT_TYPE = Interviewer(
    "silent-type",
    "of few words and without expression: you ask and say nothing else",
    "Hello. {agenda}",
    "That was all. Goodbye.",
    ("",),
    ("",),
    ("Go ahead.", "I can repeat the question.", "You may also say skip."),
    (PROBE, DEEPER),
    patience_factor=1.5,
)

DAVID = Interviewer(
    "panel",
    "David, one of two interviewers; an engineer who wants to know exactly how and why, dry and courteous",
    NEUTRAL.welcome,
    NEUTRAL.goodbye,
    ("Okay.", "Thank you.", "Let me go into that.", "I see.", "I would like to know more precisely."),
    ("Next one.", "Then let's look at something else.", "Let's go on."),
    NEUTRAL.nudges,
    (CHALLENGE, DEEPER, PROBE, EXAMPLE),
    person="David",
    taking_over=("I take over from here.", "My turn, then.", "I have the next one."),
)

PANEL = Interviewer(
    "panel",
    "Nora, who leads the conversation of two interviewers; warm, well prepared, after the whole picture",
    "Hello, and welcome. I am Nora, and with me is David. We take turns. {agenda} Take your time, we will wait "
    "while you think.",
    "That was our last question. Thank you for your answers, also from David, and goodbye.",
    ("Thank you.", "Thanks, I have noted that.", "All right.", "Okay, thank you.", "Understood."),
    ("Let's go on.", "Here is another one.", "Let us take something else."),
    NEUTRAL.nudges,
    (PROBE, EXAMPLE, CHALLENGE, DEEPER),
    person="Nora",
    taking_over=("Over to me.", "I go on with the next one.", "Then it is my turn again."),
    colleague=DAVID,
)
"""Two interviewers; Nora speaks with the first voice, David with the second."""

INTERVIEWERS = {each.name: each for each in (FRIENDLY, NEUTRAL, PROBING, HURRIED, SILENT_TYPE, PANEL)}

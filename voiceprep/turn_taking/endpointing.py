"""Pure: when an answer is over, in audio milliseconds.

Must not know audio, recognisers, devices or the clock; it sees text and positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from voiceprep.turn_taking.last_words import Sounds, how_it_sounds, plain_words


@dataclass(frozen=True, slots=True)
class EndpointPolicy:
    """How long to wait, in milliseconds of silence, never more than `patience_ms`.

    `finished_ms`: after words that close an answer. `covered_ms`: after a sentence that ends an answer for sure:
    everything asked for was said, or the candidate says not to know more, at about the length expected.
    `complete_ms`: after any other complete sentence: nothing in its words or sound tells the last one from one
    before a thought; between the two when the answer is likely but not surely over.
    `quick_ms`: the shortest wait a candidate of quick pauses gets. Anything else gets all patience.
    `caution`: log-odds of the end (`end_odds`) up to which an answer counts as any other (see `CAUTION`).
    A turn model that gives the end a probability of `turn_doubt` or less makes any of them wait for all patience.
    `nudge_at_ms`: silences before the first word that are met with a nudge; `give_up_ms`: the question is left.
    `python -m benchmarks.endpointing` shows what each wait costs and saves.
    """

    finished_ms: int = 190
    covered_ms: int = 600
    complete_ms: int = 2500
    patience_ms: int = 2500
    nudge_at_ms: tuple[int, ...] = (9_000, 20_000, 32_000)
    give_up_ms: int | None = 45_000
    overtime_ms: int = 15_000
    quick_ms: int = 600
    turn_doubt: float = 0.5
    caution: float = 1.2


CAUTION = {"low": 2.0, "medium": 1.2, "high": -1.0}
"""By the eagerness of the settings. `medium` lets 96 % of the answers with pauses up to 2.4 s live; `high` has the
median delay of a fixed 0.7 s and a sixth of its cut-ins; `low` replies early to closing words only."""


class Verdict(StrEnum):
    WAIT = "wait"
    NUDGE = "nudge"
    FINISHED = "finished"
    SILENT = "silent"
    TIME_LIMIT = "time_limit"


ONSET_KNOWN_MS = 80
"""Speech is known to have begun so much later: a pause that ends just within all patience must not be cut."""
PAUSE_MS = 250
"""A shorter silence is none."""
MODEL_MS = 300
"""What it takes to ask a turn model, and more: where words come late nothing is over before it has answered."""
OWN_PAUSES_KEPT = 12
QUICK_FROM_PAUSES = 12
QUICK_BELOW_MS = 700
QUICK_FACTOR = 2.0
"""A candidate whose newest pauses are all this short need not be waited for like a stranger: twice the longest will
do."""

ODDS_ALONE = -3.1
ODDS_COVERED = 2.2
ODDS_LEAVING = 2.7
ODDS_OPEN = -0.9
ODDS_FULL_LENGTH = 3.3
ODDS_WENT_ON = -0.5
ODDS_SPAN = 0.75
"""Log-odds that a pause after a whole sentence is the end, fitted (logistic regression) to the half of the answers
of `benchmarks/endpointing` that is not held out. At a policy's `caution` the wait begins to shrink; it is shortest
`ODDS_SPAN` above it."""
LENGTH_SHARE_MAX = 0.8
LENGTH_SHARE_UNKNOWN = 0.5
WENT_ON_MAX = 3
"""Length alone never makes an answer seem over; a candidate who goes on is never quite lost to quick replies."""

USUAL_WORDS_PER_MINUTE = 130


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for or against an answer being over.

    `is_covered`: it says all that was asked for. `length_share`: its words so far in proportion to the words
    expected, None when no length is. `went_on_count`: how much more often this candidate went on where it seemed
    over than stopped there.
    """

    sounds: Sounds
    is_covered: bool = False
    own_pauses_ms: Sequence[int] = ()
    turn_probability: float | None = None
    length_share: float | None = None
    went_on_count: int = 0


def is_doubted(policy: EndpointPolicy, signs: Signs) -> bool:
    """A turn model heard somebody in the middle of a sentence.

    It may only lengthen the wait: it hears the end of a sentence, not of a thought, and acting on its yes cut 23
    of 23 answers whose sentences were spoken one by one.
    """
    return signs.turn_probability is not None and signs.turn_probability <= policy.turn_doubt


def end_odds(signs: Signs) -> float:
    """Log-odds that the answer is over, given that it stopped where it can stop."""
    share = LENGTH_SHARE_UNKNOWN if signs.length_share is None else min(signs.length_share, LENGTH_SHARE_MAX)
    by_words = {Sounds.LEAVING: ODDS_LEAVING, Sounds.OPEN: ODDS_OPEN}.get(signs.sounds, 0.0)
    return ODDS_ALONE + ODDS_FULL_LENGTH * share + ODDS_COVERED * signs.is_covered + by_words


def can_stop(policy: EndpointPolicy, signs: Signs) -> bool:
    """Neither the last words nor their sound ask for more."""
    return signs.sounds in (Sounds.OPEN, Sounds.COMPLETE, Sounds.LEAVING) and not is_doubted(policy, signs)


def is_quick(own_pauses_ms: Sequence[int]) -> bool:
    """Enough pauses are known, and none was long."""
    return len(own_pauses_ms) >= QUICK_FROM_PAUSES and max(own_pauses_ms) < QUICK_BELOW_MS


def silence_needed_ms(policy: EndpointPolicy, signs: Signs) -> int:
    """How long it must be quiet before the answer counts as over."""
    if signs.sounds is Sounds.CLOSED:
        return policy.finished_ms
    if not can_stop(policy, signs):
        return policy.patience_ms
    needed_ms = policy.patience_ms if signs.sounds is Sounds.OPEN else policy.complete_ms
    odds = end_odds(signs) + ODDS_WENT_ON * min(signs.went_on_count, WENT_ON_MAX)
    sureness = min(max((odds - policy.caution) / ODDS_SPAN, 0.0), 1.0)
    needed_ms -= round(sureness * max(0, needed_ms - policy.covered_ms))
    if signs.sounds is not Sounds.OPEN and is_quick(signs.own_pauses_ms):
        needed_ms = min(needed_ms, max(policy.quick_ms, round(max(signs.own_pauses_ms) * QUICK_FACTOR)))
    return min(needed_ms, policy.patience_ms)


@dataclass(frozen=True, slots=True)
class Hearing:
    """What is known at one block. `through_ms`: speech the text already covers. `is_model_awaited`: a turn model
    could say something about this silence, and nothing has yet.
    """

    now_ms: int
    is_speech: bool
    last_speech_ms: int
    text: str
    through_ms: int
    is_covered: bool = False
    turn_probability: float | None = None
    is_model_awaited: bool = False


@dataclass(frozen=True, slots=True)
class _Words:
    """A text and what is to be known of it: the same one is asked about 50 times a second."""

    text: str
    sounds: Sounds
    word_count: int


class Endpointer:
    """Decides, block by block, whether one answer is over. One per session: it learns the candidate's pauses.

    `is_model_wanted`: a turn model's doubt would change something; a wait of all patience gets no longer by it.
    """

    def __init__(self, policy: EndpointPolicy) -> None:
        self.policy = policy
        self._own_pauses_ms: list[int] = []
        self._went_on_count = 0
        self._seems_over = False
        self._read = _Words("", Sounds.NOTHING, 0)
        self.begin(0, None)

    def begin(self, now_ms: int, limit_ms: int | None, expected_ms: int | None = None) -> None:
        """A question has just ended; listening starts. `expected_ms`: how long an answer to it usually takes."""
        if self._seems_over:
            self._went_on_count = max(0, self._went_on_count - 1)
        self._expected_ms = expected_ms
        self._from_ms = now_ms
        self._limit_at_ms = None if limit_ms is None else now_ms + limit_ms
        self._nudge_count = 0
        self._silence_from_ms: int | None = None
        self._seems_over = self.is_model_wanted = False
        self._wanted_from_ms: int | None = None
        self._patience_factor = 1

    def shift(self, held_ms: int) -> None:
        """The interview was held (pause key) for so long; silence and limits do not count it."""
        self._from_ms += held_ms
        if self._limit_at_ms is not None:
            self._limit_at_ms += held_ms

    def be_patient(self, now_ms: int) -> None:
        """The candidate asked for a moment: nudges start over and patience quadruples for this answer."""
        self._from_ms = now_ms
        self._nudge_count = 0
        self._patience_factor = 4

    @property
    def own_pauses_ms(self) -> tuple[int, ...]:
        """The candidate's newest pauses that turned out to lie inside an answer."""
        return tuple(self._own_pauses_ms)

    def step(self, hearing: Hearing) -> Verdict:
        """Take one block's worth of knowledge."""
        self.is_model_wanted = False
        if hearing.is_speech:
            self._wanted_from_ms = None
            self._learn(hearing)
            is_overtime = self._over_limit_ms(hearing.now_ms) > self.policy.overtime_ms
            return Verdict.TIME_LIMIT if is_overtime else Verdict.WAIT
        if self._silence_from_ms is None and hearing.text:
            self._silence_from_ms = hearing.last_speech_ms
        if not hearing.text:
            return self._step_silent(hearing)
        silence_ms = hearing.now_ms - hearing.last_speech_ms
        if self._over_limit_ms(hearing.now_ms) > 0 and silence_ms >= self.policy.finished_ms:
            return Verdict.TIME_LIMIT
        if hearing.through_ms < hearing.last_speech_ms:
            return self._if_longer(silence_ms, self.policy.patience_ms)
        if hearing.text != self._read.text:
            self._read = _Words(hearing.text, how_it_sounds(hearing.text), len(plain_words(hearing.text)))
        sounds = self._read.sounds
        signs = Signs(
            sounds,
            hearing.is_covered,
            self._own_pauses_ms,
            hearing.turn_probability,
            self._length_share(self._read.word_count),
            self._went_on_count,
        )
        needed_ms = silence_needed_ms(self.policy, signs)
        may_stop = can_stop(self.policy, signs)
        self._seems_over = may_stop and end_odds(signs) > 0
        self.is_model_wanted = (
            hearing.is_model_awaited
            and silence_ms >= PAUSE_MS
            and may_stop
            and (self._seems_over or needed_ms < self.policy.patience_ms)
        )
        if sounds is not Sounds.CLOSED:
            needed_ms *= self._patience_factor
        if needed_ms >= self.policy.patience_ms:
            needed_ms += ONSET_KNOWN_MS
        if self.is_model_wanted:
            if self._wanted_from_ms is None:
                self._wanted_from_ms = hearing.now_ms
            if hearing.now_ms - self._wanted_from_ms < MODEL_MS:
                return Verdict.WAIT
        return self._if_longer(silence_ms, needed_ms)

    def _length_share(self, word_count: int) -> float | None:
        if self._expected_ms is None:
            return None
        return word_count / (self._expected_ms * USUAL_WORDS_PER_MINUTE / 60_000)

    def _if_longer(self, silence_ms: int, needed_ms: int) -> Verdict:
        return Verdict.FINISHED if silence_ms >= needed_ms else Verdict.WAIT

    def _step_silent(self, hearing: Hearing) -> Verdict:
        silence_ms = hearing.now_ms - max(self._from_ms, hearing.last_speech_ms)
        policy = self.policy
        if policy.give_up_ms is not None and silence_ms >= policy.give_up_ms:
            return Verdict.SILENT
        if self._nudge_count < len(policy.nudge_at_ms) and silence_ms >= policy.nudge_at_ms[self._nudge_count]:
            self._nudge_count += 1
            return Verdict.NUDGE
        return Verdict.WAIT

    def went_on(self) -> None:
        """The candidate goes on with an answer that seemed over: for the next ones the wait is longer.

        Answers that are over when they seem to be make it shorter again.
        """
        self._went_on_count += 1
        self._seems_over = False

    def _learn(self, hearing: Hearing) -> None:
        if self._silence_from_ms is None:
            return
        if self._seems_over:
            self.went_on()
        pause_ms = hearing.last_speech_ms - self._silence_from_ms
        self._silence_from_ms = None
        if pause_ms >= PAUSE_MS:
            self._own_pauses_ms = [*self._own_pauses_ms, pause_ms][-OWN_PAUSES_KEPT:]

    def _over_limit_ms(self, now_ms: int) -> int:
        return -1 if self._limit_at_ms is None else now_ms - self._limit_at_ms

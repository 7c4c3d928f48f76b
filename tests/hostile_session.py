"""A session in which every string a stranger could have put into the folder is hostile."""

from dataclasses import replace

from tests import sample_session as sample
from voiceprep.model import KeyPoint, Misconception, Word
from voiceprep.recordings.reader import SessionRecord

EVIL = (
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 [bold]x[/bold] <script>hacked=1</script> *a* `b` "
    '[l](http://e.vil) | # \u202e\x9b2J\r\n- x <img src=x onerror="hacked=2"> </script></style> '
    "\"'&amp; שלום مرحبا 👩🏽‍💻 {{ 7*7 }} javascript:hacked=3"
)


def hostile_record(record: SessionRecord) -> SessionRecord:
    """`record` (the sample session) with EVIL in place of everything that was said, asked or named."""
    asked = record.turns[1]
    assert asked.answer is not None
    words = tuple(Word(word, 6_000 + 100 * n, 6_100 + 100 * n) for n, word in enumerate(EVIL.split(" ")))
    answer = replace(asked.answer, transcript=replace(asked.answer.transcript, words=words))
    turns = (
        replace(asked, answer=answer, said=tuple(replace(said, heard_text=EVIL) for said in asked.said)),
        replace(record.turns[2], brief=replace(record.turns[2].brief, text=EVIL)),
    )
    question = replace(
        sample.QUESTIONS[0],
        text=EVIL,
        topic=EVIL,
        reference=EVIL,
        key_points=(KeyPoint("same-effect", EVIL), KeyPoint("which", EVIL)),
        misconceptions=(Misconception("same-answer", EVIL),),
    )
    score = sample.scores().questions[0]
    credited = replace(score.key_points[0], quote=EVIL)
    scores = replace(
        sample.scores(),
        questions=(
            replace(score, key_points=(credited, score.key_points[1]), flags=(EVIL, f"misconception:{EVIL}")),
        ),
        judge=EVIL,
        judge_version=EVIL,
        rubric_hash=EVIL,
    )
    delivery = sample.delivery()
    return replace(
        record,
        info=replace(
            record.info, plan=(question,), bank_title=EVIL, bank_id=EVIL, mode=EVIL, id=EVIL, providers={EVIL: EVIL}
        ),
        turns=turns,
        scores=scores,
        delivery=replace(delivery, fillers=tuple(replace(filler, text=EVIL) for filler in delivery.fillers)),
        problems=(EVIL,),
    )

"""The audit of the interviewer in sentences. Must not know how it is laid out."""

from collections import Counter

from voiceprep.language.plaintext import plain
from voiceprep.model import AuditFinding, AuditKind, InterviewerAudit
from voiceprep.recordings.second_look import SecondLook

_SAID = {
    AuditKind.LEAK: "gave something of the answer away",
    AuditKind.REPEAT: "asked something a second time",
    AuditKind.DOUBLE_QUESTION: "asked two questions at once",
    AuditKind.JUDGEMENT: "said how an answer was",
    AuditKind.LONG_LEAD: "talked long before asking",
    AuditKind.NEEDLESS_PROBE: "asked for what you had said",
    AuditKind.CUT_IN: "began before you had finished",
}


def audit_lines(audit: InterviewerAudit) -> tuple[str, ...]:
    """What there is to say about the interviewer, most general first."""
    lines = [
        f"Asked {audit.question_count} of {audit.planned_count} planned questions and "
        f"{_count(audit.follow_up_count, 'follow-up')}"
    ]
    if audit.talk_share is not None:
        lines.append(f"Had {audit.talk_share * 100:.0f} % of the talking time")
    if audit.used_share is not None:
        lines.append(f"Used {audit.used_share * 100:.0f} % of the planned time")
    if audit.recoveries_ms:
        middle_ms = sorted(audit.recoveries_ms)[len(audit.recoveries_ms) // 2]
        cut_in = _count(len(audit.recoveries_ms), "time")
        lines.append(f"Cut in on purpose {cut_in}; you went on after {middle_ms / 1000:.1f} s (median)")
    counts = Counter(finding.kind for finding in audit.findings)
    lines += [f"{_SAID[kind].capitalize()}: {_count(counts[kind], 'time')}" for kind in AuditKind if counts[kind]]
    if not audit.findings:
        lines.append("Gave nothing away, repeated nothing, judged nothing and did not cut in")
    return tuple(lines)


def finding_text(finding: AuditFinding) -> str:
    """One finding with the words it is about."""
    return f"{_SAID[finding.kind].capitalize()}: “{plain(finding.line)}”"


def second_look_lines(look: SecondLook) -> tuple[str, ...]:
    """What a language model found, each with the interviewer's words."""
    lines = [f"{look.model} looked too: {_count(len(look.findings), 'finding')} with the interviewer's words"]
    if look.unfound_count:
        lines[0] += f", {look.unfound_count} dropped that quoted nothing that was said"
    return (*lines, *map(finding_text, look.findings))


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"

"""Text in an answer that talks to the judge instead of the interviewer. Must not know key points."""

import re

_PATTERNS = (
    # orders to drop the instructions
    r"\b(?:ignore|disregard|forget|override|bypass|skip|discard|drop)\b[^.!?]{0,50}\b(?:instructions?|prompts?|"
    r"guidelines?|directives?|rubrics?|criteria|above|previous|prior|marking scheme|system message|answer key)\b",
    # orders to give marks
    r"\b(?:give|award|assign|grant|return|output|report|set|make)\b[^.!?]{0,40}\b(?:full|maximum|max|"
    r"perfect|highest|"
    r"top|100\s?%|hundred percent|all the|10 out of 10|ten out of ten|five out of five|one point "
    r"zero)\b[^.!?]{0,25}"
    r"\b(?:marks?|scores?|points?|credits?|grades?|ratings?)\b",
    r"\b(?:give|award|assign|grant)\b[^.!?]{0,20}\b(?:10|ten|100|a hundred|5|five|one "
    r"hundred)\b[^.!?]{0,12}\b(?:out of|"
    r"points?|percent|%|/)",
    r"(?:^|[.!?;:,]\s*|\b(?:please|must|should|now|then|and|to|just) )"
    r"(?:mark|grade|rate|score|credit|count|treat|consider|judge|accept|set)\b[^.!?]{0,30}\b(?:this|the|my|every|all|each|it|following)\b[^.!?]{0,40}\b(?:correct|credited|"
    r"complete|perfect|satisfied|covered|full marks|passed|true|excellent|strong|maximum)\b",
    r"[\"']?(?:score|grade|credit(?:ed)?|is_credited|rating|verdict)[\"']?\s*(?:[:=]|"
    r"is)\s*[\"']?(?:1\b(?!\.\d*[1-9])|"
    r"1\.0|100|10/10|5/5|true|full|max|pass)",
    # pretending to be somebody else
    r"\b(?:system|developer|admin(?:istrator)?|root) (?:prompt|message|override|notice|note|mode|instruction)\b",
    r"\byou are (?:now|no longer)\b[^.!?]{0,50}\b(?:grader|judge|assistant|model|ai|examiner|mode|"
    r"dan|evaluator|helpful|"
    r"unrestricted)\b",
    r"\b(?:as|dear|hey|attention|note to|message to|to) (?:an? |the |my )?(?:ai|grader|judge|"
    r"evaluator|language model|llm|"
    r"examiner|assistant|scoring (?:model|system)|grading (?:model|system))\b",
    r"\b(?:new|updated|revised|secret|hidden) (?:instructions?|directives?|system|rubric|rules? for)\b",
    r"</?(?:system|instructions?|answer|candidate|user|assistant|rubric|s|im_start|im_end)>|<\|"
    r"[a-z_]+\|>|\[/?inst\]|"
    r"###\s*(?:system|instruction|assistant)|(?:^|\n)\s*(?:system|assistant|user|developer)\s*:",
    r"\b(?:the|this) (?:candidate|student|answer|response) (?:has |have )?(?:already )?(?:covered|"
    r"covers|passed|passes|"
    r"deserves|satisfies|satisfied|mentioned|meets|met|demonstrated|earned)\b[^.!?]{0,40}\b(?:all|"
    r"every|full|each)\b",
    r"\b(?:reveal|print|repeat|show|tell me|leak|output)\b[^.!?]{0,25}\b(?:rubric|key points|system "
    r"prompt|marking scheme|"
    r"answer key|instructions)\b",
    r"\b(?:end|start|begin) of (?:the )?(?:candidate|student|answer|transcript|instructions?)\b",
    r"\bevaluation (?:is )?(?:complete|over|override)\b|\bdo not (?:grade|evaluate|judge|assess) (?:this|me|my)\b",
    # other languages: Spanish, Portuguese, Italian; French; German; Dutch; Polish, Russian; Chinese, Japanese
    r"\b(?:ignor[ae]|olvid[ae]|desconsidere|dimentica|esque[çc]a)\b.{0,40}\b(?:instruc\w+|"
    r"instru[çc]\w+|istruzioni|indicaciones|"
    r"reglas|regras|regole|anterior\w*|precedenti|arriba)",
    r"\b(?:da|dame|otorga|otorgue|asigna|concede|atribu[ai]|d[êe]|dai|"
    r"assegna)\b.{0,40}\b(?:puntuaci[óo]n|puntos|nota|notas|"
    r"calificaci[óo]n|pontua[çc][ãa]o|pontos|punteggio|punti|voto)\b",
    r"\b(?:ignor(?:e|ez|er)|oublie[zr]?|ne tiens? pas compte)\b.{0,40}\b(?:instructions?|consignes?|"
    r"règles|pr[ée]c[ée]dent\w*)",
    r"\b(?:donne[zr]?|accorde[zr]?|attribue[zr]?|mets|mettez)\b.{0,40}\b(?:note|notes|points?|score)\b",
    r"\b(?:ignorier\w*|vergiss|vergessen sie|missachte)\b.{0,40}\b(?:anweisung\w*|instruktion\w*|"
    r"regeln|vorherig\w*|bisherig\w*)",
    r"\b(?:gib|geben sie|vergib|vergeben sie|bewerte|bewerten sie)\b.{0,50}\b(?:punkt\w*|punktzahl|"
    r"note|bewertung|volle\w*)",
    r"\b(?:negeer|vergeet)\b.{0,40}\b(?:instructies|regels|opdracht\w*)|\bzignoruj\b.{0,40}\binstrukc\w*",
    r"(?:игнорируй|забудь|проигнорируй)\w*.{0,50}(?:инструкц|указан|правил)|(?:поставь|дай|"
    r"присвой).{0,40}(?:балл|оценк)",
    r"(?:忽略|无视|無視|忘记|忘記).{0,16}(?:指令|指示|说明|說明|规则|規則|要求)|(?:给|給|打).{0,12}(?:满分|滿分|高分|最高分)",
    r"(?:指示|命令|ルール).{0,10}(?:無視|忘れ)|満点|이전.{0,12}(?:지시|명령).{0,12}무시|만점",
)
_INJECTION = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE | re.DOTALL)
_ABOUT_INJECTION = re.compile(
    r"\b(?:prompt|injection|jailbreak|language models?|llms?|grading|grader)\b", re.IGNORECASE
)


def find_injection(text: str, rubric: str) -> str | None:
    """The passage that addresses the judge, or None. A question about such attacks may be answered freely."""
    match = _INJECTION.search(text)
    if match is None or _ABOUT_INJECTION.search(rubric) or match.group().lower() in rubric.lower():
        return None
    return match.group()

"""Makes anybody's words safe to show: on a terminal, in Markdown. Pure; must not know who said them."""

import html
import re
import unicodedata

_BIDI_CONTROLS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_TERMINAL_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|\Z)"  # OSC, DCS, SOS, PM, APC: window title, clipboard
    r"|\x1b[ -/]*[0-~]",
    re.DOTALL,
)
_MARKDOWN_SPECIALS = re.compile(r"([\\`*_\[\]|~$])")
_MARKDOWN_LINE_START = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=[#+\-=!:]))(.)")

_CELL_STARTS = frozenset("=+-@#")


def plain(text: str) -> str:
    """One line without terminal escapes, line breaks, direction overrides or broken characters."""
    text = _TERMINAL_SEQUENCES.sub("", text)
    return " ".join("".join(_plain_character(character) for character in text).split())


def plain_lines(text: str) -> str:
    """Several lines made `plain` one by one, their indentation kept."""
    lines = text.split("\n")
    return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + plain(line) for line in lines)


def escape_markdown(text: str) -> str:
    """`plain` text that Markdown shows as it is: no emphasis, link, heading, list, table or HTML.

    Angle brackets and ampersands become entities, which every Markdown dialect passes through.
    """
    escaped = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = _MARKDOWN_SPECIALS.sub(r"\\\1", escaped)
    return _MARKDOWN_LINE_START.sub(r"\1\\\2", escaped)


def escape_cell(text: str) -> str:
    """`plain` text as a cell of a table of HTML texts (Anki's import): no markup, no comment, and no formula.

    Somebody may open the table as a spreadsheet.
    """
    escaped = html.escape(plain(text), quote=True)
    return f"&#{ord(escaped[0])};{escaped[1:]}" if escaped[:1] in _CELL_STARTS else escaped


def clock(ms: int) -> str:
    """Session audio time as `m:ss`, from an hour on `h:mm:ss`; part seconds dropped, never negative."""
    minutes, seconds = divmod(max(ms, 0) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _plain_character(character: str) -> str:
    if character in _BIDI_CONTROLS:
        return ""
    category = unicodedata.category(character)
    if category in ("Zl", "Zp") or character in "\t\n\r\v\f\x85":
        return " "
    if category == "Cc":
        return ""
    return "\ufffd" if category == "Cs" else character

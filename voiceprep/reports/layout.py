"""Text laid out for a terminal. Must not know what it says."""

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Hanging:
    """Text behind a label, its further lines indented to the first; no blanks at the end of a line."""

    label: str
    body: Text
    label_style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(8, options.max_width - len(self.label))
        for number, line in enumerate(self.body.wrap(console, width, overflow="fold")):
            line.rstrip()
            label = Text(" " * len(self.label)) if number else Text(self.label, style=self.label_style)
            yield Text.assemble(label, line)

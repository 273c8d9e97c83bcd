"""Quiz questions: how they are written in a chapter."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPTION = re.compile(r"^- \[([ x])\] ", re.MULTILINE)


@dataclass(frozen=True)
class Option:
    """An answer to choose, and what who chose it is told."""

    text: str
    feedback: str
    right: bool


@dataclass(frozen=True)
class Question:
    """A multiple-choice question with its answers, exactly one of them right."""

    text: str
    options: tuple[Option, ...]


def parse(source: str) -> Question:
    """Read a question: text, then ``- [ ] answer :: feedback``, the right one marked ``[x]``."""
    text, *parts = _OPTION.split(source)
    options = []
    for mark, body in zip(parts[::2], parts[1::2], strict=True):
        answer, separator, feedback = (" ".join(p.split()) for p in body.partition("::"))
        if not (answer and separator and feedback):
            raise ValueError(f"the answer {answer!r} needs “:: feedback”")
        options.append(Option(answer, feedback, mark == "x"))
    question = " ".join(text.split())
    if not question:
        raise ValueError("a quiz starts with its question")
    if len(options) < 2 or sum(o.right for o in options) != 1:
        raise ValueError(f"“{question}” needs two answers or more, exactly one marked [x]")
    return Question(question, tuple(options))

"""The chapters' Markdown for readers without the book: its roles, hints and quizzes in plain."""

from __future__ import annotations

import re
from collections.abc import Callable

from cartanalysis.claims.registry import Registry
from cartanalysis.teaching.quiz import Question, parse

_BLOCK = re.compile(r"^(`{3,})\{(dropdown|quiz|play)\} ?(.*?)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_PUBLISHED = re.compile(r"\{published\}`(\w+)`")
_CITATION = re.compile(r"\s*\{cite:p\}`([\w,]+)`")
_BARE_LINK = re.compile(r"\[\]\(([\w-]+)\.ipynb\)")
_PROSE_LINK = re.compile(r"(\]\(\.\./book/[\w/-]+)\.md\)")


def plain(
    text: str,
    registry: Registry,
    *,
    hint: Callable[[str, str], str] | None = None,
    question: Callable[[Question], str] | None = None,
) -> str:
    """Write a chapter's Markdown without what only the book understands; solutions are left out.

    So are hints if no function writes them; quizzes stay as they are, for `questions` to find.
    """

    def _block(found: re.Match[str]) -> str:
        _, kind, title, body = found.groups()
        if kind == "play":
            return ""
        if kind == "quiz":
            return question(parse(body)) if question else found[0]
        return hint(title, body.strip()) if hint and not title.startswith("Solution") else ""

    text = _BLOCK.sub(_block, text)
    text = _PUBLISHED.sub(lambda m: f"{registry[m[1]].text} [{registry[m[1]].evidence}]", text)
    text = _CITATION.sub(lambda m: f" ({_authors(m[1])})", text)
    text = _BARE_LINK.sub(lambda m: f"[{m[1].replace('-', ' ')}]({m[1]}.ipynb)", text)
    return _PROSE_LINK.sub(r"\1.html)", text)


def questions(text: str) -> list[Question]:
    """Read the quizzes of a chapter's Markdown."""
    return [parse(found[4]) for found in _BLOCK.finditer(text) if found[2] == "quiz"]


def _authors(keys: str) -> str:
    """Write citation keys such as An2020 as a reader would."""
    return "; ".join(re.sub(r"(\D+)(\d{4})", r"\1 \2", key) for key in keys.split(","))

"""What owners of a cohort say of their book: its title, who made it, and a page in their words."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from cartanalysis.errors import InputError, Problem, shown

LONGEST = 200
"""Letters of a title or a name."""

LARGEST = 200_000
"""Bytes of a page."""

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


@dataclass(frozen=True)
class About:
    """What the owner says; empty where nothing was said."""

    title: str = ""
    author: str = ""
    institution: str = ""
    text: str = ""  # Markdown

    @property
    def by(self) -> str:
        """Who is to be cited."""
        return ", ".join(filter(None, (self.author, self.institution)))

    def key(self) -> str:
        """Write all that pages depend on."""
        return json.dumps(asdict(self), sort_keys=True)

    def record(self) -> dict[str, str]:
        """Say in a site's record what was given; the page's words as their hash."""
        text = hashlib.sha256(self.text.encode()).hexdigest() if self.text else ""
        return {k: v for k, v in (asdict(self) | {"text": text}).items() if v}

    def page(self) -> str:
        """Give the owner's page as HTML; whatever would be more than text stays text."""
        parser = MarkdownIt("js-default", {"html": False, "typographer": False}).disable("image")
        tokens = parser.parse(self.text)
        for token in tokens:
            if token.type in ("heading_open", "heading_close"):  # below the page's own
                token.tag = f"h{min(int(token.tag[1:]) + 1, 6)}"
        return str(parser.renderer.render(tokens, parser.options, {}))


def about_from(
    title: str | None = None,
    author: str | None = None,
    institution: str | None = None,
    text: Path | None = None,
) -> About:
    """Check what an owner says."""
    said = {"title": title, "author": author, "institution": institution}
    lines = {name: _line(f"--{name}", value) for name, value in said.items() if value is not None}
    return About(**lines, text=_read(text) if text else "")


def _line(option: str, value: str) -> str:
    line = " ".join(value.split())
    if not line or len(line) > LONGEST or any(unicodedata.category(c) == "Cc" for c in line):
        what = f"{shown(value)} cannot be shown as one line of text"
        remedy = f"Give 1 to {LONGEST} letters, without control characters"
        raise InputError(option, [Problem(what, remedy)])
    return line


def _read(path: Path) -> str:
    remedy = "Name a text file in Markdown, saved as UTF-8"
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        what = f"the file cannot be read ({error.strerror})"
        raise InputError(str(path), [Problem(what, remedy)]) from error
    if len(content) > LARGEST:
        what = f"the page is longer than {LARGEST // 1000} kB"
        raise InputError(str(path), [Problem(what, "Shorten it")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(str(path), [Problem("the file is no text in UTF-8", remedy)]) from error
    if not text.strip() or "\0" in text:
        raise InputError(str(path), [Problem("the file holds no text", remedy)])
    return text


def as_markdown(text: str) -> str:
    """Write a text so that Markdown shows it as it is."""
    return _PUNCTUATION.sub(r"\\\1", text)

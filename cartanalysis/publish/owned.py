"""The book of a user's cohort: what its owner says of it, pages of its own, and a shorter menu."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
from markdown_it import MarkdownIt

from cartanalysis.errors import InputError, Problem, shown
from cartanalysis.publish.book import CHAPTERS, PROSE, Book

LONGEST = 200
"""Letters of a title or a name."""

LARGEST = 200_000
"""Bytes of a page."""

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")

FRONT, YOUR_FRONT = "index.md", "your-front.md"
UNANSWERED, WORDS_PAGE = "unanswered", "about-this-cohort"
ARTEFACTS, WORDS = "artefacts", "about.html"
"""What pages are made from, the owner's words among it."""

CAPTION = "This cohort"

ABOUT_THE_PACKAGE = f"{PROSE}/speed"
"""A page that is not about anybody's patients, for the book on a reconstruction only."""

_LINK = re.compile(
    rf"\[(?P<text>[^\]]*)\]\((?P<up>(?:\.\./)*)(?:{CHAPTERS}/)?(?P<name>[\w-]+)\.ipynb(?:#[^)]*)?\)"
)


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


# --- pages and menu -----------------------------------------------------------------------------


def is_told(book: Book) -> bool:
    """Tell whether a book has the pages of a user's cohort; else its chapters say what lacks."""
    needed = (f"{UNANSWERED}.md", YOUR_FRONT)
    return all((book.root / PROSE / name).is_file() for name in needed)


def words_of(source: Path, about: About) -> list[str]:
    """Write the page of the owner's words; give it for the menu."""
    if not about.text:
        return []
    (source / ARTEFACTS / WORDS).write_text(about.page(), encoding="utf-8")
    text = f"# About this cohort\n\n```{{raw}} html\n:file: ../{ARTEFACTS}/{WORDS}\n```\n"
    (source / PROSE / f"{WORDS_PAGE}.md").write_text(text, encoding="utf-8")
    return [f"{PROSE}/{WORDS_PAGE}"]


def front(prose: Path, about: About, cohort: str) -> list[str]:
    """Let the book open with what the cohort has; give the page of what it lacks for the menu."""
    heading = [f"# {as_markdown(about.title or cohort)}"]
    heading += [f"*{as_markdown(about.by)}*"] if about.by else []
    heading += [f"[About this cohort]({WORDS_PAGE}.md)"] if about.text else []
    _, _, rest = (prose / YOUR_FRONT).read_text(encoding="utf-8").partition("\n")
    (prose / FRONT).write_text("\n\n".join(heading) + f"\n{rest}", encoding="utf-8")
    return [f"{PROSE}/{UNANSWERED}"]


def contents(toc: Any, left_out: Set[str], own: Sequence[str]) -> Any:
    """Take chapters out of a table of contents, and put the pages of a user's cohort in."""
    kept = _without(toc, left_out)
    entries = [{"file": page} for page in own]
    if entries and "parts" in kept:
        kept["parts"].insert(-1, {"caption": CAPTION, "chapters": entries})
    elif entries:
        kept["chapters"] = [*kept.get("chapters", []), *entries]
    return kept


def _without(node: Any, left_out: Set[str]) -> Any:
    if isinstance(node, list):
        kept = [_without(item, left_out) for item in node if _file(item) not in left_out]
        return [k for k in kept if not isinstance(k, dict) or "caption" not in k or len(k) > 1]
    if isinstance(node, dict):
        lists = {k: _without(v, left_out) for k, v in node.items()}
        return {k: v for k, v in lists.items() if v != []}
    return node


def _file(item: Any) -> str:
    return str(item.get("file", "")) if isinstance(item, dict) else ""


def lead_elsewhere(source: Path, left_out: Mapping[str, str]) -> None:
    """Let links to chapters that were left out lead to the page that says why."""
    if not left_out:
        return
    for path in (source / PROSE).rglob("*.md"):
        up = "../" * (len(path.relative_to(source / PROSE).parts) - 1)
        text = path.read_text(encoding="utf-8")
        path.write_text(_relinked(text, left_out, up), encoding="utf-8")
    for path in (source / CHAPTERS).glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = _relinked(cell.source, left_out, f"../{PROSE}/")
        nbformat.write(notebook, path)


def _relinked(text: str, left_out: Mapping[str, str], up: str) -> str:
    def link(found: re.Match[str]) -> str:
        if found["name"] not in left_out:
            return found[0]
        return f"[{found['text'] or left_out[found['name']]}]({up}{UNANSWERED}.md)"

    return _LINK.sub(link, text)

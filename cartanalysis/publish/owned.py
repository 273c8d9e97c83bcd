"""What a book has on a user's cohort only: pages, and a menu without what cannot be answered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import nbformat

from cartanalysis.publish.about import About, as_markdown
from cartanalysis.publish.book import CHAPTERS, PROSE, Book

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

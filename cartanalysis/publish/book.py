"""Where the book's sources are, and which chapters it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import yaml

import cartanalysis
from cartanalysis.errors import InputError, Problem, shown

CHAPTERS = "notebooks"
PROSE = "book"
CONFIG, TOC = "_config.yml", "_toc.yml"
NAMED = re.compile(r"""\b(Study|Comparison)\(\s*["']([^"'\n]*)["']""")
KERNELSPEC = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


@dataclass(frozen=True)
class Book:
    """The sources of the book."""

    root: Path

    @property
    def pages(self) -> list[str]:
        """Every page of the table of contents, without ending."""
        return list(_pages(yaml.safe_load((self.root / TOC).read_text(encoding="utf-8"))))

    @property
    def chapters(self) -> list[str]:
        """The names of the chapters, in the order of the table of contents."""
        start = f"{CHAPTERS}/"
        return [p.removeprefix(start) for p in self.pages if p.startswith(start)]

    def source(self, chapter: str) -> Path:
        """Give a chapter's source."""
        return self.root / CHAPTERS / f"{chapter}.py"

    def notebook(self, chapter: str) -> nbformat.NotebookNode:
        """Read a chapter."""
        path = self.source(chapter)
        if not path.is_file():
            remedy = f"Write it, or take {CHAPTERS}/{chapter} out of {TOC}"
            raise InputError(f"{CHAPTERS}/{chapter}.py", [Problem("there is no such file", remedy)])
        notebook = jupytext.read(path, fmt="py:percent")
        code = "\n".join(c.source for c in notebook.cells if c.cell_type == "code")
        named = NAMED.search(code)
        if named and named[2] != chapter:
            what = f"the chapter calls itself {shown(named[2])}, unlike its file"
            remedy = f'Write {named[1]}("{chapter}", …), or rename the file'
            raise InputError(f"{CHAPTERS}/{chapter}.py", [Problem(what, remedy)])
        for number, cell in enumerate(notebook.cells):
            cell["id"] = f"{chapter[:40]}-{number}"  # jupytext invents random ones
        notebook.metadata["kernelspec"] = KERNELSPEC
        return notebook


def _pages(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("root", "file"):
                yield str(value).removesuffix(".md").removesuffix(".ipynb")
            else:
                yield from _pages(value)
    elif isinstance(node, list):
        for item in node:
            yield from _pages(item)


def find(root: Path | None = None) -> Book:
    """Find the book's sources."""
    folder = root or Path(cartanalysis.__file__).resolve().parent.parent
    absent = [n for n in (CONFIG, TOC, PROSE, CHAPTERS) if not (folder / n).exists()]
    if absent:
        what = f"{', '.join(absent)} not found: this is not the folder of the book"
        remedy = "Run the command in a clone of the repository, or name it with --book"
        raise InputError(str(folder), [Problem(what, remedy)])
    return Book(folder.resolve())

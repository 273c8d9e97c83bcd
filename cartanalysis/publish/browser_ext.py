"""Sphinx extension: the page that reads a cohort in the reader's browser.

Directive
    ``{try-your-cohort}`` the place of the page's controls and results, with its script and style.

They are loaded on that page only, and lie outside ``_static``, all of which every page loads.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import cartanalysis
from cartanalysis.publish import browser_data
from cartanalysis.publish.book import PROSE

FOLDER = "try"
"""Folder of the scripts, among the book's sources and in the site."""

PROGRAM, STYLE, CONTROLS = "try-your-cohort.js", "try-your-cohort.css", "controls.html"

MODULES = ("data", "text", "distributions", "statistics", "reading", "checks", "claims", "drawing")
"""The program's modules, what is used before what uses it; then comes the page itself."""

_MODULE_SYNTAX = re.compile(r"^import [^;]*;\n|^export ", re.MULTILINE)


class TryYourCohort(SphinxDirective):
    """The place of the controls and results."""

    def run(self) -> list[nodes.Node]:
        """Place the controls and load the script."""
        controls = Path(self.env.srcdir) / PROSE / FOLDER / CONTROLS
        self.env.note_dependency(str(controls))
        folder = "../" * self.env.docname.count("/") + FOLDER
        text = controls.read_text(encoding="utf-8")
        text += f'<link rel="stylesheet" href="{folder}/{STYLE}">'
        text += f'<script defer src="{folder}/{PROGRAM}"></script>'
        return [nodes.raw("", text, format="html")]


def modules(source: Path) -> dict[str, str]:
    """Give the program's modules by name, the data among them."""
    written = (source / f"{name}.js" for name in (*MODULES[1:], "page"))
    own = {path.stem: path.read_text(encoding="utf-8") for path in written}
    return {"data": browser_data.script()} | own


def write(source: Path, target: Path) -> None:
    """Write the style, and the modules as one script: a page opened from the disk may load none."""
    target.mkdir(parents=True, exist_ok=True)
    body = "".join(_MODULE_SYNTAX.sub("", text) for text in modules(source).values())
    program = f'(() => {{\n"use strict";\n{body}}})();\n'
    (target / PROGRAM).write_text(program, encoding="utf-8")
    (target / STYLE).write_text((source / STYLE).read_text(encoding="utf-8"), encoding="utf-8")


def _finish(app: Sphinx, exception: Exception | None) -> None:
    source = Path(app.srcdir) / PROSE / FOLDER
    if exception is None and app.builder.format == "html" and source.is_dir():
        write(source, Path(app.outdir) / FOLDER)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("try-your-cohort", TryYourCohort)
    app.connect("build-finished", _finish)
    return {
        "version": cartanalysis.__version__,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }

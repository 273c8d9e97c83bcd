"""Sphinx extension: the page that reads a cohort in the reader's browser.

Directive
    ``{try-your-cohort}`` the place of the page's controls and results, with its scripts and style.

They are loaded on that page only, and lie outside ``_static``, all of which every page loads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import cartanalysis
from cartanalysis.publish.book import PROSE

FOLDER = "try"
"""Folder of the scripts, among the book's sources and in the site."""

DATA, PROGRAM, STYLE = "data.js", "try-your-cohort.js", "try-your-cohort.css"
SCRIPTS = (DATA, PROGRAM)
"""In the order in which a page loads them."""

PARTS = (
    "distributions.js",
    "text.js",
    "statistics.js",
    "reading.js",
    "checks.js",
    "claims.js",
    "drawing.js",
    "page.js",
)
"""Sources of the program, what is used before what uses it.

They become one classic script: a page opened from the disk may not import modules.
"""


class TryYourCohort(SphinxDirective):
    """The place of the controls and results."""

    def run(self) -> list[nodes.Node]:
        """Load the scripts."""
        folder = "../" * self.env.docname.count("/") + FOLDER
        scripts = "".join(f'<script defer src="{folder}/{name}"></script>' for name in SCRIPTS)
        text = (
            f'<link rel="stylesheet" href="{folder}/{STYLE}">'
            '<div id="cart-try" class="try"><noscript><p>This page computes in the browser '
            "and needs JavaScript. The command <code>cartanalysis publish</code> does without."
            f"</p></noscript></div>{scripts}"
        )
        return [nodes.raw("", text, format="html")]


def write(source: Path, target: Path) -> None:
    """Write the scripts and the style as pages load them."""
    # pandas and what stands on it are loaded only where the page is built
    from cartanalysis.publish import browser_data

    target.mkdir(parents=True, exist_ok=True)
    (target / DATA).write_text(browser_data.script(), encoding="utf-8")
    parts = [(source / name).read_text(encoding="utf-8") for name in PARTS]
    (target / PROGRAM).write_text("".join(parts), encoding="utf-8")
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

"""Sphinx extension: what computes in the reader's browser.

Directives
    ``{try-your-cohort}`` the place of the controls and results of the page that reads a cohort.
    ``{play} censored|cut-off|landmark|cohorts`` a control with which a reader of a chapter plays
    with one idea; a script fills its place, and without script nothing is there.  Its content is
    for readers of the notebook alone, who see a sentence where the page has the control.

Their scripts are loaded only where they are used, and lie outside ``_static``, all of which every
page loads.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from cartanalysis.contract import DEFAULT_COHORT
from cartanalysis.publish import artefacts, browser_data
from cartanalysis.publish.book import PROSE
from cartanalysis.publish.play import IDEAS
from cartanalysis.publish.sphinx_ext import EXTENSION, load_artefact

FOLDER = "try"
"""Folder of the scripts, among the book's sources and in the site."""

TRY, PLAY = "try-your-cohort", "play"
"""The programs: names of a script and of its directive."""

STYLE, CONTROLS = f"{TRY}.css", "controls.html"

MODULES = {
    TRY: ("text", "distributions", "statistics", "reading", "checks", "claims", "drawing", "page"),
    PLAY: ("text", "distributions", "statistics", "drawing", "play"),
}
"""Each program's modules, what is used before what uses it; the data come before them all."""

DATA = {TRY: browser_data.contents, PLAY: browser_data.playthings}

_MODULE_SYNTAX = re.compile(r"^import [^;]*;\n|^export ", re.MULTILINE)


class TryYourCohort(SphinxDirective):
    """The place of the controls and results."""

    def run(self) -> list[nodes.Node]:
        """Place the controls and load the script."""
        controls = Path(self.env.srcdir) / PROSE / FOLDER / CONTROLS
        self.env.note_dependency(str(controls))
        text = controls.read_text(encoding="utf-8") + _loading(self, TRY)
        return [nodes.raw("", text, format="html")]


class Play(SphinxDirective):
    """The place of a control; on a user's cohort there is none, as no page may hold patients."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Leave room, and load the script where it is the first on its page."""
        idea = self.arguments[0]
        if idea not in IDEAS:
            raise self.error(f"play: {idea!r} is none of {', '.join(IDEAS)}")
        if not _is_about_default(self.env.app):
            return []
        text = f'<div class="try cart-play" data-play="{idea}" hidden></div>'
        if not self.env.temp_data.setdefault("cart-play", False):
            self.env.temp_data["cart-play"] = True
            text += _loading(self, PLAY)
        return [nodes.raw("", text, format="html")]


def _loading(directive: SphinxDirective, program: str) -> str:
    folder = "../" * directive.env.docname.count("/") + FOLDER
    style = f'<link rel="stylesheet" href="{folder}/{STYLE}">'
    return f'{style}<script defer src="{folder}/{program}.js"></script>'


def _is_about_default(app: Sphinx) -> bool:
    about = load_artefact(app, artefacts.ABOUT)
    return bool(about.get("is_reconstruction")) and about["name"] == DEFAULT_COHORT


def modules(source: Path, program: str) -> dict[str, str]:
    """Give a program's modules by name, the data first."""
    written = (source / f"{name}.js" for name in MODULES[program])
    own = {path.stem: path.read_text(encoding="utf-8") for path in written}
    return {"data": browser_data.script(DATA[program]())} | own


def write(source: Path, target: Path, program: str) -> None:
    """Write the modules as one script: a page opened from the disk may load none."""
    body = "".join(_MODULE_SYNTAX.sub("", text) for text in modules(source, program).values())
    script = f'(() => {{\n"use strict";\n{body}}})();\n'
    (target / f"{program}.js").write_text(script, encoding="utf-8")


def _finish(app: Sphinx, exception: Exception | None) -> None:
    source, target = Path(app.srcdir) / PROSE / FOLDER, Path(app.outdir) / FOLDER
    if exception is not None or app.builder.format != "html" or not source.is_dir():
        return
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / STYLE, target)
    write(source, target, TRY)
    if _is_about_default(app):
        write(source, target, PLAY)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive(TRY, TryYourCohort)
    app.add_directive(PLAY, Play)
    app.connect("build-finished", _finish)
    return EXTENSION

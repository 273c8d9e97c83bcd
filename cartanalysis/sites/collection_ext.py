"""Sphinx extension for several cohorts: the list on the start page, and the ways there and back.

Each cohort's book sets ``cart_home``.

Directive
    ``{cohorts}`` every cohort with what was published, or that it failed.
"""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from cartanalysis.errors import counted
from cartanalysis.publish import artefacts
from cartanalysis.publish.sphinx_ext import EXTENSION, load_artefact
from cartanalysis.sites.comparison import RECONSTRUCTION

HOME = "All cohorts"


class CohortList(SphinxDirective):
    """The cohorts of a collection."""

    def run(self) -> list[nodes.Node]:
        """Write the list."""
        cohorts = load_artefact(self.env, artefacts.ABOUT)["cohorts"]
        out: list[nodes.Node] = []
        if failed := [c["name"] for c in cohorts if c["failed"]]:
            text = f"{len(failed)} of {len(cohorts)} cohorts could not be published"
            text += f": {', '.join(failed)}."
            out.append(nodes.paragraph(text, text, classes=["cart-missing"]))
        up = "../" * self.env.docname.count("/")
        items = [nodes.list_item("", _about(cohort, up)) for cohort in cohorts]
        return [*out, nodes.bullet_list("", *items)]


def _about(cohort: dict[str, Any], up: str) -> nodes.paragraph:
    """Write a cohort's line; a failed one has no book to link to."""
    name, patients = cohort["name"], cohort["patients"]
    shown: nodes.Element = nodes.reference(name, name, refuri=f"{up}{cohort['slug']}/index.html")
    said = f": {counted(patients, 'patient')}"
    if cohort["failed"]:
        shown, said = nodes.strong(name, name), f": not published. {cohort['failed']}"
    elif cohort["is_reconstruction"]:
        said = f": a {RECONSTRUCTION} (n = {patients})"
    return nodes.paragraph("", "", shown, nodes.Text(said))


def banner(cohorts: list[dict[str, Any]], min_cell: int) -> str:
    """Write the banner of the pages about several cohorts."""
    names: dict[bool, list[str]] = {True: [], False: []}
    for cohort in cohorts:
        if not cohort["failed"]:
            name = f"<em>{html.escape(cohort['name'])}</em>"
            names[cohort["is_reconstruction"]].append(name)
    text = "<strong>Several cohorts.</strong> "
    if names[False]:
        text += f"Results on these pages are computed from your data: {', '.join(names[False])}. "
    for name in names[True]:
        text += f"{name} is a {RECONSTRUCTION}, and is never pooled with patients. "
    text += "What the paper published is marked P."
    if min_cell > 1:
        text += (
            f" Counts of fewer than {min_cell} patients, and what would give them away, are hidden."
        )
    return text


def _way_back(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Lead from every page of a cohort's book to the start page."""
    if app.config.cart_home:
        address = "../" * page.count("/") + app.config.cart_home
        link = f' <a class="cart-home" href="{html.escape(address)}">{HOME}</a></div>'
        theirs = app.config.html_theme_options["announcement"]
        context["theme_announcement"] = theirs.removesuffix("</div>") + link


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("cart_home", "", "html")
    app.add_directive("cohorts", CohortList)
    app.connect("html-page-context", _way_back, priority=900)
    return EXTENSION

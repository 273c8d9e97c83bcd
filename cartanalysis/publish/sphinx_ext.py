"""Sphinx extension: numbers, figures and data of the chapters on every page, and the banner.

Roles
    ``{num}`os_1y``` the cohort's number and its letter · ``{num}`os_1y.text``` without the letter ·
    ``.ci`` its interval · ``.full`` both · ``.of`` events and patients ·
    ``{letter}`os_1y``` its letter · ``{published}`os_1y``` the registry's value.
Directives
    ``{chapter-figure} name …`` a chapter's figure; the first of several that this cohort has ·
    ``{registry} P|D|A`` the registry's values of a letter · ``{contract}`` the columns of a cohort
    file · ``{parameters}`` the chapters' parameters, as tables.

A published site sets ``cart_artefacts`` to what its chapters handed over.  A plain
``jupyter-book build .`` does not, so the chapters are executed here first, through the same cache.
"""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

import cartanalysis
from cartanalysis import contract as cohorts
from cartanalysis.chapter import parameters
from cartanalysis.claims.registry import OTHERS, YOUR_DATA
from cartanalysis.publish import artefacts, figure_data
from cartanalysis.publish.book import Book
from cartanalysis.study import consistent, published
from cartanalysis.text import NOT_AVAILABLE, html_table

log = logging.getLogger(__name__)

EXTENSION = {
    "version": cartanalysis.__version__,
    "parallel_read_safe": True,
    "parallel_write_safe": True,
}
"""What each of the package's extensions tells Sphinx of itself."""

LETTER_NAMES = {"P": "published", "S": "secondary", "D": "derived", "A": "assumed"}

_executed: dict[str, str] = {}
"""Notebooks of a plain build, as JSON by document name."""


def folder(build: Sphinx | BuildEnvironment) -> Path:
    """Give the folder with what the chapters handed over."""
    return Path(build.srcdir) / build.config.cart_artefacts


def load_artefact(build: Sphinx | BuildEnvironment, name: str) -> Any:
    """Read what the chapters handed over; a page that is being read depends on it."""
    path = folder(build) / name
    if isinstance(build, BuildEnvironment):
        build.note_dependency(str(path))
    return json.loads(path.read_text(encoding="utf-8"))


def chapters(env: BuildEnvironment) -> Iterator[tuple[str, nbformat.NotebookNode]]:
    """Read the chapters as they ran, by name."""
    for path in sorted((folder(env) / "notebooks").glob("*.ipynb")):
        env.note_dependency(str(path))
        yield path.stem, nbformat.read(path, as_version=4)


def _badge(evidence: str) -> nodes.inline:
    letter = evidence if evidence in (*LETTER_NAMES, OTHERS) else YOUR_DATA
    style = f"cart-letter-{letter.lower().replace(' ', '-')}"
    return nodes.inline(letter, letter, classes=["cart-letter", style])


Parsed = tuple[list[nodes.Node], list[nodes.system_message]]
"""What docutils wants of a role: nodes, and complaints."""


class _Role(SphinxRole):
    """A role that may be asked for something that is not there; the check of the site finds it."""

    def hole(self, message: str, *about: object) -> Parsed:
        log.warning(message, *about, location=self.get_location())
        return [nodes.inline(self.text, self.text, classes=["cart-hole"])], []

    def number(self, text: str) -> nodes.inline:
        return nodes.inline(text, text, classes=["cart-number"])


class NumberRole(_Role):
    """A number of this cohort with its letter, or as the role ``letter`` its letter alone."""

    def run(self) -> Parsed:
        """Look the number up."""
        key, _, part = self.text.partition(".")
        entry = load_artefact(self.env, artefacts.TEXTS).get(key, {})
        alone = self.name == "letter"
        if (part or "text") not in entry or (part and alone):
            return self.hole("no chapter hands over the number %r", self.text)
        letter = [] if part or entry["text"] == NOT_AVAILABLE else [_badge(entry["evidence"])]
        if alone:
            return [*letter], []
        return [self.number(entry[part or "text"]), *_apart(letter)], []


class PublishedRole(_Role):
    """A value of the registry."""

    def run(self) -> Parsed:
        """Look the value up."""
        try:
            entry = published.load()[self.text]
        except KeyError as error:
            return self.hole("%s", error.args[0])
        return [self.number(entry.text), *_apart([_badge(entry.evidence)])], []


class RangeRole(_Role):
    """How large an effect may have been that the paper does not print."""

    def run(self) -> Parsed:
        """Look the claim up among the consistent cohorts."""
        return [self.number(consistent.range_text(self.text)), *_apart([_badge("A")])], []


def _apart(letter: list[nodes.inline]) -> list[nodes.Node]:
    return [nodes.Text("\N{NO-BREAK SPACE}"), *letter] if letter else []


def _with_options(text: str) -> list[nodes.Node]:
    """Keep options of the command as they are typed: smart quotes would make a dash of them."""
    parts = re.split(r"(--[a-z-]+(?: \d+)?)", text)
    return [nodes.literal("", p) if p.startswith("--") else nodes.Text(p) for p in parts if p]


class ChapterFigure(SphinxDirective):
    """A chapter's figure."""

    required_arguments = 1
    optional_arguments = 9

    def run(self) -> list[nodes.Node]:
        """Place the figure."""
        figures = load_artefact(self.env, artefacts.FIGURES)
        name = next((n for n in self.arguments if n in figures), None)
        if name is None:  # on a page that is about what the cohort has
            return []
        about = figures[name]
        path = folder(self.env).relative_to(self.env.srcdir) / "figures" / f"{name}.svg"
        image = nodes.image(uri=f"/{path.as_posix()}", alt=about["alt"], classes=["cart-figure"])
        figure = nodes.figure("", image, align="default", ids=[f"fig-{name}"])
        caption = nodes.caption("", "", *_with_options(f"{about['caption']} "))
        caption += _badge(about["evidence"])  # the banner says what letters mean
        figure += caption
        told = {
            "about": about,
            "up": "../" * self.env.docname.count("/"),
            "repository": _repository(self.env.config),
        }
        more = self.env.app.builder.templates.render("provenance.html", told)
        more += figure_data.readout_html(about["readout"])
        figure += nodes.legend("", nodes.raw("", more, format="html"))
        return [figure]


def _repository(config: Config) -> str:
    """Give the address of the sources, from the one that the book is configured with."""
    options = config.html_theme_options
    address = str(options.get("repository_url") or "").rstrip("/")
    return f"{address}/blob/{options.get('repository_branch') or 'main'}" if address else ""


class RegistryTable(SphinxDirective):
    """The registry's values of one letter."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write the table."""
        letter = self.arguments[0]
        if letter not in LETTER_NAMES:
            raise self.error(f"evidence letter {letter!r}; use P, S, D or A")
        rows = []
        for entry in published.load().select(evidence=letter):
            row = {"What": entry.label[:1].upper() + entry.label[1:], "Value": entry.printed}
            if letter == "A":
                row["Plausible range"] = " to ".join(str(v) for v in entry.details["range"])
            last = {"P": "Where in the paper", "S": "Where", "D": "How", "A": "Source"}[letter]
            rows.append(row | {last: entry.place.removeprefix("assumed; ")})
        return _table(rows, f"{LETTER_NAMES[letter].capitalize()} values ({letter})")


class ContractTable(SphinxDirective):
    """The columns of a cohort file."""

    def run(self) -> list[nodes.Node]:
        """Write the table."""
        rows = []
        for spec in cohorts.FIELDS.values():
            needed = " (required)" if spec.name in cohorts.REQUIRED else ""
            meaning = spec.meaning[:1].upper() + spec.meaning[1:] + needed
            rows.append({"Column": spec.name, "Values": spec.allowed, "Meaning": meaning})
        return _table(rows, "Columns of a cohort file")


class ParameterTable(SphinxDirective):
    """The parameters that chapters declare."""

    def run(self) -> list[nodes.Node]:
        """Write the table."""
        found: dict[str, tuple[parameters.Parameter, list[str]]] = {}
        for chapter, notebook in chapters(self.env):
            for name, parameter in parameters.declared(notebook, chapter).items():
                if name not in parameters.RESERVED:
                    found.setdefault(name, (parameter, []))[1].append(chapter)
        rows = [
            {
                "Parameter": name,
                "Values": parameter.allowed,
                "Default": parameter.default,
                "Chapters": ", ".join(wanting),
            }
            for name, (parameter, wanting) in sorted(found.items())
        ]
        return _table(rows, "Parameters of the chapters")


def _table(rows: list[dict[str, Any]], caption: str) -> list[nodes.Node]:
    return [nodes.raw("", html_table(rows, caption), format="html")]


# --- the build ---------------------------------------------------------------------------------


def banner(about: dict[str, Any]) -> str:
    """Write the banner that every page carries."""
    if "banner" in about:  # pages about several cohorts
        text = about["banner"]
    elif about["is_reconstruction"]:
        text = (
            "<strong>Not patient data.</strong> Results on these pages are computed from "
            f"<em>{html.escape(about['name'])}</em>, a reconstruction that agrees with every "
            "published value that we have. Published values are marked P, those reported "
            "elsewhere S, derived ones D, assumed ones A."
        )
    else:
        n = "; ".join(filter(None, (f"n = {about['patients']}", about["left_out"])))
        text = (
            "<strong>Your data.</strong> Results on these pages are computed from the cohort "
            f"<em>{html.escape(about['name'])}</em> ({n}); what the study "
            "published is marked P, what others reported about it S."
        )
        if about["min_cell"] > 1:
            text += (
                f" Counts of fewer than {about['min_cell']} patients, and what would give them "
                "away, are hidden."
            )
    return f'<div class="cart-banner" role="note">{text}</div>'


def _prepare(app: Sphinx, config: Config) -> None:
    """Make sure the chapters' results are there before anything reads them."""
    if not config.cart_artefacts:
        config.cart_artefacts = "_build/artefacts"
        _execute_here(Path(app.srcdir), folder(app))
    config.html_theme_options["announcement"] = banner(load_artefact(app, artefacts.ABOUT))


def _execute_here(root: Path, target: Path) -> None:
    # slow to import, and needed in a plain build only
    from cartanalysis.intake.admission import Request
    from cartanalysis.publish import execute
    from cartanalysis.publish.places import private_folder
    from cartanalysis.publish.run import cache_for, prepare

    plan = prepare(Book(root), Request())
    cache = cache_for(plan.book)
    with private_folder(root) as private:
        done = execute.execute(plan.book, plan.keys, plan.values, private, cache, jobs=2)
    shutil.rmtree(target, ignore_errors=True)
    gathered = artefacts.harvest(done, plan.cohort, target)
    _executed.update(
        {f"notebooks/{name}": nbformat.writes(nb) for name, nb in gathered.notebooks.items()}
    )


def _read_executed(app: Sphinx, docname: str, source: list[str]) -> None:
    """In a plain build, read the executed notebook in place of the one without outputs."""
    if docname in _executed:
        source[0] = _executed[docname]


def _outdated(app: Sphinx, env: BuildEnvironment, *_: object) -> list[str]:
    """In a plain build, read chapters every time: Sphinx cannot see what they depend on."""
    return [d for d in _executed if d in env.found_docs]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("cart_artefacts", "", "env")
    app.add_css_file("figures.css")
    app.add_js_file("figures.js", loading_method="defer")
    app.add_role("num", NumberRole())
    app.add_role("letter", NumberRole())
    app.add_role("published", PublishedRole())
    app.add_role("range", RangeRole())
    app.add_directive("chapter-figure", ChapterFigure)
    app.add_directive("contract", ContractTable)
    app.add_directive("parameters", ParameterTable)
    app.add_directive("registry", RegistryTable)
    app.connect("config-inited", _prepare, priority=900)
    app.connect("source-read", _read_executed)
    app.connect("env-get-outdated", _outdated)
    return EXTENSION

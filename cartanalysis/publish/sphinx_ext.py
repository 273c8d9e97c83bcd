"""Sphinx extension: numbers, figures and data of the chapters on every page, and the banner.

Roles
    ``{num}`os_1y``` the cohort's number and its letter · ``{num}`os_1y.text``` without the letter ·
    ``.ci`` its interval · ``.full`` both · ``.of`` events and patients ·
    ``{letter}`os_1y``` its letter · ``{published}`os_1y``` the registry's value ·
    ``{csv}`name``` link to a figure's data.
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
import shutil
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

import cartanalysis
from cartanalysis import contract as cohorts
from cartanalysis import intake
from cartanalysis.chapter import parameters
from cartanalysis.publish import artefacts, execute, figure_data
from cartanalysis.publish.book import Book
from cartanalysis.publish.run import cache_for
from cartanalysis.publish.scratch import private_folder
from cartanalysis.study import published
from cartanalysis.text import NOT_AVAILABLE, html_table

log = logging.getLogger(__name__)

LETTER_NAMES = {"P": "published", "D": "derived", "A": "assumed"}

_executed: dict[str, str] = {}
"""Notebooks of a plain build, as JSON by document name."""


def folder(env: BuildEnvironment) -> Path:
    """Give the folder with what the chapters handed over."""
    return Path(env.srcdir) / env.config.cart_artefacts


def _load(env: BuildEnvironment, name: str) -> Any:
    path = folder(env) / name
    env.note_dependency(str(path))
    return json.loads(path.read_text(encoding="utf-8"))


def _badge(evidence: str) -> nodes.inline:
    letter = evidence if evidence in LETTER_NAMES else "your data"
    style = f"cart-letter-{letter.lower().replace(' ', '-')}"
    return nodes.inline(letter, letter, classes=["cart-letter", style])


def _data_link(env: BuildEnvironment, name: str) -> nodes.reference:
    up = "../" * env.docname.count("/")
    label = "Data (CSV)"
    return nodes.reference(label, label, refuri=f"{up}data/{name}.csv", classes=["cart-data"])


class NumberRole(SphinxRole):
    """A number of this cohort."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Look the number up."""
        key, _, part = self.text.partition(".")
        part = part or "text"
        texts = _load(self.env, artefacts.TEXTS)
        if key not in texts or part not in texts[key]:
            log.warning(
                "no chapter hands over the number %r", self.text, location=self.get_location()
            )
            return [nodes.inline(self.text, self.text, classes=["cart-hole"])], []
        entry = texts[key]
        shown = nodes.inline(self.text, entry[part], classes=["cart-number"])
        if self.text.endswith(f".{part}") or entry["text"] == NOT_AVAILABLE:
            return [shown], []
        return [shown, nodes.Text(" "), _badge(entry["evidence"])], []


class LetterRole(SphinxRole):
    """The evidence letter of a number."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Look the letter up."""
        texts = _load(self.env, artefacts.TEXTS)
        if self.text not in texts:
            log.warning(
                "no chapter hands over the number %r", self.text, location=self.get_location()
            )
            return [nodes.inline(self.text, self.text, classes=["cart-hole"])], []
        entry = texts[self.text]
        return ([] if entry["text"] == NOT_AVAILABLE else [_badge(entry["evidence"])]), []


class PublishedRole(SphinxRole):
    """A value of the registry."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Look the value up."""
        try:
            entry = published.load()[self.text]
        except KeyError as error:
            log.warning("%s", error.args[0], location=self.get_location())
            return [nodes.inline(self.text, self.text, classes=["cart-hole"])], []
        shown = nodes.inline(self.text, entry.text, classes=["cart-number"])
        return [shown, nodes.Text(" "), _badge(entry.evidence)], []


class CsvRole(SphinxRole):
    """A link to a figure's data."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Make the link."""
        return [_data_link(self.env, self.text)], []


class ChapterFigure(SphinxDirective):
    """A chapter's figure."""

    required_arguments = 1
    optional_arguments = 9

    def run(self) -> list[nodes.Node]:
        """Place the figure."""
        figures = _load(self.env, artefacts.FIGURES)
        name = next((n for n in self.arguments if n in figures), None)
        if name is None:
            text = "This picture cannot be drawn from this cohort; its chapter says why."
            return [nodes.paragraph(text, text, classes=["cart-missing"])]
        about = figures[name]
        path = folder(self.env).relative_to(self.env.srcdir) / "figures" / f"{name}.svg"
        image = nodes.image(uri=f"/{path.as_posix()}", alt=about["alt"], classes=["cart-figure"])
        figure = nodes.figure("", image, align="default", ids=[f"fig-{name}"])
        caption = nodes.caption("", f"{about['caption']} ")
        caption += [_badge(about["evidence"]), nodes.Text(f" {about['evidence_sentence']}")]
        figure += caption
        up = "../" * self.env.docname.count("/")
        more = figure_data.provenance_html(about, up, _repository(self.env.config))
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
            raise self.error(f"evidence letter {letter!r}; use P, D or A")
        rows = []
        for entry in published.load().select(evidence=letter):
            row = {"What": entry.label[:1].upper() + entry.label[1:], "Value": entry.printed}
            if letter == "A":
                row["Plausible range"] = " to ".join(str(v) for v in entry.details["range"])
            last = {"P": "Where in the paper", "D": "How", "A": "Source"}[letter]
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
        for path in sorted((folder(self.env) / "notebooks").glob("*.ipynb")):
            self.env.note_dependency(str(path))
            notebook = nbformat.read(path, as_version=4)
            for name, parameter in parameters.declared(notebook, path.stem).items():
                if name not in parameters.RESERVED:
                    found.setdefault(name, (parameter, []))[1].append(path.stem)
        rows = [
            {
                "Parameter": name,
                "Values": parameter.allowed,
                "Default": parameter.default,
                "Chapters": ", ".join(chapters),
            }
            for name, (parameter, chapters) in sorted(found.items())
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
            "published value in hand. Published values are marked P, derived ones D, "
            "assumed ones A."
        )
    else:
        text = (
            "<strong>Your data.</strong> Results on these pages are computed from the cohort "
            f"<em>{html.escape(about['name'])}</em> (n = {about['patients']}); what the "
            "paper published is marked P."
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
        _execute_here(Path(app.srcdir), Path(app.srcdir) / config.cart_artefacts)
    about = json.loads(
        (Path(app.srcdir) / config.cart_artefacts / artefacts.ABOUT).read_text(encoding="utf-8")
    )
    config.html_theme_options["announcement"] = banner(about)


def _execute_here(root: Path, target: Path) -> None:
    book = Book(root)
    cohort = intake.read(cohorts.DEFAULT_COHORT)
    values = {c: {"cohort": cohorts.DEFAULT_COHORT} for c in book.chapters}
    keys = execute.chapter_keys(book, cohort.sha256, values)
    with private_folder(root) as private:
        done = execute.execute(book, keys, values, private, cache_for(book), jobs=2)
    shutil.rmtree(target, ignore_errors=True)
    gathered = artefacts.harvest(done, cohort, target)
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


def _without_thebe(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Leave out scripts for live code, unused here: added twice, they are an error."""
    context["script_files"] = [
        s for s in context["script_files"] if "thebe" not in f"{s} {getattr(s, 'attributes', '')}"
    ]


def _finish(app: Sphinx, exception: Exception | None) -> None:
    """Put the data files, the results and the front door into the site."""
    if exception is not None or app.builder.format != "html":
        return
    out, source = Path(app.outdir), folder(app.env)
    for files in ("data", "figures"):
        shutil.copytree(source / files, out / files, dirs_exist_ok=True)
    shutil.copy(source / artefacts.RESULTS, out / artefacts.RESULTS)
    # the download button gives the notebook as it ran
    shutil.copytree(source / "notebooks", out / "_sources" / "notebooks", dirs_exist_ok=True)
    about = json.loads((source / artefacts.ABOUT).read_text(encoding="utf-8"))
    front = app.builder.get_target_uri(app.config.root_doc)
    title = html.escape(app.config.html_title or app.config.project)
    (out / "index.html").write_text(
        "<!DOCTYPE html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="refresh" content="0; url={front}"></head>'
        f'<body>{banner(about)}<p><a href="{front}">{title}</a></p></body></html>\n',
        encoding="utf-8",
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("cart_artefacts", "", "env")
    app.add_css_file("figures.css")
    app.add_js_file("figures.js", loading_method="defer")
    app.add_role("num", NumberRole())
    app.add_role("letter", LetterRole())
    app.add_role("published", PublishedRole())
    app.add_role("csv", CsvRole())
    directives: dict[str, type[Directive]] = {
        "chapter-figure": ChapterFigure,
        "contract": ContractTable,
        "parameters": ParameterTable,
        "registry": RegistryTable,
    }
    for name, directive in directives.items():
        app.add_directive(name, directive)
    app.connect("config-inited", _prepare, priority=900)
    app.connect("source-read", _read_executed)
    app.connect("env-get-outdated", _outdated)
    app.connect("html-page-context", _without_thebe, priority=990)
    app.connect("build-finished", _finish)
    return {
        "version": cartanalysis.__version__,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }

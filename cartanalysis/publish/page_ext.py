"""Sphinx extension: what a page offers besides its text, and nothing that no page uses.

Every page gets how to cite it; a chapter gets its downloads and a way to run it.  The first mention
of a glossary term on a page becomes a link that carries its definition, as citations carry theirs.
The words are in ``book/templates``; addresses of Binder and Colab follow from ``repository``
and ``launch_buttons`` in ``_config.yml``.
"""

from __future__ import annotations

import html
import re
import shutil
import textwrap
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import jupytext
import nbformat
from bs4 import BeautifulSoup
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

import cartanalysis
from cartanalysis.publish import artefacts, reporting, tables
from cartanalysis.publish.book import CHAPTERS, PROSE
from cartanalysis.publish.sphinx_ext import EXTENSION, banner, folder, load_artefact
from cartanalysis.study import published

GLOSSARY, GUIDE = f"{PROSE}/glossary", f"{PROSE}/your-cohort"

UNUSED = ("thebe", "sphinx-book-theme", "pydata", "basic.css", "theme.css", "OPTIONS.pagename")
"""Parts of the theme's style sheets and scripts: the book has its own layout."""

THEBE = re.compile(
    r'\s*<script type="text/x-thebe-config">.*?</script>\s*<script>.*?</script>', re.S
)
"""What an extension of Jupyter Book adds to every page for live code, unused here."""

ONLY_WITH = {
    "sphinx-design": "sd-",
    "design-tabs": "sd-tab-set",
    "togglebutton": "dropdown",
    "toggleHint": "dropdown",
    "toggleOpenOnPrint": "dropdown",
    "mystnb": 'class="cell',
    "clipboard": 'class="highlight',
    "copybutton": 'class="highlight',
}
"""Parts of names of assets, and what a page's text must hold for them to be of use."""

SPOKEN = ' aria-label="Toggle hidden content"'
"""What screen readers would say in place of the words that everybody else sees."""

ROLES = re.compile(r' role="(?:doc-biblioentry|list(?=" class="citation-list))"')
"""Roles that docutils gives a bibliography: deprecated, and at odds with each other."""

UNBROKEN = re.compile(r"<pre\b.*?</pre>|(?<=\d) (?=%)", re.S)
"""Blanks before a per cent sign, which stay on its line; code is passed over."""

THEME_FILES = ("scripts", "styles", "vendor", "locales", "images", "sphinx-thebe.*", "*macros.html")
"""What the theme leaves under ``_static`` and no page uses."""

NOT_IN = (
    nodes.reference,
    nodes.title,
    nodes.literal,
    nodes.literal_block,
    nodes.caption,
    nodes.table,
    nodes.raw,
    addnodes.pending_xref,
)
"""Where no term is linked: in links, headings, code, captions and tables."""


# --- glossary terms ------------------------------------------------------------------------------


def _definitions(env: BuildEnvironment) -> dict[str, tuple[str, str]]:
    """Give each glossary term its place and its definition in plain text."""
    if GLOSSARY not in env.found_docs:
        return {}
    found = {}
    for item in env.get_doctree(GLOSSARY).findall(nodes.definition_list_item):
        meaning = " ".join(" ".join(d.astext() for d in item.findall(nodes.definition)).split())
        for term in item.findall(nodes.term):
            if term["ids"]:
                found[term.astext()] = (term["ids"][0], meaning)
    return found


def _pattern(term: str) -> re.Pattern[str]:
    # abbreviations as they are written, words in any case, plural allowed
    flags = 0 if re.search(r"[A-Z]{2}", term) else re.IGNORECASE
    return re.compile(rf"(?<![\w-]){re.escape(term)}s?(?![\w-])", flags)


def _link_terms(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Link the first mention of each term to the glossary, its definition as the link's title."""
    if app.builder.format != "html" or docname == GLOSSARY:
        return
    definitions = _definitions(app.env)
    unseen = {term: _pattern(term) for term in sorted(definitions, key=lambda t: (-len(t), t))}
    base = app.builder.get_relative_uri(docname, GLOSSARY) if definitions else ""
    for text in filter(_is_prose, list(doctree.findall(nodes.Text))):
        pieces: list[nodes.Node] = []
        rest = str(text)
        # where two terms begin at one place, the longer one
        while found := [(m, term) for term, p in unseen.items() if (m := p.search(rest))]:
            match, term = min(found, key=lambda pair: pair[0].start())
            del unseen[term]
            label, meaning = definitions[term]
            link = nodes.reference("", match[0], internal=True, refuri=f"{base}#{label}")
            link["classes"], link["reftitle"] = ["cart-term"], meaning
            pieces += [nodes.Text(rest[: match.start()]), link]
            rest = rest[match.end() :]
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(rest)])


def _is_prose(text: nodes.Text) -> bool:
    above: list[nodes.Node] = [text]
    while above[-1].parent is not None:
        above.append(above[-1].parent)
    in_paragraph = any(isinstance(node, nodes.paragraph) for node in above)
    return in_paragraph and not any(isinstance(node, NOT_IN) for node in above)


# --- the foot of a page --------------------------------------------------------------------------


def _furnish(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    body = ROLES.sub("", THEBE.sub("", context.get("body", ""))).replace(SPOKEN, "")
    body = UNBROKEN.sub(lambda found: "\u00a0" if found[0] == " " else found[0], body)
    context["body"] = body
    for kind in ("css_files", "script_files"):
        context[kind] = [f for f in context[kind] if _wanted(f, body)]
    if doctree is None:  # search, index
        return
    context["cart_shared"] = {
        "text": _opening(body),
        "picture": _picture(app, pagename, body),
    }
    part, _, name = pagename.partition("/")
    context["cart_furniture"] = {
        "config": app.config,
        "cohort": load_artefact(app, artefacts.ABOUT),
        "study": published.load().study,
        "version": cartanalysis.__version__,
        "chapter": name if part == CHAPTERS else "",
        "guide": GUIDE if GUIDE in app.env.found_docs else app.config.root_doc,
    }


OPENING = 200
"""Characters that a page is described in where its link is shared."""


def _opening(body: str) -> str:
    """Give the first words of a page, whole ones."""
    page = BeautifulSoup(body, "html.parser")
    for letter in page.select(".cart-letter"):
        letter.decompose()
    said = (" ".join(p.get_text().split()) for p in page.select("section > p, section > div > p"))
    return textwrap.shorten(next(filter(None, said), ""), OPENING, placeholder=" …")


def _picture(app: Sphinx, pagename: str, body: str) -> str:
    """Give the address of a page's first figure; in full if the book's own is known."""
    figure = re.search(r'<figure[^>]* id="fig-([^"]+)"', body)
    if figure is None:
        return ""
    path = f"figures/{figure[1]}.png"
    base = app.config.html_baseurl
    return urljoin(f"{base.rstrip('/')}/", path) if base else f"{'../' * pagename.count('/')}{path}"


def _only_from_a_repository(app: Sphinx, config: Config) -> None:
    """Leave Binder and Colab out while the book's address is not known: the theme would fail."""
    options = config.html_theme_options
    if not options.get("repository_url"):
        options["launch_buttons"] = {}


def _wanted(asset: Any, body: str) -> bool:
    name = f"{asset} {getattr(asset, 'filename', '')} {getattr(asset, 'attributes', '')}"
    if any(part in name for part in UNUSED):
        return False
    return all(mark in body for part, mark in ONLY_WITH.items() if part in name)


# --- the files beside the pages ------------------------------------------------------------------


def source_of(notebook: nbformat.NotebookNode) -> str:
    """Give an executed chapter's source as it is edited."""
    own = [c for c in notebook.cells if "injected-parameters" not in c.metadata.get("tags", [])]
    plain = nbformat.from_dict({**notebook, "cells": own})
    return str(jupytext.writes(plain, fmt="py:percent"))


def _finish(app: Sphinx, exception: Exception | None) -> None:
    """Put the data files, the results, the downloads and the front door into the site."""
    if exception is not None or app.builder.format != "html":
        return
    out, given = Path(app.outdir), folder(app)
    # among the sources: the download button gives the notebook as it ran
    folders = dict.fromkeys(("data", "figures", tables.FOLDER), out)
    for name, place in (folders | {"notebooks": out / "_sources"}).items():
        shutil.copytree(given / name, place / name, dirs_exist_ok=True)
    ard = (f"{reporting.ARD}.json", f"{reporting.ARD}.csv")
    for name in (artefacts.RESULTS, *ard, tables.WORKBOOK, tables.DOCUMENT):
        shutil.copy(given / name, out / name)
    (out / "source").mkdir(exist_ok=True)
    for path in sorted((given / "notebooks").glob("*.ipynb")):
        text = source_of(nbformat.read(path, as_version=4))
        (out / "source" / f"{path.stem}.py").write_text(text, encoding="utf-8")
    for pattern in THEME_FILES:
        for path in (out / "_static").glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    about = load_artefact(app, artefacts.ABOUT)
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
    # what other rooms offer to download on a chapter's page: label, and path with {name}
    app.add_config_value("cart_downloads", [], "env")
    app.connect("config-inited", _only_from_a_repository, priority=900)
    # after citations and cross-references, which then stay as they are
    app.connect("doctree-resolved", _link_terms, priority=900)
    # after the theme's own hooks
    app.connect("html-page-context", _furnish, priority=995)
    app.connect("build-finished", _finish)
    app.add_js_file("page.js", loading_method="defer")
    return EXTENSION

"""What a reader of a protected site can see, from a published folder or from chapters run here."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib import pyplot

from cartanalysis.chapter.by_hand import is_by_hand
from cartanalysis.chapter.handover import METADATA
from cartanalysis.chapter.results import Figure

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
COHORT = (
    "trial-and-patients",
    "remission",
    "survival",
    "competing-risks",
    "transplant",
    "extramedullary-disease",
    "regulatory-t-cells",
    "choosing-a-cutoff",
    "genetic-risk",
    "independent-factors",
    "constant-hazard-ratios",
    "subgroups",
    "safety",
    "claims",
)
"""Chapters about the user's cohort."""


@dataclass
class Table:
    """A table of a page."""

    caption: str
    rows: list[dict[str, str]]


@dataclass
class Shown:
    """Everything shown, whatever it came from."""

    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def table(self, start: str) -> Table | None:
        """Find the table whose caption starts so."""
        return next((t for t in self.tables if t.caption.startswith(start)), None)

    def csv(self, name: str) -> pd.DataFrame | None:
        """Read a figure's data file."""
        figure = self.figures.get(name)
        return pd.read_csv(io.StringIO(figure["csv"])) if figure else None


class _Tables(HTMLParser):
    """Picks tables with captions out of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[tuple[str, list[list[str]]]] = []
        self._inside = self._caption = self._cell = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "table":
            self._inside = True
            self.tables.append(("", []))
        elif tag == "caption":
            self._caption = True
        elif tag == "tr" and self._inside:
            self.tables[-1][1].append([])
        elif tag in ("td", "th") and self._inside:
            self._cell = True
            self.tables[-1][1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._inside = False
        elif tag == "caption":
            self._caption = False
        elif tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._caption:
            caption, rows = self.tables[-1]
            self.tables[-1] = (caption + data, rows)
        elif self._cell:
            self.tables[-1][1][-1][-1] += data


def tables_of(text: str) -> list[Table]:
    """Read the captioned tables of a piece of HTML."""
    parser = _Tables()
    parser.feed(text)
    return [
        Table(caption.strip(), [dict(zip(rows[0], row, strict=False)) for row in rows[1:]])
        for caption, rows in parser.tables
        if caption and rows
    ]


def plain(text: str) -> str:
    """Take the markup out of HTML or Markdown."""
    return html.unescape(re.sub(r"<[^>]+>|\*\*", "", text))


# --- chapters run in this process --------------------------------------------------------------


def cells(chapter: str) -> list[str]:
    """Give a chapter's code cells; the parameters first of those that assign them."""
    text = (NOTEBOOKS / f"{chapter}.py").read_text(encoding="utf-8")
    found = re.split(r"^# %%", text, flags=re.MULTILINE)[1:]
    return [c for c in found if "[markdown]" not in c.partition("\n")[0]]


def run(
    cohort: Path, chapters: Sequence[str] = COHORT, *, draw: bool = False, **parameters: Any
) -> Shown:
    """Run chapters here, without kernels, and collect what they show."""
    shown = Shown()
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    try:
        for chapter in chapters:
            _run(chapter, cohort, parameters, shell, shown, draw)
    finally:
        InteractiveShell.clear_instance()
    return shown


def _run(
    chapter: str,
    cohort: Path,
    parameters: Mapping[str, Any],
    shell: InteractiveShell,
    shown: Shown,
    draw: bool,
) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    given = {"min_cell": 5, **parameters, "cohort": str(cohort)}
    with capture_output() as captured:
        try:
            for cell in cells(chapter):
                heading, _, code = cell.partition("\n")
                if is_by_hand(code) and getattr(names.get("study"), "is_protected", False):
                    continue  # shown and not run, as tests/chapter/test_by_hand.py makes sure
                exec(compile(code, chapter, "exec"), names)
                if "parameters" in heading:
                    names |= {k: v for k, v in given.items() if k in names}
                if not draw and "study" in names and "show" not in vars(names["study"]):
                    _without_drawing(names["study"])
                shell.execution_count += 1
        except Exception as error:  # noqa: BLE001 - what a reader would see of it
            shown.failed[chapter] = f"{type(error).__name__}: {error}"
    for output in captured.outputs:
        add(shown, output.data, output.metadata or {})


def _without_drawing(study: Any) -> None:
    """Hand figures over without drawing them, which takes most of the time."""
    whole = type(study).show

    def blank(*args: Any, **kwargs: Any) -> Any:
        return pyplot.figure().add_subplot()

    def show(*things: Any) -> None:
        for thing in things:
            drawn = replace(thing, plot=blank) if isinstance(thing, Figure) else thing
            whole(study, drawn)

    study.show = show


def add(shown: Shown, data: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    """Take in one output of a chapter."""
    ours = metadata.get(METADATA, {})
    if "number" in ours:
        shown.numbers[ours["number"]["id"]] = ours["number"] | {"parts": ours.get("parts", {})}
        return
    if "figure" in ours:
        about = ours["figure"]
        shown.figures[about["name"]] = dict(about)
        shown.texts += [about["alt"], about["caption"]]
        return
    for mime in ("text/html", "text/markdown", "text/plain"):
        if mime in data:
            shown.tables += tables_of(data[mime])
            shown.texts.append(plain(data[mime]))
            break


# --- a published site --------------------------------------------------------------------------


def site(folder: Path) -> Shown:
    """Read a published site: its pages, its data files and the notebooks it offers."""
    shown = Shown()
    for notebook in sorted(folder.rglob("*.ipynb")):
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                data = {m: _joined(d) for m, d in output.get("data", {}).items()}
                add(shown, data, output.get("metadata", {}))
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    for record in results["values"]:
        shown.numbers[record["id"]] = shown.numbers.get(record["id"], {}) | record
    for page in sorted(folder.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        shown.tables += tables_of(text)
        shown.texts += [html.unescape(a) for a in re.findall(r'alt="([^"]*)"', text)]
        shown.texts += [plain(p) for p in re.findall(r"<p[ >].*?</p>", text, flags=re.DOTALL)]
    for data in sorted((folder / "data").glob("*.csv")):
        shown.figures.setdefault(data.stem, {"alt": ""})["csv"] = data.read_text(encoding="utf-8")
    return shown


def _joined(text: Any) -> Any:
    return "".join(text) if isinstance(text, list) else text

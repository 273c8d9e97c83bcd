"""What executed chapters hand over: numbers, figures and their data; and the tidied notebooks."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

import cartanalysis
from cartanalysis.chapter.by_hand import alternative_text, is_by_hand
from cartanalysis.chapter.disclosure.outputs import SHOWN, WITHHELD
from cartanalysis.chapter.handover import PARTS
from cartanalysis.contract import Cohort
from cartanalysis.publish import figure_data, owner, reporting, tables
from cartanalysis.publish.answered import SOLUTION, Answered, answered, handed_over
from cartanalysis.publish.execute import Executed, Failures

RESULTS, TEXTS, FIGURES, ABOUT = "results.json", "texts.json", "figures.json", "cohort.json"
UNANSWERED = "unanswered.json"

CONTINUED = "# (continued)"
"""Source of a cell that holds what another shows after its figure; empty ones are skipped."""

BY_HAND = "by-hand"
"""Tag of the cells that a page shows with their code."""

SOLUTION_PROMPT = {"code_prompt_show": "Solution", "code_prompt_hide": "Solution"}


@dataclass(frozen=True)
class Harvest:
    """What a run of all chapters gave."""

    notebooks: dict[str, nbformat.NotebookNode]  # tidied for the website
    results: dict[str, Any]  # as in results.json
    warnings: tuple[str, ...]  # what chapters wrote to their error stream
    complete: bool  # nothing was left out because the cohort cannot answer it
    left_out: dict[str, str]  # titles of chapters that the cohort cannot feed


def harvest(
    chapters: Sequence[Executed],
    cohort: Cohort,
    folder: Path,
    min_cell: int = 1,
    sha256: str = "",
    *,
    complete: bool = True,
) -> Harvest:
    """Collect what the chapters hand over and write it to a folder.

    Unless all is to be there (``complete``), what the cohort cannot answer is left out.
    """
    found = {c.name: answered(c.notebook) for c in chapters}
    left_out = {
        c.name: title_of(c.notebook, c.name)
        for c in chapters
        if not (complete or found[c.name].stays)
    }
    numbers: list[dict[str, Any]] = []
    texts: dict[str, dict[str, str]] = {}
    figures: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    warnings: list[str] = []
    for name in ("data", "figures", "notebooks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    data = (sha256 or owner.seal_for(cohort)(cohort.to_csv()))[:12]
    for chapter, place, cell, output in _outputs(chapters):
        about = handed_over(output)
        where = f"{chapter.name}: cell {place}"
        if output.output_type == "stream" and output.name == "stderr":
            warnings.append(f"{where}: {output.text.strip()}")
        if "number" in about and about["parts"].keys() != PARTS:
            problems.append(f"{where}: a number that study.hand_over did not hand over")
        elif "number" in about:
            key = about["number"]["id"]
            if key in texts:
                problems.append(f"{where}: the number “{key}” is handed over twice")
            numbers.append(about["number"])
            texts[key] = about["parts"] | {"evidence": about["number"]["evidence"]}
        if "figure" in about and chapter.name in left_out:
            continue
        if "figure" in about:
            source = {
                "chapter": chapter.name,
                "title": title_of(chapter.notebook, chapter.name),
                "cell": cell.execution_count,
                "cohort": cohort.name,
                "data": data,
                "version": cartanalysis.__version__,
            }
            figure = about["figure"] | {"source": source}
            problems += [f"{where}: {p}" for p in _figure_problems(figure, figures)]
            _write_figure(figure, output.data, folder)
            figures[figure["name"]] = figure
        elif any(m.startswith("image/") for m in output.get("data", {})) and not alternative_text(
            cell.source
        ):
            remedy = "show it with study.show(…), or say “# figure: …” in a cell by hand"
            problems.append(f"{where}: an image without alternative text; {remedy}")
    if problems:
        raise Failures(problems)
    results = {"values": numbers}
    told = {
        "name": cohort.name,
        "patients": len(cohort.table),
        "is_reconstruction": cohort.is_reconstruction,
        "min_cell": min_cell,
        "left_out": left_out_in_words(cohort.left_out, min_cell),
    }
    unanswered = [] if complete else [_unanswered(c, found[c.name]) for c in chapters]
    contents = {RESULTS: results, TEXTS: texts, FIGURES: figures, ABOUT: told}
    contents[UNANSWERED] = unanswered
    for name, content in contents.items():
        text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False)
        (folder / name).write_text(text + "\n", encoding="utf-8")
    pages = {}
    for chapter in chapters:
        if chapter.name not in left_out:  # for the reader to download, as they ran
            nbformat.write(chapter.notebook, folder / "notebooks" / f"{chapter.name}.ipynb")
            whole = chapter.notebook if complete else found[chapter.name].notebook
            pages[chapter.name] = tidy(whole)
    methods = reporting.paragraph(numbers, texts, told)
    reporting.write(folder, reporting.ard(numbers, texts), methods)
    tables.write(folder, tables.collect(pages), methods)
    return Harvest(pages, results, tuple(warnings), complete, left_out)


def left_out_in_words(count: int, min_cell: int) -> str:
    """Say how many patients of the file do not count, unless they are too few to be told."""
    if not count:
        return ""
    told = f"fewer than {min_cell}" if count < min_cell else str(count)
    return f"{told} more in the file not counted"


def _unanswered(chapter: Executed, found: Answered) -> dict[str, Any]:
    """Say of a chapter what its cohort cannot answer."""
    return {
        "chapter": chapter.name,
        "title": title_of(chapter.notebook, chapter.name),
        "stays": found.stays,
        "reasons": found.reasons,
    }


def _outputs(chapters: Sequence[Executed]) -> Iterator[tuple[Executed, int, Any, Any]]:
    for chapter in chapters:
        for place, cell in enumerate(chapter.notebook.cells, start=1):
            for output in cell.get("outputs", []):
                yield chapter, place, cell, output


def title_of(notebook: nbformat.NotebookNode, name: str) -> str:
    """Give a chapter's title, or else its name."""
    lines = (line for cell in notebook.cells for line in cell.source.splitlines())
    titles = (line.removeprefix("# ").strip() for line in lines if line.startswith("# "))
    return next(titles, name)


def _figure_problems(figure: dict[str, Any], earlier: dict[str, Any]) -> list[str]:
    problems = []
    if figure["name"] in earlier:
        problems.append(f"the figure “{figure['name']}” is there twice")
    for part, words in (("alt", "alternative text"), ("caption", "caption")):
        if not str(figure[part]).strip():
            problems.append(f"the figure “{figure['name']}” has no {words}; give one sentence")
    return problems


def _write_figure(figure: dict[str, Any], data: dict[str, str], folder: Path) -> None:
    name = figure["name"]
    (folder / "figures" / f"{name}.svg").write_text(data["image/svg+xml"], encoding="utf-8")
    png = base64.b64decode(data["image/png"])
    (folder / "figures" / f"{name}.png").write_bytes(png)
    data_file = figure.pop("csv")
    (folder / "data" / f"{name}.csv").write_text(data_file, encoding="utf-8")
    # made from the file that the reader can download: a page never holds more
    figure["readout"] = figure_data.readout(figure.pop("geometry"), figure.pop("shown"), data_file)


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Make an executed chapter ready for the website."""
    out = copy.deepcopy(notebook)
    cells: list[nbformat.NotebookNode] = []
    for cell in out.cells:
        if cell.cell_type != "code":
            cells.append(cell)
            continue
        by_hand = is_by_hand(cell.source)
        last = cells[-1] if cells else cell
        silent = last is not cell and last.cell_type == "code" and not last.outputs
        if silent and not by_hand and not is_by_hand(last.source) and last.source != CONTINUED:
            # cells that show nothing fold away together with the next one
            cell.source = f"{cells.pop().source}\n\n{cell.source}"
        cells.append(cell)
        is_solution = SOLUTION in cell.metadata.get("tags", [])
        cell.metadata["tags"] = [
            "hide-cell" if is_solution else BY_HAND if by_hand else "hide-input"
        ]
        if is_solution:
            cell.metadata["mystnb"] = dict(SOLUTION_PROMPT)
        if alt := alternative_text(cell.source):
            cell.metadata.setdefault("mystnb", {})["image"] = {"alt": alt}
        outputs, cell.outputs = cell.outputs, []
        receiving = cell
        for output in outputs:
            about = handed_over(output)
            if "figure" in about:
                name = about["figure"]["name"]
                show = nbformat.v4.new_markdown_cell(f"```{{chapter-figure}} {name}\n```")
                # what the cell shows after the figure has to come after it
                tags = {"tags": ["remove-input"]}
                receiving = nbformat.v4.new_code_cell(CONTINUED, metadata=tags)
                show["id"], receiving["id"] = f"{name}-figure"[:64], f"{name}-after"[:64]
                cells += [show, receiving]
            elif (
                about == SHOWN or WITHHELD in about or not (about or output.get("name") == "stderr")
            ):
                receiving.outputs.append(output)
    out.cells = [c for c in cells if c.source != CONTINUED or c.outputs]
    return out

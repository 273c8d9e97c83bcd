"""Cells in which a reader works on the patients by hand, with pandas, lifelines and seaborn.

Such a cell says so in its first line, with the columns it needs::

    # by hand: response, emd

On the reconstruction it runs as it stands.  On another cohort it runs only where its columns hold
values, and one that stops says so on the page: it is a lesson, and the book's own result beside it
copes with more.  Where rows may not be seen, it is shown and not run: on a protected cohort always,
on any cohort of patients if it would print rows (``# by hand, with rows: …``).  This happens in the
kernel, so that Jupyter, papermill and the website do the same.
"""

from __future__ import annotations

import ast
import io
import re
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from cartanalysis.errors import MissingColumns

if TYPE_CHECKING:
    from cartanalysis.chapter.handover import HandOver

MARK = re.compile(r"#\s*by hand(?P<rows>, with rows)?(?::\s*(?P<columns>.*))?$", re.MULTILINE)
FIGURE = re.compile(r"#\s*figure:\s*(?P<alt>.+)$", re.MULTILINE)
"""Second line of a cell that draws: what is seen, for who cannot see it."""

MOST_PATIENTS = 20_000

NO_NUMBER = re.compile(r"\bnan\b")
"""What Python prints of a number that does not exist; of a missing cell, pandas prints NaN."""

RUNNER = "_by_hand"
"""Name under which a notebook finds what runs these cells."""


def is_by_hand(source: str) -> bool:
    """Tell from the first line of a cell whether it is one of these."""
    return MARK.match(source) is not None


def alternative_text(source: str) -> str:
    """Read what a cell that draws says of its picture, after ``# figure:``; empty if nothing."""
    found = FIGURE.search(source)
    return found["alt"].strip() if found else ""


class ByHand:
    """Run a chapter's cells with the notebook's variables, or say why one is only shown."""

    def __init__(self, chapter: HandOver, names: dict[str, Any]) -> None:
        self._chapter = chapter
        self._names = names

    def __call__(self, lines: list[str]) -> list[str]:
        """Take a cell over from IPython with a call of `run`, unless it can run as it stands."""
        source = "".join(lines)
        if self._chapter.is_default or not is_by_hand(source):
            return lines
        return [f"{RUNNER}.run({source!r})\n"]

    def run(self, source: str) -> None:
        """Run a cell where it can be run."""
        marked = MARK.match(source)
        reason = (self._why_not(marked) if marked else "") or self._run(source)
        if reason:
            self._chapter.without_output(source, reason)

    def _why_not(self, marked: re.Match[str]) -> str:
        if self._chapter.is_protected:
            return "this cohort is protected, and only what passed disclosure control is shown"
        if marked["rows"] and not self._chapter.is_reconstruction:
            return "it prints rows, and those of patients stay out of the book"
        patients: Any = self._chapter.patients
        if len(patients) > MOST_PATIENTS:
            return f"it is a lesson, and slow for more than {MOST_PATIENTS:,} patients"
        names = [name.strip() for name in (marked["columns"] or "").split(",") if name.strip()]
        absent = [c for c in names if c not in patients or patients[c].isna().all()]
        return str(MissingColumns(absent)) if absent else ""

    def _run(self, source: str) -> str:
        """Run a cell as a notebook would; give the reason if it stops."""
        tree = ast.parse(source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        printed = io.StringIO()
        try:
            with warnings.catch_warnings(), redirect_stdout(printed):
                for doubt in (
                    RuntimeWarning,
                    UserWarning,
                ):  # such as a model that does not converge
                    warnings.simplefilter("error", doubt)
                self._execute(tree, last)
        except AssertionError:
            return "on this cohort it does not agree with the book's result, or the book gives none"
        except NameError:
            return "it goes on from a cell above that was not run"
        except Exception as error:  # noqa: BLE001 - whatever it is, the page tells it
            from matplotlib import pyplot as plt  # who only asks whether a cell is by hand need not

            plt.close("all")
            told = type(error).__name__
            return (
                f"on this cohort it stops ({told}), as code does where groups or events are too few"
            )
        if NO_NUMBER.search(printed.getvalue()):
            return "on this cohort some of its numbers do not exist, as where no event occurred"
        print(printed.getvalue(), end="")
        return ""

    def _execute(self, tree: ast.Module, last: ast.stmt | None) -> None:
        exec(compile(tree, "<by hand>", "exec"), self._names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<by hand>", "eval"), self._names)
            if value is not None:
                from IPython.display import display

                display(value)


def install(shell: Any, chapter: HandOver) -> None:
    """Let a notebook run a chapter's cells; once, however often its first cells are run."""
    transforms: Sequence[Any] = shell.input_transformers_cleanup
    kept = [t for t in transforms if not isinstance(t, ByHand)]
    runner = ByHand(chapter, shell.user_ns)
    shell.input_transformers_cleanup[:] = [*kept, runner]
    shell.user_ns[RUNNER] = runner
    # only now: as it is imported, it looks for the notebook in which figures are to be shown
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    set_matplotlib_formats("svg", metadata={"Date": None})  # light, and the same at every run

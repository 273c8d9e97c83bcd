"""Handing over results: what a notebook does with the tables it computed, whatever they are about.

Numbers, sentences, figures and tables are shown, each with its evidence letter.  A result that
cannot be given (a missing column, no event) travels on as `Unavailable` and is shown as a sentence.

The numbers and what belongs to a figure (caption, alternative text, data) travel in the metadata
of the cell's outputs; `cartanalysis.publish` picks them up there.
"""

from __future__ import annotations

import html
import io
import math
import string
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib as mpl
import pandas as pd
from IPython import get_ipython
from IPython.display import HTML, Markdown, display, publish_display_data
from matplotlib import pyplot as plt

from cartanalysis.chapter.disclosure.outputs import METADATA
from cartanalysis.chapter.disclosure.outputs import SHOWN as AS_IT_IS
from cartanalysis.chapter.disclosure.rules import COMPLEMENT, RULES, Hidden
from cartanalysis.chapter.disclosure.times import month_end
from cartanalysis.chapter.disclosure.vault import Patients, Remote, Vault
from cartanalysis.claims.registry import MEANING, Registry
from cartanalysis.errors import CannotCompute
from cartanalysis.figures import geometry, scripts, style
from cartanalysis.stats import survival
from cartanalysis.study.published import load
from cartanalysis.text import (
    Number,
    format_interval,
    format_value,
    html_sentence,
    html_table,
    is_missing,
)

NUMBER_MIME = "application/vnd.cartanalysis.number+json"
"""Type of a number handed over; notebook viewers do not show it."""

YOUR_DATA, SIMULATED = "your data", "simulated"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the start of a formula."""
NBSP = "\u00a0"

SHOWN = ("labels", "unit", "measure", "ratio")
"""Options of plotting functions that say how a figure's data are written."""


@dataclass(frozen=True)
class Unavailable:
    """A result that the cohort cannot give.

    Attributes
    ----------
    reason : str
        Why, as a sentence.
    """

    reason: str


class HandOver:
    """What shows results and hands them over to the website.

    Parameters
    ----------
    name : str
        Name of the notebook's file.
    is_reconstruction : bool
        Whether the results are those of a reconstruction, which is not patient data.
    is_default : bool
        If so, whether it is the one that ships with the package and agrees with the paper.
    confidence : float
        Coverage of all intervals, between 0 and 1.
    time_unit : {"days", "months", "years"}
        How times are shown.
    min_cell : int
        Smallest count of patients shown; 1 hides nothing.
    vault : Vault or Remote, optional
        What computes on patients whose rows are kept elsewhere.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """

    def __init__(
        self,
        name: str,
        *,
        is_reconstruction: bool = False,
        is_default: bool = True,
        confidence: float = 0.95,
        time_unit: str = "days",
        min_cell: int = 1,
        vault: Vault | Remote | None = None,
    ) -> None:
        if not 0.5 <= confidence < 1:
            raise ValueError(f"confidence is {confidence}; give a fraction such as 0.95")
        format_value(0.0, "days", time_unit)  # refuses an unknown unit
        self.name = name
        self.is_reconstruction = is_reconstruction
        self.is_default = is_default
        self.registry: Registry = load()
        self.confidence = confidence
        self.min_cell = 1 if is_reconstruction else min_cell
        # times of protected patients are told by the month
        self.time_unit = "months" if self.is_protected and time_unit == "days" else time_unit
        self._vault = vault or Vault({}, self.min_cell)
        self.numbers: dict[str, Number] = {}
        self._told: tuple[str, int | None] = ("", None)
        style.use()

    @property
    def is_protected(self) -> bool:
        """Whether small counts of patients are hidden.

        Returns
        -------
        bool
            The answer.
        """
        return self.min_cell > 1

    def day(self, day: float) -> float:
        """Give a day from which or on which this cohort's results may be told.

        Parameters
        ----------
        day : float
            A day.

        Returns
        -------
        float
            The same day; on a protected cohort the nearest end of a month.
        """
        return int(month_end(day)) if self.is_protected else day

    # --- computing -----------------------------------------------------------------------------

    def compute(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function of the package; what cannot be computed comes back as a reason.

        Parameters
        ----------
        function : callable
            A statistic.
        *args, **kwargs : object
            Its arguments; if one is `Unavailable`, so is the result.

        Returns
        -------
        object or Unavailable
            What the function returns; in a text, braces are doubled as `figure` wants them.
        """
        hidden: list[str] = []
        for argument in (*args, *kwargs.values()):
            if isinstance(argument, Unavailable):
                return argument
            hidden += _hidden(argument)
        counts = any(isinstance(a, Patients) for a in (*args, *kwargs.values()))
        counts |= self.is_protected and function in RULES
        try:
            if counts:
                result = self._vault.compute(function, *args, **kwargs)
            else:
                result = function(*args, **kwargs)
        except CannotCompute as error:
            return Unavailable(str(error))
        if isinstance(result, pd.DataFrame) and hidden:
            result.attrs["hidden"] = tuple(dict.fromkeys((*hidden, *_hidden(result))))
        if isinstance(result, pd.DataFrame) and (name := _name_of(function)):
            result.attrs["computed_by"] = name
        # a description may hold a group's name, which is no template, whatever is in it
        return result.replace("{", "{{").replace("}", "}}") if isinstance(result, str) else result

    # --- handing over --------------------------------------------------------------------------

    def number(
        self,
        key: str,
        table: pd.DataFrame | Unavailable,
        unit: str,
        *,
        where: Mapping[str, Any] | None = None,
        column: str = "estimate",
        rests_on: Sequence[str] = (),
    ) -> None:
        """Hand a number over under a stable id.

        Parameters
        ----------
        key : str
            Its id, unique in the book.
        table : pandas.DataFrame or Unavailable
            A tidy result.
        unit : str
            As in `cartanalysis.text.format_value`.
        where : mapping, optional
            Picks the row; the first if not given.
        column : str
            Which column; intervals go with ``estimate`` only.
        rests_on : sequence of str
            Values of the registry on which the number rests if the cohort is the reconstruction;
            assumed if none.

        Raises
        ------
        ValueError
            If the id was handed over before.
        """
        if key in self.numbers:
            raise ValueError(f"the number {key!r} is handed over twice")
        made = self._number(key, table, unit, where or {}, column, rests_on)
        self.numbers[key] = made
        publish_display_data(
            {NUMBER_MIME: made.record(self.name)},
            metadata={METADATA: {"number": made.record(self.name), "parts": _parts(made)}},
        )

    def _number(
        self,
        key: str,
        table: pd.DataFrame | Unavailable,
        unit: str,
        where: Mapping[str, Any],
        column: str,
        rests_on: Sequence[str],
    ) -> Number:
        none = Number(
            key,
            None,
            unit,
            "",
            self.evidence(rests_on),
            time_unit=self.time_unit,
            confidence=self.confidence,
            coarse=self.is_protected,
        )
        if isinstance(table, Unavailable):
            return replace(none, reason=table.reason)
        rows = table
        for name, wanted in where.items():
            rows = rows[rows[name] == wanted]
        if rows.empty and _hidden(table):
            return replace(none, reason=str(Hidden(self.min_cell, "it would show")))
        if rows.empty:
            group = " and ".join(str(v) for v in where.values())
            return replace(none, reason=f"this cohort has no patients in the group `{group}`")
        row = rows.iloc[0]

        def get(name: str) -> Any:
            return None if name not in row or is_missing(row[name]) else row[name]

        if get(column) is None and (get("why") or unit == "fraction"):
            return replace(none, reason=str(get("why") or "it is not defined in this cohort"))
        found = replace(
            none,
            value=get(column),
            since=get("since"),
            method=get("method") or "count",
            n=get("n"),
            events=get("events"),
        )
        if column != "estimate":
            return found
        return replace(found, lower=get("lower"), upper=get("upper"))

    def numbers_by_group(self, key: str, table: pd.DataFrame | Unavailable, unit: str) -> None:
        """Hand a number over for each group of a table.

        Parameters
        ----------
        key : str
            Start of the ids; the group's name follows, in letters, digits and hyphens.
        table : pandas.DataFrame or Unavailable
            A tidy result with a column ``group``.
        unit : str
            As in `number`.
        """
        if isinstance(table, Unavailable):
            return
        for place, group in enumerate(table["group"], start=1):
            name = f"{key}_{slug(group) or place}"
            while name in self.numbers:
                name = f"{name}-{place}"
            self.number(name, table, unit, where={"group": group})

    def value(self, key: str) -> float | Unavailable:
        """Give a number that was handed over, to pass on to a figure.

        Parameters
        ----------
        key : str
            Its id.

        Returns
        -------
        float or Unavailable
            Its value, or why there is none.
        """
        found = self.numbers[key]
        return Unavailable(found.reason or "not defined") if found.value is None else found.value

    def title(self, text: str) -> None:
        """Show what the results below are about.

        Parameters
        ----------
        text : str
            Plain text; whatever is in it is shown as it is.
        """
        show(HTML(f'<p class="cart-about">{html.escape(text)}</p>'))

    def say(self, template: str) -> None:
        """Show a sentence with numbers in it.

        Parameters
        ----------
        template : str
            Markdown with ``{id}``, ``{id.ci}`` and ``{id.of}`` for numbers handed over before.
            If one of them is not available, the reason is shown instead.
        """
        reasons = [n.reason for n in self._used(template) if n.reason]
        if reasons:
            self._show_reason(reasons[0])
        else:
            letters = {n.evidence for n in self._used(template)}
            show(Markdown(template.format_map(self.numbers) + "".join(map(badge, sorted(letters)))))

    def figure(
        self,
        plot: Callable[..., Any],
        *tables: Any,
        name: str,
        caption: str,
        alt: str | Unavailable,
        rests_on: Sequence[str] = (),
        letter: str = "",
        **options: Any,
    ) -> None:
        """Draw a figure and hand it over with caption, alternative text and data.

        Parameters
        ----------
        plot : callable
            A function of `cartanalysis.figures`.
        *tables : object
            What it draws; the first is the figure's data.
        name : str
            Name of the figure, unique in the book.
        caption : str
            Caption; may name numbers as in `say`.
        alt : str
            One sentence for who cannot see it; may name numbers as in `say`.
        rests_on : sequence of str
            As in `number`.
        letter : str
            Evidence letter of a figure that shows the paper, not the cohort.
        **options : object
            Passed to the function.
        """
        given = (*tables, alt, *options.values())
        reasons = [t.reason for t in given if isinstance(t, Unavailable)]
        if reasons:
            self._show_reason(reasons[0])
            return
        axes = plot(*tables, **options)
        picture = style.figure_of(axes)
        svg, png = io.StringIO(), io.BytesIO()
        fonttype, note = scripts.fit_fonts(picture)
        with warnings.catch_warnings(), mpl.rc_context({"svg.fonttype": fonttype}):
            if note:  # the caption tells, once
                warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
            picture.savefig(svg, format="svg", bbox_inches="tight", metadata={"Date": None})
            picture.savefig(
                png, format="png", bbox_inches="tight", dpi=160, metadata={"Software": None}
            )
        plt.close(picture)
        text = caption.format_map(self.numbers) + self._left_out(*tables) + note
        alt_text = str(alt).format_map(self.numbers)
        letter = letter or self.evidence(rests_on)
        about = {
            "name": name,
            "caption": text,
            "alt": alt_text,
            "evidence": letter,
            "evidence_sentence": evidence_sentence(letter),
            "csv": csv_of(self._data_of(tables[0])),
            "drawn_by": _name_of(plot),
            "computed_by": getattr(tables[0], "attrs", {}).get("computed_by", ""),
            "geometry": geometry.geometry(picture, svg.getvalue()),
            "shown": {name: options[name] for name in SHOWN if name in options}
            | {"confidence": self.confidence, "points": self.is_protected},
        }
        publish_display_data(
            {"image/svg+xml": svg.getvalue(), "image/png": png.getvalue(), "text/plain": alt_text},
            metadata={METADATA: {"figure": about}},
        )
        line = f"*{text}* — {evidence_sentence(letter)}"
        # for readers of the notebook; on the website the caption takes its place
        publish_display_data({"text/markdown": line}, metadata={METADATA: {"caption": True}})

    def table(
        self,
        table: pd.DataFrame | Unavailable,
        columns: Mapping[str, str],
        *,
        caption: str,
        unit: str = "fraction",
        words: Mapping[str, str] | None = None,
        rests_on: Sequence[str] = (),
        letter: str = "",
    ) -> None:
        """Show a tidy table.

        Parameters
        ----------
        table : pandas.DataFrame or Unavailable
            A tidy result.
        columns : mapping of str to str
            Columns to show and their headings; ``estimate`` is joined by its interval.
        caption : str
            What the table shows.
        unit : str
            Unit of the estimates.
        words : mapping of str to str, optional
            What to show in place of a text, such as a group's short name.
        rests_on : sequence of str
            As in `number`.
        letter : str
            Evidence letter of a table that shows the paper, not the cohort.
        """
        if isinstance(table, Unavailable):
            self._show_reason(table.reason)
            return
        rows = [
            {
                heading: (words or {}).get(text := self._cell(row, name, unit), text)
                for name, heading in columns.items()
            }
            for _, row in table.iterrows()
        ]
        text = f"{caption}.{self._left_out(table)} "
        text += evidence_sentence(letter or self.evidence(rests_on))
        show(HTML(html_table(rows, text)))

    def _cell(self, row: pd.Series, name: str, unit: str) -> str:
        value = row[name]
        if name == "estimate":
            if unit == "days" and is_missing(value) and row.get("why"):
                return COMPLEMENT
            whole = self.is_protected
            text = format_value(value, unit, self.time_unit, whole=whole, since=row.get("since"))
            if "lower" in row and not (is_missing(row["lower"]) and is_missing(row["upper"])):
                bounds = (row["lower"], row["upper"])
                text += f" ({format_interval(*bounds, unit, self.time_unit, whole=whole)})"
            return text
        if is_missing(value):
            return "–"
        if name == "p":
            return (
                format_value(value, "p").removeprefix("p = ").removeprefix("p ").replace(" ", NBSP)
            )
        if isinstance(value, float):
            if math.isinf(value):
                return "∞"
            return f"{value:.0f}" if value == round(value) else f"{value:.2f}"
        return str(value)

    def _left_out(self, *tables: Any) -> str:
        """Say which groups are hidden because few patients are in them."""
        names = [n.replace("{", "(").replace("}", ")") for t in tables for n in _hidden(t)]
        if not names:
            return ""
        few = f"to show no count of fewer than {self.min_cell} patients"
        return f" Hidden {few}: {', '.join(dict.fromkeys(names))}."

    def _data_of(self, table: Any) -> Any:
        """Give a figure's data; a user's without the exact time of any patient's event."""
        if self.is_reconstruction or not isinstance(table, pd.DataFrame):
            return table
        if self.is_protected:
            return _as_seen(table)
        if survival.is_curve(table):
            return survival.on_grid(table)
        if "unit" not in table:
            return table
        in_days = table["unit"] == "days"
        times = {c: table[c].astype(float) for c in ("estimate", "lower", "upper")}
        return table.assign(**{c: t.mask(in_days, t.round(1)) for c, t in times.items()})

    # --- evidence ------------------------------------------------------------------------------

    def evidence(self, rests_on: Sequence[str] = ()) -> str:
        """Give the evidence letter of a result.

        Parameters
        ----------
        rests_on : sequence of str
            Values of the registry on which it rests.

        Returns
        -------
        str
            P, D or A on the reconstruction, "your data" on any other cohort.
        """
        if not self.is_reconstruction:
            return YOUR_DATA
        # nobody knows whether a seeded cohort's file was changed
        return self.registry.weakest(rests_on if self.is_default else ())

    def with_evidence(self, table: pd.DataFrame | Unavailable) -> pd.DataFrame | Unavailable:
        """Add each row's evidence letter.

        Parameters
        ----------
        table : pandas.DataFrame or Unavailable
            With a column ``rests_on``.

        Returns
        -------
        pandas.DataFrame or Unavailable
            The same with a column ``evidence``.
        """
        if isinstance(table, Unavailable):
            return table
        return table.assign(evidence=[self.evidence(ids) for ids in table["rests_on"]])

    def _used(self, template: str) -> list[Number]:
        fields = [name for _, name, _, _ in string.Formatter().parse(template) if name]
        return [self.numbers[f.partition(".")[0]] for f in fields]

    def _show_reason(self, reason: str) -> None:
        shell = get_ipython()
        told = (reason, shell.execution_count if shell else None)
        if told == self._told:  # once in a cell is enough
            return
        self._told = told
        text = f"Not shown: {html_sentence(reason)}."
        show(HTML(f'<p class="cart-missing">{text}</p>'))


def show(text: HTML | Markdown) -> None:
    """Show what readers see as it is, marked as handed over.

    Parameters
    ----------
    text : IPython.display.HTML or IPython.display.Markdown
        What to show.
    """
    display(text, metadata={METADATA: AS_IT_IS})


def _hidden(table: Any) -> tuple[str, ...]:
    """Tell which groups were left out of a table."""
    return table.attrs.get("hidden", ()) if isinstance(table, pd.DataFrame) else ()


def _name_of(function: Callable[..., Any]) -> str:
    """Name a function of the package; empty for any other."""
    module = getattr(function, "__module__", "")
    ours = module.startswith("cartanalysis.") and hasattr(function, "__qualname__")
    return f"{module}.{function.__qualname__}" if ours else ""


def badge(letter: str) -> str:
    """Write an evidence letter as it stands behind a sentence.

    Parameters
    ----------
    letter : str
        P, D, A or "your data".

    Returns
    -------
    str
        HTML that Markdown lets through.
    """
    style = f"cart-letter-{letter.lower().replace(' ', '-')}"
    return f' <span class="cart-letter {style}">{html.escape(letter)}</span>'


def evidence_sentence(letter: str) -> str:
    """Say what an evidence letter means, in one plain sentence.

    Parameters
    ----------
    letter : str
        P, D, A, "your data" or "simulated".

    Returns
    -------
    str
        A sentence.
    """
    if letter == YOUR_DATA:
        return "Evidence: your data, as given in the cohort file."
    if letter == SIMULATED:
        return "Simulated; no patient data."
    return f"Evidence {letter} – {MEANING[letter]}."


def slug(text: str) -> str:
    """Make part of an id from any text.

    Parameters
    ----------
    text : str
        A group's name.

    Returns
    -------
    str
        Lower-case letters, digits and hyphens.
    """
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower())
    return "-".join(part for part in kept.split("-") if part)[:40]


def letters_explained() -> str:
    """Say in a few words what the letters stand for.

    Returns
    -------
    str
        Part of a sentence.
    """
    return "P published, D derived by arithmetic, A assumed (reconstruction)"


def _parts(number: Number) -> dict[str, str]:
    """Give the texts that prose pages may ask for."""
    reason = number.reason.replace("`", "")
    full = f"{number.text}: {reason}" if reason else f"{number.text} ({number.ci})"
    return {"text": number.text, "ci": number.ci, "of": number.of, "full": full}


def _as_seen(table: pd.DataFrame) -> pd.DataFrame:
    """Round to the digits of the page: more would tell the counts behind a result."""

    def seen(value: float) -> float:
        return round(value) if abs(value) >= 100 else round(float(f"{value:.3g}"), 3)

    rounded = {
        str(name): values.round(4) if name in ("p", "p_holm") else values.map(seen)
        for name, values in table.select_dtypes("float").items()
    }
    return table.assign(**rounded)


def _defused(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def csv_of(data: Any) -> str:
    """Write a figure's data; text that a spreadsheet would run as a formula is defused.

    Parameters
    ----------
    data : object
        A table, or what becomes one.

    Returns
    -------
    str
        CSV.
    """
    frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
    for column in frame.select_dtypes(include=["object", "category"]):
        texts = frame[column].astype(object).map(_defused)
        frame = frame.assign(**{str(column): texts})
    return frame.to_csv(index=False, lineterminator="\n", float_format="%.10g")

"""Handing over results: what a notebook does with the tables it computed, whatever they are about.

Numbers, sentences, figures and tables are shown, each with its evidence letter.  A result that
cannot be given (a missing column, no event) says why, and is shown as that sentence.

The numbers and what belongs to a figure (caption, alternative text, data) travel in the metadata
of the cell's outputs; `cartanalysis.publish` picks them up there.
"""

from __future__ import annotations

import html
import inspect
import io
import math
import string
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import pandas as pd
from IPython import get_ipython
from IPython.display import HTML, Markdown, display, publish_display_data
from matplotlib import pyplot as plt

from cartanalysis.chapter.disclosure.outputs import METADATA, WITHHELD
from cartanalysis.chapter.disclosure.outputs import SHOWN as AS_IT_IS
from cartanalysis.chapter.disclosure.rules import COMPLEMENT, RULES, Hidden
from cartanalysis.chapter.disclosure.times import month_end
from cartanalysis.chapter.disclosure.vault import Patients, Remote, Vault
from cartanalysis.chapter.results import Figure, Result, Table
from cartanalysis.claims.registry import (
    LETTERS,
    MEANING,
    OTHERS,
    SIMULATED,
    YOUR_DATA,
    Entry,
    Registry,
)
from cartanalysis.errors import CannotCompute, MissingColumns
from cartanalysis.figures import geometry, scripts, style
from cartanalysis.stats import survival
from cartanalysis.study.published import load
from cartanalysis.text import (
    DAYS_PER,
    FORMULA,
    Number,
    badge,
    format_interval,
    format_value,
    html_sentence,
    html_table,
    is_missing,
)

NUMBER_MIME = "application/vnd.cartanalysis.number+json"
"""Type of a number handed over; notebook viewers do not show it."""

PAPER = "paper"
"""What sentences call the registry."""

NBSP = "\u00a0"

SHOWN = ("labels", "unit", "measure", "ratio")
"""Options of plotting functions that say how a figure's data are written."""


IN_SHORT = "**In short.** "
"""Opens the first sentence of a chapter."""


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

    patients: pd.DataFrame | Patients
    """The cohort, where there is one."""

    treg_cutoff: float | None = None
    """The cut-off for high regulatory T cells; the cohort's median if none."""

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
        if time_unit not in DAYS_PER:
            raise ValueError(f"time_unit is {time_unit!r}; choose one of {', '.join(DAYS_PER)}")
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
        self._handed_over: dict[str, tuple[str, int]] = {}  # by which cell, and when
        self._told: tuple[str, int | None] = ("", None)
        self._no_output: dict[str, str] = {}  # why cells by hand show none, and where it was told
        self._unopened: int | None = None  # the cell whose opening sentence was withheld
        self._lacks: dict[str, tuple[str, ...]] = {}  # columns that lack, by reason
        style.use()

    @property
    def is_protected(self) -> bool:
        """Whether small counts of patients are hidden."""
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

    def compute(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Result:
        """Call a statistic of the package; what cannot be computed comes back as a reason.

        Chapters ask for results by name (`cartanalysis.chapter.study.Study`); this is what such a
        result is made with.

        Parameters
        ----------
        function : callable
            A statistic.
        *args, **kwargs : object
            Its arguments; of a `Result`, what it holds.

        Returns
        -------
        Result
            What the function returns.
        """
        given = [a for a in (*args, *kwargs.values()) if isinstance(a, Result)]
        if lacking := [a for a in given if a.why]:
            return lacking[0]
        hidden = [group for a in given for group in a.hidden]
        args = tuple(_content(a) for a in args)
        kwargs = {name: _content(a) for name, a in kwargs.items()}
        patients = any(isinstance(a, Patients) for a in (*args, *kwargs.values()))
        try:
            if patients or (self.is_protected and function in RULES):
                told = self._vault.compute(function, *args, **kwargs)
                value, hidden = told.result, [*hidden, *told.hidden]
            else:
                value = function(*args, **kwargs)
        except MissingColumns as error:
            self._lacks[str(error)] = error.columns
            return Result(why=str(error), lacks=error.columns)
        except CannotCompute as error:
            return Result(why=str(error))
        before = [a.computed_by for a in given]
        name = next(filter(None, (_name_of(function), *before)), "")
        return Result(value, hidden=tuple(dict.fromkeys(hidden)), computed_by=name)

    # --- handing over --------------------------------------------------------------------------

    def hand_over(self, **numbers: Result) -> None:
        """Hand numbers over under stable ids.

        Parameters
        ----------
        **numbers : Result
            Ids, unique in the book, and what they stand for.

        Raises
        ------
        ValueError
            If another cell has handed the id over; a cell may be run again.
        """
        shell = get_ipython()
        cell = (shell.user_ns["In"][-1], shell.execution_count) if shell else ("", 0)
        for key, result in numbers.items():
            if not isinstance(result, Result):
                raise TypeError(f"{key}: only results are handed over, such as remission.rate")
            source, count = self._handed_over.get(key, cell)
            if key in self.numbers and (source != cell[0] or count == cell[1]):
                raise ValueError(
                    f"the number {key!r} is handed over twice; leave hand_over out, or run the "
                    "notebook again from the cell that makes “study”"
                )
            self._handed_over[key] = cell
            made = self._number(key, result)
            self.numbers[key] = made
            publish_display_data(
                {NUMBER_MIME: made.record(self.name), "text/plain": ""},
                metadata={METADATA: {"number": made.record(self.name), "parts": _parts(made)}},
            )

    def _number(self, key: str, result: Result) -> Number:
        none = Number(
            key,
            None,
            result.unit,
            "",
            self.letter_of(result),
            time_unit=self.time_unit,
            confidence=self.confidence,
            coarse=self.is_protected,
        )
        if result.why:
            return replace(none, reason=result.why)
        rows = result.table
        for name, wanted in result.chosen.items():
            rows = rows[rows[name] == wanted]
        if rows.empty and result.hidden:
            return replace(none, reason=str(Hidden(self.min_cell, "it would show")))
        if rows.empty:
            group = " and ".join(str(v) for v in result.chosen.values())
            return replace(none, reason=f"this cohort has no patients in the group `{group}`")
        row = rows.iloc[0]

        def get(name: str) -> Any:
            return None if name not in row or is_missing(row[name]) else row[name]

        value = get(result.column)
        if value == COMPLEMENT:
            return replace(none, reason=str(Hidden(self.min_cell, "it would show")))
        if value is None and (get("why") or result.unit != "days"):
            return replace(none, reason=str(get("why") or "it is not defined in this cohort"))
        found = replace(
            none,
            value=value,
            since=get("since"),
            method=get("method") or "count",
            n=get("n"),
            events=get("events"),
        )
        if result.column != "estimate":
            return found
        return replace(
            found,
            lower=get("lower"),
            upper=get("upper"),
            group=str(get("group") or ""),
            reference=str(get("reference") or ""),
        )

    def hand_over_by_group(self, start: str, result: Result) -> None:
        """Hand a number over for each group of a result.

        Parameters
        ----------
        start : str
            Start of the ids; the group's name follows, in letters, digits and hyphens.
        result : Result
            A table with a column ``group``.
        """
        for place, group in enumerate([] if result.why else result.table["group"], start=1):
            name = f"{start}_{slug(group) or place}"
            while name in self.numbers:
                name = f"{name}-{place}"
            self.hand_over(**{name: result.where(group=group)})

    def title(self, text: str) -> None:
        """Show what the results below are about.

        Parameters
        ----------
        text : str
            Plain text; whatever is in it is shown as it is.
        """
        show(HTML(f'<p class="cart-about">{html.escape(text)}</p>'))

    def remark(self, text: str) -> None:
        """Show a sentence without numbers of its own, if there is one.

        Parameters
        ----------
        text : str
            Plain text; whatever is in it is shown as it is.
        """
        if text:
            show(HTML(f"<p>{html_sentence(text)}</p>"))

    def say(self, template: str) -> None:
        """Show a sentence with numbers in it.

        Parameters
        ----------
        template : str
            Markdown with ``{id}``, ``{id.ci}``, ``{id.of}`` and ``{id.of_100}`` for numbers handed
            over before, and ``{paper.id}`` for values of the registry.  If a number is not
            available, the reason is shown instead, and the cell's next sentence opens in its place.
        """
        used = self._used(template)
        reasons = [n.reason for n in used if isinstance(n, Number) and n.reason]
        shell = get_ipython()
        cell = shell.execution_count if shell else 0
        if self._unopened == cell:
            template = IN_SHORT + template
        self._unopened = None
        if reasons:
            self.withhold(reasons[0])
            self._unopened = cell if template.startswith(IN_SHORT) else None
        else:
            letters = {n.evidence for n in used}
            order = sorted(letters, key=[*LETTERS, SIMULATED, OTHERS, YOUR_DATA].index)
            known = {**self.numbers, PAPER: _Paper(self.registry)}
            show(Markdown(template.format_map(known) + "".join(map(badge, order))))

    def on_reconstruction(self, template: str) -> None:
        """Show a sentence that is true of the default cohort only.

        Parameters
        ----------
        template : str
            As for `say`.
        """
        if self.is_default:
            self.say(template)

    def show(self, *things: Figure | Table) -> None:
        """Show figures and tables; in place of one that cannot be made, the reason."""
        for thing in things:
            if not isinstance(thing, Figure | Table):
                raise TypeError("show what .figure(…) or .as_table(…) gives")
            if thing.why:
                self.withhold(thing.why)
            elif isinstance(thing, Figure):
                self._show_figure(thing)
            else:
                self._show_table(thing)

    def _show_figure(self, figure: Figure) -> None:
        """Draw a figure and hand it over with caption, alternative text and data."""
        first = figure.results[0]
        options, level = {**figure.options}, figure.options.get("confidence", self.confidence)
        if "confidence" in inspect.signature(figure.plot).parameters:
            options["confidence"] = level
        axes = figure.plot(*(r.value for r in figure.results), **options)
        picture = style.figure_of(axes)
        svg, png = io.StringIO(), io.BytesIO()
        fonttype, note = scripts.fit_fonts(picture)
        with warnings.catch_warnings(), mpl.rc_context({"svg.fonttype": fonttype}):
            if note:  # the caption tells, once
                warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
            box = style.cropped(picture)
            picture.savefig(svg, format="svg", bbox_inches=box, metadata={"Date": None})
            picture.savefig(
                png, format="png", bbox_inches=box, dpi=160, metadata={"Software": None}
            )
        plt.close(picture)
        labels = figure.options.get("labels") or {}
        text = figure.caption + self._left_out(figure.results, labels) + note
        letter = self.letter_of(first)
        shown = {n: value for n in SHOWN if (value := figure.options.get(n)) is not None}
        about = {
            "name": figure.name,
            "caption": text,
            "alt": figure.alt,
            "evidence": letter,
            "evidence_sentence": evidence_sentence(letter),
            "csv": csv_of(self._data_of(first.value)),
            "drawn_by": _name_of(figure.plot),
            "computed_by": first.computed_by,
            "geometry": geometry.geometry(picture, svg.getvalue()),
            "shown": shown | {"confidence": level, "points": self.is_protected},
        }
        pictures = {"image/svg+xml": svg.getvalue(), "image/png": png.getvalue()}
        publish_display_data(
            pictures | {"text/plain": figure.alt}, metadata={METADATA: {"figure": about}}
        )
        line = f"*{text}* — {evidence_sentence(letter)}"
        # for readers of the notebook; on the website the caption takes its place
        publish_display_data({"text/markdown": line}, metadata={METADATA: {"caption": True}})

    def _show_table(self, table: Table) -> None:
        rows = [
            {
                heading: table.words.get(text := self._cell(row, name, table.result.unit), text)
                for name, heading in table.columns.items()
            }
            for _, row in table.result.table.iterrows()
        ]
        hidden = self._left_out([table.result], table.words)
        told = evidence_sentence(self.letter_of(table.result))
        text = f"{table.caption}.{hidden} {told}"
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
        if name in ("p", "p_holm"):
            return bare_p(value)
        if isinstance(value, float):
            if math.isinf(value):
                return "∞"
            text = f"{value:.0f}" if value == round(value) else f"{value:.2f}"
            return text.replace("-", "−")
        return str(value)

    def _left_out(self, results: Sequence[Result], labels: Mapping[str, str]) -> str:
        """Say which groups are hidden because few patients are in them."""
        names = dict.fromkeys(labels.get(name, name) for r in results for name in r.hidden)
        if not names:
            return ""
        few = f"to show no count of fewer than {self.min_cell} patients"
        return f" Hidden {few}: {', '.join(names)}."

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
        # the registry tells of the default cohort; another draw is assumed throughout
        return self.registry.weakest(rests_on if self.is_default else ())

    def letter_of(self, result: Result) -> str:
        """Give the evidence letter of a result: its own, or what it rests on in this cohort."""
        return result.letter or self.evidence(result.rests_on)

    def _used(self, template: str) -> list[Number | Entry]:
        fields = [name for _, name, _, _ in string.Formatter().parse(template) if name]
        found: list[Number | Entry] = []
        for name, _, part in (field.partition(".") for field in fields):
            if name == PAPER:
                found.append(self.registry[part])
            elif name in self.numbers:
                found.append(self.numbers[name])
            else:
                known = ", ".join(self.numbers) or "none yet"
                raise ValueError(f"no number {name!r} was handed over; there are {known}")
        return found

    def withhold(self, reason: str) -> None:
        """Show why there is no result; once in a cell is enough.

        Parameters
        ----------
        reason : str
            The reason, to follow "Not shown:".
        """
        shell = get_ipython()
        told = (reason, shell.execution_count if shell else None)
        if told == self._told:
            return
        self._told = told
        about = {"reason": reason, "columns": [*self._lacks.get(reason, ())]}
        text = HTML(_missing(f"Not shown: {html_sentence(reason)}."))
        display(text, metadata={METADATA: {WITHHELD: about}})

    def without_output(self, source: str, reason: str) -> None:
        """Say why a cell by hand is shown without what it gives; a reason once in a chapter.

        Parameters
        ----------
        source : str
            The cell; it may be run again.
        reason : str
            The reason, to follow "Shown without its output:".
        """
        told = f": {html_sentence(reason)}"
        if self._no_output.setdefault(reason, source) != source:
            if self.is_protected:  # as are all such cells
                return
            told = ", for a reason given above"
        show(HTML(_missing(f"Shown without its output{told}.")))


class _Paper:
    """The registry's values, as a sentence names them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __getattr__(self, key: str) -> str:
        return self._registry[key].text


def bare_p(value: float) -> str:
    """Write a p-value for a column that says what it is."""
    return format_value(value, "p").removeprefix("p = ").removeprefix("p ").replace(" ", NBSP)


def _missing(text: str) -> str:
    return f'<p class="cart-missing">{text}</p>'


def show(text: HTML | Markdown) -> None:
    """Show what readers see as it is, marked as handed over."""
    display(text, metadata={METADATA: AS_IT_IS})


def _content(argument: Any) -> Any:
    return argument.value if isinstance(argument, Result) else argument


def _name_of(function: Callable[..., Any]) -> str:
    """Name a public function of the package; empty for any other."""
    module, name = (getattr(function, what, "") for what in ("__module__", "__qualname__"))
    ours = module.startswith("cartanalysis.") and name and not name.startswith("_")
    return f"{module}.{name}" if ours else ""


def evidence_sentence(letter: str) -> str:
    """Say what an evidence letter means, in one plain sentence."""
    if letter == YOUR_DATA:
        return "Evidence: your data, as given in the cohort file."
    if letter == SIMULATED:
        return "Simulated; no patient data."
    if letter == OTHERS:
        return "Published by other trials, as cited; the paper's own values carry their letter."
    return f"Evidence {letter} – {MEANING[letter]}."


def slug(text: str) -> str:
    """Make part of an id from any text."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower())
    return "-".join(part for part in kept.split("-") if part)[:40]


def letters_explained(is_reconstruction: bool) -> str:
    """Say in a few words what the letters stand for."""
    last = "A assumed (reconstruction)" if is_reconstruction else "your data from this cohort"
    return f"P printed by the paper, S by another publication, D derived by arithmetic, {last}"


PARTS = frozenset({
    "text", "ci", "of", "full", "contrast", "group", "reference", "lower", "upper", "reason",
    "level",
})  # fmt: skip
"""Texts that are handed over with a number."""


def _parts(number: Number) -> dict[str, str]:
    """Give the texts that prose pages may ask for."""
    reason = number.reason.replace("`", "")
    full = f"{number.text}: {reason}" if reason else f"{number.text} ({number.ci})"
    parts = {"text": number.text, "ci": number.ci, "of": number.of, "full": full}
    groups = {name: getattr(number, name) for name in ("contrast", "group", "reference")}
    bounds = {name: number.bound(getattr(number, name)) for name in ("lower", "upper")}
    return parts | groups | bounds | {"reason": reason, "level": str(number.confidence)}


def _as_seen(table: pd.DataFrame) -> pd.DataFrame:
    """Round to the digits of the page: more would tell the counts behind a result."""

    def seen(value: float) -> float:
        if not 100 <= abs(value) < math.inf:
            return round(float(f"{value:.3g}"), 3)
        return round(value)

    rounded = {
        str(name): values.round(4) if name in ("p", "p_holm") else values.map(seen)
        for name, values in table.select_dtypes("float").items()
    }
    return table.assign(**rounded)


def _defused(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def csv_of(data: Any) -> str:
    """Write a figure's data as CSV; text that a spreadsheet would run as a formula is defused."""
    frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
    for column in frame.select_dtypes(include=["object", "category"]):
        texts = frame[column].astype(object).map(_defused)
        frame = frame.assign(**{str(column): texts})
    return frame.to_csv(index=False, lineterminator="\n", float_format="%.10g")

"""What the abstract allows, as a chapter asks for it: a thousand cohorts and one beside them."""

from __future__ import annotations

from typing import Any

from cartanalysis.chapter.analyses import Verdicts
from cartanalysis.chapter.handover import HandOver
from cartanalysis.chapter.results import Figure, Labels, Result, Table
from cartanalysis.claims.registry import OTHERS, SIMULATED
from cartanalysis.figures import plot_effects, plot_outcomes
from cartanalysis.study import allowed, consistent
from cartanalysis.text import badge

ASSUMED = "A"
"""Letter of all that rests on the prior."""

SHOWN_SIZES = (47, 100, 300)
"""Patients of the new cohorts that are drawn in the figure."""


class Allowed:
    """The cohorts that agree with everything known of the study.

    What it draws or lays out takes a caption, and a figure its name, unique in the book.
    """

    def __init__(self, study: HandOver) -> None:
        self._study = study
        self._claims = Verdicts(study).result
        self.ratios = self._assumed(allowed.ratios, self._claims.table)
        """Ranges of the hazard ratios, one row per directional claim."""

    def _assumed(self, function: Any, *args: Any) -> Result:
        return self._study.compute(function, *args).marked(ASSUMED)

    def say(self, text: str) -> None:
        """Show a sentence about what rests on the prior, with its letter.

        Parameters
        ----------
        text : str
            As for ``study.say``.
        """
        self._study.say(text + badge(ASSUMED))

    def again(self, claim: str, n: int) -> str:
        """Tell the share of new cohorts that would show a claim.

        Parameters
        ----------
        claim : str
            Id of a directional claim or an ordering.
        n : int
            Patients of the new cohorts, one of the simulated sizes.

        Returns
        -------
        str
            Such as "82 %".
        """
        table = allowed.outcomes((n,))
        return _percent(float(table.loc[table["claim"] == claim, "estimate"].iloc[0]))

    @property
    def both_readings(self) -> str:
        """The share of the cohorts in which both readings of “respectively” hold."""
        return _percent(allowed.readings()["estimate"].iloc[0])

    def figure(self, name: str, caption: str, labels: Labels) -> Figure:
        """Draw the ranges of the hazard ratios, the chapter's own cohort beside them."""
        alt = consistent.describe(self.ratios.table, labels)
        return Figure(plot_effects, [self.ratios], name, caption, alt, {"labels": labels})

    def outcomes_figure(self, name: str, caption: str) -> Figure:
        """Draw how often new cohorts of three sizes would show each claim."""
        found = self._assumed(allowed.outcomes, SHOWN_SIZES)
        return Figure(plot_outcomes, [found], name, caption, allowed.describe(found.table))

    def fractions(self, caption: str) -> Table:
        """Lay out survival at two years and remission by site."""
        columns = {"what": "Quantity", "estimate": "Median of the cohorts (95 % of them)"}
        return self._assumed(allowed.fractions).as_table(columns, caption)

    def p_values(self, caption: str) -> Table:
        """Lay out how small the p-values are."""
        columns = {
            "what": "Direction",
            "p": "Median p",
            "below_01": "p < 0.01",
            "below_001": "p < 0.001",
        }
        return self._assumed(allowed.p_values).as_table(columns, caption)

    def drivers(self, caption: str) -> Table:
        """Lay out which assumptions move what is open."""
        columns = {
            "what": "Assumed",
            "emd": "HR, EMD",
            "treg": "HR, Tregs",
            "genetics": "HR, genetics",
            "late": "Alive at 2 years",
        }
        return self._assumed(allowed.drivers).as_table(columns, caption)

    def inflation(self, caption: str) -> Table:
        """Lay out the winner's curse."""
        columns = {
            "what": "Direction",
            "reported": "Drawn cohorts",
            "anew": "New cohorts",
            "estimate": "Quotient",
        }
        found = self._assumed(allowed.inflation).read("estimate", "ratio")
        return found.as_table(columns, caption)

    def fragility(self, caption: str) -> Table:
        """Lay out how many events carry the significance."""
        columns = {
            "what": "Direction",
            "median": "Events, median",
            "least": "at least",
            "most": "at most",
            "one": "one event is enough",
        }
        return self._assumed(allowed.fragility).as_table(columns, caption)

    def expected(self, caption: str) -> Table:
        """Lay out how often a new cohort of this size would show each claim, and the verdicts."""
        columns = {
            "what": "Claim",
            "expected": "New cohorts of this size that would show it",
            "verdict": "This cohort",
            "sceptical": "Sceptical p",
        }
        # the shares rest on the prior, on whatever cohort the verdicts are
        asked = (allowed.expected, self._claims, self._study.confidence)
        return self._assumed(*asked).as_table(columns, caption)

    def worth(self, quantity: str) -> str:
        """Tell how many independent cohorts the thousand are worth for one quantity.

        Parameters
        ----------
        quantity : str
            Such as ``hr_emd_os``.

        Returns
        -------
        str
            A number.
        """
        table = allowed.independent().set_index("quantity")
        return f"{table.loc[quantity, 'estimate']:.0f}"

    def hidden(self, group: str) -> str:
        """Tell how many hidden cohorts of a group could be judged.

        Parameters
        ----------
        group : {"same curves", "own times"}
            Which.

        Returns
        -------
        str
            A number.
        """
        table = allowed.hidden().set_index("group")
        return f"{table.loc[group, 'estimate']:.0f}"

    def _simulated(self, function: Any) -> Result:
        return self._study.compute(function).marked(SIMULATED)

    def validation(self, caption: str) -> Table:
        """Lay out how often ranges held a hidden truth."""
        columns = {
            "what": "Quantity",
            "half": "50 %",
            "most": "80 %",
            "nearly": "95 %",
            "own_times": "95 %, own curves",
        }
        return self._simulated(allowed.validation).as_table(columns, caption)

    def public(self, caption: str) -> Table:
        """Lay out what the ranges say of real patients, whose truth is known."""
        columns = {
            "data": "Data (patients)",
            "what": "Quantity",
            "truth": "Truth",
            "range": "95 % of the draws",
            "inside": "Inside",
        }
        return self._assumed(allowed.public).marked(OTHERS).as_table(columns, caption)

    def priors(self, caption: str) -> Table:
        """Lay out how the ranges move with what is assumed."""
        columns = {
            "what": "Changed",
            "range": "To",
            "emd": "HR, EMD",
            "treg": "HR, Tregs",
            "genetics": "HR, genetics",
            "late": "Alive at 2 years",
        }
        return self._assumed(allowed.priors).as_table(columns, caption)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"

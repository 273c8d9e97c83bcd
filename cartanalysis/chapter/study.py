"""What a chapter's notebook talks to: one cohort, the study's analyses of it, and the paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from IPython import get_ipython
from IPython.display import HTML

from cartanalysis import intake
from cartanalysis.chapter import allowed, analyses, by_hand, context, courses, over_time
from cartanalysis.chapter.disclosure.vault import open_cohort
from cartanalysis.chapter.handover import HandOver, letters_explained, show
from cartanalysis.chapter.parameters import check_given
from cartanalysis.chapter.results import Labels, Result
from cartanalysis.claims.registry import SIMULATED
from cartanalysis.stats import baseline, firth, response, survival
from cartanalysis.study import consistent
from cartanalysis.text import badge, html_table, is_missing

THE_LEVEL = (
    "“Significant” is the paper's word; that it means p < 0.05, the usual convention, is assumed "
    "[A]."
)

LABELS = {"prior_hsct": "earlier transplant", "emd": "extramedullary disease", "mrd": "MRD"}
"""What columns of the contract are called in a heading."""


P = ParamSpec("P")
A = TypeVar("A")


def gives(analysis: Callable[Concatenate[HandOver, P], A]) -> Callable[Concatenate[HandOver, P], A]:
    """Make a method of an analysis: it takes what the analysis takes, but the study."""

    @wraps(analysis, updated=())
    def _method(study: HandOver, *args: P.args, **kwargs: P.kwargs) -> A:
        return analysis(study, *args, **kwargs)

    return _method


class Study(HandOver):
    """The study, on one cohort.

    Parameters
    ----------
    name : str
        Name of the chapter's file.
    cohort : str
        ``"an2020"`` or a CSV file.
    confidence : float
        Coverage of all intervals, between 0 and 1.
    time_unit : {"days", "months", "years"}
        How times are shown.
    treg_cutoff : float, optional
        Cut-off for high regulatory T cells; the cohort's median if not given.
    strata : str
        Columns by which groups are compared, separated by commas.
    min_cell : int
        Smallest count of patients shown; 1 hides nothing.  With a larger one, ``patients`` of a
        user's cohort can be counted, not looked at (`cartanalysis.chapter.disclosure.vault`).

    Raises
    ------
    InputError
        If the cohort, or a parameter that papermill gave, cannot be used.
    ValueError
        If a parameter is out of range.
    """

    def __init__(
        self,
        name: str,
        cohort: str,
        *,
        confidence: float = 0.95,
        time_unit: str = "days",
        treg_cutoff: float | None = None,
        strata: str = "",
        min_cell: int = 1,
    ) -> None:
        check_given(name)
        asked = (cohort, min_cell, treg_cutoff, intake.split_names(strata))
        vault, self.cohort, self.patients = open_cohort(*asked)
        self.treg_cutoff = treg_cutoff
        super().__init__(
            name,
            is_reconstruction=self.cohort.is_reconstruction,
            is_default=self.cohort.is_default,
            confidence=confidence,
            time_unit=time_unit,
            min_cell=min_cell,
            vault=vault,
        )
        if shell := get_ipython():
            by_hand.install(shell, self)

    # --- analyses: each takes what its class takes after the study --------------------------------

    remission = gives(analyses.Remission)
    survival = gives(analyses.Survival)
    hazard_ratios = gives(analyses.HazardRatios)
    forest = gives(analyses.Forest)
    subgroups = gives(analyses.Subgroups)
    distribution = gives(analyses.Distribution)
    cutoffs = gives(analyses.CutOffs)
    smooth_effect = gives(analyses.SmoothEffect)
    roc = gives(analyses.RocCurve)
    adverse_events = gives(analyses.AdverseEvents)
    flow = gives(analyses.Flow)
    cumulative_incidence = gives(courses.CumulativeIncidence)
    transplant = gives(courses.Transplant)
    occupancy = gives(courses.Occupancy)
    swimmer = gives(courses.Swimmer)
    proportional_hazards = gives(over_time.ProportionalHazards)
    restricted_mean = gives(over_time.RestrictedMean)
    milestone = gives(over_time.Milestone)
    contrasts = gives(over_time.Contrasts)
    verdicts = gives(analyses.Verdicts)
    allowed = gives(allowed.Allowed)
    peers = gives(context.Peers)

    def rate(self, column: str) -> Result:
        """Give the share of patients with the answer yes, with its exact interval.

        Parameters
        ----------
        column : str
            Column with the levels no and yes.

        Returns
        -------
        Result
            The share.
        """
        return self.compute(response.share, self.patients, column, None, self.confidence)

    def odds_ratios(self, covariates: Sequence[str]) -> Result:
        """Fit a logistic model of remission, penalised after Firth.

        Parameters
        ----------
        covariates : sequence of str
            Columns of the model, or one.

        Returns
        -------
        Result
            Odds ratios of remission, each adjusted for the other covariates.
        """
        asked = (self.patients, "responder", analyses.named(covariates), self.confidence)
        return self.compute(firth.odds_ratios, *asked).read("estimate", "ratio")

    def false_alarms(self) -> Result:
        """Search for a cut-off in simulated cohorts in which there is nothing to find.

        Returns
        -------
        Result
            One row per size of cohort and range of the search.
        """
        return self.compute(analyses.false_alarms).marked(SIMULATED)

    def characteristics(self) -> Result:
        """Summarise who the patients are: Table 1.

        Returns
        -------
        Result
            One row per number or level, with its evidence letter.
        """
        table = self.compute(baseline.table_one, self.patients)
        if table.why:
            return table
        # the size of a group may follow from a rate that the paper gives for it
        sizes = {
            (claim.details["by"], claim.details["group"]): claim.details["counts"][1:]
            for claim in self.registry.claims
            if claim.how == "counted" and "group" in claim.details
        }
        rows = zip(table.table["column"], table.table["group"], strict=True)
        letters = [self.evidence(sizes.get(row, ())) for row in rows]
        return replace(table, value=table.table.assign(evidence=letters))

    # --- sections that several chapters have ---------------------------------------------------

    def claim(self, key: str, labels: Labels, caption: str) -> None:
        """Show one directional claim of the paper: curves, hazard ratio, log-rank test.

        Hands over ``<key>_hr`` and ``<key>_p``.

        Parameters
        ----------
        key : str
            Id of the claim in the registry.
        labels : mapping of str to str
            Names of the groups as shown.
        caption : str
            Caption of the figure.
        """
        claimed = self.registry[key].details
        found = self.survival(claimed["endpoint"], by=claimed["exposure"])
        self.show(found.figure(f"km-{key.replace('_', '-')}", caption, labels))
        self.compare(key, found, found.endpoint.name.capitalize())

    def compare(self, key: str, found: analyses.Survival, about: str) -> None:
        """Say how the groups of an analysis differ: hazard ratio and log-rank test.

        Hands over ``<key>_hr`` and ``<key>_p``.

        Parameters
        ----------
        key : str
            Start of the ids.
        found : Survival
            The analysis, by two groups.
        about : str
            What the sentence is about.
        """
        p, ratio = f"{key}_p", f"{key}_hr"
        self.hand_over(**{p: found.test, ratio: found.hazard_ratio})
        self.say(
            f"{about}: hazard ratio **{{{ratio}}}** ({{{ratio}.ci}}), {found.test_name} {{{p}}}."
        )
        self.remark(found.note)

    def open_range(self, *keys: str) -> None:
        """Say on the default cohort how large effects could have been, as nobody printed them.

        Parameters
        ----------
        *keys : str
            Ids of directional claims in the registry.
        """
        ranges = [f"**{consistent.range_text(key)}**" for key in keys]
        if len(keys) > 1:
            shorts = (self.registry[key].details["short"] for key in keys)
            ranges = [f"{text} ({short})" for text, short in zip(ranges, shorts, strict=True)]
        printed = "a direction, not a hazard ratio" if len(keys) == 1 else "directions only"
        self.on_reconstruction(
            f"The abstract prints {printed}. In 95 % of a thousand cohorts, drawn evenly from all "
            "that agree with everything published, the hazard ratio lies "
            f"{', '.join(ranges)}. The lower end is set by the condition that the difference be "
            "significant, the upper by the prior: this is no confidence interval." + badge("A")
        )

    def stratum(self, by: str) -> None:
        """Show remission and survival by groups that the user named.

        Hands over ``stratum_<place>_orr_p``, ``…_os_p`` and ``…_rfs_p``.

        Parameters
        ----------
        by : str
            Column that groups the patients.
        """
        place = self.cohort.strata.index(by) + 1
        title = LABELS.get(by, by.replace("_", " "))
        self.title(f"By {title}")
        remission = self.remission(by=by)
        caption = f"Remission by {title}, with exact intervals."
        self.show(remission.figure(f"stratum-{place}-remission", caption))
        key = f"stratum_{place}_orr_p"
        self.hand_over(**{key: remission.test.p})
        self.say(f"Remission, Fisher's exact test: {{{key}}}.")
        for endpoint in survival.ENDPOINTS:
            found = self.survival(endpoint, by=by)
            name = found.endpoint.name.capitalize()
            caption = f"{name} by {title}"
            self.show(found.figure(f"stratum-{place}-{endpoint}", f"{caption}."))
            self.show(found.medians_table(caption))
            key = f"stratum_{place}_{endpoint}_p"
            self.hand_over(**{key: found.test})
            self.say(f"{name}, {found.test_name}: {{{key}}}.")

    def strata_tests(self) -> Result:
        """Put the p-values of all groups that the user named below one another.

        Returns
        -------
        Result
            One row per test: group (what was compared), outcome, test, p, p_holm; and in each row
            comparisons (their number) and by_chance (how likely at least one would be significant
            if nothing differed and they were independent).
        """
        return analyses.several_tests(
            (LABELS.get(by, by.replace("_", " ")), name, test_name, test)
            for by in self.cohort.strata
            for name, test_name, test in self._tests_by(by)
        )

    def _tests_by(self, by: str) -> list[tuple[str, str, Result]]:
        found = [self.survival(endpoint, by=by) for endpoint in survival.ENDPOINTS]
        remission = ("remission", "Fisher's exact test", self.remission(by=by).test.p)
        return [remission, *((f.endpoint.name, f.test_name, f.test) for f in found)]

    def arms(self, endpoint: str) -> None:
        """Show an endpoint by treatment, where a cohort has several: curves, medians, tests.

        Hands over ``<endpoint>_median_by_arm_<arm>``, ``<endpoint>_arm_hr`` (second arm against
        the first), ``<endpoint>_arm_chi2`` and ``<endpoint>_arm_p``.

        Parameters
        ----------
        endpoint : {"os", "rfs"}
            Which endpoint.
        """
        found = self.survival(endpoint, by="arm")
        if "arm" in found.lacks:
            return
        name = found.endpoint.name.capitalize()
        self.hand_over_by_group(f"{endpoint}_median_by_arm", found.median)
        chi2, p, ratio = (f"{endpoint}_arm_{what}" for what in ("chi2", "p", "hr"))
        self.hand_over(**{chi2: found.log_rank, p: found.test, ratio: found.hazard_ratio})
        columns = {
            "group": "Arm",
            "reference": "Against",
            "estimate": "Hazard ratio (interval)",
            "p": "p (Wald)",
        }
        self.show(
            found.figure(f"{endpoint}-arm", f"{name} by treatment."),
            found.medians_table(f"{name} by treatment"),
            found.hazard_ratio.as_table(columns, f"{name}: hazard ratios"),
        )
        self.say(f"{name}, over all arms: log-rank χ² {{{chi2}}}; {found.test_name}, {{{p}}}.")

    def paper(self, *keys: str, shown: Mapping[str, str] | None = None) -> None:
        """Show published values beside this cohort's.

        Parameters
        ----------
        *keys : str
            Ids of the registry.
        shown : mapping of str to str, optional
            Id of the number to show beside each; the same id if not given.
        """
        rows = []
        for key in keys:
            entry, mine = self.registry[key], self.numbers[(shown or {}).get(key, key)]
            if mine.reason and not self.is_reconstruction:
                continue
            text = mine.text
            if not mine.reason and not is_missing(mine.lower):
                text += f" ({mine.ci})"
            if entry.kind == "direction" and not mine.reason:
                text = f"hazard ratio {text}"
            rows.append(
                {
                    "Result": entry.label[:1].upper() + entry.label[1:],
                    "Published": f"{entry.printed} [{entry.evidence}]",
                    "Where": entry.place,
                    "This cohort": f"{text} [{mine.evidence}]",
                }
            )
        if not rows:
            self.withhold(self.numbers[(shown or {}).get(keys[0], keys[0])].reason)
            return
        caption = "Published beside computed; letters in brackets: "
        caption += letters_explained(self.is_reconstruction)
        if any(self.registry[key].kind == "direction" for key in keys):
            caption += f". {THE_LEVEL}"
        show(HTML(html_table(rows, caption)))

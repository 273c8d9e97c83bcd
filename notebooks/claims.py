# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags
#     formats: ipynb,py:percent
#     notebook_metadata_filter: kernelspec,jupytext
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What was claimed, and does this cohort agree?
#
# Every published claim that can be computed from a cohort, beside the cohort's own answer.
#
# **You will learn**
#
# - to compute where another cohort's result is to be expected: the prediction interval;
# - to tell a claim that the data contradict from one that they are too few to judge;
# - to correct p-values for having tested several claims.

# %%
from typing import Optional

from cartanalysis import Result, Study
from cartanalysis.claims import power
from cartanalysis.study import calibration

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
treg_cutoff: Optional[float] = None

# %%
study = Study(
    "claims",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    treg_cutoff=treg_cutoff,
)
verdicts = study.verdicts()
study.hand_over(
    claims_value_judged=verdicts.values.judged,
    claims_value_by_chance=verdicts.values.by_chance,
    claims_value_found=verdicts.values.found,
    claims_value_holm=verdicts.values.after_holm,
    claims_direction_judged=verdicts.directions.judged,
    claims_direction_by_chance=verdicts.directions.by_chance,
    claims_direction_found=verdicts.directions.found,
    claims_direction_holm=verdicts.directions.after_holm,
    claims_upheld=verdicts.count("upheld"),
    claims_inconclusive=verdicts.count("inconclusive"),
    claims_opposed=verdicts.count("opposed"),
    claims_better=verdicts.count("better"),
    claims_not_interpretable=verdicts.count("not_interpretable"),
    claims_not_assessed=verdicts.count("not_assessed"),
)

# %%
study.say(
    "**In short.** This cohort agrees with **{claims_upheld}** of the published claims and "
    "disagrees with **{claims_opposed}**. For **{claims_inconclusive}** its data leave the answer "
    "open. Not interpretable in it: **{claims_not_interpretable}**. Not to be assessed, as data "
    "are missing: **{claims_not_assessed}**."
)
study.say(
    "Values that differ from the published ones for the better: **{claims_better}**."
)

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "This cohort was *built* to agree with all of them. That shows that the published numbers can be true "
    "together, and nothing else: read this chapter for its method."
)

# %% [markdown]
# ## Background
#
# A published result is one draw. Another hospital that treats the same kind of patient in the same
# way will see other numbers, by chance alone. Whether it *replicates* the study is not answered by
# asking whether two numbers are equal, nor whether both studies have p < 0.05: two studies of one
# and the same truth often differ in both. Better questions depend on what was claimed.
#
# *A value*, such as a remission rate: does the new value lie where the published one lets us expect
# it? That is what a *prediction interval* tells {cite:p}`Patil2016,Spence2016`. It is wider than a
# confidence interval, because it allows for chance twice: in the first study's patients and in the
# second's.
#
# *A direction*, such as worse survival with extramedullary disease (EMD): does the new cohort show
# it too, and if not, *could* it have? The answer to the second question is its *power*. A small
# cohort that finds nothing has refuted nothing.
#
# And some cohorts should not be asked. Whatever a handful of patients shows, it speaks of chance: a
# "significant" effect found in them is mostly too large, and may even point the wrong way
# {cite:p}`Gelman2014`. Whether a cohort could answer must be settled before its answer is seen, from
# the number of patients and events alone.
#
# So each claim receives one of five verdicts:
#
# - **Upheld**: the cohort agrees. A value equals the published one at its rounding, or its data rule
#   out a difference larger than a margin set beforehand; a direction is the same, with p < 0.05.
# - **Inconclusive**: the data are too few to say. A value lies in the predicted range, but a larger
#   difference remains possible; a direction does not reach p < 0.05, whichever way it points.
# - **Opposed**: the cohort disagrees, for the better or for the worse. A value lies outside the
#   predicted range; a direction is the opposite, with p < 0.05.
# - **Not interpretable**: a group has fewer than five patients, follow-up is too short, or the cohort
#   would more often miss than see even a very large effect. What it shows is told, but not tested.
# - **Cannot be assessed**: a column is missing.
#
# In the tables “equal at the printed rounding”, “consistent” and “supports” are upheld, “differs”
# and “contradicts” opposed; “consistent, but inconclusive” is inconclusive.
#
# ## What the authors did and reported
#
# Most of the claims are the paper's own (P), from its abstract or the opening of its results
# {cite:p}`An2020`; the rest are printed about this trial by a later review (S). Two statements of
# the paper cannot be computed from a cohort: that the trial met its pre-specified endpoints, whose
# thresholds are not known to us, and which product was used. The counts behind the published rates
# are [derived from the percentages](percentages-to-patients.ipynb).
#
# To judge the claims, some things about the study have to be assumed [A]: that relapse-free
# survival (RFS) counts from remission, in responders only; that regulatory T cells (Tregs) are high
# above the median; that the multivariable model holds any EMD, Tregs and genetic risk; that the
# other directions were tested by the log-rank test; that *significant* means p < 0.05; that the
# review counts MRD-negative remissions among all infused, and grades toxicity as this book does.
# The paper's standard errors are not known to us either: its curves are taken as if nobody had been
# censored before the day in question, which makes the paper look a little more
# certain than it was.
#
# ## A look at the data
#
# Here a row is a claim. These are some; the chapter ends with all of them.

# %%
# by hand
import pandas as pd

patients = study.patients
claims = verdicts.table.set_index("id")
print(pd.crosstab(claims["family"], claims["evidence"], margins=True))
claims.groupby("family").head(4)[["short", "published", "evidence"]]

# %% [markdown]
# ## By hand
#
# **A value.** Take remission. For any rate that another cohort might show, the two-sample test of
# proportions tells how well it goes with the published counts. The prediction interval holds every
# rate that this test does not set apart {cite:p}`Krishnamoorthy2011`; SciPy finds where it ends.

# %%
# by hand: response
from scipy.optimize import brentq
from statsmodels.stats.proportion import proportions_ztest

known = patients["responder"].dropna()
rate, m = (known == "yes").mean(), len(known)
x, n = (study.registry[key].value for key in ("responders", "infused"))


def beyond(rate):
    p = proportions_ztest([rate * m, x], [m, n])[1]
    return p - (1 - confidence)


low = brentq(beyond, 0, x / n) if beyond(0) < 0 else 0.0
high = brentq(beyond, x / n, 1) if beyond(1) < 0 else 1.0
print(f"Expected in {m} patients: {low:.1%} to {high:.1%}")
print(f"Found: {rate:.1%}")
assert abs(low - claims.loc["orr", "expected_lower"]) < 1e-9
assert abs(high - claims.loc["orr", "expected_upper"]) < 1e-9

# %% [markdown]
# **A direction.** Is remission less frequent with EMD other than in the central nervous system
# (CNS) than in all other patients? Counts are small, so Fisher's exact test {cite:p}`Fisher1935`
# is used.

# %%
# by hand: response, emd
from scipy.stats import fisher_exact

table = pd.crosstab(patients["emd_other"], patients["responder"])
print(table)
book = claims.loc["orr_emd_lowest", "p"]
if pd.isna(book):
    print("no p-value: in this cohort the book does not test this claim")
else:
    p_fisher = fisher_exact(table).pvalue
    print(f"Fisher's exact test: p = {p_fisher:.5f}")
    assert abs(p_fisher - book) < 1e-9

# %% [markdown]
# Survival is compared by the log-rank test. Where a group is small, its usual p-value, from the χ²
# distribution, is not to be trusted; the book then shuffles the patients between the groups and
# counts how often chance alone gives so large a difference (a *permutation* test).

# %%
# by hand: os_days, os_event, emd, treg_pct
from lifelines.statistics import logrank_test

for key, group in (("treg_os", "treg_group"), ("emd_os", "emd_any")):
    some = patients[["os_days", "os_event", group]].dropna()
    worse = some[group].isin(["high", "any"])
    p = logrank_test(
        some.loc[worse, "os_days"],
        some.loc[~worse, "os_days"],
        some.loc[worse, "os_event"],
        some.loc[~worse, "os_event"],
    ).p_value
    used, book = claims.loc[key, ["test", "p"]]
    print(f"{group}: lifelines p = {p:.6f}")
    print(f"  the book: p = {book:.2g} ({used})")
    assert used != "log-rank" or abs(p - book) < 1e-9

# %% [markdown]
# A p-value by permutation has an error of its own where the arrangements are drawn at random; below
# about one in a thousand, read it only as smaller than that.
#
# **Several claims at once.** Test often enough and something turns up by chance. Holm's correction
# {cite:p}`Holm1979` sorts the p-values, multiplies the smallest by the number of tests, the next by
# one less, and so on, and never lets a later one be smaller than an earlier one. statsmodels does
# the same.

# %%
# by hand
from statsmodels.stats.multitest import multipletests

tested = claims[(claims["family"] == "direction") & claims["p"].notna()]
p = tested["p"].sort_values()
holm = (p * range(len(p), 0, -1)).cummax().clip(upper=1)
if not len(p):
    print("no direction has a p-value in this cohort")
else:
    print(pd.DataFrame({"p": p, "Holm": holm}).round(5))
    same = multipletests(p, method="holm")[1]
    assert abs(holm - same).max() < 1e-12
    assert abs(holm - tested["p_holm"]).max() < 1e-12

# %% [markdown]
# ## The book’s result
#
# First what this cohort could tell, before it is asked. *Patients* are those who count: all of whom a
# rate is known, the effective sample size of a survival curve, or the smaller of two groups.
# *Followed* is the share of the time up to the claim's day that was observed (Clark's completeness
# index {cite:p}`Clark2002`), and of patients whose state on that day is known; it cannot tell who was
# lost from who was treated too recently. *Seen* is the smallest effect that would be found different
# in four of five cohorts like this one: the nearest true rates, or the nearest ratio.

# %%
caption = "What this cohort could tell of each claim, before any verdict"
study.show(verdicts.before(caption))

# %% [markdown]
# Below that size, no difference is no news. The rule for *not interpretable* is more lenient: it asks
# whether even a *very large* effect {cite:p}`Sawilowsky2009`, more than four times the hazard, would be
# missed more often than seen.
#
# The next figure holds all claims. A grey band is what the published claim lets us expect of this
# cohort; the mark and its line are what the cohort shows.

# %%
caption = (
    "The published claims and this cohort: estimate and interval, marked by verdict. Grey: for a "
    "value, the range expected of a cohort of this size if its patients and the study's come "
    "from populations with the same true value; for a direction, the side that is claimed. A "
    "median is judged by survival on the published day, which should be one half."
)
study.show(verdicts.figure("claims-summary", caption))

# %%
study.hand_over(claims_not_proportional=verdicts.changing)
if verdicts.changing.count:
    study.say(
        "Directions whose hazard ratio may change with time, so that one number may be a poor "
        "summary: "
        "**{claims_not_proportional}** "
        + f"({verdicts.changing.text('names')})."
    )

# %% [markdown]
# What each verdict rests on: for values, the predicted range, the difference from the published
# value, and the margin within which it counts as practically the same; for directions, the test.
# *Power* is the chance that a cohort of this size would have noticed a moderate effect. The margin
# and the moderate effect are conventions, not clinical thresholds. Holm's p stands in brackets.

# %%
columns = {
    "judged": "What was judged",
    "predicted": "Predicted",
    "off": "Difference, points",
    "margin": "Counts as the same",
    "tested": "p (Holm)",
}
caption = (
    "Published values: the range predicted for this cohort; the difference from the published "
    "value in percentage points, with Newcombe's interval; the margin; and p by the score test of "
    "two proportions (survival with its effective sample size), Holm's p in brackets"
)
study.show(verdicts.details("value").as_table(columns, caption))
columns = {
    "short": "Direction",
    "test": "Test",
    "tested": "p (Holm)",
    "strength": "Power",
    "needed": "Patients for 80 %",
}
caption = (
    "Published directions: the test, p, the power for a moderate effect, a hazard ratio of "
    f"{power.HAZARD_RATIO:.1f} or an odds ratio of {1 / power.ODDS_RATIO:.1f} (a convention), and "
    "how many patients like these would have shown such a hazard ratio in 80 % of cohorts, to two "
    "digits"
)
study.show(verdicts.details("direction").as_table(columns, caption))

# %% [markdown]
# A moderate effect is a convention. How often would a new cohort of this size show a claim if the
# study's own patients were as the abstract allows? The shares come from
# [cohorts drawn anew](what-the-abstract-allows.ipynb), whose effects are as large as the abstract
# leaves them; that chapter also gives their ranges.
#
# The last column asks the question of somebody who doubts the paper: do the paper's result and this
# cohort's *together* convince? The *sceptical p* {cite:p}`Held2020` supposes a prior belief in no
# effect that is just strong enough to make the paper's result not significant, and asks whether
# this cohort contradicts that belief. It is larger than either study's own one-sided p, and small
# only if both are clear and the effect has not shrunk much. The paper prints no estimates, so its
# own are taken from the thousand cohorts, in the median [A].

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "A cohort built from the paper is no second study: its sceptical p shows the method only."
)

# %%
caption = (
    "Share of new cohorts of this size, drawn from a thousand that agree with everything "
    "published, which show a claim with p < 0.05; the verdict on this cohort; and the sceptical p "
    "of the paper and this cohort, one-sided"
)
study.show(study.allowed().expected(caption))

# %% [markdown]
# **Observed against expected.** Registries report each centre so: how many events were there in the
# first year, and how many would there have been in the same patients, followed for as long, if
# survival had been that of a reference? Here the reference is the study's survival at 1 year. Every
# patient adds to the expected number as long as he or she is followed, so that censoring is allowed
# for {cite:p}`Breslow1975,Dickinson2006`. How survival falls within the year is not published; a
# constant hazard is assumed [A].

# %%
against = verdicts.against_expected
study.hand_over(
    oe_os=against.where(id="os_1y"), oe_rfs=against.where(id="rfs_1y")
)
caption = (
    "Events in the first year: observed, expected, and their ratio. The first interval (mid-p) takes "
    "the published value as exact; the second (exact) allows for the chance in the study's own "
    "patients as well"
)
study.show(verdicts.against_expected_table(caption))

# %% [markdown]
# The second interval is the one to read: a reference from so few patients is itself uncertain. A
# ratio above 1 is not yet a worse hospital, as older or sicker patients also make it rise; registries
# adjust for that, and the abstract does not say enough to do so.
#
# Two rules complete the verdicts. *Consistent, but inconclusive* is said of a value in the
# predicted range if its difference from the published one may still lie beyond the margin: to be
# called the same takes evidence, as it does to be called different (two one-sided tests,
# {cite:p}`Schuirmann1987`). And a direction has one test, with the interval that belongs to it: the
# hazard ratios which that test would not reject. With the usual confidence it holds 1 unless
# p < 0.05. The intervals in the chapters before are Wald's, from the standard error, and differ a
# little. All rules: [Methods](../book/methods.md).
#
# ## What it means for a patient
#
# A prediction range answers “what may a further cohort of this size see?” If its patients are like
# those of the study:

# %%
# by hand: response, os_days, os_event
for key, state in (("orr", "in remission"), ("os_1y", "alive at 1 year")):
    least, most = claims.loc[key, ["expected_lower", "expected_upper"]]
    print(
        f"{state}: {100 * least:.0f} % to {100 * most:.0f} % "
        f"of a cohort of this size ({confidence:.0%} prediction)"
    )

# %% [markdown]
# These ranges are wide because the study is small, and so, mostly, is the cohort of a single
# hospital. A rate inside them is no sign that its patients do better or worse than the study's.
#
# ## How sure can we be?
#
# A verdict is about one cohort. Another population, treatment or definition may give another result
# although the paper is right about its own patients. And several claims are about the same patients
# and nearly the same days: they are not as many independent answers.
#
# **Chance among several claims.**

# %%
nothing = "This cohort can assess no {} of the study, so chance had nothing to decide."
if verdicts.values.judged.count:
    study.say(
        "If the study's patients and this cohort's came from populations with the same true "
        "values, chance in both samples would still put **{claims_value_by_chance}** values "
        "outside their range, of {claims_value_judged} that could be assessed. Outside here: "
        "{claims_value_found}."
    )
    # by itself: where numbers are hidden, this one is
    study.say("After Holm's correction: {claims_value_holm}.")
else:
    study.say(nothing.format("value"))
if verdicts.directions.judged.count:
    study.say(
        "If no factor had any effect, chance would make **{claims_direction_by_chance}** "
        "directions significant, of {claims_direction_judged} that could be assessed. Significant "
        "here: {claims_direction_found}; after Holm's correction: {claims_direction_holm}."
    )
else:
    study.say(nothing.format("direction"))

# %% [markdown]
# A verdict uses the claim's own p; where that does not survive Holm's correction, the verdict says
# so.
#
# **How often is a cohort not interpretable, and how often wrongly?** Cohorts of several sizes were
# drawn with no effect, a moderate one, and a very large one. In brackets: those whose test would have
# supported the claim all the same. With no effect that would have been a false alarm; with a very
# large effect it is the price of the rule.

# %%
asked = calibration.known("interpretable")
error = f"Monte Carlo error up to {100 * asked['error'].max():.1f} points"
columns = {str(size): str(size) for size in calibration.JUDGED_SIZES}
caption = (
    "Simulated cohorts in which a direction is not interpretable, by true effect and number of "
    f"patients; {error}"
)
columns = {"what": "Direction: true effect", **columns}
judged = asked[asked["claim"] != ""]
shares = calibration.as_text(
    judged, "not interpretable", beside="though supported"
)
share = Result(shares).marked("simulated")
study.show(share.as_table(columns, caption))

# %% [markdown]
# Observed against expected has its false alarms, too. If a cohort is like the study's patients, an
# interval should leave out 1 in at most one of twenty. Where the study's own chance is ignored, large
# cohorts are called different far too often: they measure the study's error, not their own.

# %%
caption = (
    "Simulated cohorts whose ratio of observed to expected deaths excludes 1 although nothing "
    f"differs, by number of patients; {error}"
)
columns["what"] = "How the published value is taken"
alarms = asked[asked["claim"] == ""]
shares = calibration.as_text(
    alarms, *alarms["outcome"].unique(), truth="none"
)
alarms = Result(shares).marked("simulated")
study.show(alarms.as_table(columns, caption))

# %% [markdown]
# **Do the rules keep their promise?** In a simulation, studies and cohorts were drawn from known
# truths many times over. First the values. Where study and cohort share one truth, the predicted
# range should hold a fixed share of the cohorts, whatever the shape of the hazard.

# %%
simulated = calibration.known()
error = (
    f"Monte Carlo error up to {100 * simulated['error'].max():.1f} points"
)
sizes = {str(size): str(size) for size in calibration.SIZES}


def by_size(*outcomes, truth="", table=simulated):
    told = Result(calibration.as_text(table, *outcomes, truth=truth))
    return told.marked("simulated")


caption = (
    "Simulated cohorts inside the range, by number of patients; promised "
    f"{100 * calibration.CONFIDENCE:g} %; {error}"
)
inside = by_size("inside", truth=calibration.SAME)
study.show(inside.as_table({"what": "Value", **sizes}, caption))

# %% [markdown]
# “Consistent” is a strong word: it should seldom be said of a cohort whose truth lies on the edge of
# the margin. The price is that it is seldom said at all where patients are few, even if study and
# cohort share one truth. The study's own size sets the limit. Of medians it is said somewhat more
# often than promised, because their day is uncertain as well.

# %%
usual = simulated[simulated["follow_up"].isin(["", "staggered"])]
caption = (
    "Simulated cohorts called consistent, by number of patients; on the edge of the margin "
    f"promised at most {100 * (1 - calibration.CONFIDENCE):g} %; {error}"
)
same = by_size("consistent", table=usual)
study.show(same.as_table({"what": "Value", **sizes}, caption))

# %% [markdown]
# Now the directions. Where there is no effect, few should be supported or contradicted. The log-rank
# tests keep their level. Fisher's test is cautious in small groups. In the smallest cohorts the
# likelihood-ratio test decides more often than it should, on both sides.

# %%
caption = (
    "Simulated cohorts called so although there is no effect, by number of patients; "
    f"promised {100 * calibration.PROMISED_WRONG:g} %; {error}"
)
columns = {"what": "Direction without any effect", **sizes}
wrong = by_size("supports", "contradicts", truth=calibration.NONE)
study.show(wrong.as_table(columns, caption))

# %% [markdown]
# Where the effect is moderate, cohorts should support it as often as the power beside the verdict
# says; and an interval should hold the true ratio, whether there is an effect or not.

# %%
caption = (
    "Simulated cohorts that support a moderate effect, by number of patients, and in brackets the "
    f"power that the book prints; {error}"
)
columns = {"what": "Direction with a moderate effect", **sizes}
right = by_size("supports", truth=calibration.MODERATE)
study.show(right.as_table(columns, caption))
caption = (
    "Simulated cohorts whose interval holds the true ratio, by number of patients; promised "
    f"{100 * calibration.CONFIDENCE:g} %; {error}"
)
columns = {"what": "Direction", **sizes}
held = by_size("interval holds it")
study.show(held.as_table(columns, caption))

# %% [markdown]
# ## Published beside computed

# %%
study.show(verdicts.as_table("The published claims and this cohort"))

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the picture
#
# Which value has the widest predicted range? What does the width depend on?
#
# ```{dropdown} Hint
# The range holds chance on both sides, in the study's patients and in this cohort's. `claims` has
# the columns `expected_lower` and `expected_upper`.
# ```

# %% tags=["solution"]
# by hand
width = claims["expected_upper"] - claims["expected_lower"]
widest = claims.assign(width=width)[["short", "smallest", "width"]]
print(widest.sort_values("width", ascending=False).head(3).round(2))

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The claims that rest on the fewest patients have the widest ranges: remission with EMD other than
# CNS, a handful in the study, comes first wherever a cohort can assess it. Almost any result would
# be consistent with it, so "consistent" is worth little there.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Several directions are tested. If none were true, how many would reach p < 0.05 by chance, and how
# likely is at least one such false alarm if the tests are independent?
#
# ```{dropdown} Hint
# Each test has the same small chance of a false alarm: add them up. "At least one" is the opposite
# of "none".
# ```

# %% tags=["solution"]
# by hand
number = len(tested)
print(f"directions tested: {number}")
print(f"expected significant by chance: {0.05 * number:.2f}")
print(f"at least one, if independent: {1 - 0.95**number:.0%}")
assert number == verdicts.directions.judged.count

# %% [markdown]
# ### Exercise 3: change the cohort
#
# The package holds a trial in childhood leukaemia with relapse-free survival. Which of the
# published claims can be assessed there? Predict, then look for the reason.
#
# ```{dropdown} Hint
# `leukemia()` of `cartanalysis.study.examples` is a table like `patients`. Compare its columns with
# what the claims need, and its longest follow-up with the published days.
# ```

# %% tags=["solution"]
# by hand
from cartanalysis.claims import replication
from cartanalysis.study.examples import leukemia

trial = leukemia()
print("columns:", ", ".join(trial.columns))
print(f"longest follow-up: {trial['rfs_days'].max():.0f} days")
there = replication.claims(trial, study.registry)
print(there["verdict"].value_counts())

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The trial has neither remission nor overall survival, nor EMD, Tregs or genetic risk. It does have
# relapse-free survival, but follow-up ends before the days on which the study gives a value. To
# have the column is not enough: patients must have been followed long enough, or the claim is not
# interpretable. Like one that cannot be assessed, it counts on neither side.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"Our cohort finds p = 0.2 where the paper found a significant effect. The paper has failed to
# replicate."* What do you look at first?
#
# ```{dropdown} Hint
# An inconclusive verdict names the power.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# First the power: would a cohort of this size have seen the effect? If not, the result was to be
# expected even if the paper is right. Then the interval: does it hold large effects, or only small
# ones? A replication fails when the *data contradict* the claim, not when they are silent.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# Why is a prediction range wider than a confidence interval?
# - [ ] It is computed with a higher confidence. :: The confidence is the same.
# - [x] It allows for chance in the next cohort as well. :: Yes: two samples vary, not one.
# - [ ] It corrects for several claims. :: That is what Holm's correction is for.
# ```
#
# ```{quiz}
# A cohort of 15 patients calls a claim "inconclusive". What have we learned?
# - [ ] That the effect is small. :: The interval is wide: it may be large.
# - [ ] That the claim is wrong. :: Nothing contradicts it.
# - [x] Little: so few patients could not have shown it. :: Yes. See the power beside the verdict.
# ```
#
# ```{quiz}
# Six patients were treated, and all three with high-risk genetics died early (p = 0.04). The verdict
# is "not interpretable". Why is the p-value not reported?
# - [ ] It is wrong. :: It may be exact; the trouble lies elsewhere.
# - [x] So small a cohort sees hardly any true effect, so what it finds is mostly chance. :: Yes, and
#   the rule was set before the result was seen.
# - [ ] The study did not report one. :: It reported significance for all its directions.
# ```

# %% [markdown] tags=["on-reconstruction"]
# ```{quiz}
# A reconstructed cohort, built from a paper's numbers, upholds all of its claims. What does that
# show?
# - [ ] That the paper is right. :: The cohort was built from the paper.
# - [x] That the published numbers can be true together. :: Yes, and nothing else.
# - [ ] That the analysis of the paper was correct. :: Its patient-level data were never analysed
#   here.
# ```

# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
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
# # Does extramedullary disease change the outlook?
#
# Leukaemia may settle outside the bone marrow: *extramedullary disease* (EMD). The study asked
# whether patients who have it respond to CAR T cells as often, and live as long, as the others.
#
# **You will learn**
#
# - to compare a rate between small groups with a cross table and Fisher’s exact test;
# - to draw Kaplan–Meier curves by group and to compare them with the log-rank test;
# - to tell when the usual p-value may not be trusted, and to compute a better one by permutation.

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
time_unit: str = "days"  # days, months or years

# %%
study = Study(
    "extramedullary-disease",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    time_unit=time_unit,
)
groups = {
    "none": "no EMD",
    "cns": "isolated CNS",
    "other": "EMD other than CNS",
}
any_emd = {"none": "no EMD", "any": "any EMD"}
remission = study.remission(by="emd")
other = remission.rate.where(group="other").resting_on(
    "orr_emd_other_n", "emd_other_n"
)
os = study.survival("os", by="emd_any")
rfs = study.survival("rfs", by="emd_any")
study.hand_over(
    orr_emd_other=other,
    emd_none_os_1y=os.one_year.where(group="none"),
    emd_any_os_1y=os.one_year.where(group="any"),
)

# %%
study.say(
    "**In short.** With EMD other than in the central nervous system, **{orr_emd_other}** of the "
    "patients of this cohort reached remission ({orr_emd_other.of}; {orr_emd_other.ci}); in the "
    "study, {paper.orr_emd_other}, the lowest rate of its three groups."
)
study.say(
    "In this cohort **{emd_any_os_1y}** of the patients with any EMD were alive at 1 year "
    "({emd_any_os_1y.ci}), against **{emd_none_os_1y}** ({emd_none_os_1y.ci}) of those without."
)
study.say(
    "The abstract reports significantly lower overall and relapse-free survival with any EMD, "
    "without numbers."
)

# %% [markdown]
# ## Background
#
# Acute leukaemia is a disease of the marrow and the blood. Its cells travel, and some settle
# elsewhere: on the meninges and in the cerebrospinal fluid, in the testes, in lymph nodes, bone,
# skin or soft tissue. A marrow examination misses them. The *central nervous system* (CNS) is
# examined by lumbar puncture, the other sites by imaging or biopsy. In one large centre about one
# patient in five with relapsed or refractory disease had EMD outside the CNS {cite:p}`Holland2022`.
#
# Why are the two told apart? The blood–brain barrier keeps many drugs out of the CNS, so that
# leukaemia may survive there while the marrow is clear. But CAR T cells migrate into the
# cerebrospinal fluid, the amount of leukaemia there is often small, and chemotherapy can be
# injected into the fluid directly. At other sites leukaemia tends to grow as a solid mass: dense
# tissue that T cells enter less easily, and in which they meet signals that restrain them. A mass
# is also a sign of leukaemia that has outlived several treatments. So there are good reasons to
# expect that EMD matters, and that its site matters, too.
#
# This book calls EMD *isolated CNS* if it is in the CNS only, and *other than CNS* if it is at any
# other site, with or without the CNS.
#
# ## What the authors did and reported
#
# An and colleagues {cite:p}`An2020` compared remission between three groups: no EMD, isolated CNS
# disease, and EMD other than CNS. For survival the abstract speaks of “any subtype” of EMD; this
# book reads it as any EMD against none.

# %%
study.say(
    "Reported: remission in {paper.orr_emd_other} with EMD other than CNS, the lowest of the three "
    "rates. This can only be {paper.orr_emd_other_n} of {paper.emd_other_n} patients. The rates of "
    "the other two groups are not known to us."
)

# %% [markdown]
# Overall and relapse-free survival were significantly lower with any EMD. The abstract prints
# neither a curve nor a hazard ratio. How many patients had isolated CNS disease, and how patients
# with disease in the CNS *and* elsewhere were classed, is not known to us.
#
# ## A look at the data

# %%
# by hand, with rows: emd, response, os_days, os_event
patients = study.patients
patients[
    ["patient_id", "emd", "response", "os_days", "os_event"]
].sort_values("emd", ascending=False).head(8)

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "These are not patients of the study, but a reconstruction. That {paper.emd_other_n} have EMD "
    "other than CNS, and that {paper.orr_emd_other_n} of them respond, follows from the paper; the "
    "number with isolated CNS disease and all survival times by group are assumed."
)

# %% [markdown]
# ## By hand
#
# ### Remission: a cross table and an exact test
#
# `pd.crosstab` counts; `groupby` and `mean` turn a yes-or-no column into a rate for each group.

# %%
# by hand: emd, response
import pandas as pd

patients = study.patients
answered = patients[["emd", "response"]].dropna()
in_remission = answered["response"].isin(["CR", "CRi"])
print(pd.crosstab(answered["emd"], in_remission, margins=True))
by_kind = in_remission.groupby(answered["emd"], observed=True)
print(by_kind.mean().map("{:.1%}".format))
for kind, rate in by_kind.mean().items():
    book = remission.rate.where(group=kind).number
    assert abs(rate - book) < 1e-9

# %% [markdown]
# Are the rates more unlike than chance would make them? The χ² test needs large groups. Fisher’s exact test {cite:p}`Fisher1935,Freeman1951` keeps the size of each group and the
# number of remissions, lists every table with these totals, and adds up the chances of all that
# are no more likely than the table seen. SciPy’s `fisher_exact` does so for two groups; for three
# it would draw tables at random, so let us list them.

# %%
# by hand: emd, response
from itertools import product

from scipy.stats import multivariate_hypergeom

sizes, seen = by_kind.size(), by_kind.sum()
total = seen.sum()
tables = [
    table
    for table in product(*(range(n + 1) for n in sizes))
    if sum(table) == total
]
chances = multivariate_hypergeom.pmf(tables, sizes, total)
limit = multivariate_hypergeom.pmf(seen, sizes, total) * (1 + 1e-7)
p = chances[chances <= limit].sum()
print(f"{len(tables)} possible tables; p = {p:.4g}")
assert abs(p - remission.test.p.number) < 1e-9

# %% [markdown]
# ### Survival: two curves
#
# One `KaplanMeierFitter` for each group, drawn on the same axes, with the numbers at risk below.

# %%
# by hand: emd, os_days, os_event
# figure: Kaplan–Meier curves of overall survival with any and without EMD.
import matplotlib.pyplot as plt
from lifelines import KaplanMeierFitter
from lifelines.plotting import add_at_risk_counts

times = patients[["emd", "os_days", "os_event"]].dropna()
has_emd = times["emd"] != "none"
curves = {"none": times[~has_emd], "any": times[has_emd]}
fig, ax = plt.subplots()
fits = []
for name, group in curves.items():
    kmf = KaplanMeierFitter(alpha=1 - confidence)
    kmf.fit(group["os_days"], group["os_event"], label=any_emd[name])
    kmf.plot_survival_function(ax=ax, show_censors=True)
    fits.append(kmf)
    book = os.one_year.where(group=name)
    # lifelines carries the last value on; the book gives no estimate there
    if group["os_days"].max() >= 365:
        assert book.why or abs(kmf.predict(365) - book.number) < 1e-9
ax.set(xlabel="days since infusion", ylabel="alive", ylim=(0, 1))
add_at_risk_counts(*fits, ax=ax, at_risk_count_from_start_of_period=True)
plt.show()

# %% [markdown]
# ### The log-rank test, twice
#
# On each day with a death the log-rank test {cite:p}`Mantel1966` asks how many of those who died
# should have come from the patients with EMD, given their share of those at risk. What was
# observed less what was expected, over all days, is the *excess*. lifelines compares it with a χ²
# distribution.

# %%
# by hand: emd, os_days, os_event
from lifelines.statistics import logrank_test

with_emd, without = curves["any"], curves["none"]
test = logrank_test(
    with_emd["os_days"],
    without["os_days"],
    with_emd["os_event"],
    without["os_event"],
)
if times["os_event"].any():
    print(f"χ² = {test.test_statistic:.2f}, p = {test.p_value:.2g}")
    assert abs(test.test_statistic - os.log_rank.number) < 1e-9
else:
    print("no death, so there is nothing to test")

# %% [markdown]
# That distribution is what the excess would follow in *large* groups. In a small one, chance comes
# in larger steps. The permutation test does not assume a distribution; it makes one. Suppose that
# EMD made no difference: then the label could have fallen on any patients. Draw groups of the same
# size at random, compute the excess of each, and count how often it is at least as large as the one
# observed, and how often at most as large: twice the smaller share is the p-value. Each patient adds his or her event less the cumulative hazard up to the last day seen
# (`NelsonAalenFitter`); the sum over a group is its excess.

# %%
# by hand: emd, os_days, os_event
from lifelines import NelsonAalenFitter

hazard = NelsonAalenFitter(nelson_aalen_smoothing=False)
hazard.fit(times["os_days"], times["os_event"])
expected = hazard.predict(times["os_days"]).to_numpy()
score = times["os_event"].to_numpy() - expected
excess = score[has_emd].sum()
print(f"deaths observed less expected with EMD: {excess:.2f}")
book = os.test.read("excess", "statistic")
assert book.why or abs(excess - book.number) < 1e-9

# %%
# by hand: emd, os_days, os_event
# figure: Histogram of the excess in random groups; a line marks EMD.
import numpy as np
import seaborn as sns

rng = np.random.default_rng(1)
size, draws = has_emd.sum(), 20_000
drawn = np.array(
    [rng.choice(score, size, replace=False).sum() for _ in range(draws)]
)
above = (drawn >= excess - 1e-9).sum() + 1
below = (drawn <= excess + 1e-9).sum() + 1
p = min(1, 2 * min(above, below) / (draws + 1))
print(f"by permutation p = {p:.2g}; by χ² p = {test.p_value:.2g}")
print(f"the book, {os.test_name}: p = {os.test.number:.2g}")
if "permutation" in os.test_name:
    assert os.test.number > 0  # the groups as they are count, too
    q = (p + os.test.number) / 2
    # both draw: four standard errors of the difference (p is twice a tail)
    assert abs(p - os.test.number) < 8 * (q / draws) ** 0.5
if times["os_event"].any():
    ax = sns.histplot(drawn, bins=40, color="steelblue")
    ax.axvline(excess, color="firebrick")
    ax.set(xlabel="deaths observed less expected", ylabel="random groups")
    plt.show()

# %% [markdown]
# How near are the two p-values? Near the middle of the distribution they are close; far out in the tail
# the χ² approximation easily errs by a factor of ten or more. A small group that does badly soon
# has nobody left at risk. The usual test takes its variance from those at risk, so the variance
# shrinks, and the test becomes too bold. Drawing has a limit, too: a p-value much smaller than one
# in ten thousand cannot be seen with twenty thousand draws, and where only a handful of draws lie
# beyond the excess, another seed may halve or double the p-value. Where both p-values are small they support the same conclusion, but the smaller
# one does not deserve its digits.
#
# ## The book’s result
#
# Exact intervals for the rates:

# %%
caption = "Remission by extramedullary disease, with exact intervals."
study.show(remission.figure("remission-by-emd", caption, groups))
study.hand_over(orr_emd_p=remission.test.p)
study.say("Remission between the groups: Fisher’s exact test, {orr_emd_p}.")

# %% [markdown]
# Survival, any EMD against none. The book uses the log-rank test by permutation where a group is
# small or events are few, and the usual one elsewhere, and names it beside the p-value.
# Intervals and p-values of hazard ratios are Wald’s; the p-value of the curves is that of the log-rank
# test; they need not agree.

# %%
study.show(
    os.figure(
        "km-emd-os",
        "Overall survival by extramedullary disease.",
        any_emd,
    )
)
study.hand_over(emd_os_hr=os.hazard_ratio, emd_os_p=os.test)
study.say(
    "Overall survival, patients with any EMD against those without: hazard ratio **{emd_os_hr}** "
    "({emd_os_hr.ci}); "
    f"{os.test_name}, "
    "{emd_os_p}."
)

# %%
study.show(
    rfs.figure(
        "km-emd-rfs",
        "Relapse-free survival of the responders by extramedullary disease.",
        any_emd,
    )
)
study.hand_over(emd_rfs_hr=rfs.hazard_ratio, emd_rfs_p=rfs.test)
study.say(
    "Relapse-free survival, responders with any EMD against those without: hazard ratio "
    "**{emd_rfs_hr}** ({emd_rfs_hr.ci}); "
    f"{rfs.test_name}, "
    "{emd_rfs_p}."
)
study.open_range("emd_os", "emd_rfs")

# %% [markdown]
# The two kinds of EMD one by one. Where the groups are small, the width of the intervals is the
# message.

# %%
by_kind_os = study.survival("os", by="emd").hazard_ratio
columns = {
    "group": "Group",
    "n": "Patients",
    "events": "Deaths",
    "estimate": "Hazard ratio (interval)",
}
caption = "Overall survival: each kind of EMD against no EMD"
study.show(by_kind_os.as_table(columns, caption, words=groups))

# %% [markdown]
# ## What it means for a patient

# %%
study.say(
    "Of patients like these without EMD, about **{emd_none_os_1y.of_100}** would be alive 12 months "
    "after the infusion ({emd_none_os_1y.ci}); of those with any EMD, about "
    "**{emd_any_os_1y.of_100}** ({emd_any_os_1y.ci})."
)
study.show(
    os.one_year.icons(
        "emd-os-icons",
        "Out of 100 patients: alive at 12 months, by extramedullary disease.",
        "alive",
        any_emd,
    )
)

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "The size of this difference is assumed: the abstract reports only that survival was lower with "
    "EMD, and no patient should be given these numbers."
)

# %% [markdown]
# A difference here would not say that CAR T cells failed *because of* EMD, nor that another treatment
# would have done better.
#
# ## How sure can we be?

# %%
study.say(
    "The study’s claim about remission rests on {paper.emd_other_n} patients. One more or one less "
    "in remission would have moved the rate a long way."
)

# %% [markdown]
# In a small group a single patient may carry the result. A reviewer would ask: does it hold if any
# one of them is left out? Fit a Cox model with lifelines as often as there are patients with EMD. By
# default lifelines stops its search for the best value a little early, about the fourth digit; asked
# for more precision, it gives the book’s hazard ratio.

# %%
# by hand: emd, os_days, os_event
from lifelines import CoxPHFitter

data = times[["os_days", "os_event"]].assign(emd=has_emd.astype(int))
tight = {"precision": 1e-18, "r_precision": 1e-18}
cox = CoxPHFitter()
cox.fit(data, "os_days", "os_event")
early = cox.hazard_ratios_["emd"]
cox.fit(data, "os_days", "os_event", fit_options=tight)
ratio = cox.hazard_ratios_["emd"]
print(f"lifelines by default {early:.5f}, precise {ratio:.5f}")
assert abs(ratio - os.hazard_ratio.number) < 1e-6

if has_emd.sum() > 1 and (~has_emd).sum() > 1:
    left_out = []
    for patient in data.index[has_emd]:
        rest = data.drop(patient)
        cox.fit(rest, "os_days", "os_event", fit_options=tight)
        left_out.append(cox.hazard_ratios_["emd"])
    print(
        f"one patient with EMD left out: hazard ratio "
        f"{min(left_out):.2f} to {max(left_out):.2f}"
    )

# %%
os_model = study.hazard_ratios("os", ["emd_any"])
rfs_model = study.hazard_ratios("rfs", ["emd_any"])
study.hand_over(
    emd_os_ph_p=os_model.proportional_hazards.where(covariate="emd_any").p,
    emd_rfs_ph_p=rfs_model.proportional_hazards.where(
        covariate="emd_any"
    ).p,
)
study.say(
    "A hazard ratio takes for granted that it is the same at all times. Test of proportional "
    "hazards: {emd_os_ph_p} for overall, {emd_rfs_ph_p} for relapse-free survival. With few events "
    "the test finds gross departures only, so look at the curves as well."
)

# %% [markdown]
# Patients with EMD may differ from the others in much besides, such as the number of earlier
# treatments; [a later chapter](independent-factors.ipynb) adjusts for what is recorded. Relapse-free
# survival leaves out all who did not respond, and with EMD these may be many.
#
# What others found agrees in part. In patients with leukaemia in the CNS, CAR T cells cleared the
# marrow and the CNS in most, for a limited time {cite:p}`Qi2022`. Outside the CNS most responded in
# the marrow; but of these nearly half had only a partial response at the other sites
# {cite:p}`Holland2022`: the marrow may be clear while a mass remains. Neither series compares its
# patients with others without EMD. More in [the chapter on other trials](other-trials.ipynb).

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "The number with isolated CNS disease is assumed, so whatever separates three groups is "
    "assumed as well, Fisher’s test included; so is the size of every difference in survival."
)

# %% [markdown]
# ## Published beside computed

# %%
study.paper(
    "orr_emd_other",
    "emd_os",
    "emd_rfs",
    shown={"emd_os": "emd_os_hr", "emd_rfs": "emd_rfs_hr"},
)

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the bars
#
# Look at remission by kind of EMD. Which group has the widest interval? Could its true rate be the
# same as that of the patients without EMD, as far as the two intervals tell?
#
# ```{dropdown} Hint
# Look whether the intervals share any value.
# ```

# %% tags=["solution"]
columns = {
    "group": "Group",
    "n": "Patients",
    "estimate": "Rate (interval)",
    "width": "Width, points",
}
caption = "Remission by kind of EMD, the widest interval first"
study.show(
    remission.rate.widest_first().as_table(columns, caption, words=groups)
)
study.say(
    "The smallest group usually has the widest interval. If two intervals share values, each of "
    "these values is compatible with both groups; whether the *difference* could be none is what "
    "Fisher’s test answers. A test may find a difference although two intervals overlap a little."
)

# %% [markdown]
# ### Exercise 2: predict, then run
#
# The paper compares any EMD with none. Count isolated CNS disease among the patients *without* EMD
# instead. What would make the hazard ratio of the remaining group rise, and what would make it fall?
# Then fit a `CoxPHFitter`.
#
# ```{dropdown} Hint
# `times["emd"] == "other"` marks the remaining group. Which patients change sides, and did they do
# better or worse than those whom they join?
# ```

# %% tags=["solution"]
# by hand: emd, os_days, os_event
for name, members in {
    "any EMD against none": has_emd,
    "EMD other than CNS against all others": times["emd"] == "other",
}.items():
    data = times[["os_days", "os_event"]].assign(group=members.astype(int))
    cox.fit(data, "os_days", "os_event", fit_options=tight)
    print(f"{name}: hazard ratio {cox.hazard_ratios_['group']:.2f}")

# %% tags=["solution"]
kinds = study.hazard_ratios("os", ["emd"]).result
merged = study.hazard_ratios("os", ["emd_other"]).result.only_if(kinds)
study.hand_over(
    emd_other_os_hr=merged,
    emd_cns_os_hr=kinds.where(group="cns"),
)
study.say(
    "EMD other than CNS against all others: hazard ratio **{emd_other_os_hr}** "
    "({emd_other_os_hr.ci}). Isolated CNS disease against no EMD: **{emd_cns_os_hr}** "
    "({emd_cns_os_hr.ci})."
)
study.say(
    "Two things happen at once. The patients with isolated CNS disease leave the group with EMD "
    "and join the others. Where they fared worse than those whom they join, the reference gets "
    "worse, too; where they fared better than those whom they leave, the remaining group gets "
    "worse. Which of the two weighs more cannot be told beforehand. Which grouping is right is a "
    "question of medicine, to be settled before the result is seen."
)

# %% [markdown]
# ### Exercise 3: change the data
#
# How many of the study’s patients with EMD other than CNS would have to reach remission for the
# rate to exceed one half? Where would its interval lie?
#
# ```{dropdown} Hint
# `study.registry["emd_other_n"].value` is their number; `binomtest` of SciPy gives the interval.
# ```

# %% tags=["solution"]
# by hand
from scipy.stats import binomtest

n = study.registry["emd_other_n"].value
needed = n // 2 + 1
exact = binomtest(needed, n).proportion_ci(0.95, method="exact")
print(f"{needed} of {n} is {needed / n:.0%};", end=" ")
print(f"95 % interval {exact.low:.0%} to {exact.high:.0%}")

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"EMD other than CNS is a contraindication to CAR T cells: hardly anybody responds."* Which two
# questions does the claim skip?
#
# ```{dropdown} Hint
# How sure is the rate, and what would happen to these patients otherwise?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# First, the study’s rate rests on {published}`emd_other_n` patients: its interval reaches far.
# Second, a factor that predicts a poor course (*prognostic*) need not predict a poor effect of the
# treatment (*predictive*): without a control group nobody knows how such patients fare with
# anything else.
# ```

# %% [markdown]
# ### Exercise 5: two tests of relapse-free survival
#
# Repeat both log-rank tests for relapse-free survival. Which p-value is larger, and would you
# report the difference as significant?
#
# ```{dropdown} Hint
# Replace `os_` by `rfs_` in the cells above; only responders have a time.
# ```

# %% tags=["solution"]
# by hand: emd, rfs_days, rfs_event
left = patients[["emd", "rfs_days", "rfs_event"]].dropna()
marked = left["emd"] != "none"
hazard.fit(left["rfs_days"], left["rfs_event"])
score = left["rfs_event"].to_numpy()
score = score - hazard.predict(left["rfs_days"]).to_numpy()
excess = score[marked].sum()
drawn = np.array(
    [
        rng.choice(score, marked.sum(), replace=False).sum()
        for _ in range(draws)
    ]
)
above = (drawn >= excess - 1e-9).sum() + 1
below = (drawn <= excess + 1e-9).sum() + 1
p = min(1, 2 * min(above, below) / (draws + 1))
a, b = left[marked], left[~marked]
print(f"{len(a)} responders with EMD against {len(b)} without")
if left["rfs_event"].any():
    test = logrank_test(
        a["rfs_days"], b["rfs_days"], a["rfs_event"], b["rfs_event"]
    )
    print(f"by χ² p = {test.p_value:.2g}, by permutation p = {p:.2g}")
else:
    print("no relapse and no death, so there is nothing to test")
if "permutation" in rfs.test_name:
    assert rfs.test.number > 0
    q = (p + rfs.test.number) / 2
    assert abs(p - rfs.test.number) < 8 * (q / draws) ** 0.5

# %% tags=["solution"]
study.say(
    "Whichever p-value is larger, report the one whose assumptions hold: by permutation if a group "
    "is small. And report the number of patients beside it. A p-value from a handful of patients "
    "may be small and right, and still say little about how large the difference is."
)

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# Why Fisher’s exact test and not the χ² test for remission by kind of EMD?
# - [x] Because expected counts are small, and the χ² approximation is poor then. :: Yes; the exact
#   test makes no approximation.
# - [ ] Because it is more powerful. :: It is usually a little less powerful: cautious, but exact.
# - [ ] Because there are three groups. :: The χ² test works for three groups, too.
# ```
#
# ```{quiz}
# A hazard ratio of 2 has an interval from 0.7 to 5.9. What is a fair summary?
# - [ ] EMD doubles the risk of death. :: The interval holds "no difference" as well as a sixfold
#   hazard.
# - [ ] EMD has no effect. :: The interval holds large effects, too.
# - [x] The data are compatible with anything from a slightly lower to a much higher hazard. ::
#   Yes: they do not settle the question.
# ```
#
# ```{quiz}
# What does the log-rank test compare?
# - [ ] The medians of two curves. :: Medians play no part in it.
# - [ ] The curves at one year. :: It looks at all event times.
# - [x] At each event time, the events seen with those expected if the groups did not differ. ::
#   Yes, added up over all event times.
# ```
#
# ```{quiz}
# What does a permutation test take for granted?
# - [ ] That the groups are large. :: On the contrary: it is made for small ones.
# - [x] That without an effect any patient could have been in either group. :: Yes; this includes
#   that follow-up would have ended alike in both.
# - [ ] That survival follows an exponential curve. :: No shape of the curve is assumed.
# ```

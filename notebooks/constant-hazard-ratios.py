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
# # Does one hazard ratio tell the whole story?
#
# A hazard ratio compares two groups by one number for all times. If the comparison changes with
# time, that number is an average of unlike things, and no longer what a reader takes it for.
#
# **You will learn**
#
# - to see in a log–log plot, and in smoothed residuals, whether a hazard ratio is constant;
# - to read the test of proportional hazards, and to know what it cannot say;
# - to compare groups without that assumption: on one day, and by the time lived up to it.

# %%
from typing import Optional

from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
time_unit: str = "days"  # days, months or years
treg_cutoff: Optional[float] = None
horizon: int = 365  # day on which, and up to which, groups are compared

# %%
study = Study(
    "constant-hazard-ratios",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    time_unit=time_unit,
    treg_cutoff=treg_cutoff,
)
day = study.day(horizon)
factors = study.registry["emd_independent"].covariates
os_tests = study.proportional_hazards("os", factors)
rfs_tests = study.proportional_hazards("rfs", factors)
gap = study.milestone("os", by="emd_any", day=day)
mean = study.restricted_mean("os", by="emd_any", until=day)
by_arm = study.proportional_hazards("os", "arm")
study.hand_over(
    os_constant_p=os_tests.of("global"),
    rfs_constant_p=rfs_tests.of("global"),
    emd_os_constant_p=os_tests.of("emd_any"),
    emd_os_milestone=gap.difference,
    emd_os_milestone_p=gap.difference.p,
    emd_os_mean_difference=mean.difference,
    emd_os_mean_difference_p=mean.difference.p,
    emd_os_mean_ratio=mean.ratio,
)

# %%
study.say(
    "**In short.** Two comparisons do without a constant hazard ratio. "
    f"On day {day:g}, survival of patients with EMD less that of patients without was "
    "**{emd_os_milestone}** ({emd_os_milestone.ci})."
)
study.say(
    f"The mean time lived of the first {day:g} days, again with EMD less without, differed by "
    "**{emd_os_mean_difference}** ({emd_os_mean_difference.ci})."
)
study.say(
    "Test of whether the hazard ratios of EMD, Tregs and genetic risk change with time, all "
    "together: overall survival {os_constant_p}, relapse-free survival {rfs_constant_p}."
)
if "arm" not in by_arm.lacks:
    study.hand_over(os_arm_constant_p=by_arm.of("arm"))
    study.say(
        "Test of whether the hazard ratios between arms change with time, overall survival: "
        "**{os_arm_constant_p}**."
    )

# %% [markdown]
# ## Background
#
# The *hazard* is the rate at which events occur among those still free of them. Cox’s model
# {cite:p}`Cox1972` lets the hazards of two groups rise and fall as they like, as long as one is
# always the same multiple of the other: they are *proportional*. That multiple is the hazard ratio.
#
# In medicine this often fails. A treatment may harm early and help late; a risk factor measured
# today may matter less next year; where some patients are cured, nothing happens any more in
# either group. CAR T cells have all three: early toxicity, relapse within months, and long
# remissions.
#
# If hazards are not proportional, Cox’s model still gives a number. It is an average over time,
# weighted by when events occurred, and so it depends on how long patients were followed: a trial
# that ended later would have printed another one {cite:p}`Hernan2010`. Two questions then help
# more. *How many more are alive on a given day?* And *how much longer do they live, of the first
# months?* Each has an answer in patients or in days, whatever the hazards do.
#
# ## What the authors did and reported
#
# The abstract reports directions and significance {cite:p}`An2020`. It prints no hazard ratio, no
# test of whether one is constant, no difference on a day and no restricted mean; whether the
# authors looked is not known to us. Everything on this page is an analysis of the book.

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "The default cohort cannot answer the question of this page. It was chosen among the cohorts "
    "in which no test of proportional hazards was significant, so its hazard ratios look constant "
    "by that choice ({os_constant_p} for overall survival). What pictures and tests look like if "
    "they are not, real data show below."
)

# %% [markdown]
# ## A look at the data
#
# The simplest check needs no model: deaths per 100 patient-years, in the first half-year and later.
# If the hazard ratio were constant, the ratio of the two rows would be about the same in both
# columns. With so few deaths, expect it to jump about.

# %%
# by hand: emd, os_days, os_event
import pandas as pd

patients = study.patients
known = patients[["emd_any", "os_days", "os_event"]].dropna()


def rate(start, end):
    there = known[known["os_days"] > start]
    years = (there["os_days"].clip(upper=end) - start) / 365.25
    died = (there["os_event"] == 1) & (there["os_days"] <= end)
    total = pd.DataFrame({"years": years, "died": died})
    total = total.groupby(there["emd_any"], observed=True).sum()
    return 100 * total["died"] / total["years"]


half, end = 183, known["os_days"].max()
table = pd.DataFrame({"first half-year": rate(0, half)})
if end > half:
    table["later"] = rate(half, end)
print(table.round())

# %% [markdown]
# ## By hand
#
# ### What a changing hazard ratio looks like
#
# lifelines ships 42 children with leukaemia in remission {cite:p}`Freireich1963`. Compared by sex,
# they are the textbook’s warning. First Cox’s model.

# %%
# by hand
import numpy as np
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.datasets import load_leukemia
from lifelines.statistics import proportional_hazard_test

children = load_leukemia()[["t", "status", "sex"]]
cox = CoxPHFitter().fit(children, "t", "status")
ratio, p = cox.hazard_ratios_["sex"], cox.summary.loc["sex", "p"]
print(f"hazard ratio {ratio:.2f}, p = {p:.2f}")

# %% [markdown]
# “No difference between the sexes”, one might write. Now the *log–log plot*: the logarithm of the
# cumulative hazard, log(−log S), against the logarithm of time. If one hazard is a constant
# multiple of the other, the same holds for the cumulative hazards, and on a logarithmic scale a
# constant factor is a constant distance: the curves run in parallel.

# %%
# by hand
# figure: Log–log curves of 42 children by sex; they cross.
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
for sex, group in children.groupby("sex"):
    kmf = KaplanMeierFitter().fit(group["t"], group["status"])
    curve = kmf.survival_function_["KM_estimate"]
    curve = curve[(curve > 0) & (curve < 1)]
    height = np.log(-np.log(curve))
    ax.step(curve.index, height, where="post", label=f"sex = {sex}")
ax.set(xscale="log", xlabel="weeks (log scale)", ylabel="log(−log S)")
ax.set_xticks([1, 2, 5, 10, 20], [1, 2, 5, 10, 20])
ax.legend()
plt.show()

# %% [markdown]
# They cross: one group does better at first and worse later. The second picture says the same.
# At each event the model expects a certain mix of patients; *Schoenfeld’s residual* is what the
# patient with the event had beyond it. Scaled, and added to the coefficient, it estimates the log
# hazard ratio at that time {cite:p}`Grambsch1994`. A smooth line through the dots shows its course.

# %%
# by hand
# figure: Scaled Schoenfeld residuals of sex; the smooth line falls.
import seaborn as sns

residuals = cox.compute_residuals(children, "scaled_schoenfeld")["sex"]
weeks = children.loc[residuals.index, "t"]
ax = sns.regplot(x=weeks, y=residuals + cox.params_["sex"], lowess=True)
ax.axhline(cox.params_["sex"], color="grey", linestyle=":")
ax.set(xlabel="weeks", ylabel="log hazard ratio of sex")
plt.show()
test = proportional_hazard_test(cox, children, time_transform="rank")
print(f"p = {test.summary['p'].iloc[0]:.5f}")

# %% [markdown]
# Where the line lies above 0 the second group fares worse, where it lies below it fares better. The
# hazard ratio near 1 hid an early and a late difference that cancel. “No difference” was wrong.
#
# ### The test
#
# The test asks whether the residuals have a trend over time. In words: give the log hazard ratio a
# slope over some scale of time g, and ask by the *score test* whether a slope of 0 fits. R’s
# `cox.zph` does this (since version 3 of `survival`), lifelines an approximation to it, so their
# p-values differ. With one factor of two groups it takes few lines. Tied deaths are handled as
# Efron does {cite:p}`Efron1977`: the second of two patients who die on a day sees the first half
# gone.

# %%
# by hand: emd, os_days, os_event
exposed = 1.0 * (known["emd_any"] == "any")
data = known[["os_days", "os_event"]].assign(x=exposed)
exact = {"precision": 1e-12}
fit = CoxPHFitter().fit(data, "os_days", "os_event", fit_options=exact)
beta, rows = fit.params_["x"], []
for time, dying in data[data["os_event"] == 1].groupby("os_days"):
    at_risk = data[data["os_days"] >= time]
    weights = np.exp(beta * at_risk["x"])
    gone = np.exp(beta * dying["x"])
    for k, x in enumerate(dying["x"]):
        part = k / len(dying)
        total = weights.sum() - part * gone.sum()
        share = (weights * at_risk["x"]).sum()
        share = (share - part * (gone * dying["x"]).sum()) / total
        rows.append((time, x - share, share * (1 - share)))
g, residual, variance = np.array(rows).T
print(f"{len(rows)} deaths; the residuals add up to {residual.sum():.1g}")

# %%
# by hand: emd, os_days, os_event
from scipy.stats import chi2

g = g - g.mean()  # the scale of time: days
slope = (g * residual).sum()
spread = (g**2 * variance).sum()
spread -= (g * variance).sum() ** 2 / variance.sum()
p = chi2.sf(slope**2 / spread, 1)
alone = study.proportional_hazards("os", "emd_any")
print(f"EMD alone, overall survival: p = {p:.4f}")
assert abs(p - alone.of("emd_any", scale="identity").number) < 1e-6

# %% [markdown]
# **Which scale of time?** The days themselves; their rank; their logarithm; or, R’s default, one
# less the Kaplan–Meier estimate, which gives each event about the same weight and is not at the
# mercy of a single late death. They ask about different shapes of change: early against late by
# days, by order of events, or by orders of magnitude. Choose one beforehand. To try all four and
# print the smallest p is to test four times.
#
# ### Without the assumption
#
# On one day, each curve has its value, and the two can be subtracted. The interval below is built
# from those of the two groups (log–log, as everywhere in the book): the distance from the
# difference to its ends follows from the distances within the groups by Pythagoras
# {cite:p}`Zou2008`. The book’s p-value comes from the log–log scale, too {cite:p}`Klein2007`.

# %%
# by hand: emd, os_days, os_event
groups, read = {}, {}
for name in ("none", "any"):
    one = known[known["emd_any"] == name]
    kmf = KaplanMeierFitter(alpha=1 - confidence)
    groups[name] = kmf.fit(one["os_days"], one["os_event"])
    ends = kmf.confidence_interval_.loc[:horizon].iloc[-1]
    read[name] = (kmf.predict(horizon), *ends)
s0, low0, high0 = read["none"]
s1, low1, high1 = read["any"]
print(f"alive on day {horizon}: {s0:.1%} without EMD, {s1:.1%} with any")
print(f"difference {100 * (s1 - s0):.1f} percentage points")
book = gap.difference.number  # none where follow-up is too short
assert np.isnan(book) or abs(s1 - s0 - book) < 1e-9
if 0 < s0 < 1 and 0 < s1 < 1:
    lower = s1 - s0 - np.hypot(s1 - low1, high0 - s0)
    upper = s1 - s0 + np.hypot(high1 - s1, s0 - low0)
    points = f"{100 * lower:.1f} to {100 * upper:.1f}"
    print(f"{confidence:.0%} interval {points} percentage points")
    book = gap.difference.read("lower", "points").number
    assert np.isnan(book) or abs(lower - book) < 1e-9
else:
    print("no interval: in a group all are alive, or none")

# %% [markdown]
# A day is arbitrary, and two curves may meet on it and differ before. The *restricted mean survival
# time* uses all days up to a stated one: it is the average time lived of these days, and it is the
# area under the curve {cite:p}`Uno2014`. The area between two curves is then the time that one
# group lives longer.

# %%
# by hand: emd, os_days, os_event
# figure: Survival with and without EMD; the area between is shaded.
fig, ax = plt.subplots()
days = np.arange(horizon + 1)
heights = {name: kmf.predict(days) for name, kmf in groups.items()}
for name, height in heights.items():
    ax.step(days, height, where="post", label=f"EMD: {name}")
ax.fill_between(
    days, heights["none"], heights["any"], step="post", alpha=0.2
)
ax.set(xlabel="days since infusion", ylabel="alive", ylim=(0, 1))
ax.legend()
plt.show()

# %%
# by hand: emd, os_days, os_event
areas = {}
for name, kmf in groups.items():
    curve = kmf.survival_function_["KM_estimate"].loc[: horizon - 1e-9]
    widths = np.diff([*curve.index, horizon])
    areas[name] = (curve * widths).sum()
difference = areas["any"] - areas["none"]
print({name: f"{area:.1f} days" for name, area in areas.items()})
print(f"difference {difference:.1f} days of {horizon}")
book = mean.difference.number
assert np.isnan(book) or abs(difference - book) < 1e-6

# %% [markdown]
# **Where lifelines and R differ.** `restricted_mean_survival_time` of lifelines gives the same area.
# The variance it can return is that of the time lived by a patient, not that of the estimate; the
# book’s interval is R’s, from `survRM2`.
#
# ## The book’s result
#
# ### Extramedullary disease, Tregs and genetic risk

# %%
labels = {"none": "no EMD", "any": "any EMD"}
os = study.survival("os", by="emd_any")
study.show(
    os.log_log(
        "emd-os-log-log", "Log–log plot of overall survival by EMD.", labels
    )
)

# %% [markdown]
# The log hazard ratio of EMD over time has Tregs and genetic risk in the model. Its line is a natural
# spline with four degrees of freedom, the band two standard errors on either side, as R’s
# `plot.cox.zph` draws them. Roughly, if a level line fits into the band, a constant hazard ratio fits
# the data.

# %%
study.show(
    os_tests.over_time(
        "emd_any",
        "emd-os-coefficient",
        "The log hazard ratio of EMD over time, adjusted for Tregs and genetic risk. "
        "Events are as far apart as on the Kaplan–Meier scale of the test.",
    )
)

# %% [markdown]
# The tests, on every scale of time. The Kaplan–Meier scale is the one that the book uses elsewhere.

# %%
names = {
    "emd_any": "EMD",
    "treg_group": "Tregs",
    "genetic_risk": "genetic risk",
}
study.show(
    os_tests.tests(
        "Score tests of proportional hazards, overall survival: p by scale of time",
        names,
    ),
    rfs_tests.tests(
        "Score tests of proportional hazards, relapse-free survival: p by scale of time",
        names,
    ),
)

# %% [markdown]
# And the differences that need no hazard ratio: in survival on the day, and in the mean time lived
# up to it.

# %%
for endpoint, told in (
    ("os", "Overall survival"),
    ("rfs", "Relapse-free survival"),
):
    contrasts = study.contrasts(endpoint, factors, day=day)
    caption = f"{told}: differences on day {day:g}, and up to it"
    study.show(contrasts.as_table(caption, names))
    study.remark(contrasts.gaps(names))

# %%
study.say(
    "Overall survival by EMD: the test of the difference on the day gives {emd_os_milestone_p} "
    "(on the log–log scale), that of the mean time {emd_os_mean_difference_p}; "
    "the mean with EMD is **{emd_os_mean_ratio}** times that without ({emd_os_mean_ratio.ci})."
)

# %% [markdown]
# ### Treatment arms
#
# A cohort with several arms is looked at by arm as well.

# %%
if "arm" not in by_arm.lacks:
    study.show(
        study.survival("os", by="arm").log_log(
            "arm-os-log-log", "Log–log plot of overall survival by arm.", {}
        ),
        by_arm.tests(
            "Score tests of proportional hazards, overall survival by arm",
            {"arm": "arm"},
        ),
    )
    for endpoint in ("os", "rfs"):
        contrasts = study.contrasts(endpoint, ["arm"], day=day)
        caption = f"{endpoint.upper()} by arm: differences on day {day:g}, and up to it"
        study.show(contrasts.as_table(caption, {"arm": "arm"}))

# %% [markdown]
# ## What it means for a patient
#
# A difference of so many percentage points is so many patients out of 100; a difference in mean
# time is so many days of the first months. Both can be told at the bedside, and neither needs the
# word *hazard*. They do need the day: with another one, the numbers are others.

# %%
study.show(
    os.at(day).icons(
        "emd-os-day-icons",
        f"Out of 100 patients without and with EMD: alive on day {day:g}.",
        "alive",
        labels,
    )
)

# %% [markdown]
# ## How sure can we be?
#
# **A test that finds nothing has not shown that hazards are proportional.** With a few dozen deaths
# only gross changes are found. A large trial, on the other hand, finds changes too small to matter.
# The band around a smoothed log hazard ratio shows which changes the data leave open.
#
# **A small p has many causes.** The hazard ratio may change; or a covariate is missing from the
# model, or enters it in the wrong shape.
#
# **The day must be chosen beforehand**, from what matters to patients and how long they were
# followed. Where follow-up in a group ends earlier, there is no estimate: to carry the last value on
# would be to invent data. A day searched for the largest difference is the same mistake as a
# searched cut-off.
#
# **Small groups.** The intervals of mean times rest on the normal distribution and are too narrow
# in groups of a dozen. The interval of the difference on a day and its p-value are computed in two
# ways, and near the limit of significance they may disagree.
#
# **The loss of simplicity.** If hazards are proportional, a hazard ratio uses all events and sees
# more than a difference on one day. Report both: the relative and the absolute.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read a plot
#
# On a log–log plot two curves start together and drift apart. Is the hazard ratio larger early or
# late?
#
# ```{dropdown} Hint
# The vertical distance is the logarithm of the ratio of the *cumulative* hazards up to that time.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Late. At first the cumulative hazards are alike, so their ratio is near 1; that it grows means that
# the hazard ratio of later times pulls it up. Curves that start apart and come together show an
# effect that wears off.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Compute the difference in mean overall survival between patients with and without EMD up to half
# of the horizon. Will it be more or less than half of the difference up to the horizon?
#
# ```{dropdown} Hint
# The area between the curves grows with the distance between them.
# ```

# %% tags=["solution"]
# by hand: emd, os_days, os_event
short = horizon // 2
area = {
    name: height[days < short].sum() for name, height in heights.items()
}
print(f"{area['any'] - area['none']:.1f} days of {short}")
print(f"{difference:.1f} days of {horizon}")
book = study.restricted_mean("os", by="emd_any", until=short)
book = book.difference.number
assert np.isnan(book) or abs(area["any"] - area["none"] - book) < 1e-6

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Less than half wherever the curves move apart: the strip between them is narrow at first. If they
# came together again, it would be more.
# ```

# %% [markdown]
# ### Exercise 3: change the question
#
# In the 42 children, compare the sexes by the mean time in remission up to 20 weeks. Does the
# restricted mean see what the hazard ratio missed?
#
# ```{dropdown} Hint
# The area under each curve, as above; a weighted average of an early gain and a late loss.
# ```

# %% tags=["solution"]
# by hand
for sex, group in children.groupby("sex"):
    kmf = KaplanMeierFitter().fit(group["t"], group["status"])
    curve = kmf.survival_function_["KM_estimate"].loc[: 20 - 1e-9]
    weeks_free = (curve * np.diff([*curve.index, 20])).sum()
    print(f"sex = {sex}: {weeks_free:.1f} of 20 weeks in remission")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# No: where curves cross, the area between them is gained before and lost after, and the means come
# out alike. No single number describes crossing curves. Show the curves, and say which day matters.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"The proportional hazards assumption was met (p = 0.31)."* What do you ask?
#
# ```{dropdown} Hint
# How many events were there, and what would have been found with so many?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# How many events the test rests on, for which covariate and on which scale of time, and what the
# smoothed residuals look like. An assumption is not met because a small study failed to reject it.
# Better: “we found no evidence against it, with 31 events”, beside the picture, and beside a
# difference that does not need it.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# Two curves run in parallel on a log–log plot. What follows?
# - [x] A constant hazard ratio describes them well. :: Yes: a constant factor is a constant distance
#   on a logarithmic scale.
# - [ ] The groups do not differ. :: They differ by the distance; the same group would be one curve.
# - [ ] Survival is the same on every day. :: Only the ratio of the hazards is.
# ```
#
# ```{quiz}
# The test of proportional hazards gives p = 0.60 in a trial with 20 deaths. What may be said?
# - [ ] Hazards are proportional. :: With 20 deaths only gross changes would have been found.
# - [x] No change of the hazard ratio was found, and few deaths could have shown one. :: Yes; look at
#   the band around the smoothed residuals.
# - [ ] The hazard ratio is 1. :: The test asks whether it changes, not how large it is.
# ```
#
# ```{quiz}
# The restricted mean survival up to day 365 is 314 days in one group and 144 in the other. What does
# it mean?
# - [ ] Patients of the first group die after 314 days. :: It is an average of the first year only;
#   many live longer than a year.
# - [x] Of the first year, they live 170 days more on average. :: Yes: the area between the curves.
# - [ ] The hazard ratio is 144 / 314. :: A ratio of means is not a ratio of hazards.
# ```

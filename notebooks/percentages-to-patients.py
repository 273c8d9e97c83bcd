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
# # How many patients stand behind a percentage?
#
# An abstract prints percentages, not patients. But patients are whole, and in a small trial that
# is often enough to count them.
#
# **You will learn**
#
# - to find the counts that a printed percentage can stand for;
# - to tell a share of patients from an estimate of survival by arithmetic alone;
# - to say what stays open all the same.

# %%
from cartanalysis import Result, Study
from cartanalysis.study import consistent, derivations

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1

# %%
study = Study("percentages-to-patients", cohort, min_cell=min_cell)
known = study.registry
infused = Result(derivations.search_infused(known.entries))
emd_other = Result(derivations.search_emd_other(known.entries))

# %%
study.say(
    "**In short.** Remission in {paper.orr} and grade 4 reactions in {paper.ae_grade4} of the "
    "same patients: up to the {paper.enrolled} enrolled, both are whole patients for one number "
    "only, **{paper.infused}**. So {paper.responders} were in remission, and {paper.ae_grade4_n} "
    "had a grade 4 reaction."
)

# %% [markdown]
# ## Background
#
# Of seven patients, one is about 14 in a hundred, two are 29, and nothing lies between. The smaller
# a group, the fewer percentages it can print; each percentage therefore tells something about its
# denominator. Psychologists use this to find means that cannot be true (the *GRIM test*,
# {cite:p}`Brown2017`); we use it the other way round, to find the patients behind percentages that
# we take to be right.
#
# Why does it matter? A rate without its denominator has no interval. Remission in two of seven and
# in twenty of seventy print the same percentage, and say very different things. Counts are also
# what a meta-analysis needs, and what another hospital can compare its own patients with.
#
# The method has two limits. It takes for granted that all percentages are shares of the same
# patients. And it does not apply to survival read off a Kaplan–Meier curve, which need not be a
# whole number of patients. Where such a percentage is *not* one, this is itself a finding:
# somebody was censored before that day.
#
# ## What the authors did and reported
#
# The abstract and the opening of the results {cite:p}`An2020` give how many patients were screened
# and enrolled, five percentages and two medians. The number infused is not in the part of the paper
# that we have. Two later reviews print the number of patients *in the analysis*, which this book
# takes for the number infused; one of them adds four percentages on toxicity.

# %%
study.say(
    "Screened {paper.screened}, enrolled {paper.enrolled}. Remission {paper.orr}, grade 4 "
    "reactions {paper.ae_grade4}, remission with extramedullary disease other than CNS "
    "involvement {paper.orr_emd_other}."
)
study.say(
    "From a review: CRS {paper.crs_any}, of grade 3 or higher {paper.crs_ge3}; ICANS "
    "{paper.icans_any}, of grade 3 or higher {paper.icans_ge3}; patients in the analysis "
    "{paper.infused_reported}."
)

# %% [markdown]
# ## By hand
#
# A number *n* of patients fits a percentage if some whole number *k* of them rounds to it. Two
# loops are all it takes. (A tie could be rounded either way; none occurs here.)

# %%
# by hand
known = study.registry


def counts(printed, decimals, n):
    """List the counts out of n that print a percentage."""
    return [
        k for k in range(n + 1) if round(100 * k / n, decimals) == printed
    ]


screened = known["screened"].value
for key in ("orr", "ae_grade4"):
    value = known[key].value
    sizes = [n for n in range(1, screened + 1) if counts(value, 1, n)]
    print(f"{value} % fits n = {sizes}")
n = known["infused"].value
assert counts(known["orr"].value, 1, n) == [known["responders"].value]

# %% [markdown]
# The review adds three more percentages of all patients with one decimal. They put the answer to
# the test, as they did not have to fit.

# %%
# by hand
# figure: Bars: how many of five percentages each number of patients fits.
import matplotlib.pyplot as plt
import pandas as pd

keys = ["orr", "ae_grade4", "crs_ge3", "icans_any", "icans_ge3"]
fits = pd.DataFrame(
    {
        key: [bool(counts(known[key].value, 1, n)) for n in range(10, 101)]
        for key in keys
    },
    index=range(10, 101),
)
all_five = list(fits.index[fits.all(axis=1)])
print(f"All five fit n = {all_five}")
assert all_five[0] == known["infused"].value
ax = fits.sum(axis=1).plot.bar(color="steelblue", width=0.9)
ax.set(xlabel="number of patients", ylabel="percentages that fit")
ax.set_xticks(range(0, 91, 10), range(10, 101, 10), rotation=0)
plt.show()

# %% [markdown]
# The only other number up to a hundred is the double, and so many were not even screened.
#
# Survival at 1 year is not a share of these patients, and the same function shows it:

# %%
# by hand
for key, whom in (("os_1y", "infused"), ("rfs_1y", "responders")):
    n = known[whom].value
    nearest = round(n * known[key].fraction)
    print(
        f"{known[key].text} of {n}: {counts(known[key].value, 1, n)}; "
        f"nearest {nearest} of {n}, {nearest / n:.1%}"
    )

# %% [markdown]
# Some patients were therefore censored before 1 year, if the printed decimal is meant (the
# nearest counts above would print the same whole percentages) and if relapse-free survival is
# counted in the responders.
#
# ## The book’s result
#
# The book searches in exact fractions and lets a tie count both ways, so that no rounding rule can
# matter.

# %%
columns = {
    "n": "Patients",
    "orr": f"{known['orr'].text} would be",
    "ae_grade4": f"{known['ae_grade4'].text} would be",
    "fits": "Possible?",
}
caption = (
    "Every number of patients that fits at least one of the two percentages"
)
study.show(infused.marked("D").as_table(columns, caption))

# %% [markdown]
# The remission rate with EMD other than CNS involvement fits two of seven and every multiple. But a
# patient without remission in this group is one of those without remission in the whole trial, and
# there are few of them.

# %%
columns = {
    "events": "In remission",
    "n": "Patients",
    "left_out": "Without remission",
    "fits": "Possible?",
}
caption = (
    f"Counts that print {known['orr_emd_other'].text}, and whether the trial had enough patients "
    "without remission"
)
study.show(emd_other.marked("D").as_table(columns, caption))
study.say(
    "Without remission were {paper.infused} less {paper.responders} patients. So the group had "
    "{paper.emd_other_n} patients, {paper.orr_emd_other_n} of them in remission."
)

# %% [markdown] tags=["on-reconstruction"]
# ## What stays open, and how the default cohort was made
#
# Arithmetic gives counts. It does not give ages, grades, days, or which patient had which trait;
# nor the size of any effect, as the abstract reports directions only. What a chapter needs beyond
# the counts is assumed.
#
# Cohorts can be drawn from a simple model: times to relapse and death depend on extramedullary
# disease, regulatory T cells and genetics with hazard ratios drawn from a wide range. Fewer than one
# such cohort in a million agrees with the paper, so many are moved together until they do
# {cite:p}`Cerou2012`. The heights of a Kaplan–Meier curve depend only on the order of events, so the
# time axis can then be stretched until the medians fall on the right days; no log-rank test or hazard
# ratio changes. A cohort is kept if every percentage and median holds as printed and every comparison
# that the paper calls significant reaches p < 0.05, the usual convention. The assumptions, each with
# its range and source, are listed in [How to read the letters](../book/evidence.md).
#
# A thousand such cohorts were drawn. How far apart are they?

# %% tags=["on-reconstruction"]
# by hand
effects = consistent.effects()
by_claim = effects.groupby("claim", sort=False)["estimate"]
spread = by_claim.quantile([0.025, 0.5, 0.975]).unstack()
short = {e.id: e.details["short"] for e in known.select(kind="direction")}
print(spread.rename(index=short).round(1))
book = consistent.ranges(effects).set_index("claim")
assert (abs(spread[0.025] - book["lower"]) < 1e-9).all()
assert (abs(spread[0.975] - book["upper"]) < 1e-9).all()

# %% [markdown] tags=["on-reconstruction"]
# [What the abstract allows](what-the-abstract-allows.ipynb) looks at them closely. The default
# cohort is the most central of them: among the cohorts with proportional hazards in every model, the
# one whose hazard ratios, survival at 2 years and remission without EMD lie nearest to the middle of
# all. It was not chosen for being likely.
#
# ```{play} cohorts
# On the website, one can step through forty of the cohorts here.
# ```

# %% [markdown]
# ## How sure can we be?
#
# The counts are certain if the printed percentages are right and share one denominator; that two
# reviews print the same number of patients, and that five percentages agree on it, makes both
# hard to doubt. The share of MRD-negative remissions shows what happens where the denominator is
# open: [two readings](minimal-residual-disease.ipynb).

# %% [markdown] tags=["on-reconstruction"]
# The spread of the hazard ratios is what the abstract leaves open, but it depends on the model from
# which the cohorts were drawn, and small effects are missing: each had to reach significance. It is
# no confidence interval. A cohort that agrees with everything published is a possible one, not the
# real one: use it to learn and to test, never to estimate an effect.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the tables
#
# Why does one percentage leave several numbers of patients possible, and why do two leave fewer?
# What would a percentage without a decimal have left?
#
# ```{dropdown} Hint
# Each percentage is a condition on the same denominator. Try `counts(81, 0, n)`.
# ```

# %% tags=["solution"]
# by hand
whole = round(known["orr"].value)
possible = [n for n in range(1, screened + 1) if counts(whole, 0, n)]
print(f"{whole} % fits {len(possible)} of {screened} numbers")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# A number of patients is possible if some whole count of it rounds to the percentage. Every
# percentage rules numbers out, and what is left must survive all of them. The more decimals are
# printed and the smaller the group, the fewer numbers survive.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# A trial of at most 40 patients reports a response of 70.4 %. How many patients could it have had?
#
# ```{dropdown} Hint
# Use `counts(70.4, 1, n)` for each `n`; an empty list means that `n` is impossible.
# ```

# %% tags=["solution"]
# by hand
possible = [n for n in range(1, 41) if counts(70.4, 1, n)]
print("Possible numbers of patients:", possible)

# %% [markdown]
# ### Exercise 3: use one percentage fewer
#
# Which of the five percentages could be left out without changing the answer up to 93 patients?
#
# ```{dropdown} Hint
# `fits.drop(columns=key).all(axis=1)` tells which numbers fit the other four.
# ```

# %% tags=["solution"]
# by hand
for key in keys:
    others = fits.loc[:93].drop(columns=key).all(axis=1)
    alone = fits.loc[:93, key]
    print(
        f"without {known[key].text}: {list(others.index[others])}; "
        f"alone it fits {alone.sum()} numbers"
    )

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Any single one: the other four still leave one number. The answer does not hang on one percentage,
# so a misprint in one of them would probably have been noticed.
# ```

# %% [markdown]
# ### Exercise 4: catch an error
#
# A report on 30 patients prints a response of 72 % and severe CRS of 16.7 %. Is anything wrong?
#
# ```{dropdown} Hint
# Check each of the two with its own number of decimals.
# ```

# %% tags=["solution"]
# by hand
print(f"72 %: {counts(72, 0, 30)}, 16.7 %: {counts(16.7, 1, 30)}")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# No number of thirty patients prints the first percentage. It may be a slip, or some patients could
# not be assessed, so that the denominator was smaller. The arithmetic finds that something is
# missing; it does not say what.
# ```

# %% [markdown] tags=["on-reconstruction"]
# ### Exercise 5: criticise a claim
#
# *"The reconstruction agrees with every published number, so its hazard ratios are those of the
# study."* What is wrong?
#
# ```{dropdown} Hint
# Look at the picture of hazard ratios in many cohorts.
# ```

# %% [markdown] tags=["solution", "on-reconstruction"]
# ```{dropdown} Solution
# Many cohorts agree with the paper, and their hazard ratios differ widely: that is what the picture
# shows. To agree with the published values is necessary, not sufficient. And as each claim had to be
# significant in every cohort, small effects are missing from the picture by construction.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# Taken at the printed decimal, why are the 1-year survival percentages no whole number of patients?
# - [ ] They were rounded wrongly. :: At the printed decimal no count fits; rounded to whole
#   percentages both would.
# - [x] They are Kaplan–Meier estimates with patients censored before 1 year. :: Yes: a censored
#   patient leaves the denominator during the year.
# - [ ] Some patients are missing from the paper. :: Possible in principle, but not what the
#   arithmetic shows.
# ```
#
# ```{quiz}
# Which letter does a number carry that follows from published percentages by arithmetic alone?
# - [ ] P :: Only what the paper prints is P.
# - [x] D :: Yes, derived; the arithmetic is part of this book and can be checked.
# - [ ] A :: Nothing had to be assumed.
# ```

# %% [markdown] tags=["on-reconstruction"]
# ```{quiz}
# May the default cohort be used to plan the sample size of a new trial?
# - [ ] Yes, it is the best estimate there is. :: It is one of many possible cohorts, not an
#   estimate.
# - [x] No: its effects are assumed, and selected for significance. :: Yes. Planning needs an
#   effect that is clinically relevant, or estimates from real data.
# - [ ] Only for overall survival. :: That is no different.
# ```

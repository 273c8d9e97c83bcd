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
# An abstract prints percentages, not patients. Rounded to one decimal, a percentage of a small
# group leaves little room: often only one count fits.
#
# **You will learn**
#
# - how {published}`orr` in remission and {published}`ae_grade4` with a grade 4 reaction together
#   pin down the number of patients;
# - how many patients {published}`orr_emd_other` can be;
# - what stays open all the same, and how the default cohort of this book was made.

# %%
from cartanalysis import Figure, Result, Study
from cartanalysis.figures import plot_effects
from cartanalysis.stats.percentages import counts_behind
from cartanalysis.study import consistent, derivations

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1

# %%
study = Study("percentages-to-patients", cohort, min_cell=min_cell)
known = study.registry

# %% [markdown]
# ## Which number of patients fits both percentages?
#
# The search tries every number up to the number screened. A number fits a percentage if some whole
# count of patients rounds to it; ties may be rounded either way, so the answer does not depend on a
# rounding rule.

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
fits = Result(derivations.search_infused(known.entries))
study.show(fits.as_table(columns, caption, letter="D"))
(both,) = fits.table.loc[fits.table["possible"], "n"]
study.say(
    f"Numbers of patients that fit both, up to the number enrolled: **{both}**, no other."
)

# %% [markdown]
# ## How large is the group with the least remission?
#
# {published}`orr_emd_other` fits a small group and each of its multiples. But every patient without
# remission in this group is one of those without remission in the whole trial: the number infused,
# {published}`infused`, less the number in remission, {published}`responders`.

# %%
columns = {
    "events": "In remission",
    "n": "Patients",
    "left_out": "Without remission",
    "fits": "Possible?",
}
caption = (
    f"Counts that round to {known['orr_emd_other'].text}, and whether the trial has enough "
    "patients without remission"
)
fits = Result(derivations.search_emd_other(known.entries))
study.show(fits.as_table(columns, caption, letter="D"))

# %% [markdown]
# ## What stays open
#
# The same arithmetic shows that the 1-year survival percentages are *not* whole patients: patients
# were censored before one year (if relapse-free survival is counted in responders), and the
# percentages are Kaplan–Meier estimates. How many were censored, and when, is not in hand; neither
# is any hazard ratio, interval or p-value.
#
# ## How the default cohort was made
#
# The cohort `an2020` is drawn from a plain model. Patients then exchange their ends of follow-up
# until both survival curves can meet the published percentages, and draws are repeated until every
# published value in hand holds: all percentages and medians at the paper's rounding, and all
# directional claims at p < 0.05, the usual convention (the paper says *significant*). A
# Kaplan–Meier curve's heights depend only on the order of events, so the time axis can be stretched
# to put the medians on the right days without touching a single hazard ratio. The assumptions are
# listed in [How to read the letters](../book/evidence.md), each with its range and source.
#
# Many different cohorts agree with the paper. The picture shows how large each effect was in some
# of them, whose generator drew its hazard ratios from wide ranges. Small effects are missing by
# construction: each claim had to reach p < 0.05.

# %%
effects = consistent.effects()
labels = {e.id: e.details["short"] for e in known.select(kind="direction")}
cohorts = effects["seed"].nunique()
caption = f"Hazard ratios in {cohorts} cohorts that agree with every published value in hand."
alt = consistent.describe_effects(effects, labels)
options = {"labels": labels}
study.show(
    Figure(
        plot_effects,
        [Result(effects)],
        "consistent-effects",
        caption,
        alt,
        options,
        letter="A",
    )
)

# %% [markdown]
# ## In the paper
#
# None of these hazard ratios is in the paper's abstract. The spread of the points is what the
# abstract leaves open about their size; it also depends on how the cohorts were drawn.
#
# ## How sure can we be?
#
# The counts are certain if the printed percentages are right and share one denominator. The cohort
# is a possible one, not the real one: use it to learn and to test, never to estimate an effect.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the first table
#
# Why does one percentage alone leave several numbers of patients possible, and why do two leave
# fewer?
#
# ```{dropdown} Hint
# Each percentage is a condition on the same denominator.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# A number of patients is possible if some whole count of it rounds to the percentage. Every
# percentage rules numbers out; what fits both must survive both. The smaller the group and the
# more decimals are printed, the fewer numbers are left.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# A trial of at most 40 patients reports a response of 70.4 %. How many patients could it have had?
# Use `counts_behind(70.4, 1, n)` for each `n`.
#
# ```{dropdown} Hint
# It returns the counts that round to the percentage; an empty list means that `n` is impossible.
# ```

# %% tags=["solution"]
possible = [n for n in range(1, 41) if counts_behind(70.4, 1, n)]
study.say(
    f"Possible numbers of patients: **{', '.join(map(str, possible))}**."
)

# %% [markdown]
# ### Exercise 3: change a parameter
#
# Make another cohort with `cartanalysis reconstruct --seed 4 > mine.csv`, set `cohort` in
# [](survival.ipynb) to that file and run it. Compare the median follow-up with that of the default
# cohort. Which published values stay, and what constrains the follow-up?
#
# ```{dropdown} Hint
# The paper prints the accrual period, and survival at two moments; it does not print when patients
# were last seen.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# All published percentages and medians stay: every cohort has to meet them. The follow-up differs,
# because no value in hand fixes it; the accrual period ({published}`accrual`) and the length of
# observation only bound it.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"The reconstruction agrees with every published number, so its hazard ratios are those of the
# study."* What is wrong?
#
# ```{dropdown} Hint
# Look at the picture of hazard ratios in many cohorts.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Many cohorts agree with the paper, and their hazard ratios differ widely: that is what the
# picture shows. To agree with the published values is necessary, not sufficient. And as each claim
# had to be significant in every cohort, small effects are missing from the picture by
# construction.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# Why are the 1-year survival percentages no whole number of patients?
# - [ ] They were rounded wrongly. :: Rounding alone cannot explain it; no count fits.
# - [x] They are Kaplan–Meier estimates with patients censored before one year. :: Yes: a censored
#   patient leaves the denominator during the year.
# - [ ] Some patients are missing from the paper. :: Possible in principle, but not what the
#   arithmetic shows.
# ```
#
# ```{quiz}
# Which letter does a number carry that follows from published percentages by arithmetic alone?
# - [ ] P :: Only what is printed is P.
# - [x] D :: Yes, derived; the arithmetic is part of this book and can be checked.
# - [ ] A :: Nothing had to be assumed.
# ```
#
# ```{quiz}
# May the default cohort be used to plan the sample size of a new trial?
# - [ ] Yes, it is the best estimate there is. :: It is one of many possible cohorts, not an
#   estimate.
# - [x] No: its effects are assumed, and selected for significance. :: Yes. Planning needs an
#   effect that is clinically relevant, or estimates from real data.
# - [ ] Only for overall survival. :: That is no different.
# ```

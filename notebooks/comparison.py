# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Do several cohorts agree, with the paper and with each other?
#
# The paper's claims in each cohort, side by side; and each result pooled over the cohorts of
# patients.
#
# **You will learn** to read verdicts of several cohorts together, to read a forest plot, and to
# tell how sure a mean is from what to expect of the next cohort.

# %%
from typing import Optional

from cartanalysis import Comparison

# %% tags=["parameters"]
cohorts: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
treg_cutoff: Optional[float] = None

# %%
study = Comparison(
    "comparison",
    cohorts,
    min_cell=min_cell,
    confidence=confidence,
    treg_cutoff=treg_cutoff,
)
# %% [markdown]
# ## At a glance

# %%
caption = "The verdict on each of the paper's claims in each cohort"
study.show(study.verdicts_figure("verdicts", caption))
study.show(
    study.tally_table("How many of the paper's claims each cohort upholds")
)

# %% [markdown]
# Do not count votes over cohorts: two that are too small to decide may together be large enough.
# That is what pooling is for.
#
# ## Claim by claim
#
# First the published values, then the published directions.

# %%
marks = "● upheld, □ inconclusive, ✕ opposed, – could not be assessed"
study.show(
    study.claims_table(
        "value", f"The paper's values in each cohort: {marks}"
    )
)
study.show(
    study.claims_table(
        "direction", f"The paper's directions in each cohort: {marks}"
    )
)

# %% [markdown]
# ## Rates, pooled
#
# A square is a cohort, larger where it weighs more; the diamond is the pooled value with its
# interval. The grey line through the diamond is the prediction interval: where the true value of
# one further cohort is expected to lie, with the same confidence as all intervals of this page.
# With fewer than five cohorts it mostly shows how little is known of τ², the variance between
# cohorts {cite:p}`Partlett2017`.

# %%
study.pool("rates")

# %% [markdown]
# ## Survival at 1 year, pooled

# %%
study.pool("survival")

# %% [markdown]
# ## Directions, pooled
#
# A ratio above 1 is what the paper claims; how large the ratios were in the paper is not known to
# us.

# %%
study.pool("directions")

# %% [markdown]
# ## In the paper
#
# The published values beside the pooled ones, with what tells how alike the cohorts are. The
# paper's own patients are not available to us and are not pooled.

# %%
for group in study.groups:
    study.show(
        study.pooled_table(
            group, f"Published {group}, pooled over the cohorts of patients"
        )
    )

# %% [markdown]
# ## How sure can we be?
#
# - *Which model.* Random effects: the cohorts' true values may differ, and the diamond is their
#   mean. The variance between cohorts, τ², is estimated by Paule and Mandel's method
#   {cite:p}`Paule1982,Veroniki2016`; the interval is that of Hartung, Knapp, Sidik and Jonkman
#   {cite:p}`IntHout2014`, t with one degree of freedom less than there are cohorts, with its
#   variance factor kept at 1 or more {cite:p}`Rover2015`. With two cohorts it is so wide that it
#   says little: that is what two cohorts can tell of cohorts that may differ. *If all were alike*
#   is the answer of the other extreme, one and the same true value in all cohorts.
# - *Which scale.* Rates are pooled as log odds; where nobody or everybody had the outcome, one half
#   is added to both counts (after Anscombe {cite:p}`Anscombe1956`, who adds it always). This makes
#   rare rates lean upwards; leaving such cohorts out would do so more. Survival is pooled as
#   log(−log), hazard ratios as their logarithm; standard errors are taken from each cohort's own
#   interval on that scale.
# - *How different.* Q tests whether the cohorts differ at all, and has little power with few of
#   them. I² is the share of the variation that is not chance {cite:p}`Higgins2003`. Neither says
#   how large a difference is; the prediction interval does {cite:p}`Higgins2009`. It has two
#   degrees of freedom less than there are cohorts, so it needs at least three of them, and is
#   trustworthy with many more {cite:p}`Partlett2017`.
# - *What is not pooled.* The reconstruction: it is not patient data, and was built to agree with
#   the paper. Medians, whose intervals are skewed and often open; survival at 1 year tells of the
#   same curve. The order of the three EMD groups, which is no single effect. A cohort without an
#   estimate or with an infinite one. And what is hidden in a cohort's own book because it would
#   show few patients: the pooled value and the other cohorts would give it back. Where this is a
#   rate or survival, the claim is not pooled at all: small counts are hidden and large ones are
#   not, so the others alone would give a biased result.
# - *What no method mends.* Cohorts that were treated otherwise, measured otherwise or followed for
#   another time are not one population. High Tregs are by default those above each cohort's own
#   median. Cohorts that share patients count them twice. The verdicts of one cohort do not know of
#   the others, and no p-value here is adjusted for the number of claims or cohorts.
#
# ## Exercises
#
# ### Exercise 1: read a forest plot
#
# Find a claim whose pooled interval excludes 1 although no cohort alone supports it, or the other
# way round. What made the difference?
#
# ```{dropdown} Hint
# Two things widen a pooled interval: few events in the cohorts, and cohorts that differ. Look at I²
# and at the number of cohorts.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Pooling adds the events up: cohorts that are each too small may together exclude 1. The other way
# round, one cohort may support a claim and the pooled interval hold 1, because the cohorts differ,
# or because they are so few that their spread is hardly known. If there is no such claim here, the
# cohorts agree, or too few could be pooled.
# ```

# %% [markdown]
# ### Exercise 2: tell a mean from a forecast
#
# For which result is the prediction interval widest compared with the diamond? What would you tell
# a hospital that wants to know its own rate?
#
# ```{dropdown} Hint
# The diamond is about the mean of all cohorts, the grey line about one further cohort. It needs
# three cohorts at least.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Where τ² is large beside the diamond's own width: there the cohorts truly differ, and more of them
# would make the mean surer, but the next cohort no easier to foretell. The hospital's own true rate
# is expected within the prediction interval. The diamond says where the average lies; taking it as
# a forecast promises too much.
# ```

# %% [markdown]
# ### Exercise 3: change a parameter
#
# Publish the same cohorts with `-p treg_cutoff=8`. Which pooled values change, and are the cohorts
# more alike?
#
# ```{dropdown} Hint
# Which claims use the groups of high and low Tregs, alone or in a model with other factors?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Only directions that use the groups of Tregs can change: those of Tregs, and the adjusted one of
# EMD, as its model holds Tregs too. One cut-off for all gives "high" one meaning if all cohorts
# used the same assay; if not, each cohort's own median may be the fairer choice. Whether I² falls
# is a weak answer with few cohorts, and choosing the cut-off by it would be another search for a
# good-looking result.
# ```

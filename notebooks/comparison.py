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
# # Do several cohorts agree, with the paper and with each other?
#
# The published claims in each cohort, side by side, and each result pooled over the cohorts of
# patients.
#
# **You will learn**
#
# - to read the verdicts of several cohorts together;
# - to read a forest plot of a meta-analysis;
# - to tell how precisely a mean is known from what to expect of the next cohort.

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

# %%
study.say(
    f"**In short.** Each of {len(study.cohorts)} cohorts was asked about "
    f"{study.claims.table['id'].nunique()} published claims. The figure below says which of them "
    "each cohort upholds, leaves open or opposes."
)

# %% [markdown]
# ## At a glance
#
# A cohort *upholds* a claim if it agrees with it and could have disagreed: a value lies where the
# published one lets us expect it, a direction is the same with p < 0.05. It *opposes* a claim if
# the value lies elsewhere, or the direction is the opposite with p < 0.05. Otherwise its data are
# too few to decide, and the verdict is *inconclusive*. Where a cohort could not have seen even a very
# large effect, the claim is *not interpretable* in it; its numbers are pooled all the same.

# %%
caption = "The verdict on each published claim in each cohort"
study.show(study.verdicts_figure("verdicts", caption))
study.show(
    study.tally_table(
        "How many of the published claims each cohort upholds"
    )
)

# %% [markdown]
# Do not count votes over cohorts: two that are too small to decide may together be large enough.
# That is what pooling is for.
#
# ## Claim by claim
#
# First the published values, then the published directions.

# %%
marks = (
    "● upheld, □ inconclusive, ✕ opposed, ▽ not interpretable, "
    "– could not be assessed"
)
study.show(
    study.claims_table(
        "value", f"The published values in each cohort: {marks}"
    )
)
study.show(
    study.claims_table(
        "direction", f"The published directions in each cohort: {marks}"
    )
)

# %% [markdown]
# ## Rates, pooled
#
# A square is a cohort, larger where it weighs more; the diamond is the pooled value with its
# interval. The grey line through the diamond is the prediction interval: where the true value of
# one further cohort is expected to lie, with the same confidence as all intervals on this page.
# With fewer than five cohorts it mostly shows how little is known of τ², the variance between
# cohorts {cite:p}`Partlett2017`.

# %%
study.pool("rates")

# %% [markdown]
# ## Survival at 1 year, pooled

# %%
study.pool("survival")

# %% [markdown]
# ## Is one cohort unlike the others?
#
# A *funnel plot* puts each cohort's value beside its number of patients {cite:p}`Spiegelhalter2005`.
# If all had one and the same true value, nineteen of twenty would lie between the inner limits, and all
# but two of a thousand between the outer ones, which are wide where patients are few. So a small cohort far from the mean may be
# within chance, and a large one nearer to it beyond. Registries look closer at centres beyond the
# outer limits; that is a reason to ask why, not a verdict.

# %%
study.funnel("survival")
study.funnel("rates")

# %% [markdown]
# With several cohorts, one beyond the inner limits is often chance: the sentence above each figure says how
# often. The limits are exact for whole patients, given the pooled value; a censored cohort enters with
# its effective sample size. Cohorts usually vary more than chance lets expect (*overdispersion*),
# since patients differ; registries then widen the limits. With so few cohorts that cannot be
# estimated, so the limits here are not widened, and more cohorts will lie outside.
#
# ## Directions, pooled
#
# A ratio above 1 is what the paper claims: more events with the risk factor than without. How large
# its ratios were is not known to us.

# %%
study.pool("directions")

# %% [markdown]
# ## Published beside pooled
#
# The published values beside the pooled ones, with measures of how much the cohorts differ. The
# data of the paper's own patients are not available to us, so they are not pooled.

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
#   says little: two cohorts cannot show how much cohorts differ. *If all were alike* gives the
#   answer at the other extreme, one and the same true value in all cohorts.
# - *Which scale.* Rates are pooled as log odds; where nobody or everybody had the outcome, one half
#   is added to both counts (after Anscombe {cite:p}`Anscombe1956`, who adds it always). This makes
#   rare rates come out slightly too high; to leave such cohorts out would be worse. Survival is
#   pooled as log(−log), hazard ratios as their logarithm; standard errors are taken from each
#   cohort's own interval on that scale.
# - *How different.* Q tests whether the cohorts differ at all, and has little power with few of
#   them. I² is the share of the variation that is not chance {cite:p}`Higgins2003`. Neither says
#   how large a difference is; the prediction interval does {cite:p}`Higgins2009`. It has two
#   degrees of freedom less than there are cohorts, so it needs at least three of them, and can be
#   trusted with many more {cite:p}`Partlett2017`.
# - *What is not pooled.* The reconstruction: it is not patient data, and was built to agree with
#   the paper. Medians, whose intervals are skewed and often open; survival at 1 year describes the
#   same curve. The order of the three EMD groups, which is not a single effect. A cohort without an
#   estimate or with an infinite one. And what is hidden in a cohort's own book because it would
#   show few patients: the pooled value and the other cohorts would give it away. Where this is a
#   rate or survival, the claim is not pooled at all: small counts are hidden and large ones are
#   not, so the others alone would give a biased result.
# - *What no method can mend.* Cohorts that were treated or measured differently, or followed for
#   different times, are not one population. High Tregs are by default those above each cohort's own
#   median. Cohorts that share patients count them twice. Each verdict is about one cohort alone,
#   and no p-value here is adjusted for the number of claims or cohorts.
#
# ## Exercises
#
# ### Exercise 1: read a forest plot
#
# Find a direction whose pooled interval excludes 1 although no cohort alone supports it, or the
# other way round. What made the difference?
#
# ```{dropdown} Hint
# Two things widen a pooled interval: few events in the cohorts, and cohorts that differ. Look at I²
# and at the number of cohorts.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Pooling adds the events up: cohorts that are each too small may together exclude 1. The other way
# round, one cohort may support a claim while the pooled interval includes 1, because the cohorts
# differ, or because they are so few that their spread is hardly known. If there is no such claim
# here, the cohorts agree, or too few could be pooled.
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
# would make the mean more precise, but the next cohort no easier to predict. The hospital's own
# true rate is expected within the prediction interval. The diamond says where the average lies;
# taken as a forecast, it promises too much.
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
# used the same assay; if not, each cohort's own median may be the fairer choice. With few cohorts a
# lower I² says little, and to choose the cut-off by it would be one more search for a good-looking
# result.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# Two of three cohorts call a claim inconclusive, one supports it. What follows?
# - [ ] The claim has lost two to one. :: Verdicts are not votes: "inconclusive" speaks for neither
#   side.
# - [x] Nothing yet: pool the estimates. :: Yes: cohorts that are too small alone may be large enough
#   together.
# - [ ] The cohorts contradict one another. :: They may all point the same way.
# ```
#
# ```{quiz}
# A hospital asks which remission rate to expect of its own patients. Which interval answers?
# - [ ] That of the diamond. :: It is about the mean of all cohorts.
# - [x] The prediction interval. :: Yes: it is about one further cohort.
# - [ ] That of the largest cohort. :: It is about that cohort alone.
# ```
#
# ```{quiz}
# I² is zero with three small cohorts. What does it show?
# - [ ] That the cohorts are alike. :: With so few patients and cohorts a difference would hardly
#   show.
# - [x] That no more than chance is needed to explain how they differ. :: Yes, and no more than that.
# - [ ] That the pooled value is exact. :: It has an interval, too.
# ```

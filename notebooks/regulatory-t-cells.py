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
# # Do regulatory T cells matter, and who says what "high" is?
#
# Regulatory T cells (Tregs) restrain other T cells. The paper reports shorter survival with higher
# Tregs. Its assay and its cut-off are not known to us, so this chapter is also about cut-offs.
#
# **You will learn**
#
# - what cutting a measurement in two does;
# - how the answer depends on where the cut is made;
# - why the best-looking cut-off must not be reported as if it had been the only one.

# %%
from typing import Optional

from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
treg_cutoff: Optional[float] = None
endpoint: str = "os"  # os or rfs
time_unit: str = "days"  # days, months or years

# %%
study = Study(
    "regulatory-t-cells",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    time_unit=time_unit,
    treg_cutoff=treg_cutoff,
)

# %% [markdown]
# ## The measurement
#
# Without a `treg_cutoff` the cohort's median divides the patients in half; "high" is above it.

# %%
tregs = study.distribution()
study.hand_over(treg_cutoff=tregs.cutoff)
study.say("The cut-off used here is **{treg_cutoff}**.")
study.show(
    tregs.figure("treg-distribution", "Regulatory T cells before infusion.")
)

# %% [markdown]
# ## Survival above and below the cut-off

# %%
groups = {"low": "low Tregs", "high": "high Tregs"}
study.claim("treg_os", groups, "Overall survival by regulatory T cells.")

# %%
study.claim(
    "treg_rfs", groups, "Relapse-free survival by regulatory T cells."
)

# %% [markdown]
# ## Other cut-offs
#
# The same patients, cut at seven places. The endpoint is chosen by the parameter `endpoint`; the
# grey bar marks the cut-off used above.

# %%
scan = study.cutoffs(endpoint)
caption = (
    "Hazard ratio of high against low regulatory T cells over cut-offs; p-values are not corrected "
    "for the seven looks."
)
study.show(scan.figure("treg-cutoffs", caption))

# %% [markdown]
# A measurement need not be cut at all. Used as it is, it needs no cut-off and loses no information,
# at the price of assuming that each percentage point adds the same to the logarithm of the hazard.

# %%
uncut = study.hazard_ratios(endpoint, ["treg_pct"]).result
study.hand_over(treg_per_unit_hr=uncut)
study.say(
    f"Hazard ratio per percentage point, {endpoint.upper()}: "
    "**{treg_per_unit_hr}** ({treg_per_unit_hr.ci})."
)

# %% [markdown]
# ## In the paper
#
# Two directions. No hazard ratio, interval or cut-off is printed in the abstract.

# %%
study.paper(
    "treg_os",
    "treg_rfs",
    shown={"treg_os": "treg_os_hr", "treg_rfs": "treg_rfs_hr"},
)

# %% [markdown]
# ## How sure can we be?
#
# Searching for the cut-off with the smallest p-value makes a difference appear in about four of ten
# data sets that have none {cite:p}`Altman1994`. A cut-off should be fixed before the data are seen,
# or the measurement be used uncut.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the picture of cut-offs
#
# At which of the seven cut-offs is the hazard ratio largest, and at which is its interval
# narrowest? Why are they not the same?
#
# ```{dropdown} Hint
# Think of the number of patients on each side of the cut; and, on the default cohort, of how it
# was made. `scan` holds the numbers.
# ```

# %% tags=["solution"]
largest = scan.result.largest("estimate").read("cutoff", "percent of CD4")
narrowest = scan.narrowest.read("cutoff", "percent of CD4")
study.hand_over(treg_largest_cut=largest, treg_narrowest_cut=narrowest)
study.say(
    "Largest hazard ratio at **{treg_largest_cut}**; narrowest interval, as drawn on the "
    "logarithmic axis, at **{treg_narrowest_cut}**."
)
study.say(
    "An interval is narrow where the cut leaves many events on both sides. Towards the edges one "
    "group is small: expect the hazard ratio to jump, and large values to come up by chance."
)
study.say(
    "On the default cohort overall survival differs most at the median. That is selection, not "
    "biology: draws were accepted only if the split at the median was significant, and no other "
    "cut was looked at."
)

# %% [markdown]
# ### Exercise 2: predict, then run
#
# The same patients, uncut: will the p-value of the model with Tregs as a number be smaller or
# larger than that of the best cut-off? Predict, then compare.
#
# ```{dropdown} Hint
# `study.hazard_ratios(endpoint, ["treg_pct"]).table` has it; the cut-offs are in `scan.table`.
# ```

# %% tags=["solution"]
study.hand_over(
    treg_best_cut_p=scan.result.smallest("p").p, treg_uncut_p=uncut.p
)
study.say(
    "Smallest p-value of the cut-offs shown: {treg_best_cut_p}; uncut: {treg_uncut_p}."
)
study.say(
    "The first was picked because it is small, so it means less than it says; the second was "
    "computed once."
)

# %% [markdown]
# ### Exercise 3: change a parameter
#
# Run the chapter with `treg_cutoff` at 3 and at 10. What happens to the size of the groups, and
# does the claim of the paper survive?
#
# ```{dropdown} Hint
# Where do these values lie in the histogram? A group with hardly any events can show nothing.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The further the cut lies from the middle, the smaller one of the groups becomes, and the wider
# the interval. A claim that holds at some cut-offs and not at others says that the *measurement*
# may matter, not that a certain cut-off does. If a cut-off lies outside the data there is nothing
# to compare, and the chapter says so.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"We chose the cut-off by the smallest log-rank p-value and found p = 0.03."* What would you ask
# for?
#
# ```{dropdown} Hint
# How many cut-offs were tried? See "How sure can we be?".
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Ask for the number of cut-offs tried and for a p-value corrected for that search; ask for the
# result of the uncut measurement; and ask for the same cut-off, unchanged, in other patients. A
# p-value that was chosen among many is not the probability that it claims to be.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# What does a cut at the median lose?
# - [ ] Nothing, as all patients stay in. :: All patients, but not all information.
# - [x] All differences within each half. :: Yes: a patient just above the cut counts like one far
#   above it.
# - [ ] Half of the patients. :: They all stay, in two groups.
# ```
#
# ```{quiz}
# In data without any effect, searching for the best cut-off finds "p < 0.05"…
# - [ ] in one of twenty data sets. :: That holds for one cut-off fixed beforehand.
# - [x] in far more than one of twenty. :: Yes: each look is another chance to be fooled.
# - [ ] never, if the search is exhaustive. :: The more looks, the more often.
# ```
#
# ```{quiz}
# "Hazard ratio per percentage point" assumes that…
# - [ ] Tregs follow a normal distribution. :: The model makes no assumption about the
#   measurement's distribution.
# - [ ] all patients have the same hazard. :: Then there would be nothing to estimate.
# - [x] each further point multiplies the hazard by the same factor. :: Yes; a curve (a spline)
#   would relax it, at the price of more coefficients.
# ```

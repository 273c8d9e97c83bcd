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
# # Does extramedullary disease change the outlook?
#
# Leukaemia outside the marrow (*extramedullary disease*, EMD) may be confined to the central
# nervous system (CNS) or lie elsewhere. A patient with disease at another site counts as *other
# than CNS*, with or without the CNS besides. The paper reports the least remission with EMD other
# than CNS, and shorter survival with any EMD.
#
# **You will learn**
#
# - to compare three groups with an exact test;
# - to read two curves with a log-rank test and a hazard ratio;
# - to mistrust a wide interval.

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

# %% [markdown]
# ## Remission by kind of EMD

# %%
remission = study.remission(by="emd")
caption = "Remission by extramedullary disease, with exact intervals."
study.show(remission.figure("remission-by-emd", caption, groups))

# %%
other = remission.rate.where(group="other").resting_on(
    "orr_emd_other_n", "emd_other_n"
)
study.hand_over(orr_emd_other=other, orr_emd_p=remission.test.p)
study.say(
    "With EMD other than CNS, **{orr_emd_other}** reached remission ({orr_emd_other.of}; "
    "{orr_emd_other.ci})."
)
study.say("Fisher's exact test over the groups: {orr_emd_p}.")

# %% [markdown]
# ## Overall survival

# %%
any_emd = {"none": "no EMD", "any": "any EMD"}
study.claim(
    "emd_os", any_emd, "Overall survival by extramedullary disease."
)
by_kind = study.survival("os", by="emd")
study.show(by_kind.medians_table("Overall survival by kind of EMD", groups))

# %% [markdown]
# ## Relapse-free survival

# %%
study.claim(
    "emd_rfs", any_emd, "Relapse-free survival by extramedullary disease."
)
by_kind = study.survival("rfs", by="emd")
study.show(
    by_kind.medians_table("Relapse-free survival by kind of EMD", groups)
)

# %% [markdown]
# ## In the paper

# %%
study.paper(
    "orr_emd_other",
    "emd_os",
    "emd_rfs",
    shown={"emd_os": "emd_os_hr", "emd_rfs": "emd_rfs_hr"},
)

# %% [markdown]
# The two survival claims are directions in the abstract, without numbers; "any subtype of EMD" is
# read here as any EMD against none.
#
# ## How sure can we be?
#
# In the paper, {published}`emd_other_n` patients decide the remission claim: the exact interval is
# the honest answer to how little that is. How the paper classed patients with disease in the CNS
# and at another site is not known to us; this book counts them as other than CNS. On the default
# cohort the number with isolated CNS disease is assumed, so everything that separates three groups
# carries the letter A.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the bars
#
# Which of the three groups has the widest interval? Could its true rate be the same as that of the
# patients without EMD, as far as the two intervals tell?
#
# ```{dropdown} Hint
# Look whether the intervals share any value.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The smallest group usually has the widest interval. If two intervals share values, each of these
# values is compatible with both groups on its own; whether the *difference* could be none is what
# Fisher's test below the picture answers. A test may find a difference although two intervals
# overlap a little.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# The paper compares any EMD with none. Merge isolated CNS disease with no EMD instead: will the
# hazard ratio of the remaining group rise or fall? Predict, then fit
# `study.hazard_ratios("os", […])` to the column `emd_other`.
#
# ```{dropdown} Hint
# `study.hazard_ratios("os", ["emd_other"]).table`. Which patients change sides, and did they do
# better or worse than those whom they join?
# ```

# %% tags=["solution"]
kinds = study.hazard_ratios(
    "os", ["emd"]
).result  # hidden if few have CNS disease
merged = study.hazard_ratios("os", ["emd_other"]).result
study.hand_over(
    emd_other_os_hr=merged.only_if(kinds),
    emd_cns_os_hr=kinds.where(group="cns"),
)
study.say(
    "Hazard ratio of death, any EMD against none: **{emd_os_hr}** ({emd_os_hr.ci})."
)
study.say(
    "EMD other than CNS against all others: **{emd_other_os_hr}** ({emd_other_os_hr.ci})."
)
study.say(
    "Isolated CNS disease against no EMD: **{emd_cns_os_hr}** ({emd_cns_os_hr.ci}). Where these "
    "patients fare badly, as on the default cohort, the group that they join gets worse and the "
    "hazard ratio falls; where they do as well as patients without EMD, it may rise. Which "
    "grouping is right is a question of medicine, to be settled before the result is seen."
)

# %% [markdown]
# ### Exercise 3: change the data
#
# How many of the {published}`emd_other_n` patients with EMD other than CNS would have to reach
# remission for the rate to exceed one half? Where would its interval lie?
#
# ```{dropdown} Hint
# `cartanalysis.stats.exact.binomial_interval(events, n)` for each number of events.
# ```

# %% tags=["solution"]
from cartanalysis.stats.exact import binomial_interval

n = study.registry["emd_other_n"].value
needed = n // 2 + 1
low, high = binomial_interval(needed, n)
study.say(
    f"{needed} of {n}, that is {100 * needed / n:.0f} %; the exact 95 % interval would still "
    f"run from {100 * low:.0f} % to {100 * high:.0f} %."
)

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
# First, the paper's rate rests on {published}`emd_other_n` patients: its interval reaches far.
# Second, a factor that predicts a poor course (*prognostic*) need not predict a poor effect of the
# treatment (*predictive*): without a control group nobody knows how such patients fare with
# anything else.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# Why Fisher's exact test and not the χ² test for remission by kind of EMD?
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

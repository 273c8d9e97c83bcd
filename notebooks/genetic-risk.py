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
# # Do patients with high-risk genetics live less long?
#
# The paper reports shorter overall and relapse-free survival with high-risk genetic factors. Which
# factors it counted, and how often they occurred, is not known to us.
#
# **You will learn**
#
# - to tell a difference in survival from a difference in response;
# - to ask what a label such as "high risk" contains.

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
time_unit: str = "days"  # days, months or years

# %%
study = Study(
    "genetic-risk",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    time_unit=time_unit,
)
groups = {"standard": "standard risk", "high": "high risk"}

# %% [markdown]
# ## Overall survival

# %%
study.claim("genetics_os", groups, "Overall survival by genetic risk.")
by_risk = study.survival("os", by="genetic_risk")
study.show(
    by_risk.medians_table("Overall survival by genetic risk", groups)
)

# %% [markdown]
# ## Relapse-free survival

# %%
study.claim(
    "genetics_rfs", groups, "Relapse-free survival by genetic risk."
)
by_risk = study.survival("rfs", by="genetic_risk")
study.show(
    by_risk.medians_table("Relapse-free survival by genetic risk", groups)
)

# %% [markdown]
# ## Remission
#
# A factor may shorten survival in two ways: fewer remissions, or shorter ones. Here is the first.

# %%
remission = study.remission(by="genetic_risk")
columns = {
    "group": "Genetic risk",
    "n": "Patients",
    "events": "In remission",
    "estimate": "Rate (interval)",
}
study.show(
    remission.rate.as_table(
        columns, "Remission by genetic risk", words=groups
    )
)
study.hand_over(orr_genetics_p=remission.test.p)
study.say("Fisher's exact test: {orr_genetics_p}.")

# %% [markdown]
# ## In the paper
#
# Two directions; no numbers are printed in the abstract.

# %%
study.paper(
    "genetics_os",
    "genetics_rfs",
    shown={
        "genetics_os": "genetics_os_hr",
        "genetics_rfs": "genetics_rfs_hr",
    },
)

# %% [markdown]
# ## How sure can we be?
#
# On the default cohort both the share of high-risk patients and the size of the effect are assumed;
# only its direction and significance are the paper's. A label with an unknown definition cannot be
# compared between trials.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read two curves
#
# At which time are the two curves of overall survival furthest apart? How many patients are still
# at risk there?
#
# ```{dropdown} Hint
# Read the numbers at risk of *both* groups at that time.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The largest gap between curves often lies late, where few patients are at risk: then it is the
# least reliable one as well. The log-rank test counts every death alike, early or late (tests of
# the Wilcoxon type give early deaths more weight). Few deaths happen late, so a late gap moves it
# little.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Relapse-free survival leaves patients out. Will the number of patients compared be smaller in
# both risk groups? Predict, then count those in remission by risk group.
#
# ```{dropdown} Hint
# The table under *Remission* has all you need.
# ```

# %% tags=["solution"]
columns = {
    "group": "Genetic risk",
    "n": "All patients",
    "events": "Counted in relapse-free survival",
}
caption = "Relapse-free survival counts only patients in remission"
study.show(remission.rate.as_table(columns, caption, words=groups))

# %% [markdown]
# ### Exercise 3: change some labels
#
# Suppose five standard-risk patients were labelled high-risk by mistake. In which direction does
# the hazard ratio move, and why?
#
# ```{dropdown} Hint
# What happens to the average outlook of the high-risk group?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Towards 1. Mixing patients of the other kind into a group makes the groups more alike, so the
# difference between them shrinks. Mislabelling that has nothing to do with the outcome hides
# effects; it rarely invents them.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"High-risk genetics shortens survival in trial A but not in trial B, so the treatment of trial B
# overcomes the risk."* Give two other explanations.
#
# ```{dropdown} Hint
# What is in the label, and how large was trial B?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The trials may call different lesions high-risk. And trial B may have been too small: no
# significant difference is not the same as no difference; look at its interval. To claim that the
# effects differ you need a test of the *difference between the two trials*, not one p-value below
# and one above a limit.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# A factor shortens survival but leaves the remission rate unchanged. What is the likely mechanism?
# - [ ] Fewer remissions. :: The rate is unchanged.
# - [x] Shorter remissions, or deaths in remission. :: Yes. The cumulative incidences of
#   relapse and of death in remission would show which; relapse-free survival counts both.
# - [ ] An error in the data. :: It is entirely possible.
# ```
#
# ```{quiz}
# "High risk" is not defined in a report. What can be said of its hazard ratio?
# - [ ] It can be pooled with that of other trials. :: Only if the label means the same.
# - [x] It describes this group, whatever it holds, in these patients. :: Yes, and no more.
# - [ ] It is biased towards 1. :: Not known: without a definition no direction can be given.
# ```
#
# ```{quiz}
# One comparison gives p = 0.04, another p = 0.06. Do the two effects differ?
# - [ ] Yes, one is significant and the other is not. :: The difference between "significant" and
#   "not significant" is itself seldom significant.
# - [x] This cannot be told from the two p-values. :: Yes: compare the estimates and their
#   intervals.
# - [ ] No, as the p-values are close. :: Similar p-values may go with very different effects.
# ```

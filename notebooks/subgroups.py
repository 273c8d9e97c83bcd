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
# # Do other groups of patients differ?
#
# The paper looks at three characteristics. A hospital may want to look at others: the treating
# centre, the product, an earlier transplant.
#
# **You will learn**
#
# - to compare groups that you name yourself with the parameter `strata`;
# - why a difference found in this way is a question, not an answer.

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
strata: str = "sex,prior_hsct"
confidence: float = 0.95
time_unit: str = "days"  # days, months or years

# %%
study = Study(
    "subgroups",
    cohort,
    min_cell=min_cell,
    strata=strata,
    confidence=confidence,
    time_unit=time_unit,
)

# %% [markdown]
# ## Remission and survival by group

# %%
for name in study.cohort.strata:
    study.stratum(name)

# %% [markdown]
# ## In the paper
#
# We have no result of the paper by other groups than extramedullary disease, regulatory T
# cells and genetic risk.
#
# ## How sure can we be?
#
# Groups that nobody planned to compare are many, and one in twenty comparisons is "significant"
# where nothing differs. The p-values here are not adjusted. Centres and products differ in their
# patients, too: a difference between them is not an effect of the centre. On the default cohort
# both groups are assumed, so any difference shown is chance.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the page
#
# How many comparisons (p-values) are on this page? If nothing differed at all, how likely is at
# least one below the usual limit?
#
# ```{dropdown} Hint
# For independent tests: 1 minus the probability that none of them is below it.
# ```

# %% tags=["solution"]
tests = [
    n
    for key, n in study.numbers.items()
    if key.endswith("_p") and not n.reason
]
chance = 1 - 0.95 ** len(tests)
if tests:
    study.say(
        f"Comparisons on this page: {len(tests)}. At least one p-value would be below 0.05 by "
        f"chance alone on about {100 * chance:.0f} % of such pages, if the tests were independent "
        "(they are not quite: the endpoints are related)."
    )
else:
    study.say(
        "This cohort has no groups to compare, so there is no p-value on this page."
    )

# %% [markdown]
# ### Exercise 2: change a parameter
#
# Set `strata` to `genetic_risk` and run the chapter. Compare it with [](genetic-risk.ipynb): which
# numbers have to agree?
#
# ```{dropdown} Hint
# The same patients, the same groups, the same tests.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Numbers of patients, medians and log-rank p-values have to agree: the same functions were given
# the same patients. That chapter asks a question that was asked beforehand; this one asks any
# question. The numbers are equal, what they are worth is not.
# ```

# %% [markdown]
# ### Exercise 3: criticise a claim
#
# *"In women p = 0.03, in men p = 0.20: the treatment works in women only."* What is wrong?
#
# ```{dropdown} Hint
# Which comparison would the claim need?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The claim is about a difference between women and men, so it needs a test of that difference (an
# interaction), which was not made. A p-value in each group mostly tells how many patients the
# groups have. And one of several subgroups was picked after the fact.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# Which subgroup result deserves the most trust?
# - [ ] The one with the smallest p-value. :: It was selected for being small.
# - [x] The one that was planned before the data were seen, and has a reason. :: Yes, even more so
#   if another study found it first.
# - [ ] The one with the largest difference. :: Large differences come up by chance in small
#   groups.
# ```
#
# ```{quiz}
# Two centres differ in remission rates. May the difference be put down to the centres?
# - [ ] Yes, if p < 0.05. :: A small p says that chance alone is unlikely, not what the reason is.
# - [x] No: their patients may differ as well. :: Yes; compare what kind of patients they treat
#   first.
# - [ ] Yes, if both used the same product. :: Their patients and their care may still differ.
# ```
#
# ```{quiz}
# Twenty independent comparisons, nothing differs anywhere. How many are expected below 0.05?
# - [ ] None. :: The limit lets one in twenty through.
# - [x] One. :: Yes, on average.
# - [ ] It depends on the number of patients. :: Without any effect it does not.
# ```

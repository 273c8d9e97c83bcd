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
# # Does high-risk genetics shorten survival?
#
# The paper reports shorter overall and relapse-free survival with high-risk genetic factors. Which
# factors it counted, and how often they occurred, is not in hand.
#
# **You will learn** to tell a difference in survival from a difference in response, and to ask what
# a label such as "high risk" contains.

# %%
from typing import Literal

from cartanalysis import response
from cartanalysis.chapter import Chapter
from cartanalysis.panels import claim, medians_by

# %% tags=["parameters"]
cohort: str = "an2020"
confidence: float = 0.95
time_unit: Literal["days", "months", "years"] = "days"

# %%
study = Chapter("genetic-risk", cohort, confidence=confidence, time_unit=time_unit)
patients = study.patients
groups = {"standard": "standard risk", "high": "high risk"}

# %% [markdown]
# ## Overall survival

# %%
claim(study, "genetics_os", groups, "Overall survival by genetic risk.")
medians_by(study, "os", "genetic_risk", "Overall survival by genetic risk", groups)

# %% [markdown]
# ## Relapse-free survival

# %%
claim(study, "genetics_rfs", groups, "Relapse-free survival by genetic risk.")
medians_by(study, "rfs", "genetic_risk", "Relapse-free survival by genetic risk", groups)

# %% [markdown]
# ## Remission
#
# A factor may shorten survival in two ways: fewer remissions, or shorter ones. Here is the first.

# %%
rates = study.compute(response.remission, patients, "genetic_risk", confidence)
study.table(
    rates,
    {
        "group": "Genetic risk",
        "n": "Patients",
        "events": "In remission",
        "estimate": "Rate (interval)",
    },
    caption="Remission by genetic risk",
    words=groups,
)
test = study.compute(response.association, patients, "genetic_risk", confidence=confidence)
study.number("orr_genetics_p", test, "p", column="p")
study.say("Fisher's exact test: {orr_genetics_p}.")

# %% [markdown]
# ## In the paper
#
# Two directions; no numbers are printed in the abstract.

# %%
study.paper(
    "genetics_os",
    "genetics_rfs",
    shown={"genetics_os": "genetics_os_hr", "genetics_rfs": "genetics_rfs_hr"},
)

# %% [markdown]
# ## How sure can we be?
#
# On the default cohort both the share of high-risk patients and the size of the effect are assumed;
# only its direction and significance are the paper's. A label with an unknown definition cannot be
# compared between trials.
#
# ## Exercises
#
# 1. Suppose five standard-risk patients were labelled high-risk by mistake. In which direction does
#    the hazard ratio move, and why?
# 2. Which of the two survival claims would you expect to be easier to show with few patients, and
#    which patients does relapse-free survival leave out?

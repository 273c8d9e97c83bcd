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
# # How severe were the side effects?
#
# Cytokine release syndrome (CRS) and neurotoxicity (ICANS) are the price of CAR T cells. Severity
# is graded from 0 to 5; a patient counts once, by the highest grade.
#
# **You will learn** to read a stacked bar of grades, why "grade 3" and "grade 3 or higher" are two
# numbers, and why few events in a small trial leave a wide interval.

# %%
from typing import Literal

from cartanalysis import safety
from cartanalysis.chapter import Chapter
from cartanalysis.figures import plot_grades

# %% tags=["parameters"]
cohort: str = "an2020"
confidence: float = 0.95
severe_from: Literal[1, 2, 3, 4, 5] = 3

# %%
study = Chapter("safety", cohort, confidence=confidence)
patients = study.patients

# %% [markdown]
# ## Grades

# %%
grades = study.compute(safety.all_scales, patients, confidence)
study.figure(
    plot_grades,
    grades,
    name="grades",
    caption="Patients by highest grade.",
    alt=study.compute(safety.describe, grades),
)

# %% [markdown]
# ## Grade 4

# %%
any_event = study.compute(safety.by_grade, patients, "ae_grade_max", confidence)
study.number(
    "ae_grade4", any_event, "fraction", where={"grade": 4}, rests_on=["ae_grade4_n", "infused"]
)
study.say(
    "**{ae_grade4}** of the patients had a grade 4 reaction ({ae_grade4.of}; {ae_grade4.ci})."
)

# %% [markdown]
# ## Severe events
#
# *Severe* means the grade set by `severe_from` or higher.

# %%
severe = study.compute(safety.severe, patients, severe_from, confidence)
study.table(
    severe,
    {
        "group": "Scale",
        "n": "Patients",
        "events": f"Grade {severe_from} or higher",
        "estimate": "Rate (interval)",
    },
    caption=f"Events of grade {severe_from} or higher",
)

# %% [markdown]
# ## In the paper

# %%
study.paper("ae_grade4")

# %% [markdown]
# ## How sure can we be?
#
# The abstract prints the share with grade 4 reactions. Which reactions it counted, on which scale,
# and how the other grades were spread, is not in hand: on the default cohort every other grade, and
# that a patient counts once by the highest grade, is assumed. If all adverse events of CTCAE were
# counted, low blood counts after lymphodepletion alone would make the share larger. Grades given by
# different scales (CTCAE, ASTCT {cite:p}`Lee2019`) must not be mixed.
#
# ## Exercises
#
# 1. If no patient had had a grade 4 reaction, where would the upper end of the exact interval lie?
#    Compare it with the "rule of three", 3 divided by the number of patients, and say why a
#    one-sided 95 % limit is lower than a two-sided one.
# 2. Set `severe_from` to 4. Which intervals overlap now that did not before?

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
# **You will learn**
#
# - to read a stacked bar of grades;
# - why "grade 3" and "grade 3 or higher" are two numbers;
# - why few events in a small trial leave a wide interval.

# %%
from typing import Literal

from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
severe_from: Literal[1, 2, 3, 4, 5] = 3

# %%
study = Study("safety", cohort, min_cell=min_cell, confidence=confidence)

# %% [markdown]
# ## Grades

# %%
events = study.adverse_events()
study.show(events.figure("grades", "Patients by highest grade."))

# %% [markdown]
# ## Grade 4

# %%
study.hand_over(
    ae_grade4=events.of_grade(4).resting_on("ae_grade4_n", "infused")
)
study.say(
    "**{ae_grade4}** of the patients had a grade 4 reaction ({ae_grade4.of}; {ae_grade4.ci})."
)

# %% [markdown]
# ## Severe events
#
# *Severe* means the grade set by `severe_from` or higher.

# %%
columns = {
    "group": "Scale",
    "n": "Patients",
    "events": f"Grade {severe_from} or higher",
    "estimate": "Rate (interval)",
}
severe = events.at_least(severe_from)
study.show(
    severe.as_table(columns, f"Events of grade {severe_from} or higher")
)

# %% [markdown]
# ## In the paper

# %%
study.paper("ae_grade4")

# %% [markdown]
# ## How sure can we be?
#
# The abstract prints the share with grade 4 reactions. Which reactions it counted, on which scale,
# and how the other grades were spread, is not known to us: on the default cohort every other grade,
# and that a patient counts once by the highest grade, is assumed. If all adverse events of CTCAE
# were counted, low blood counts after lymphodepletion alone would make the share larger. Grades are
# taken as the cohort gives them, by the version of CTCAE that it used; versions differ for some
# events. Grades by different scales (CTCAE, ASTCT {cite:p}`Lee2019`) must not be mixed.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the bars
#
# Which of the scales has the largest share of patients without any event? Which share can you not
# read off the bars, although doctors often ask for it?
#
# ```{dropdown} Hint
# A patient counts once, by the highest grade. What about patients who had both?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Look for the longest piece with grade 0. How many patients had *both* CRS and neurotoxicity
# cannot be read off: the bars are made one by one. Nor can you see when an event began, or how
# long it lasted.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# If no patient had had a grade 4 reaction, where would the upper end of the exact interval lie?
# Compare it with the "rule of three", 3 divided by the number of patients.
#
# ```{dropdown} Hint
# `cartanalysis.stats.exact.binomial_interval(0, n)`; the number of patients is
# `len(study.patients)`. The rule of three is for a one-sided limit.
# ```

# %% tags=["solution"]
from cartanalysis.stats.exact import binomial_interval

n = len(study.patients)
limits = [binomial_interval(0, n, level)[1] for level in (0.95, 0.90)]
limits.append(min(1, 3 / n))
two_sided, one_sided, rule_of_three = (
    f"{float(f'{100 * x:.2g}'):g} %" for x in limits
)
study.say(
    f"No event in {n} patients: the two-sided 95 % interval ends at {two_sided}, the one-sided at "
    f"{one_sided}; the rule of three gives {rule_of_three}. The one-sided limit is lower because "
    "it spends all of its error on one side."
)

# %% [markdown]
# ### Exercise 3: change a parameter
#
# Set `severe_from` to 4. What happens to the rates, and to the width of the intervals relative to
# them?
#
# ```{dropdown} Hint
# Every patient who counts at grade 4 counted at grade 3 as well.
# ```

# %% tags=["solution"]
columns = {
    "group": "Scale",
    "n": "Patients",
    "events": "Grade 4 or higher",
    "estimate": "Rate (interval)",
}
caption = (
    "Fewer events: lower rates, and intervals that are wide beside them"
)
study.show(events.at_least(4).as_table(columns, caption))

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"Our product had no fatal reaction in 20 patients: it is safe."* Answer with a number.
#
# ```{dropdown} Hint
# Use the rule of three from exercise 2.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# By the rule of three, a true rate of up to about 3 in 20 would be compatible with seeing none:
# more than one patient in seven. That is no evidence of safety. Absence of evidence in a small
# trial is not evidence of absence.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# A patient had CRS of grade 1, later of grade 3. How does the patient count?
# - [ ] Twice, once for each grade. :: Then the grades would add up to more than the patients.
# - [x] Once, with grade 3. :: Yes: by the highest grade.
# - [ ] Once, with grade 1, the first. :: The first grade would hide what happened later.
# ```
#
# ```{quiz}
# Two trials report "severe neurotoxicity", one graded by CTCAE, one by ASTCT. May the rates be
# compared?
# - [ ] Yes, both scales run from 0 to 5. :: The same numeral means different things.
# - [x] Not as they are: the scales define the grades differently. :: Yes. The grades have to be
#   assigned anew from the findings.
# - [ ] Yes, if both trials are large. :: Size does not cure a different definition.
# ```
#
# ```{quiz}
# Why is the interval of a rare event so wide beside its rate?
# - [x] Because it rests on few events. :: Yes; it is the number of events that informs, more than
#   the number of patients.
# - [ ] Because the exact method is too cautious. :: A little; other methods are hardly narrower
#   here.
# - [ ] Because side effects are measured badly. :: The interval knows nothing about measurement.
# ```

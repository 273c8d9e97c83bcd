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
# # How toxic is the treatment?
#
# CAR T cells can do harm while they work. Two reactions are typical of them: cytokine release
# syndrome (CRS) and a disturbance of the brain (ICANS). Both are graded, and most pass.
#
# **You will learn**
#
# - what CRS and ICANS are, and how they are graded;
# - why "grade 3" and "grade 3 or higher" are two numbers;
# - to give a rare event its interval, and to apply the rule of three.

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
events = study.adverse_events()
crs = events.at_least(1, "crs_grade").resting_on("crs_any_n", "infused")
crs_ge3 = events.at_least(3, "crs_grade").resting_on("crs_ge3_n", "infused")
icans = events.at_least(1, "icans_grade").resting_on(
    "icans_any_n", "infused"
)
icans_ge3 = events.at_least(3, "icans_grade").resting_on(
    "icans_ge3_n", "infused"
)
grade4 = events.of_grade(4).resting_on(
    "ae_grade4_n", "infused", "a_no_grade5"
)
study.hand_over(crs_any=crs, crs_ge3=crs_ge3, ae_grade4=grade4)
study.hand_over(icans_any=icans, icans_ge3=icans_ge3)

# %%
study.say(
    "**In short.** CRS of any grade occurred in **{crs_any}** of this cohort's patients; for the "
    "study, {paper.crs_any} is reported."
)
study.say(
    "CRS of grade 3 or higher occurred in **{crs_ge3}** ({crs_ge3.ci}); for the study, "
    "{paper.crs_ge3} is reported."
)
study.say(
    "ICANS of any grade occurred in **{icans_any}** ({icans_any.ci}); for the study, "
    "{paper.icans_any} is reported."
)

# %% [markdown]
# ## Background
#
# When CAR T cells meet their target they multiply, and they and the cells that they alert, above
# all macrophages, release cytokines such as interleukin 6. The result is *cytokine release
# syndrome*: fever first, then, if it worsens, a fall in blood pressure and a lack of oxygen. It
# usually begins in the first week. *ICANS* (immune effector cell-associated neurotoxicity
# syndrome) shows as confusion, loss of words, tremor, seizures, rarely swelling of the brain, often
# while CRS is fading {cite:p}`Morris2022`. Tocilizumab, which blocks the interleukin-6 receptor, and
# corticosteroids are the mainstay of treatment for CRS; ICANS is treated with corticosteroids.
#
# The consensus of the American Society for Transplantation and Cellular Therapy (ASTCT) grades CRS
# by what the patient needs {cite:p}`Lee2019`: grade 1 is fever alone; grade 2, fever with
# hypotension not needing vasopressors, or hypoxia needing low-flow oxygen; grade 3, one vasopressor
# or high-flow oxygen; grade 4, several vasopressors or positive-pressure ventilation; grade 5 is
# death. ICANS is graded by the ten-point ICE score (in young children a score of their own), level
# of consciousness, seizures, motor weakness and cerebral oedema. A patient counts once, by the
# highest grade.
#
# CARs differ in their second signal, the costimulatory domain. Those with CD28 expand faster; those
# with 4-1BB, as in the study, more slowly, and severe ICANS has been reported less often with them
# {cite:p}`Morris2022`. A trial with a single arm cannot show whether that is the reason for its own
# count.
#
# ## What the authors did and reported
#
# The abstract of An and colleagues {cite:p}`An2020` prints one number on toxicity, the share with
# grade 4 reactions; it carries the letter P. The four on CRS and ICANS carry the letter **S**: they
# stand in a later review that tabulates the trial, and are as reliable as its reading of the paper.
# The review may err: of another trial it prints a share of severe CRS far above that in two other
# tables.

# %%
study.say("Printed by the paper: grade 4 reactions in {paper.ae_grade4}.")
study.say(
    "Printed by [the review](https://doi.org/10.3390/jcm12216883): CRS in {paper.crs_any}, of grade 3 or higher in {paper.crs_ge3}; "
    "ICANS in {paper.icans_any}, of grade 3 or higher in {paper.icans_ge3}. Each fits one count "
    "only: {paper.crs_any_n}, {paper.crs_ge3_n}, {paper.icans_any_n} and {paper.icans_ge3_n} of "
    "the {paper.infused} patients infused."
)

study.say(
    "Another review adds: {paper.ae_criteria}. The trial began before the ASTCT consensus existed."
)

# %% [markdown]
# ## A look at the data
#
# Each scale has a column with the patient's highest grade; 0 means that there was no event.

# %%
# by hand, with rows: crs_grade, icans_grade
patients = study.patients
scales = [
    c for c in ("crs_grade", "icans_grade", "ae_grade_max") if c in patients
]
patients[["patient_id", *scales]].convert_dtypes().sort_values(
    "icans_grade", ascending=False
).head()

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "These patients are reconstructed. How many had an event, and how many one of grade 3 or "
    "higher, follows from what is printed; who they were, and how grades 1 and 2 or 3 and 4 "
    "divide, is assumed."
)

# %% [markdown]
# ## By hand
#
# Count the grades of each scale, then add up from the top: *grade 3* counts patients whose highest
# grade is 3, *grade 3 or higher* also those above it.

# %%
# by hand: crs_grade
patients = study.patients
grades = patients["crs_grade"].dropna().astype(int)
counts = grades.value_counts().sort_index()
or_higher = counts[::-1].cumsum()[::-1]
print(counts.to_frame("patients").assign(or_higher=or_higher))
severe_crs = (grades >= 3).mean()
print(f"CRS of grade 3 or higher: {severe_crs:.1%} of {len(grades)}")
assert abs(severe_crs - crs_ge3.number) < 1e-9

# %% [markdown]
# Did the patients with ICANS have severe CRS as well? A cross table shows it, and seaborn draws it
# as a heat map.

# %%
# by hand: crs_grade, icans_grade
# figure: Heat map of patients by highest grade of CRS and of ICANS.
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

both = patients[["crs_grade", "icans_grade"]].dropna().astype(int)
table = pd.crosstab(both["icans_grade"], both["crs_grade"])
ax = sns.heatmap(table, annot=True, fmt="d", cmap="Blues", cbar=False)
ax.set(xlabel="highest grade of CRS", ylabel="highest grade of ICANS")
plt.show()

# %% [markdown]
# The rarer an event, the wider is its interval beside its rate. The exact interval of Clopper and
# Pearson {cite:p}`Clopper1934` takes its bounds from the beta distribution:

# %%
# by hand: icans_grade
from scipy.stats import beta

known = study.patients["icans_grade"].dropna()
n, k = len(known), int((known >= 1).sum())
tail = (1 - confidence) / 2
lower = beta.ppf(tail, k, n - k + 1) if k else 0.0
upper = beta.ppf(1 - tail, k + 1, n - k) if k < n else 1.0
print(f"ICANS: {k} of {n}, {k / n:.1%} ({lower:.1%} to {upper:.1%})")
assert abs(lower - icans.read("lower", "fraction").number) < 1e-9
assert abs(upper - icans.read("upper", "fraction").number) < 1e-9

# %% [markdown]
# And an event that nobody had? The probability of seeing none in *n* patients is *(1 − p)ⁿ*. It
# falls to one in twenty at about *p = 3/n*: the *rule of three* {cite:p}`Hanley1983`.

# %%
# by hand: crs_grade
n = len(patients)
for p in (1 / n, 2 / n, 3 / n):
    print(
        f"true rate {p:.1%}: no event in {n} patients "
        f"with probability {(1 - p) ** n:.2f}"
    )
print(f"exact one-sided limit {1 - 0.05 ** (1 / n):.1%}")

# %% [markdown]
# ## The book’s result
#
# One bar for each scale on record; the darker, the higher the grade.

# %%
study.show(events.figure("grades", "Patients by highest grade."))
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

# %%
study.say(
    "Grade 4 was the highest grade of reaction in **{ae_grade4}** of the patients "
    "({ae_grade4.of}; {ae_grade4.ci})."
)

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "That none had a reaction of grade 5 is assumed, hence the letter A."
)

# %% [markdown]
# ## What it means for a patient

# %%
study.say(
    "Of patients like these, about **{crs_any.of_100}** would have CRS of some grade "
    "({crs_any.ci})."
)
study.say(
    "About **{crs_ge3.of_100}** would have CRS of grade 3 or higher ({crs_ge3.ci}). By which scale "
    "the study graded CRS is not known; by the ASTCT scale it would mean a vasopressor, high-flow "
    "oxygen, or more."
)
study.say(
    "About **{icans_any.of_100}** would have ICANS of some grade ({icans_any.ci})."
)
study.show(
    crs_ge3.icons(
        "crs-icons",
        "Out of 100 patients: CRS of grade 3 or higher.",
        "with CRS of grade 3 or higher",
        {"CRS (ASTCT)": "CRS of grade 3 or higher"},
    )
)

# %% [markdown]
# Severe CRS usually passes with treatment, but not always in time: an experienced ward with an
# intensive care unit nearby is part of the therapy. The risk has to be weighed against that of a
# leukaemia which is fatal if nothing works.
#
# ## How sure can we be?
#
# *Which events?* What the share of grade 4 reactions counts is not known to us. If all events of the
# Common Terminology Criteria for Adverse Events (CTCAE) were counted, low blood counts after the
# chemotherapy alone would probably have made the share far larger.
#
# *Which scale?* CTCAE, ASTCT and older scales of CRS define the same numerals differently, and one
# patient can move by a grade from one to another. Rates by different scales must not be compared or
# pooled.
#
# *How many events?* It is the number of events, more than that of patients, that makes an interval
# narrow; a handful of events cannot show who is at risk.
#
# *Other harms.* Infections, long-lasting low blood counts and the loss of healthy B cells are not in
# these columns.

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "The counts of CRS, ICANS and grade 4 reactions follow from printed percentages. All single "
    "grades, the scale, and that nobody died of a reaction are assumed."
)

# %% [markdown]
# ## Published beside computed

# %%
study.paper("ae_grade4", "crs_any", "crs_ge3", "icans_any", "icans_ge3")

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the bars
#
# Which of the scales has the largest share of patients without any event? Which share, often asked
# for by doctors, can you not read off the bars, but off the heat map?
#
# ```{dropdown} Hint
# The bars are made one by one, a patient may appear in all of them.
# ```

# %% tags=["solution"]
# by hand: crs_grade, icans_grade
for scale, share in (both == 0).mean().items():
    print(f"{scale}: {share:.0%} without any event")
with_both = ((both["crs_grade"] > 0) & (both["icans_grade"] > 0)).sum()
print(f"With CRS and ICANS: {with_both} of {len(both)}")

# %% [markdown]
# ### Exercise 2: predict, then run
#
# If no patient had had a grade 4 reaction, where would the upper end of the exact two-sided interval
# lie? Compare it with the one-sided limit and with the rule of three.
#
# ```{dropdown} Hint
# `binomtest(0, n).proportion_ci(level, method="exact").high` of SciPy; a one-sided limit at the
# level 0.95 is the upper end of a two-sided interval at the level 0.90.
# ```

# %% tags=["solution"]
# by hand
from scipy.stats import binomtest

n = study.registry["infused"].value  # in the study
two_sided, one_sided = (
    binomtest(0, n).proportion_ci(level, method="exact").high
    for level in (0.95, 0.90)
)
print(
    f"No event in {n}: two-sided limit {two_sided:.1%}, "
    f"one-sided {one_sided:.1%}, rule of three {3 / n:.1%}"
)
assert abs(one_sided - (1 - 0.05 ** (1 / n))) < 1e-9

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The one-sided limit is lower, because it spends all of its error on one side. The rule of three
# approximates the one-sided limit, a little on the safe side.
# ```

# %% [markdown]
# ### Exercise 3: move the threshold
#
# Call an event severe from grade 2, 3 and 4 on. What happens to the rate of severe CRS, and to the
# width of the interval relative to it?
#
# ```{dropdown} Hint
# Every patient who counts at grade 4 counts at grade 3 as well.
# ```

# %% tags=["solution"]
# by hand: crs_grade
from scipy.stats import binomtest

for threshold in (2, 3, 4):
    k, n = int((grades >= threshold).sum()), len(grades)
    ci = binomtest(k, n).proportion_ci(confidence, method="exact")
    print(
        f"grade {threshold} or higher: {k} of {n}, {k / n:.1%} "
        f"({ci.low:.1%} to {ci.high:.1%})"
    )

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The higher the threshold, the fewer the events. The interval becomes narrower in percentage points
# and wider beside its rate; where there is no event, only its upper end is left.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"Our product had no fatal reaction in 20 patients: it is safe."* Answer with a number.
#
# ```{dropdown} Hint
# Use the rule of three.
# ```

# %% tags=["solution"]
# by hand
print(f"Rule of three: {3 / 20:.0%}, one patient in {20 / 3:.1f}")
print(f"Exact one-sided limit: {1 - 0.05 ** (1 / 20):.1%}")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# By the rule of three, a true rate of up to about 3 in 20 would be compatible with seeing none: a
# little more than one patient in seven. That is no evidence of safety. Absence of evidence in a small
# trial is not evidence of absence.
# ```

# %% [markdown]
# ### Exercise 5: compare two products
#
# A trial of a CAR with CD28 reports severe ICANS in 12 of 50 patients. Compare it with the study's
# count by Fisher's exact test. Does the p-value show that 4-1BB is safer?
#
# ```{dropdown} Hint
# `scipy.stats.fisher_exact([[a, b], [c, d]])`; the study's count is
# `study.registry["icans_ge3_n"].value`.
# ```

# %% tags=["solution"]
# by hand
from scipy.stats import fisher_exact

mild = study.registry["icans_ge3_n"].value
of_all = study.registry["infused"].value
p = fisher_exact([[12, 50 - 12], [mild, of_all - mild]]).pvalue
print(f"12 of 50 against {mild} of {of_all}: p = {p:.4f}")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The p-value says that chance alone hardly explains the difference. It does not say what does: the
# trials may have differed in age, in the burden of leukaemia, in dose, in when steroids were given,
# and in the scale. Only a randomised comparison could give the credit to the costimulatory domain.
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
#
# ```{quiz}
# What does the letter S beside a number say?
# - [ ] That the paper itself prints it. :: That is P.
# - [x] That another publication prints it about this trial. :: Yes: a real value, but second-hand,
#   with the chance of an error in copying.
# - [ ] That it was simulated. :: Simulated values carry the letter A.
# ```

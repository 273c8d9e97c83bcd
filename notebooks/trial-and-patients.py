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
# # Who was treated, and how many?
#
# The study was a phase II trial of a CD19 CAR T product in children and adults with relapsed or
# refractory B-cell acute lymphoblastic leukaemia {cite:p}`An2020`.
#
# **You will learn** how to follow patients from screening to remission, how to read a Table 1 when
# the patient-level data are not in hand, and what the letters P, D and A promise ([the full
# list](../book/evidence.md)).

# %%
from cartanalysis import baseline
from cartanalysis.chapter import Chapter
from cartanalysis.figures import plot_flow

# %% tags=["parameters"]
cohort: str = "an2020"

# %%
study = Chapter("trial-and-patients", cohort)

# %% [markdown]
# ## The flow of patients
#
# Read the figure from top to bottom: a box is a group of patients, an arrow to the right is who did
# not reach the next box (they may still be followed). On the study's own flow, the first two
# numbers are printed in the paper (P); the other two follow from its percentages by arithmetic (D),
# as [](percentages-to-patients.ipynb) shows.

# %%
flow = study.compute(baseline.flow, study.patients, study.registry, study.cohort.is_reconstruction)
study.number(
    "patients",
    study.compute(baseline.size, study.patients),
    "count",
    column="n",
    rests_on=["infused"],
)
study.figure(
    plot_flow,
    flow,
    name="flow",
    caption="Flow of patients.",
    alt=study.compute(baseline.describe_flow, flow),
    rests_on=["screened", "enrolled", "infused", "responders"],
)

# %% [markdown]
# ## Table 1
#
# The paper's own Table 1 is not in hand. What follows describes the cohort of this book; on the
# default cohort only the number of patients with EMD other than CNS is derived, and everything else
# is assumed.

# %%
table = study.with_evidence(study.compute(baseline.table_one, study.patients))
study.table(
    table,
    {
        "characteristic": "Characteristic",
        "level": "Level",
        "summary": "Median (range) or n (%)",
        "missing": "Missing",
        "evidence": "Evidence",
    },
    caption="Characteristics at the start",
)

# %% [markdown]
# ## In the paper
#
# The trial, registered as NCT02735291, was a phase II study without a control group; patients were
# enrolled during the accrual period {published}`accrual`. Of those screened
# ({published}`screened`), {published}`enrolled` were enrolled.

# %%
study.paper("infused", shown={"infused": "patients"})

# %% [markdown]
# ## How sure can we be?
#
# Counts of patients are exact. What a table cannot show is who was *not* enrolled: a single-arm
# trial describes its patients and compares them with nobody. The registry record NCT02735291
# contradicts itself on enrolment, so it is used for context only.
#
# ## Exercises
#
# 1. From which number to which number does the largest loss of patients occur? What would you need
#    to know to judge whether it matters?
# 2. Change `cohort` in the parameters cell to a file of your own and run the chapter again. Which
#    rows of the table appear, and which disappear?

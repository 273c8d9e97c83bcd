# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags
#     formats: ipynb,py:percent
#     notebook_metadata_filter: kernelspec,jupytext
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
# # Who was treated, and how many?
#
# The study was a phase II trial of a CD19 CAR T product in children and adults with relapsed or
# refractory B-cell acute lymphoblastic leukaemia {cite:p}`An2020`.
#
# **You will learn**
#
# - to follow patients from screening to remission, and to say who is in each denominator;
# - to read a Table 1 when the patient-level data are not available;
# - to say what the letters P, D and A promise ([the full list](../book/evidence.md)).

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1

# %%
study = Study("trial-and-patients", cohort, min_cell=min_cell)

# %% [markdown]
# ## The flow of patients
#
# Read the figure from top to bottom: a box is a group of patients, an arrow to the right shows who
# did not reach the next box (they may still be followed). On the study's own flow, the first two
# numbers are printed in the paper (P); the other two follow from its percentages by arithmetic (D),
# as [](percentages-to-patients.ipynb) shows.

# %%
flow = study.flow()
study.hand_over(patients=flow.patients.resting_on("infused"))
study.show(flow.figure("flow", "Flow of patients."))

# %% [markdown]
# ## Table 1
#
# The paper's own Table 1 is not in hand. What follows describes the cohort of this book; on the
# default cohort only the number of patients with EMD other than CNS is derived, and everything else
# is assumed.

# %%
columns = {
    "characteristic": "Characteristic",
    "level": "Level",
    "summary": f"Median ({'range' if study.min_cell == 1 else 'quartiles'}) or n (%)",
    "missing": "Missing",
    "evidence": "Evidence",
}
study.show(
    study.characteristics().as_table(
        columns, "Characteristics at the start"
    )
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

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the flow
#
# From which box to which does the largest loss of patients occur? What would you need to know to
# judge whether it matters?
#
# ```{dropdown} Hint
# Subtract each box from the one before it. Then ask of those who are lost: could the result have
# been different for them?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Compare the counts beside the arrows. A loss matters if it has to do with the outcome: patients
# who were too ill, or died, before the infusion make those infused look better than those
# enrolled. The reasons for each loss, and the outcome of who was lost, are what you need; a count
# alone cannot tell.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Table 1 gives the number of women and men. How many of them can be compared for remission?
# Predict whether the numbers will be the same, then compute `study.remission(by="sex")`.
#
# ```{dropdown} Hint
# A rate can only count patients whose response is known; `study.remission(by="sex").table` counts
# them.
# ```

# %% tags=["solution"]
columns = {"group": "Sex", "n": "Patients with known response"}
caption = "The denominators of a comparison by sex"
study.show(study.remission(by="sex").rate.as_table(columns, caption))
study.say(
    "Where they are smaller than in Table 1, the response of some patients is not known."
)

# %% [markdown]
# ### Exercise 3: change a parameter
#
# Change `cohort` in the parameters cell to a file of your own, or to a cohort that you made with
# `cartanalysis reconstruct --seed 3`, and run the chapter again. Which rows of the table change,
# and which stay?
#
# ```{dropdown} Hint
# Every reconstructed cohort agrees with all published values. What was never published is assumed:
# some of it is drawn anew for each cohort, some of it is the same in all.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# With another seed only age, regulatory T cells and marrow blasts change: they are drawn anew for
# each cohort. The number of patients and the number with EMD other than CNS stay, because they are
# derived (D). Sex, the other kinds of EMD, genetic risk and earlier transplants keep their counts
# as well, although they are assumed: there the count itself is the assumption. So a row that never
# changes is not for that reason a fact: the letter tells, not the agreement of the seeds. With a
# file of your own, rows appear for the columns that it has.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"Of those enrolled, nearly all were infused, so the selection of patients cannot have influenced
# the result."* What is wrong?
#
# ```{dropdown} Hint
# Look one step higher in the flow.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Selection happens before enrolment as well: {published}`screened` patients were screened and
# {published}`enrolled` enrolled. Who is well enough to be screened at a trial centre is selected
# once more. A single-arm trial describes those it treated; how they were chosen decides to whom
# the result applies.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# Which patients are the denominator of the remission rate in this book?
# - [ ] All who were screened. :: Those who were not enrolled were not treated in the
#   trial.
# - [ ] All who were enrolled. :: That would be an intention-to-treat rate; the published
#   percentage fits those infused.
# - [x] All who were infused. :: Yes: so patients who were enrolled but not infused are not
#   counted.
# ```
#
# ```{quiz}
# A row of Table 1 on the default cohort carries the letter A. What may you say about the study's
# patients?
# - [x] Nothing: the value was assumed. :: Yes. It is there to make the cohort complete, not to
#   inform about the trial.
# - [ ] That the value is roughly right. :: It was taken from a plausible range; the study's own
#   value is not known to us.
# - [ ] That the value is in the paper's supplement. :: Nobody looked it up there: we do not have
#   the supplement.
# ```
#
# ```{quiz}
# What can a single-arm trial show?
# - [ ] That the treatment is better than chemotherapy. :: There is nobody to compare with.
# - [x] How the treated patients fared. :: Yes, and with how much uncertainty; a comparison needs a
#   control group.
# - [ ] That the treatment caused the remissions. :: Likely here, but that rests on knowing what
#   happens without treatment, not on this trial.
# ```

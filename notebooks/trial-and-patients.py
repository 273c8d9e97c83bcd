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
# A result belongs to the patients it was found in. Before any outcome comes the question whom the
# numbers are about.
#
# **You will learn**
#
# - to follow patients from screening to remission, and to say who is in each denominator;
# - to describe patients with pandas: numbers, groups, and what is missing;
# - to read a Table 1, and to say what the letters P, S, D and A promise
#   ([the full list](../book/evidence.md)).

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1

# %%
study = Study("trial-and-patients", cohort, min_cell=min_cell)
flow = study.flow()
table_one = study.characteristics()
study.hand_over(patients=flow.patients.resting_on("infused"))

# %%
study.say(
    "**In short.** This cohort holds **{patients}** patients. In the study {paper.screened} were "
    "screened, {paper.enrolled} enrolled and {paper.infused} infused; {paper.responders} reached "
    "remission."
)

# %% [markdown]
# ## Background
#
# A phase II trial asks whether a treatment does enough to deserve further study. Trials of CAR T
# cells in relapsed or refractory leukaemia mostly have a *single arm*: everybody receives the
# cells, and nobody is drawn by lot to receive something else. Such a trial describes its patients;
# it cannot say what would have become of them otherwise. Who these patients were therefore matters
# all the more.
#
# Patients are lost on the way. Some who are *screened* do not meet the criteria, or are too ill.
# Of those *enrolled*, not all are *infused*: CAR T cells are made for each patient, which takes
# weeks, and in this time the leukaemia may progress or the production fail. A rate among those
# infused is therefore kinder than a rate among those enrolled. A flow diagram shows every step;
# the CONSORT statement asks it of randomised trials {cite:p}`Schulz2010`, and it serves others as
# well.
#
# The first table of a clinical paper, *Table 1*, describes the patients at the start: age, sex,
# state of the disease, earlier treatment. A clinician reads it to ask: are these people like the
# patient in front of me?
#
# ## What the authors did and reported
#
# An and colleagues {cite:p}`An2020` enrolled children and adults with relapsed or refractory
# B-cell acute lymphoblastic leukaemia (B-ALL) in a phase II trial without a control group. Design,
# treatment and dose are summed up in [The study at a glance](../book/study-at-a-glance.md); how
# numbers of patients follow from percentages has [a chapter of its
# own](percentages-to-patients.ipynb).

# %%
study.say(
    "Enrolment ran from {paper.accrual}. Of {paper.screened} patients screened, {paper.enrolled} "
    "were enrolled; that {paper.infused} were infused and {paper.responders} reached remission "
    "follows from the published percentages."
)
study.say(
    "The paper's own Table 1 is not available to us. A later review gives a median age of "
    "{paper.age_median}."
)

# %% [markdown]
# ## A look at the data
#
# One row is one patient. The first columns say who the patient is at the time of infusion; the
# later ones, used in the next chapters, what became of him or her.

# %%
# by hand, with rows: age_years, sex, emd, genetic_risk
patients = study.patients
patients[
    ["patient_id", "age_years", "sex", "emd", "treg_pct", "genetic_risk"]
].head()

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "These are not patients of the study, whose data are not public, but a reconstruction. Its "
    "median age is the one reported, and the number with EMD other than CNS is derived. The ages "
    "around the median, sex, isolated CNS disease, regulatory T cells, genetic risk, marrow blasts "
    "and earlier transplants are assumed."
)

# %% [markdown]
# ## By hand
#
# `study.patients` is a pandas DataFrame: everything below works on any other, too.

# %%
# by hand
patients = study.patients
print(f"{len(patients)} patients, {patients.shape[1]} columns")
assert len(patients) == flow.patients.count

# %% [markdown]
# `describe` sums numbers up. For a skewed measurement the median and the quartiles around it say
# more than mean and standard deviation.

# %%
# by hand: age_years
numbers = ["age_years", "treg_pct", "bm_blasts_pct"]
numbers = [name for name in numbers if name in patients]
print(patients[numbers].describe().round(1))
by_hand = patients["age_years"].median()
book = table_one.where(column="age_years").text("summary")
assert book.startswith(f"{by_hand:.3g} (")

# %% [markdown]
# A picture shows what three numbers hide: is there one group of ages, or two?

# %%
# by hand: age_years
# figure: Histogram of age at infusion, with a dashed line at the median.
import matplotlib.pyplot as plt
import seaborn as sns

ax = sns.histplot(patients, x="age_years", binwidth=5, color="steelblue")
ax.axvline(by_hand, color="black", linestyle="--")
ax.set(xlabel="age at infusion (years)", ylabel="patients")
plt.show()

# %% [markdown]
# Groups are counted. `dropna=False` keeps patients whose group is not known in sight: a percentage
# should say of whom it is.

# %%
# by hand: sex
counts = patients["sex"].value_counts(dropna=False)
shares = patients["sex"].value_counts(normalize=True)
print(counts)
print(shares.map("{:.1%} of those known".format))
book = table_one.where(column="sex", group="female")
women = book.read("count", "count").count
assert (patients["sex"] == "female").sum() == women

# %% [markdown]
# Do the groups that the study compares differ in age? `groupby` answers in one line.

# %%
# by hand: emd, age_years
by_emd = patients.groupby("emd", observed=True)["age_years"]
print(by_emd.agg(["count", "median", "min", "max"]))

# %% [markdown]
# And what is missing? An empty cell can mean two things: nobody knows the value, or there is none.
# Patients without remission have no time to relapse, so their `rfs_days` is empty for a good reason;
# so is `hsct_day` in those who had no transplant after the infusion.

# %%
# by hand: response
empty = patients.isna().sum()
print(empty[empty > 0] if empty.any() else "nothing is missing")
no_remission = patients["response"] == "NR"
print(f"Patients without remission: {no_remission.sum()}")

# %% [markdown]
# ## The book’s result
#
# Read the flow from top to bottom: a box is a group of patients, an arrow to the right shows who
# did not reach the next box (they may still be followed).

# %%
study.show(flow.figure("flow", "Flow of patients."))

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "This is the study's own flow. Its first two numbers are printed in the paper (P); the other "
    "two follow from the paper's percentages (D)."
)

# %% [markdown]
# Table 1 gives each percentage of those known, and counts the others as missing.

# %%
columns = {
    "characteristic": "Characteristic",
    "level": "Level",
    "summary": f"Median ({'range' if study.min_cell == 1 else 'quartiles'}) or n (%)",
    "missing": "Missing",
    "evidence": "Evidence",
}
study.show(table_one.as_table(columns, "Characteristics at the start"))

# %% [markdown]
# ## What it means for a patient
#
# A patient who asks about CAR T cells has not been infused yet, nor even screened. Of 100 patients
# screened in the study, how many came to each step?

# %%
# by hand
screened = study.registry["screened"].value
for step in ("enrolled", "infused", "responders"):
    number = study.registry[step].value
    print(f"{step}: {100 * number / screened:.0f} of 100 screened")

# %% [markdown]
# Why the others dropped out is not known to us. Some may not have needed the treatment, or may have
# received it elsewhere: the share is no forecast for a single patient. It only warns that [the
# remission rate](remission.ipynb) is counted from infusion, and that patients may be lost before it.
#
# ## How sure can we be?
#
# Counts of patients are exact. What no table shows is who was *not* enrolled, and a single-arm
# trial compares its patients with nobody. Two groups of one cohort can differ in much besides the
# factor they are named after; a p-value in Table 1 would not mend this, because it asks whether
# chance made a difference, not whether the difference matters. The trial's registry record,
# NCT02735291, contradicts itself on enrolment and is used for context only.
#
# ## Published beside computed

# %%
study.paper("infused", shown={"infused": "patients"})

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the flow
#
# From which step of the study to the next is the largest number of patients lost? What would you
# need to know to judge whether it matters?
#
# ```{dropdown} Hint
# Subtract the number at each step from the one before it. Then ask of those who are lost: could the result have
# been different for them?
# ```

# %% tags=["solution"]
study.say(
    "In the study the largest loss is the first: {paper.screened} patients were screened and "
    "{paper.enrolled} enrolled. A loss matters if it has to do with the outcome: patients who were "
    "too ill, or died before the infusion, make those infused look better than those enrolled. You "
    "need the reason for each loss, and the outcome of those who were lost; a count cannot tell."
)

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Table 1 counts women and men. For how many of each is the response known, so that remission can be
# compared? Predict whether the numbers will be the same, then count them with `groupby`.
#
# ```{dropdown} Hint
# `count` leaves out what is missing, `size` does not.
# ```

# %% tags=["solution"]
# by hand: sex, response
by_sex = patients.groupby("sex", observed=True)["response"]
print(by_sex.agg(["size", "count"]))
book = study.remission(by="sex").rate.where(group="female")
female = patients.loc[patients["sex"] == "female", "response"]
assert book.why or female.count() == book.read("n", "count").count

# %% [markdown]
# ### Exercise 3: make groups of a number
#
# How many of the patients are children (under 18), young adults (18 to 39) and older? Use `pd.cut`.
# What do you lose when you cut a number into groups?
#
# ```{dropdown} Hint
# `pd.cut(patients["age_years"], [0, 18, 40, 120], right=False)`: each range holds its lower bound
# and not its upper one.
# ```

# %% tags=["solution"]
# by hand: age_years
import pandas as pd

groups = pd.cut(
    patients["age_years"],
    [0, 18, 40, 121],
    right=False,
    labels=["under 18", "18 to 39", "40 and older"],
)
print(groups.value_counts(sort=False))
assert groups.count() == patients["age_years"].count()

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Groups are easy to tell and to compare. They lose what lies within: a patient aged 17 and one aged
# 18 fall apart, and two aged 18 and 39 count as alike. Cut by a rule that was set beforehand, such
# as the age of majority, never by what gives the largest difference.
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

# %% tags=["solution"]
study.say(
    "Selection happens before enrolment as well: {paper.screened} patients were screened and "
    "{paper.enrolled} enrolled. Who is well enough to be screened at a trial centre is selected "
    "once more. A single-arm trial describes those it treated; how they were chosen decides to "
    "whom the result applies."
)

# %% [markdown]
# ### Exercise 5: change the denominator
#
# What is the remission rate of the study among those screened, enrolled and infused? Which of the
# three would you tell a patient before the first visit?
#
# ```{dropdown} Hint
# `study.registry["responders"].value` stays above the line in all three.
# ```

# %% tags=["solution"]
# by hand
responders = study.registry["responders"].value
for step in ("screened", "enrolled", "infused"):
    number = study.registry[step].value
    print(f"of those {step}: {responders} of {number}, ", end="")
    print(f"{responders / number:.1%}")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Each is right, for a different patient. Before the first visit the one among those screened is the
# nearest, with the reservation that screened patients who were not enrolled may have reached
# remission by another treatment. Once the cells are ready to be infused, the last one applies.
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
# What can a single-arm trial show?
# - [ ] That the treatment is better than chemotherapy. :: There is nobody to compare with.
# - [x] How the treated patients fared. :: Yes, and with how much uncertainty; a comparison needs a
#   control group.
# - [ ] That the treatment caused the remissions. :: Likely here, but that rests on knowing what
#   happens without treatment, not on this trial.
# ```

# %% [markdown] tags=["on-reconstruction"]
# ```{quiz}
# A row of a table carries the letter A. What may you say about the study's patients?
# - [x] Nothing: the value was assumed. :: Yes. It is there to make the default cohort complete, not
#   to inform about the trial.
# - [ ] That the value is roughly right. :: It was taken from a plausible range; the study's own
#   value is not known to us.
# - [ ] That the value is in the paper's supplement. :: Nobody looked it up there: we do not have
#   the supplement.
# ```

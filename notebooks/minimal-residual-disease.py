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
# # How deep is the remission?
#
# A marrow that looks normal under the microscope can still hold a great many leukaemia cells.
# Finer methods find them: minimal, or measurable, residual disease (MRD).
#
# **You will learn**
#
# - what MRD is, and why it foretells relapse better than the microscope;
# - to ask of any percentage: of whom?
# - to see when a comparison is not worth making.

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
time_unit: str = "days"  # days, months or years

# %%
study = Study(
    "minimal-residual-disease",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    time_unit=time_unit,
)
depth = study.rate("mrd_negative_cr").resting_on(
    "mrd_negative_n", "infused", "a_mrd_reading"
)
study.hand_over(mrd_negative_cr=depth)

# %%
study.say(
    "**In short.** In this cohort **{mrd_negative_cr}** of the patients with a known result "
    "reached a remission without measurable residual disease ({mrd_negative_cr.of}; "
    "{mrd_negative_cr.ci}). "
    "For the study, a review reports {paper.mrd_negative_cr}."
)

# %% [markdown]
# ## Background
#
# At diagnosis a patient with leukaemia carries about a million million leukaemia cells. Complete
# remission asks for fewer than one blast among twenty marrow cells; a patient who just meets it may
# still carry billions. *Flow cytometry* recognises leukaemia cells by their surface proteins, *PCR*
# and *sequencing* by the rearranged genes that all cells of the clone share. They find one cell
# among ten thousand or more. A patient in whom they find none above the method's limit is called
# *MRD-negative*, which does not mean free of leukaemia.
#
# In patients treated with chemotherapy, children and adults alike, those who were MRD-negative
# relapsed far less often and lived longer; a meta-analysis found this across ages, treatments,
# methods and times of measurement {cite:p}`Berry2017`. Doctors therefore steer treatment by MRD:
# patients who stay positive may be offered a stem-cell transplant.
#
# After CAR T cells against CD19 there is a twist. Leukaemia that has lost CD19 escapes the cells,
# and a flow panel that looks for it by CD19 would miss it, so panels have to use other markers. And
# where nearly all responders become MRD-negative, as in many trials, MRD on the day of remission
# tells few patients apart.
#
# ## What the authors did and reported
#
# The abstract of An and colleagues {cite:p}`An2020` says nothing about MRD. One number has come down
# to us, in a later review, and with it a riddle: a percentage of whom?

# %%
study.say(
    "Printed by [the review](https://doi.org/10.3390/jcm12216883): {paper.mrd_negative_cr} in "
    "MRD-negative remission."
)
study.say(
    "Of the {paper.infused} patients infused, that is {paper.mrd_negative_n}; of the "
    "{paper.responders} in remission, {paper.mrd_negative_of_responders}."
)

# %% [markdown]
# Both readings give a whole number, and they describe two different trials: in the first hardly anybody in
# remission had residual disease, in the second one in five. The review's other rates are counted
# per patient infused, which speaks for the first reading; it does not prove it. With which method
# and at what limit MRD was sought is not known to us.
#
# ## A look at the data
#
# `mrd` is what was found when the response was assessed. For patients without remission it need not
# be on record.

# %%
# by hand, with rows: response, mrd
patients = study.patients
patients[["patient_id", "response", "mrd", "mrd_negative_cr"]].sort_values(
    "mrd", ascending=False
).head()

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "The reconstruction follows the first reading, {paper.mrd_negative_n} of {paper.infused}, so "
    "that a single patient in remission is MRD-positive. Who that is, is assumed."
)

# %% [markdown]
# ## By hand
#
# First the riddle. Which whole numbers of patients print the reported percentage, of each of the
# two groups?

# %%
# by hand
printed = study.registry["mrd_negative_cr"].value
for whom in ("infused", "responders"):
    n = study.registry[whom].value
    fits = [k for k in range(n + 1) if round(100 * k / n) == printed]
    print(f"{printed} % of the {n} {whom}: {fits}")

# %% [markdown]
# Then the patients. Residual disease is looked for in remission only; a patient without remission
# counts as not MRD-negative, whatever was measured.

# %%
# by hand: response, mrd
import pandas as pd

patients = study.patients
print(
    pd.crosstab(
        patients["response"],
        patients["mrd"].astype(object).fillna("not on record"),
        margins=True,
    )
)

# %% [markdown]
# The share depends on the denominator, and so does its interval:

# %%
# by hand: response, mrd
from scipy.stats import binomtest

in_remission = patients["response"].isin(["CR", "CRi"])
of_infused = patients["response"].notna() & (
    ~in_remission | patients["mrd"].notna()
)
negative = int((in_remission & (patients["mrd"] == "negative")).sum())
for whom, n in (
    ("infused", int(of_infused.sum())),
    ("in remission", int((of_infused & in_remission).sum())),
):
    ci = binomtest(negative, n).proportion_ci(confidence, method="exact")
    print(
        f"{negative} of {n} {whom}: {negative / n:.1%} "
        f"({ci.low:.1%} to {ci.high:.1%})"
    )
assert abs(negative / of_infused.sum() - depth.number) < 1e-9

# %% [markdown]
# Does residual disease go with relapse or death? The table that would have to answer (1 is relapse
# or death):

# %%
# by hand: response, mrd, rfs_event
outcome = patients.dropna(subset=["mrd", "rfs_event"])
print(pd.crosstab(outcome["mrd"], outcome["rfs_event"].astype(int)))

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "One patient is not a group: the share with relapse or death in that row can only be none or "
    "all, and no test can tell either from the other row."
)

# %% [markdown]
# ## The book’s result

# %%
columns = {
    "group": "Patients",
    "n": "With a known result",
    "events": "MRD-negative remission",
    "estimate": "Rate (interval)",
}
study.show(depth.as_table(columns, "Remission without residual disease"))

# %% [markdown]
# Relapse-free survival by MRD is compared where there are at least five patients on either side: a
# convention of this book, below which curve and test say next to nothing. Relapse-free survival
# starts at remission, when MRD is measured, so no landmark is needed.

# %%
by_mrd = study.survival("rfs", by="mrd", smallest_group=5)
labels = {"negative": "MRD-negative", "positive": "MRD-positive"}
caption = "Relapse-free survival since remission, by MRD."
study.show(by_mrd.figure("rfs-by-mrd", caption, labels))
study.compare(
    "mrd_rfs",
    by_mrd,
    "Relapse-free survival, MRD-positive against MRD-negative patients in remission",
)

# %% [markdown]
# ## What it means for a patient

# %%
study.say(
    "Of patients like these, about **{mrd_negative_cr.of_100}** infused would reach a remission "
    "without measurable disease ({mrd_negative_cr.ci})."
)
study.show(
    depth.icons(
        "mrd-icons",
        "Out of 100 patients infused: in MRD-negative remission.",
        "in MRD-negative remission",
        {"all patients": "patients infused"},
    )
)

# %% [markdown]
# To be MRD-negative is good news, not the end of the matter: where nearly all responders were
# MRD-negative, so were nearly all who relapsed. [The next chapter](survival.ipynb) tells how long
# remission lasted.
#
# ## How sure can we be?
#
# *Of whom?* The interval covers chance, not the doubt about the study’s denominator, which weighs as
# much (exercise 1). Where a reading is in doubt, give both.
#
# *Measured how?* MRD depends on the method, its limit, the quality of the sample and the day. Rates at limits of
# one in a thousand and one in ten thousand must not be compared. A patient without a sample is
# neither positive nor negative; where many samples are missing, the rate is that of the patients
# who had one.
#
# *Compared with whom?* In a comparison by MRD, transplant stands in the way: if MRD-positive patients are transplanted
# and others not, their relapses are not those of MRD alone.

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "The number rests on a review's table and on our reading of it, hence the letter A beside "
    "every rate computed here."
)

# %% [markdown]
# ## Published beside computed

# %%
study.paper("mrd_negative_cr")

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: of whom?
#
# Suppose the second reading were right. Which share of the patients *infused* would then have
# reached an MRD-negative remission, and how many responders would have been MRD-positive?
#
# ```{dropdown} Hint
# `study.registry["mrd_negative_of_responders"].value` is the count; the registry has `infused` and
# `responders`, too.
# ```

# %% tags=["solution"]
# by hand
count = study.registry["mrd_negative_of_responders"].value
infused, responders = (
    study.registry[key].value for key in ("infused", "responders")
)
print(
    f"{count} of {infused} infused: {count / infused:.1%}; "
    f"MRD-positive in remission: {responders - count}"
)

# %% [markdown]
# ### Exercise 2: how many decimals?
#
# The review prints no decimal. With one decimal, would the two readings still print the same
# number?
#
# ```{dropdown} Hint
# Compute both percentages with one decimal.
# ```

# %% tags=["solution"]
# by hand
first = study.registry["mrd_negative_n"].value / infused
second = count / responders
print(f"{first:.1%} and {second:.1%}")
assert round(100 * first) == round(100 * second) == printed
assert round(1000 * first) != round(1000 * second)

# %% [markdown]
# ### Exercise 3: what could one patient show?
#
# Make up two groups: one has one patient, the other 37, of whom a third relapse. Could Fisher's
# exact test call any outcome of the single patient significant?
#
# ```{dropdown} Hint
# There are two outcomes to try: `fisher_exact([[1, 0], [12, 25]])` and the other.
# ```

# %% tags=["solution"]
# by hand
from scipy.stats import fisher_exact

for single in ([1, 0], [0, 1]):
    p = fisher_exact([single, [12, 25]]).pvalue
    print(f"the patient has relapsed, not relapsed: {single}, p = {p:.2f}")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Neither outcome can. If the patient relapses, the p-value is the share of all patients who do,
# which is far above the level; otherwise it is one. A comparison that cannot come out significant is
# not worth making, and its result no evidence of equality.
# ```

# %% [markdown]
# ### Exercise 4: what if five were positive?
#
# Make five of the patients in remission MRD-positive, chosen at random, and compare relapse-free
# survival with `logrank_test`. Repeat it 100 times. How often is p below 0.05, and why?
#
# ```{dropdown} Hint
# `outcome.sample(5, random_state=i)` chooses them; the labels have nothing to do with relapse.
# ```

# %% tags=["solution"]
# by hand: response, mrd, rfs_days, rfs_event
from lifelines.statistics import logrank_test

rfs = patients.dropna(subset=["rfs_days", "rfs_event"])
significant = 0
repeats = 100 if len(rfs) > 10 else 0  # five need others beside them
for i in range(repeats):
    five = rfs.index.isin(rfs.sample(5, random_state=i).index)
    test = logrank_test(
        rfs.loc[five, "rfs_days"],
        rfs.loc[~five, "rfs_days"],
        rfs.loc[five, "rfs_event"],
        rfs.loc[~five, "rfs_event"],
    )
    significant += test.p_value < 0.05
print(f"p < 0.05 in {significant} of {repeats}")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# About one in twenty, as nothing but chance made the groups; the approximation behind the p-value is
# rough in groups of five, so the share may be somewhat off. Where groups are small the book therefore
# shuffles the labels many times, as this loop does, and asks how often chance alone gives a difference
# as large as the real one: a *permutation test*, see [the chapter on extramedullary
# disease](extramedullary-disease.ipynb).
# ```

# %% [markdown]
# ### Exercise 5: criticise a claim
#
# *"All of our responders are MRD-negative: they need no further treatment."* Name two faults.
#
# ```{dropdown} Hint
# What is the limit of the method, and what has followed MRD-negative remissions in others?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# First, MRD-negative means below the limit of the method on that day and in that sample. Second, if
# all responders are MRD-negative, so are all who will relapse: MRD at that moment does not tell them
# apart, and whether to go on to a transplant has to be decided by something else.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# What does "MRD-negative" mean?
# - [ ] No leukaemia cell is left. :: No method can show that.
# - [x] None was found above the limit of the method. :: Yes, in this sample, on this day.
# - [ ] The marrow looks normal under the microscope. :: That is complete remission.
# ```
#
# ```{quiz}
# A trial reports MRD-negativity in 90 of 100 responders; 50 more patients did not respond. Which
# share of the patients infused was MRD-negative?
# - [ ] 90 in 100. :: That is the share of responders.
# - [x] 90 in 150. :: Yes: those without remission belong to the denominator.
# - [ ] It cannot be said. :: It can: who does not respond is not MRD-negative.
# ```
#
# ```{quiz}
# Of 38 patients in remission one is MRD-positive. What can be said of MRD and relapse?
# - [ ] That there is no association. :: The data could not have shown one.
# - [x] Next to nothing. :: Yes: whatever becomes of one patient is compatible with anything.
# - [ ] That MRD-positive patients do badly, if that patient relapses. :: One patient is a case, not
#   a comparison.
# ```

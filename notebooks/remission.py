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
# # How many patients reach remission?
#
# Remission was the study's primary outcome: the answer to the first question that a patient asks.
#
# **You will learn**
#
# - to compute a proportion with its exact interval, with pandas and SciPy;
# - to say what a single-arm rate can and cannot show;
# - to explain why responders may be compared with others only from a landmark.

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
landmark_day: int = 28
time_unit: str = "days"  # days, months or years

# %%
study = Study(
    "remission",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    time_unit=time_unit,
)
landmark_day = study.day(landmark_day)
remission = study.remission()
study.hand_over(orr=remission.rate)

# %%
study.say(
    "**In short.** In this cohort **{orr}** of the patients reached remission ({orr.of}; "
    "{orr.ci}). The study reported {paper.orr}."
)

# %% [markdown]
# ## Background
#
# B-cell acute lymphoblastic leukaemia (B-ALL) is a cancer of immature B lymphocytes that crowd the
# bone marrow. Most children are cured by chemotherapy and fewer adults; once the disease has
# relapsed, or has never responded, further chemotherapy rarely helps for long. *CAR T cells* are
# T lymphocytes, usually collected from the patient (after an allogeneic transplant they are of
# donor origin) and given a gene for a *chimeric antigen receptor*. The receptor of this study
# recognises CD19, a protein on nearly all B cells, malignant and healthy; its costimulatory domain,
# 4-1BB, helps the cells to persist. A few days of chemotherapy make room before the cells are
# infused.
#
# About four weeks later the marrow is examined. *Complete remission* (CR) means fewer than one in
# twenty blasts in the marrow, no leukaemia elsewhere and recovered blood counts; in *CRi* the counts
# have not fully recovered. How the study judged response outside the marrow is not known to us. Both
# count as remission here; neither is a cure. The next chapters ask how deep remission was and how
# long it lasted.
#
# ## What the authors did and reported
#
# An and colleagues {cite:p}`An2020` named remission, CR or CRi, as the primary outcome of a phase
# II trial without a control group. In the paper this is one percentage; the number of patients
# behind it is derived in [the chapter before](percentages-to-patients.ipynb).

# %%
study.say(
    "Reported: remission in {paper.orr}, which is {paper.responders} of the {paper.infused} "
    "patients infused. Patients who were enrolled but not infused are not in the denominator."
)

# %% [markdown]
# ## A look at the data
#
# One row is one patient. `response` holds the best response: CR, CRi or NR (no remission).

# %%
# by hand, with rows: response, sex, prior_hsct
patients = study.patients
patients[
    ["patient_id", "age_years", "sex", "prior_hsct", "response"]
].head()

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "These are not patients of the study, whose data are not public, but a reconstruction that "
    "agrees with every value printed about it. The number of responders follows from the paper; "
    "who of them had CRi, and who was a man or a woman, is assumed."
)

# %% [markdown]
# ## By hand
#
# A rate is the mean of a yes-or-no column. `isin` marks the responders; patients whose response is
# unknown count neither above nor below the line.

# %%
# by hand: response
patients = study.patients
known = patients["response"].dropna()
in_remission = known.isin(["CR", "CRi"])
print(known.value_counts())
print(f"{in_remission.sum()} of {len(known)}: {in_remission.mean():.1%}")
assert in_remission.mean() == remission.rate.number

# %% [markdown]
# How far could chance alone have moved this rate? The interval of Clopper and Pearson
# {cite:p}`Clopper1934` asks which true rates would make the observed number of responders not too
# surprising in either direction. SciPy answers in one line.

# %%
# by hand: response
from scipy.stats import binomtest

exact = binomtest(int(in_remission.sum()), len(known)).proportion_ci(
    confidence, method="exact"
)
print(f"{confidence:.0%} interval: {exact.low:.1%} to {exact.high:.1%}")
lower = remission.rate.read("lower", "fraction").number
assert abs(exact.low - lower) < 1e-9

# %% [markdown]
# Does the rate differ between groups? A cross table, and a bar for each group with seaborn:

# %%
# by hand: response, sex
# figure: Bars of the remission rate by sex.
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

shown = patients.assign(
    in_remission=patients["response"]
    .isin(["CR", "CRi"])
    .where(patients["response"].notna())
)
print(pd.crosstab(shown["sex"], shown["response"], margins=True))
ax = sns.barplot(
    shown, x="in_remission", y="sex", errorbar=None, color="steelblue"
)
ax.set(xlabel="share in remission", xlim=(0, 1), ylabel="")
plt.show()

# %% [markdown]
# ## The book’s result
#
# The same counts, with an exact interval for each group: it never covers less than it says, which
# matters where groups are small. Look at the width of the lines before the length of the bars.
# Whether the authors planned these subgroups is not known.

# %%
by_sex = study.remission(by="sex")
study.show(
    by_sex.figure(
        "remission-by-sex", "Remission by sex, with exact intervals."
    )
)
by_transplant = study.remission(by="prior_hsct").rate
columns = {
    "group": "Earlier transplant",
    "n": "Patients",
    "events": "In remission",
    "estimate": "Rate (interval)",
}
study.show(
    by_transplant.as_table(
        columns, "Remission by earlier stem-cell transplant"
    )
)

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "The numbers by earlier transplant are those of a thesis abstract that probably, though not "
    "certainly, describes the same patients: they are an assumption, not a result of the study."
)

# %% [markdown]
# ## What it means for a patient

# %%
study.say(
    "Of patients like these, about **{orr.of_100}** would reach remission; the interval is "
    "what chance alone allows ({orr.ci})."
)
study.show(
    remission.rate.icons(
        "remission-icons",
        "Out of 100 patients: in remission.",
        "in remission",
    )
)

# %% [markdown]
# Remission may last, or allow a stem-cell transplant; the rate alone does not say how long it lasts.
#
# ## Do responders live longer?
#
# Counted from infusion the question is unfair: to be called a responder, a patient must live until
# the response is assessed, and that waiting time would count in favour of the responders
# (*immortal-time bias*). The comparison therefore starts at a landmark, with everybody still under
# observation on that day {cite:p}`Anderson1983`.

# %%
by_response = study.survival("os", by="responder", after=landmark_day)
study.hand_over(landmark_p=by_response.test)
labels = {"no": "no remission", "yes": "remission"}
caption = (
    f"Overall survival from the landmark, day {landmark_day}, by response."
)
study.show(by_response.figure("landmark", caption, labels))
study.say(
    f"Patients in remission against the others, from day {landmark_day}: {by_response.test_name}, "
    "{landmark_p}."
)

# %% [markdown]
# Where a group is small or events are few, the book takes its p-value from shuffling who responded
# and says *by permutation*; [a later chapter](extramedullary-disease.ipynb) does it by hand.
#
# ```{play} landmark
# On the website, the landmark can be moved here: curves and p-value follow.
# ```
#
# ## How sure can we be?
#
# The interval covers chance only: not who was selected for infusion, nor a response judged
# wrongly. The rate is *not* a comparison: the trial had no control group, and the threshold that
# it had set itself is not known to us. The landmark comparison takes the *best* response, whenever
# it came; a response after the landmark would bring some immortal time back. And responders may
# differ from the others in much besides the response.
#
# ## Published beside computed

# %%
study.paper("orr")

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read a bar
#
# Look at the book’s figure of remission by sex. In which group is the interval wider, and why? Do
# the intervals tell you whether the groups differ?
#
# ```{dropdown} Hint
# The width depends on the number of patients, and on how close the rate is to one half.
# ```

# %% tags=["solution"]
columns = {
    "group": "Sex",
    "n": "Patients",
    "estimate": "Rate (interval)",
    "width": "Width, points",
}
caption = "Remission by sex, the widest interval first"
study.show(by_sex.rate.widest_first().as_table(columns, caption))
study.say(
    "Size and rate both count: an interval is wide if the group is small, and if its rate is "
    "close to one half. Two intervals that do not overlap suggest a difference; two that overlap "
    "do **not** show that there is none. Use a test, such as Fisher's exact test, or the interval "
    "of the difference."
)

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Will an interval with a coverage of 80 % be wider or narrower than the one above, and will the
# rate move? Predict, then compute it with `binomtest`.
#
# ```{dropdown} Hint
# A promise that may be broken more often costs less.
# ```

# %% tags=["solution"]
# by hand: response
loose = binomtest(int(in_remission.sum()), len(known)).proportion_ci(
    0.8, method="exact"
)
print(
    f"{in_remission.mean():.1%}, "
    f"80 % interval {loose.low:.1%} to {loose.high:.1%}"
)
if confidence >= 0.8:
    assert exact.low <= loose.low <= loose.high <= exact.high

# %% [markdown]
# ### Exercise 3: widen the denominator
#
# Suppose that everybody who was enrolled but not infused had been counted as a failure. What would
# the remission rate have been?
#
# ```{dropdown} Hint
# The number in remission stays. `study.registry["enrolled"].value` is the number enrolled.
# ```

# %% tags=["solution"]
# by hand: response
enrolled = study.registry["enrolled"].value
responders = study.registry["responders"].value
print(
    f"In the study: {responders} of {enrolled} enrolled, "
    f"{responders / enrolled:.1%}"
)

# %% [markdown]
# ### Exercise 4: move the landmark
#
# Compare survival by response from day 0 and from day 90. How does the p-value change, and which
# patients drop out? Use `logrank_test` of lifelines on the patients still under observation after
# that day.
#
# ```{dropdown} Hint
# At day 0 everybody is in, also those who died before a response could be assessed. Into which
# group do they fall? `study.survival("os", by="responder", after=90).test.number` gives the book’s
# p-value.
# ```

# %% tags=["solution"]
# by hand: response, os_days, os_event
from lifelines.statistics import logrank_test

for day in (0, 28, 90):
    observed = (patients["os_days"] > day) | (day == 0)
    late = patients[observed].dropna(
        subset=["response", "os_days", "os_event"]
    )
    with_cr, without = (
        late[late["response"].isin(["CR", "CRi"]) == value]
        for value in (True, False)
    )
    print(f"from day {day}: {len(with_cr)} against {len(without)}", end="")
    if not late["os_event"].any():
        print(", no death and so no test")
        continue
    test = logrank_test(
        with_cr["os_days"] - day,
        without["os_days"] - day,
        with_cr["os_event"],
        without["os_event"],
    )
    print(f", χ² p = {test.p_value:.4f}")

# %% tags=["solution"]
study.say(
    "From day 0 early deaths count against the patients without remission, who had no time to "
    "respond, so the difference tends to look largest. A late landmark leaves patients out, as a "
    "rule those without remission who died early, and with them power. The χ² approximation is too "
    "bold for a small group, so the book permutes there."
)

# %% [markdown]
# ### Exercise 5: criticise a claim
#
# *"Responders lived much longer than non-responders; therefore the treatment prolongs life."* Name
# two faults.
#
# ```{dropdown} Hint
# One has to do with time, the other with the kind of patient who responds.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# First, responders had to live until the response was assessed: without a landmark that time is a
# gift to them (*immortal-time bias*). Second, even from a landmark the groups were made by the
# disease, not by chance: patients who respond may be those who would have lived longer in any
# case. Comparing responders with non-responders says something about prognosis, not about the
# effect of the treatment.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# What does an exact (Clopper–Pearson) interval promise?
# - [x] That such intervals hold the true rate at least as often as they say. :: Yes: never less,
#   in small groups often more.
# - [ ] That the next trial's rate will lie inside. :: That is a prediction interval, which is
#   wider: the next trial has chance of its own.
# - [ ] That the true rate lies inside with exactly the stated probability. :: The promise is about
#   many intervals, and in small groups it is kept more often than stated.
# ```
#
# ```{quiz}
# Which bias does a landmark analysis remove?
# - [ ] Selection of fit patients for the trial. :: Nothing in the analysis can undo who was
#   selected.
# - [x] Immortal time of the responders. :: Yes: everybody compared is alive and observed at the
#   landmark.
# - [ ] Loss to follow-up. :: Censoring is dealt with by the Kaplan–Meier method, if it has nothing
#   to do with the outlook.
# ```
#
# ```{quiz}
# The denominator is widened from those infused to those enrolled. The rate…
# - [ ] rises. :: Nobody who was not infused is counted as in remission.
# - [ ] stays the same. :: The number in remission stays, the denominator grows.
# - [x] falls or stays the same. :: Yes: it falls as soon as one patient enrolled was not infused.
# ```

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
# # Does a transplant after CAR T cells help?
#
# Some patients in remission go on to a stem-cell transplant. They often do better than those who do
# not. But to be transplanted a patient must first live, without a relapse, until the day of the
# transplant: part of the advantage is there before anybody has been treated.
#
# **You will learn**
#
# - to recognise immortal time, and to see how large a benefit it can feign;
# - to put it right: with a landmark, and with a transplant that counts from its day on;
# - to follow patients through several states at once.

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
time_unit: str = "days"  # days, months or years
landmark_day: int = 91  # days since remission

# %%
study = Study(
    "transplant",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    time_unit=time_unit,
)
landmark_day = study.day(landmark_day)
transplant = study.transplant(landmark_day)
occupancy = study.occupancy()
study.hand_over(
    transplanted=transplant.transplanted,
    transplant_naive_hr=transplant.naive,
    transplant_landmark_hr=transplant.landmark,
    transplant_hr=transplant.from_its_day_on,
    transplant_hr_p=transplant.from_its_day_on.p,
    remission_day=transplant.remission_day,
    after_relapse_1y=occupancy.one_year.where(group="after relapse"),
)

# %%
study.say(
    "**In short.** {transplanted} patients were transplanted in remission. Counted as ever against "
    "never, the hazard ratio of relapse or death is **{transplant_naive_hr}** "
    "({transplant_naive_hr.ci}). This is biased. Counted from the transplant on, it is "
    "**{transplant_hr}** ({transplant_hr.ci})."
)
study.say(
    "One year after infusion **{after_relapse_1y}** of the patients were alive after a relapse "
    "({after_relapse_1y.ci}); further down, a figure shows where all of them were."
)

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "How many patients of the study were transplanted, when, and what became of them is not known "
    "to us. The reconstruction assumes that {paper.a_hsct_after} of the patients in remission are "
    "chosen, draws them by lot, and transplants those who are still in remission on their day, "
    "*without any effect* on relapse or death. The true hazard ratio in it is one; whatever else "
    "this page shows of the cohort is bias or chance."
)

# %% [markdown]
# ## Background
#
# Whether patients should have an allogeneic transplant once CAR T cells have brought a remission is
# one of the open questions of the field. A transplant can cure; it also kills some patients who
# would have stayed in remission without it. No randomised trial has settled it, so registries and
# single centres compare those who had a transplant with those who had none.
#
# Such a comparison has two faults, which are often mixed up.
#
# **Immortal time.** A patient who relapses in the first month is never transplanted, and is counted
# on the other side. The weeks between remission and transplant, in which by definition nothing bad
# happened, are credited to the transplant {cite:p}`Suissa2008`. The first heart transplants seemed
# to prolong life greatly in this way, until the waiting time was counted where it belongs
# {cite:p}`Gail1972,Crowley1977`. This fault can be repaired by calculation.
#
# **Choice.** Doctors choose who is transplanted: the fit, those with a donor, those they fear for.
# No handling of time repairs this. It takes a randomised trial, or at least a comparison that knows
# why patients were chosen.
#
# ## What the authors did and reported
#
# The abstract of An and colleagues {cite:p}`An2020` does not mention transplants after CAR T cells.
# How many patients had one is not available to us.
#
# ## A look at the data
#
# `hsct_day` is the day of a transplant after the infusion, empty if there was none. It counts from
# the infusion, as `os_days` does, while `rfs_days` counts from remission.

# %%
# by hand, with rows: rfs_days, rfs_event, hsct_day
patients = study.patients
patients[
    ["patient_id", "rfs_days", "rfs_event", "rfs_cause", "hsct_day"]
].dropna(subset=["hsct_day"]).head()

# %% [markdown]
# The two clocks have to be brought together. There is no column for the day of remission, but it can
# be worked out: for patients whose remission lasted to the end, both clocks stop on the same day, and
# their difference is the day of remission. The median serves for the others.

# %%
# by hand: os_days, rfs_days, rfs_event, rfs_cause, hsct_day
patients = study.patients
free = patients.dropna(subset=["rfs_days", "rfs_event", "os_days"])
lasted = free["rfs_cause"] != "relapse"
remission = (free["os_days"] - free["rfs_days"])[lasted].median()
print(f"remission on day {remission:g}, {lasted.sum()} patients")
assert remission == study.numbers["remission_day"].value

# %% [markdown]
# ## By hand
#
# ### The immortal weeks
#
# Each patient's remission is cut in two at the transplant, if there was one before relapse or death.

# %%
# by hand: os_days, rfs_days, rfs_event, rfs_cause, hsct_day
import pandas as pd

end = free["rfs_days"]
wait = (free["hsct_day"] - remission).clip(lower=0)
wait = wait.where(wait < end)
ever = wait.notna()
before = pd.DataFrame(
    {
        "id": free.index,
        "start": 0.0,
        "stop": wait.fillna(end),
        "event": free["rfs_event"].where(~ever, 0),
        "transplanted": 0,
    }
)
after = pd.DataFrame(
    {
        "id": free.index[ever],
        "start": wait[ever],
        "stop": end[ever],
        "event": free["rfs_event"][ever],
        "transplanted": 1,
    }
)
rows = pd.concat([before, after]).query("stop > start")
print(f"{ever.sum()} transplanted; {len(rows)} rows for {len(free)}")
assert ever.sum() == transplant.transplanted.count

# %% [markdown]
# Now go through the days with a relapse or death. If a transplant made no difference, each patient at
# risk would be as likely as any other to have the event: what is *expected* of the transplanted is their
# share of those at risk {cite:p}`Mantel1974`. The question is only who counts as transplanted on that
# day: whoever will ever be, or whoever has been by then.

# %%
# by hand: os_days, rfs_days, rfs_event, rfs_cause, hsct_day
import numpy as np


def observed_and_expected(stay, happened, had, day=None):
    """Events of the transplanted; with their days, from these on."""
    found = np.zeros(2)
    for place in np.flatnonzero(happened == 1):
        now = stay[place]
        counts = had if day is None else had & (day < now)
        found += counts[place], counts[stay >= now].mean()
    return found


stay, happened = end.to_numpy(), free["rfs_event"].to_numpy()
had, day = ever.to_numpy(), wait.fillna(np.inf).to_numpy()
seen, wrong = observed_and_expected(stay, happened, had)
_, right = observed_and_expected(stay, happened, had, day)
print(f"{wait.sum():g} days of waiting, by definition without an event")
print(f"events of the transplanted: {seen:g}")
print(f"expected, ever against never: {wrong:.1f}")
print(f"expected, from the transplant on: {right:.1f}")
assert right <= wrong

# %% [markdown]
# Counted as ever against never, too many events are expected of the transplanted: on the days on which
# they waited they could not have had one. Fewer than expected looks like a benefit.
#
# `CoxTimeVaryingFitter` of lifelines takes the rows as they are: in each, the patient is transplanted
# or not.

# %%
# by hand: os_days, rfs_days, rfs_event, rfs_cause, hsct_day
from lifelines import CoxTimeVaryingFitter

fit = CoxTimeVaryingFitter(alpha=1 - confidence)
fit.fit(rows, id_col="id", event_col="event")
ratio = fit.hazard_ratios_["transplanted"]
print(f"hazard ratio from the transplant on: {ratio:.3f}")
print(f"the book's: {transplant.from_its_day_on.number:.3f}")
assert abs(ratio / transplant.from_its_day_on.number - 1) < 1e-3

# %% [markdown]
# ### How much does a transplant without effect seem to help?
#
# Give transplants to these patients by lot: to each a day at random, and the transplant takes place
# if the patient is still in remission then. It changes nothing. Repeat it many times.

# %%
# by hand: rfs_days, rfs_event
rng = np.random.default_rng(7)
known = patients.dropna(subset=["rfs_days", "rfs_event"])
stay = known["rfs_days"].to_numpy()
happened = known["rfs_event"].to_numpy()
naive, honest = np.zeros(2), np.zeros(2)
for _ in range(400):
    day = rng.uniform(15, 85, len(stay))
    had = (day < stay) & (rng.random(len(stay)) < 0.5)
    naive += observed_and_expected(stay, happened, had)
    honest += observed_and_expected(stay, happened, had, day)
print("events of the transplanted, for 100 that are expected")
print(f"ever against never: {100 * naive[0] / naive[1]:.0f}")
print(f"from the transplant on: {100 * honest[0] / honest[1]:.0f}")
assert naive[0] / naive[1] <= honest[0] / honest[1]

# %% [markdown]
# The first would be printed as a benefit, and there is none. The second is about 100, as it should be:
# patients are compared with others who are in remission on the same day.
#
# ### A famous case: the first heart transplants
#
# Between admission to the Stanford programme and the arrival of a heart patients waited, and many died.
# The data come with lifelines. In the picture each line is a patient who was transplanted; the part in
# orange was lived before.

# %%
# by hand
# figure: A line for each patient: waiting, then with the new heart.
import matplotlib.pyplot as plt
from lifelines.datasets import load_stanford_heart_transplants

heart = load_stanford_heart_transplants()
last = heart.groupby("id").agg(
    end=("stop", "max"), died=("event", "max"), had=("transplant", "max")
)
got = heart[heart["transplant"] == 1].set_index("id")
got = got.sort_values("stop", ascending=False)
place = range(len(got))
plt.figure(figsize=(6, 4))
plt.hlines(place, got["start"], got["stop"], color="steelblue")
plt.hlines(place, 0, got["start"], color="darkorange", lw=2)
plt.yticks([])
plt.ylabel(f"{len(got)} patients with a transplant")
plt.xlabel("days since acceptance; orange: waiting, immortal")
plt.xlim(0, 800)
plt.show()

# %% [markdown]
# Three analyses of the same patients: ever against never, from a landmark two months after acceptance,
# and from the transplant on.

# %%
# by hand
from lifelines import CoxPHFitter

naive = CoxPHFitter().fit(last, "end", "died")
start = got["start"].reindex(last.index)
two = last.assign(had=(start <= 60).astype(int), end=last["end"] - 60)
two = CoxPHFitter().fit(two[two["end"] > 0], "end", "died")
columns = ["id", "start", "stop", "event", "transplant"]
timed = CoxTimeVaryingFitter().fit(
    heart[columns], id_col="id", event_col="event"
)
print(f"ever against never: {naive.hazard_ratios_['had']:.2f}")
print(f"landmark, day 60: {two.hazard_ratios_['had']:.2f}")
print(f"from its day on: {timed.hazard_ratios_['transplant']:.2f}")
assert naive.hazard_ratios_["had"] < timed.hazard_ratios_["transplant"]

# %% [markdown]
# The first says that a transplant saved most lives; the others say that these data show no benefit at
# all. (Hearts do better now.)
#
# ## The book’s result
#
# ### Transplanted against not

# %%
study.show(
    transplant.figure(
        "transplant-ratios",
        "Relapse or death in remission, transplanted against not: hazard ratios by three ways of "
        "counting.",
    )
)
study.say(
    f"At the landmark, day {landmark_day:g} of remission: hazard ratio "
    "**{transplant_landmark_hr}** ({transplant_landmark_hr.ci}), in those still in remission then. "
    "From the transplant on: **{transplant_hr}** ({transplant_hr.ci}; {transplant_hr_p})."
)
study.say("Day of remission, on which these clocks start: {remission_day}.")

# %% [markdown]
# All three comparisons count from remission, in patients in remission, and end at relapse or death.
#
# A *landmark* {cite:p}`Anderson1983` compares, from one day on, those who have been transplanted by
# then with those who have not. It is easy to explain; it loses whoever relapsed before, and files later
# transplants on the wrong side. The model in which the transplant *changes with time* (Cox regression
# on intervals, Efron's ties, Wald's interval) uses everybody. It equals R's `coxph` with a start and
# a stop.
#
# The endpoint matters. For *overall survival* even this model would flatter: a patient who has relapsed
# is rarely transplanted in remission any more, stays on the side without, and is likely to die. Among
# patients still in remission the comparison is fair as to time.
#
# ### Where patients are
#
# Two curves cannot show a patient's way through several states. The probabilities of all states can:
# stacked, they fill the height on every day. They are Aalen and Johansen's estimates, as R's `survfit`
# gives them for several states.

# %%
study.show(
    occupancy.figure(
        "occupancy",
        "Where patients are: probability of each state since infusion, stacked.",
    ),
    occupancy.one_year.as_table(
        {"group": "State", "estimate": "Probability (interval)"},
        "Probability of each state, 1 year after infusion",
    ),
)

# %% [markdown]
# “Transplanted in remission” holds patients until relapse, death or the end of observation. Who is
# transplanted after a relapse stays in “after relapse”. The share of the dead may differ a little from
# the Kaplan–Meier curve of overall survival, which does not know in which state a patient was last
# seen.
#
# ## What it means for a patient
#
# None of this tells a patient in remission whether to have a transplant. It tells which published
# numbers to distrust: any comparison in which patients are sorted by what happened to them later. Ask
# two questions of such a paper: from which day were both groups counted, and how were patients chosen?
#
# ## How sure can we be?
#
# *Few transplants.* Where a handful of patients decides these ratios, chance alone can move them far from
# the truth, whatever the method; the intervals show it. One that holds one may hold great benefit and
# great harm as well.
#
# *Choice remains.* Even the last ratio compares patients who were chosen with patients who were not.
# Age, residual disease, an earlier transplant and the state of health decide who is offered one.
#
# *Constant effect.* A transplant is dangerous first and protective later. One hazard ratio for all days
# averages over both.
#
# *The day of remission* is worked out from the two clocks, and is one number for all patients who
# relapsed. An error of some days hardly moves the result.
#
# ## Exercises
#
# ### Exercise 1: read the figure
#
# Which of the three intervals hold one? Which of the three estimates may be told to a patient as an
# effect of the transplant?
#
# ```{dropdown} Hint
# Look where the vertical line is. Then think of the two faults.
# ```

# %% tags=["solution"]
# by hand: os_days, rfs_days, rfs_event, rfs_cause, hsct_day
table = transplant.table
holds_one = (table["lower"] < 1) & (table["upper"] > 1)
print(table.assign(holds_one=holds_one)[["group", "holds_one"]])

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# None of them may. The first is wrong in its time; the other two are right in their time, but compare
# patients who were chosen for a transplant with patients who were not.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Move the landmark to day 61 and to day 182. How do the numbers of patients and of transplants in the
# comparison change?
#
# ```{dropdown} Hint
# `study.transplant(61).landmark` gives the hazard ratio; its table has a column `transplanted`.
# ```

# %% tags=["solution"]
# by hand: os_days, rfs_days, rfs_event, rfs_cause, hsct_day
for day in (61, 91, 182):
    found = study.transplant(day).table
    row = found[found["group"] == "landmark"].iloc[0]
    print(f"day {day}: n {row['n']}, transplanted {row['transplanted']}")
    print(f"  hazard ratio {row['estimate']:.2f} {row['why']}")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# A late landmark has more transplants behind it and fewer patients left to compare; those who relapsed
# early are gone. An early one keeps the patients and misses the transplants. Choose the day before you
# look, by when transplants are usually done.
# ```

# %% [markdown]
# ### Exercise 3: adjust the heart transplants
#
# Put age, year of acceptance and earlier surgery into the model for the Stanford patients. What becomes
# of the hazard ratio of the transplant?
#
# ```{dropdown} Hint
# `CoxTimeVaryingFitter` uses every column but those named; `heart` holds all of them.
# ```

# %% tags=["solution"]
# by hand
adjusted = CoxTimeVaryingFitter().fit(heart, id_col="id", event_col="event")
print(adjusted.summary[["exp(coef)", "p"]].round(3))

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# It stays near one. Those accepted later did better, whether they were transplanted or not; adjustment
# takes care of what was measured, not of how patients were chosen for a heart.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"Patients who received at least 12 months of maintenance lived longer than those who received less."*
# Where is the immortal time, and what would you do?
#
# ```{dropdown} Hint
# How long must a patient live to be in the first group?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# A patient of the first group has lived 12 months by definition; whoever dies earlier is in the second.
# Start the clock at 12 months, in those alive then, or let the maintenance count from day to day.
# Better still, say in advance which two policies are compared, and from which day.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# What is immortal time?
# - [ ] The time after the last death. :: That is the end of follow-up.
# - [x] Time in which, by the definition of a group, the event cannot have happened. :: Yes, such as
#   the wait for a transplant.
# - [ ] Time in which patients are censored. :: Censored patients are not observed any more.
# ```
#
# ```{quiz}
# A transplant without any effect is compared, ever against never. What is to be expected?
# - [x] It seems to help. :: Yes: who relapses early is never transplanted.
# - [ ] It seems to do harm. :: The waiting time is free of events, so the other way round.
# - [ ] A hazard ratio of one. :: Only if the waiting time is counted where it belongs.
# ```
#
# ```{quiz}
# The transplant counts from its day on. Which fault remains?
# - [ ] Immortal time. :: That is repaired.
# - [x] Patients were chosen for the transplant. :: Yes: only a randomised trial, or knowing the
#   reasons, helps.
# - [ ] Ties. :: They are handled by Efron's method.
# ```

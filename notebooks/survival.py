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
# # How long do patients live, and how long without relapse?
#
# Two clocks run: that of *overall survival* (OS) starts at infusion, that of *relapse-free
# survival* (RFS) at remission. The first stops at death and runs in all patients; the second stops
# at relapse or death and runs in those who reached remission.
#
# **You will learn**
#
# - to estimate a Kaplan–Meier curve with lifelines, and to read it with its numbers at risk;
# - to tell a median from survival at 1 year;
# - to ask how long patients were followed.

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
time_unit: str = "days"  # days, months or years

# %%
study = Study(
    "survival",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    time_unit=time_unit,
)
os, rfs = study.survival("os"), study.survival("rfs")
study.hand_over(
    os_1y=os.one_year, os_median=os.median, os_follow_up=os.follow_up
)
study.hand_over(
    rfs_1y=rfs.one_year, rfs_median=rfs.median, rfs_follow_up=rfs.follow_up
)

# %%
study.say(
    "**In short.** At 1 year **{os_1y}** of all patients were alive ({os_1y.ci}); in the study, "
    "{paper.os_1y}."
)
study.say(
    "Of those in remission **{rfs_1y}** were alive without relapse 1 year after remission "
    "({rfs_1y.ci}); the study reported relapse-free survival of {paper.rfs_1y} at 1 year."
)

# %% [markdown]
# ## Background
#
# A trial ends before all of its patients have died. On the day of analysis some are alive, and all
# that is known of them is that they lived *at least* so long: their time is *censored*. To leave
# them out would waste what is known and make survival look worse; to count them as survivors for
# good would make it look better. Kaplan and Meier {cite:p}`Kaplan1958` use each patient for as
# long as he or she was observed. The curve starts at one, and on every day with a death its height
# is multiplied by the share of those still *at risk* who survive that day.
#
# Relapse is common after CD19 CAR T cells: the infused cells vanish, or leukaemia cells lose CD19.
# This is why remission alone does not tell how a treatment works out, and why trials report OS and
# RFS beside it.
#
# ## What the authors did and reported
#
# The paper gives survival at 1 year in its abstract and both medians at the opening of its results
# {cite:p}`An2020`. How the authors defined the start of RFS is not known to us; this book counts
# from remission, in responders only, as is usual in the field.

# %%
study.say(
    "Overall survival: {paper.os_1y} at 1 year, median {paper.os_median}."
)
study.say(
    "Relapse-free survival: {paper.rfs_1y} at 1 year, median {paper.rfs_median}."
)

# %% [markdown]
# At one decimal neither percentage is a whole number of patients, so some patients were probably
# censored before 1 year had passed. (Whole percentages could be printed for whole patients: if the
# paper rounded so, nothing follows.) Here is [the arithmetic](percentages-to-patients.ipynb).
#
# ## A look at the data
#
# Each clock has two columns: a time in days, and an *event* that is 1 if the time ended with what
# is counted and 0 if the patient was censored.

# %%
# by hand, with rows: os_days, os_event
patients = study.patients
patients[
    ["patient_id", "os_days", "os_event", "rfs_days", "rfs_event"]
].sort_values("os_days").head()

# %% [markdown]
# A *swimmer plot* shows every patient as a bar: how long in which state, and what ended it. Where there
# are more than 150, patients who took the same way share a bar of median stays.

# %%
study.show(
    study.swimmer().figure(
        "swimmer", "The course of every patient since infusion."
    )
)

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "The bars agree with the printed curves and medians; which patient relapsed, was transplanted "
    "or died when is assumed."
)

# %% [markdown]
# ## By hand
#
# The method needs no software. Sort the times; on each day with a death multiply by the share of
# those at risk who survive it.

# %%
# by hand: os_days, os_event
patients = study.patients
times = patients[["os_days", "os_event"]].dropna()
survival = 1.0
for day in sorted(times.loc[times["os_event"] == 1, "os_days"].unique()):
    if day > 365:
        break
    at_risk = (times["os_days"] >= day).sum()
    deaths = ((times["os_days"] == day) & (times["os_event"] == 1)).sum()
    survival *= 1 - deaths / at_risk
too_short = times["os_days"].max() < 365
if too_short:
    print("Nobody was followed for a year: there is no estimate.")
else:
    print(f"Overall survival at 1 year, by multiplication: {survival:.1%}")
assert too_short or abs(survival - os.one_year.number) < 1e-9

# %% [markdown]
# lifelines does the same, and draws the curve with its interval and with the numbers at risk below
# it. The interval is computed on the log-log scale, so that it never leaves 0 to 100 per cent. The
# counts are asked for at the *start* of each interval, as R's `survfit` gives them; the default of
# lifelines is its end.

# %%
# by hand: os_days, os_event
# figure: Kaplan–Meier curve of overall survival with numbers at risk.
import matplotlib.pyplot as plt
from lifelines import KaplanMeierFitter
from lifelines.plotting import add_at_risk_counts

kmf = KaplanMeierFitter(alpha=1 - confidence)
kmf.fit(times["os_days"], times["os_event"], label="overall survival")
ax = kmf.plot_survival_function(show_censors=True)
ax.set(xlabel="days since infusion", ylabel="alive", ylim=(0, 1))
add_at_risk_counts(kmf, ax=ax, at_risk_count_from_start_of_period=True)
plt.show()

# %%
# by hand: os_days, os_event
if not too_short:
    print(f"At 1 year {kmf.predict(365):.1%}")
print(f"median {kmf.median_survival_time_:g} days (inf: not reached)")
assert too_short or abs(kmf.predict(365) - os.one_year.number) < 1e-9

# %% [markdown]
# ```{play} censored
# On the website, one censored patient can be moved here, and the curve moves along.
# ```
#
# **Where lifelines and R differ.** Beyond the last observation lifelines carries the curve on,
# while R and the book give no estimate. And if the curve is level at exactly one half, lifelines
# gives the first day of that stretch as the median and R's `survfit` its middle. The book follows
# R. Four patients show it:

# %%
# by hand
import pandas as pd

four = pd.DataFrame({"days": [100, 200, 300, 400], "died": [1, 1, 1, 1]})
print(
    KaplanMeierFitter()
    .fit(four["days"], four["died"])
    .median_survival_time_,
    "days by lifelines",
)
print(f"{(200 + 300) / 2:g} days is the middle of the level stretch,")
print("as R's survfit prints")

# %% [markdown]
# ## The book’s result
#
# The curve steps down on each day with deaths; a small vertical mark is a patient last seen alive
# (*censored*; left out where there are too many to tell apart). The shaded band is *pointwise*: it
# holds an interval for each single day. Diamonds, where shown, are the values printed in the paper.

# %%
study.show(
    os.with_published().figure("os", "Overall survival since infusion."),
    rfs.with_published().figure(
        "rfs", "Relapse-free survival since remission, in responders."
    ),
)

# %%
study.say(
    "The median overall survival was **{os_median}** ({os_median.ci})."
)
study.say(
    "The median relapse-free survival was **{rfs_median}** ({rfs_median.ci})."
)

# %% [markdown]
# The interval of a median runs from where the lower edge of the log-log band crosses one half to
# where the upper edge does, as in R's `survfit`.
#
# A cohort with a column `arm` (treatment or product) is compared by it. The study had a single
# arm.

# %%
study.arms("rfs")
study.arms("os")

# %% [markdown]
# ## What it means for a patient

# %%
study.say(
    "Of patients like these, about **{os_1y.of_100}** would be alive 12 months after the "
    "infusion ({os_1y.ci})."
)
study.show(
    os.one_year.icons(
        "os-icons", "Out of 100 patients: alive at 12 months.", "alive"
    )
)
study.say(
    "Of those in remission, about **{rfs_1y.of_100}** would be alive without relapse 12 months "
    "later ({rfs_1y.ci})."
)

# %% [markdown]
# A median is no forecast either: half of the patients live longer, some of them for years.
#
# ## How sure can we be?
#
# A curve is only as long as the follow-up, and its right end rests on few patients: look at the
# numbers at risk before you read it. The median follow-up is the reverse Kaplan–Meier estimate
# {cite:p}`Schemper1996`, in which being censored is the event.

# %%
study.say("Median follow-up: {os_follow_up} for overall survival.")
study.say("Median follow-up: {rfs_follow_up} for relapse-free survival.")

# %% [markdown]
# Where a curve stays above one half, the median is *not reached*: that is a result, not a gap.
# To compare overall with relapse-free survival would be wrong, as they start on different days and
# hold different patients. The method also takes it for granted that censoring has nothing to do
# with the outlook: patients who are lost because they feel ill would break it.
#
# A patient who is transplanted in remission is not censored on that day; a later relapse or death
# counts. Transplant can change both, so the curves describe CAR T cells with whatever followed.

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "The curves meet the four printed values exactly. Between and beyond these points their "
    "shape is assumed, and so is the length of follow-up."
)

# %% [markdown]
# ## Published beside computed

# %%
study.paper("os_1y", "os_median", "rfs_1y", "rfs_median")

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read a curve
#
# Read overall survival at half a year off the curve. Then ask lifelines for it, and count the
# patients at risk on that day with pandas.
#
# ```{dropdown} Hint
# Go up from that day to the line; on a step, the lower value counts from that day on. At risk are
# those whose time is not shorter.
# ```

# %% tags=["solution"]
# by hand: os_days, os_event
print(
    f"day 183: {kmf.predict(183):.1%}, "
    f"at risk {(times['os_days'] >= 183).sum()}"
)
if times["os_days"].max() >= 183:
    assert abs(kmf.predict(183) - os.at(183).number) < 1e-9

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Fit the curve again with an interval that covers 80 %. Which of the numbers on this page change,
# and which do not?
#
# ```{dropdown} Hint
# Sort them into estimates and intervals. `KaplanMeierFitter` takes `alpha`, one less the coverage.
# ```

# %% tags=["solution"]
# by hand: os_days, os_event
narrow = KaplanMeierFitter(alpha=0.2).fit(
    times["os_days"], times["os_event"]
)
low, high = narrow.confidence_interval_survival_function_.loc[:365].iloc[-1]
alive = narrow.predict(365)
book = study.survival("os", confidence=0.8).one_year
if too_short:
    print("Nobody was followed for a year: there is no estimate.")
elif 0 < alive < 1:
    print(f"At 1 year {alive:.1%}, 80 % interval {low:.1%} to {high:.1%}")
    assert abs(low - book.read("lower", "fraction").number) < 1e-9
else:
    print(f"At 1 year {alive:.1%}, no interval")

# %% [markdown]
# ### Exercise 3: change one patient
#
# Suppose the patient who was censored last had died on that very day. What becomes of survival at
# 1 year, of the median, and of the end of the curve? Change the table and fit again.
#
# ```{dropdown} Hint
# A Kaplan–Meier curve on a given day knows nothing of what happens later.
# ```

# %% tags=["solution"]
# by hand: os_days, os_event
changed = times.copy()
censored = changed.loc[changed["os_event"] == 0, "os_days"]
if len(censored):
    changed.loc[censored.idxmax(), "os_event"] = 1
after = KaplanMeierFitter().fit(changed["os_days"], changed["os_event"])
print(
    f"At 1 year {after.predict(365):.1%}, "
    f"median {after.median_survival_time_:g} days"
)
print(
    f"End of the curve: {kmf.survival_function_.iloc[-1, 0]:.1%} before, "
    f"{after.survival_function_.iloc[-1, 0]:.1%} after"
)

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# A death at the end of follow-up changes the curve from that day on, and if nobody else is at risk
# the curve falls to zero. Survival at 1 year and the median stay as long as that day lies after
# them. A death on an earlier day would move everything after it: the *order* of deaths and
# censorings is what the curve is made of.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"After the last step the curve is flat: who lives that long is cured."* What do you look at
# before you believe it?
#
# ```{dropdown} Hint
# How many patients carry the flat part, and for how long were they followed?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Look at the numbers at risk under the flat part and at the width of its interval: a plateau
# carried by a handful of patients is a lack of data, not a lack of deaths. Then compare the length
# of the plateau with the median follow-up above. A claim of cure needs many patients at risk, far
# beyond the time at which relapses occur.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# What does a small vertical mark on the curve mean?
# - [ ] A death. :: Deaths are the steps down.
# - [x] A patient last seen alive on that day. :: Yes, censored: the patient counts as at risk
#   until then.
# - [ ] A patient taken out of the analysis. :: No: the time until that day counts in full.
# ```
#
# ```{quiz}
# The median survival is "not reached". What follows?
# - [ ] The data are incomplete; the median should be left out. :: It is a result: the curve stays
#   above one half.
# - [ ] All patients are alive. :: Nearly half of them may have died.
# - [x] The curve has not fallen to one half within the follow-up. :: Yes, so give a survival at a
#   fixed time instead, with its interval.
# ```
#
# ```{quiz}
# Why may the overall survival and the relapse-free survival of this chapter not be compared with
# each other?
# - [x] They start on different days and hold different patients. :: Yes: from infusion in all,
#   from remission in responders.
# - [ ] They have different numbers of events. :: That alone would not forbid it.
# - [ ] Kaplan–Meier curves can never be compared. :: They can, between groups that share a
#   starting point.
# ```
#
# ```{quiz}
# A pointwise 95 % band is drawn around a curve. What may you read off it?
# - [ ] Where the whole true curve lies, with 95 % confidence. :: That needs a simultaneous band,
#   which is wider.
# - [x] At one chosen time, a 95 % interval of the survival. :: Yes, one time, chosen beforehand.
# - [ ] Where the next patient will die. :: An interval of an estimate says nothing about a single
#   patient.
# ```

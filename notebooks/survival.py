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
# Two clocks: *overall survival* runs from infusion to death; *relapse-free survival* runs from
# remission, in responders only, to relapse or death.
#
# **You will learn**
#
# - to read a Kaplan–Meier curve with its interval and its numbers at risk;
# - to tell a median from a 1-year survival;
# - to ask how long patients were followed.

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
time_unit: str = "days"  # days, months or years

# %%
study = Study("survival", cohort, min_cell=min_cell, confidence=confidence, time_unit=time_unit)

# %% [markdown]
# ## Overall survival
#
# The curve steps down on each day with deaths; a small vertical mark is a patient last seen alive
# (*censored*; left out where there are too many to tell apart). The shaded band is the pointwise
# interval, computed on the log-log scale. Where small counts of patients are hidden, there are
# points at the ends of some months instead, as the caption says: the same estimate, with its
# interval, on these days only. Diamonds, where shown, are the values printed in the paper.

# %%
os, rfs = study.survival("os"), study.survival("rfs")
study.hand_over(os_1y=os.one_year, os_median=os.median, os_follow_up=os.follow_up)
study.hand_over(rfs_1y=rfs.one_year, rfs_median=rfs.median, rfs_follow_up=rfs.follow_up)

# %%
study.show(os.with_published().figure("os", "Overall survival since infusion."))
study.say("At 1 year **{os_1y}** of the patients were alive ({os_1y.ci}).")
study.say("The median overall survival was **{os_median}** ({os_median.ci}).")

# %% [markdown]
# ## Relapse-free survival

# %%
study.show(rfs.with_published().figure("rfs", "Relapse-free survival since remission."))
study.say("At 1 year **{rfs_1y}** of the responders were alive without relapse ({rfs_1y.ci}).")
study.say("The median relapse-free survival was **{rfs_median}** ({rfs_median.ci}).")

# %% [markdown]
# ## By treatment
#
# A cohort with a column `arm` (treatment or product) is compared by it. The study had a single arm.

# %%
study.arms("rfs")
study.arms("os")

# %% [markdown]
# ## In the paper

# %%
study.paper("os_1y", "os_median", "rfs_1y", "rfs_median")

# %% [markdown]
# ## How sure can we be?
#
# A curve is only as long as the follow-up. Its right end rests on few patients: look at the numbers
# at risk before you read it. The median follow-up below is the reverse Kaplan–Meier estimate
# {cite:p}`Schemper1996`, in which being censored is the event.

# %%
study.say("Median follow-up: {os_follow_up} for overall survival.")
study.say("Median follow-up: {rfs_follow_up} for relapse-free survival.")

# %% [markdown]
# Where a curve stays above one half, the median is *not reached*: that is a result, not a gap.
# Comparing the two curves with each other would be wrong: they start at different times and hold
# different patients.
#
# A patient who is transplanted in remission is not censored on that day: a later relapse or death
# counts. Transplant can change both, so the curves describe CAR T cells with whatever followed. To
# compare patients with and without transplant needs a time-dependent analysis, as only those who
# stay in remission long enough can be transplanted.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read a curve
#
# The table below the first curve counts the patients at risk at several times, from 0 on. Take the
# second of them: read the overall survival at that time off the curve, and the number at risk off
# the table. Then compute `os.at(day)`, with the time in days.
#
# ```{dropdown} Hint
# Go up from that time to the line; on a step, the lower value counts from that day on.
# ```

# %% tags=["solution"]
second = os.at_risk.row(1)  # counted from 0
study.hand_over(
    os_second_time=second.read("time", "days"),
    os_at_second_time=os.at(second),
    os_at_risk_at_second_time=second,
)
study.say(
    "At {os_second_time} **{os_at_second_time}** were alive ({os_at_second_time.ci}); at risk just "
    "before: **{os_at_risk_at_second_time}** patients."
)

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Set `confidence` to 0.8. Which of the numbers on this page change, and which do not?
#
# ```{dropdown} Hint
# Sort them into estimates and intervals.
# ```

# %% tags=["solution"]
narrow = study.survival("os", confidence=0.8).one_year
columns = {"n": "Patients", "events": "Deaths", "estimate": "At 1 year (interval)"}
caption = "Overall survival at 1 year with an interval that covers 80 %: the estimate stays"
study.show(narrow.as_table(columns, caption))

# %% [markdown]
# ### Exercise 3: change one patient
#
# Suppose the patient censored last in the first curve had died on that very day. Which of the four
# estimates (1-year survival and median, overall and relapse-free) would move?
#
# ```{dropdown} Hint
# A Kaplan–Meier curve at a given day knows nothing of what happens later.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# A death at the end of follow-up changes the curve from that day on, and with nobody else at risk
# the curve falls to zero. The 1-year survival and the median stay as long as that day lies after
# them; a median that was not reached may then be. The same holds for relapse-free survival if the
# patient was in remission. A death on an earlier day would move everything after it: the *order*
# of deaths and censorings is what the curve is made of.
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

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
# # How many patients reach remission?
#
# Remission, complete with or without recovery of blood counts (CR or CRi), was the primary outcome.
#
# **You will learn**
#
# - to read a proportion with its exact interval;
# - to say what a single-arm rate can and cannot show;
# - to explain why responders may only be compared with others from a landmark.

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
landmark_day: int = 28
time_unit: str = "days"  # days, months or years

# %%
study = Study("remission", cohort, min_cell=min_cell, confidence=confidence, time_unit=time_unit)
landmark_day = study.day(landmark_day)

# %% [markdown]
# ## The remission rate

# %%
remission = study.remission()
study.hand_over(orr=remission.rate)
study.say("**{orr}** of the patients reached remission ({orr.of}; {orr.ci}).")

# %% [markdown]
# The interval is the exact one of Clopper and Pearson {cite:p}`Clopper1934`: it never covers less
# than it says, which matters when the groups are small. Does the rate differ between men and women,
# or after an earlier transplant? Whether such subgroups were planned is not known to us; look at
# the width of the lines before the length of the bars.

# %%
by_sex = study.remission(by="sex")
study.show(by_sex.figure("remission-by-sex", "Remission by sex, with exact intervals."))
by_transplant = study.remission(by="prior_hsct").rate
columns = {
    "group": "Earlier transplant",
    "n": "Patients",
    "events": "In remission",
    "estimate": "Rate (interval)",
}
study.show(by_transplant.as_table(columns, "Remission by earlier stem-cell transplant"))

# %% [markdown]
# ## Do responders live longer?
#
# Counted from infusion the question is unfair: to be called a responder, a patient must live until
# the response is assessed, and that waiting time would count in favour of the responders
# (*immortal-time bias*). The comparison starts at a landmark, the day given by the parameter
# `landmark_day`, with everybody still under observation then {cite:p}`Anderson1983`.

# %%
by_response = study.survival("os", by="responder", after=landmark_day)
study.hand_over(landmark_p=by_response.test)
labels = {"no": "no remission", "yes": "remission"}
caption = "Overall survival from the landmark, by response."
study.show(by_response.figure("landmark", caption, labels))
study.say(f"From the landmark, day {landmark_day}: {by_response.test_name}, " + "{landmark_p}.")

# %% [markdown]
# ## In the paper

# %%
study.paper("orr")

# %% [markdown]
# ## How sure can we be?
#
# The interval covers chance error only: not who was selected for infusion, nor a response judged
# wrongly. The rate is *not* a comparison: the CAR T trial had no control group, its pre-specified
# threshold is not available to us, and patients who were enrolled but not infused are not in the
# denominator. The landmark comparison takes the *best* response, whenever it came; a response after
# the landmark would bring some immortal time back.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read a bar
#
# Look at remission by sex. In which group is the interval wider, and why? Do the intervals tell
# you whether the groups differ?
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
    "Size and rate both count: an interval is wide if the group is small, and if its rate is close "
    "to one half. So the larger group may have the wider interval, as it has on the default cohort."
)
study.say(
    "Two intervals that do not overlap suggest a difference; two that overlap do **not** show that "
    "there is none. Use a test, or the interval of the difference."
)

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Will an interval with a coverage of 0.8 be wider or narrower than the one above, and will the
# rate move? Predict, then compute `study.remission(confidence=0.8)`.
#
# ```{dropdown} Hint
# A promise that may be broken more often costs less.
# ```

# %% tags=["solution"]
loose = study.remission(confidence=0.8).rate
columns = {"n": "Patients", "events": "In remission", "estimate": "Rate (interval)"}
caption = "Remission with an interval that covers 80 %: narrower, around the same rate"
study.show(loose.as_table(columns, caption))

# %% [markdown]
# ### Exercise 3: change a parameter
#
# Set `landmark_day` to 0 and to 90. How do the hazard ratio and the p-value change, and which
# patients drop out?
#
# ```{dropdown} Hint
# At day 0 everybody is in, also those who died before a response could be assessed. Into which
# group do they fall?
# ```

# %% tags=["solution"]
columns = {"group": "Remission", "n": "Patients", "events": "Deaths"}
for day in sorted({0, landmark_day, study.day(90)}):
    late = study.survival("os", by="responder", after=day)
    if study.min_cell == 1:  # else counts at neighbouring days would tell of few patients
        study.show(late.median.as_table(columns, f"Still under observation at day {day}"))
    study.compare(f"landmark_{day}", late, f"From day {day}, remission against none")
study.say(
    "From day 0 early deaths count against the patients without remission, who had no time to "
    "respond, so the hazard ratio tends to look best. A late landmark leaves patients out, and "
    "with them power."
)

# %% [markdown]
# ### Exercise 4: criticise a claim
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

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
# # Relapse or death first?
#
# Relapse-free survival counts two events as one: the leukaemia comes back, or the patient dies in
# remission. They have different causes and ask for different remedies. Whichever comes first keeps
# the other from being seen: they are *competing risks*.
#
# **You will learn**
#
# - to estimate how many relapse, and how many die in remission, with a few lines of pandas;
# - to see why one minus a Kaplan–Meier curve gives too much;
# - to choose between a cause-specific hazard ratio and that of Fine and Gray.

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
time_unit: str = "days"  # days, months or years

# %%
study = Study(
    "competing-risks",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    time_unit=time_unit,
)
first = study.cumulative_incidence()
relapse = first.one_year.where(cause="relapse")
death = first.one_year.where(cause="death in remission")
study.hand_over(relapse_1y=relapse, death_in_remission_1y=death)

# %%
study.say(
    "**In short.** Of those in remission, **{relapse_1y}** had relapsed 1 year later "
    "({relapse_1y.ci}), and **{death_in_remission_1y}** had died without a relapse."
)

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "How many events of the study were relapses and how many deaths is not known to us. The "
    "reconstruction assumes a share of deaths in remission of {paper.a_death_in_remission}. All "
    "numbers of this chapter rest on it: they show how the analysis is done, not what the study "
    "found."
)

# %% [markdown]
# ## Background
#
# After CAR T cells most patients who lose their remission do so by relapse. Some die in remission:
# of infection, of late effects of the treatment, or after a stem-cell transplant. A treatment that
# prevents relapse and one that prevents infection both improve relapse-free survival; only counts
# by cause tell them apart.
#
# The usual curve for one cause is tempting and wrong. Kaplan and Meier's method treats whoever has
# not had the event as if it could still come. To censor the dead in a curve of relapse is to
# suppose that they would have gone on to relapse like the living. One minus that curve is the share
# who would relapse if nobody could die; in a world where people die, it is too high.
#
# The *cumulative incidence* is the share who have relapsed by a given day while the other event can
# happen as well. The estimate of Aalen and Johansen {cite:p}`Aalen1978` adds up, day by day, the
# share still free of both events times the share of these who relapse on that day. The cumulative
# incidences of all causes and the share free of all of them add up to one.
#
# Groups can be compared in two ways, which answer two questions {cite:p}`Putter2007,Austin2016`.
#
# - The **cause-specific hazard** is the rate of relapse among those who are still free of both
#   events. It asks what *drives* relapse. A Cox model that censors the other event estimates its
#   ratio.
# - The **subdistribution hazard** of Fine and Gray {cite:p}`Fine1999` keeps those who have died
#   among those at risk. Its ratio follows the cumulative incidence up and down, and so asks how many
#   patients *will have relapsed*. It is no rate among living patients. Gray's test
#   {cite:p}`Gray1988` compares the curves themselves.
#
# To explain, use the first; to predict, use the second; to report, give both, for all causes
# {cite:p}`Latouche2013`.
#
# ## What the authors did and reported
#
# The abstract of An and colleagues {cite:p}`An2020` gives relapse-free survival only, as one event.

# %%
study.say(
    "Relapse-free survival at 1 year: {paper.rfs_1y}; the rest had relapsed or died."
)

# %% [markdown]
# ## A look at the data
#
# `rfs_event` says whether relapse or death ended the remission, and `rfs_cause` which of them. A
# patient who dies after a relapse counts as a relapse: it came first.

# %%
# by hand, with rows: rfs_days, rfs_event, rfs_cause
patients = study.patients
patients[["patient_id", "rfs_days", "rfs_event", "rfs_cause"]].dropna(
    subset=["rfs_days"]
).sort_values("rfs_days").head()

# %%
# by hand: rfs_days, rfs_event, rfs_cause
patients = study.patients
free = patients.dropna(subset=["rfs_days", "rfs_event"])
cause = free["rfs_cause"].astype(object).where(free["rfs_event"] == 1)
print(cause.fillna("still in remission").value_counts())

# %% [markdown]
# ## By hand
#
# On each day with an event, two numbers are needed: how many are still free of both events, and how
# many of them relapse or die. `surviving` is the Kaplan–Meier estimate of being free of both.

# %%
# by hand: rfs_days, rfs_event, rfs_cause

surviving = 1.0
incidence = {"relapse": 0.0, "death": 0.0}
for day in sorted(free.loc[free["rfs_event"] == 1, "rfs_days"].unique()):
    if day > 365:
        break
    at_risk = (free["rfs_days"] >= day).sum()
    today = cause[free["rfs_days"] == day]
    for event in incidence:
        incidence[event] += surviving * (today == event).sum() / at_risk
    surviving *= 1 - today.notna().sum() / at_risk
too_short = free["rfs_days"].max() < 365
for event, share in incidence.items():
    print(f"{event} by 1 year: {share:.1%}")
print(f"free of both: {surviving:.1%}")
assert too_short or abs(incidence["relapse"] - relapse.number) < 1e-9
assert too_short or abs(incidence["death"] - death.number) < 1e-9

# %% [markdown]
# Now the tempting way: one Kaplan–Meier curve for each cause, in which the other event is censored.
# At the end of follow-up, when both events have occurred, its two shares add up to more than there
# is to share out.

# %%
# by hand: rfs_days, rfs_event, rfs_cause
from lifelines import KaplanMeierFitter

last = free.loc[free["rfs_event"] == 1, "rfs_days"].max()
both = KaplanMeierFitter().fit(free["rfs_days"], free["rfs_event"])
total = 0.0
for event in ("relapse", "death"):
    fit = KaplanMeierFitter().fit(free["rfs_days"], cause == event)
    total += 1 - fit.predict(last)
    print(f"{event}, one minus Kaplan–Meier: {1 - fit.predict(last):.1%}")
print(f"together: {total:.1%}; any event: {1 - both.predict(last):.1%}")
assert total >= 1 - both.predict(last) - 1e-9

# %% [markdown]
# **Where lifelines and R differ.** lifelines has an `AalenJohansenFitter`. Where several events fall
# on the same day, it moves them apart at random before it estimates, so that its result changes a
# little from run to run. In a small cohort with tied days prefer the lines above, R's `cmprsk`, or
# the book's function, which equals `cmprsk`.
#
# ## The book’s result
#
# The two curves may be added: their sum is the share who have had either event. The interval is
# computed on the log-log scale from the variance that R's `cmprsk` gives.

# %%
study.show(
    first.figure(
        "competing",
        "Cumulative incidence of relapse and of death in remission, since remission.",
    ),
    first.one_year_table(
        "Relapse and death in remission, 1 year after remission"
    ),
)

# %% [markdown]
# ### Relapse and death by regulatory T cells

# %%
labels = {"low": "low Tregs", "high": "high Tregs"}
by_tregs = study.cumulative_incidence(by="treg_group")
study.show(
    by_tregs.figure(
        "competing-tregs",
        "Cumulative incidence of relapse and of death in remission, by regulatory T cells.",
        labels,
    ),
    by_tregs.tests_table(
        "Gray's test between low and high regulatory T cells"
    ),
)

# %% [markdown]
# The paper reports worse relapse-free survival with high regulatory T cells. Is it relapse, or death
# in remission?

# %%
ratios = by_tregs.hazards
study.hand_over(
    treg_relapse_cs=ratios.of("relapse", "cause-specific"),
    treg_relapse_fg=ratios.of("relapse", "subdistribution"),
)
study.show(
    ratios.figure(
        "competing-ratios",
        "Hazard ratios by cause: of the cause-specific hazard and of Fine and Gray.",
        {"treg_group": "high against low Tregs"},
    )
)
study.say(
    "Relapse, high against low regulatory T cells: cause-specific hazard ratio "
    "**{treg_relapse_cs}** ({treg_relapse_cs.ci}); Fine and Gray **{treg_relapse_fg}** "
    "({treg_relapse_fg.ci})."
)
for reason in ratios.without_estimate:
    study.withhold(f"the hazard ratio of {reason}")

# %% [markdown]
# The first ratio is that of Cox regression with Efron's ties and Wald's interval; the second comes
# with Breslow's ties and the robust interval of Fine and Gray, as R's `crr` has them. They part as far
# as patients are kept from relapse by dying: where one group dies more often, its patients cannot relapse
# any more. Where few are left at risk, one or two deaths are enough.
#
# ### Treatment arms
#
# A cohort with several arms is compared by arm as well.

# %%
by_arm = study.cumulative_incidence(by="arm")
if "arm" not in by_arm.lacks:
    study.show(
        by_arm.figure(
            "competing-arms",
            "Cumulative incidence of relapse and of death in remission, by arm.",
        ),
        by_arm.tests_table("Gray's test between arms"),
        by_arm.hazards.figure(
            "competing-arm-ratios", "Hazard ratios by arm.", {"arm": "arm"}
        ),
    )

# %% [markdown]
# ## What it means for a patient

# %%
study.say(
    "Of patients in remission like these, about **{relapse_1y.of_100}** would have relapsed 12 "
    "months later ({relapse_1y.ci}), and **{death_in_remission_1y.of_100}** would have died "
    "without a relapse."
)

# %% [markdown]
# Such shares can be told to a patient as they stand: they do not ask anybody to imagine a world in
# which the other event cannot happen.
#
# ## How sure can we be?
#
# *Few events of one kind.* A cumulative incidence by cause rests on the events of that cause. With a
# handful of deaths neither a test nor a hazard ratio says much, and a group without any has no hazard
# ratio at all. That no death was seen does not mean that none can come.
#
# *Which came first?* A death with leukaemia that nobody looked for is filed as a death in remission.
# Where the cause of an event is not on record, this book shows it as a cause of its own; to leave
# such patients out would make both incidences too small.
#
# *Not a cause.* Neither hazard ratio says why the groups differ. That of Fine and Gray mixes the
# rates of all events by design: it can be far from one although the rate of relapse is the same.
#
# *Two models, one truth.* Both ratios cannot be constant over time at once, other than by accident.
# Read each as an average over the follow-up.
#
# ## Exercises
#
# ### Exercise 1: read the curves
#
# Read both cumulative incidences at half a year off the figure. Which share is free of both events?
# Compare it with relapse-free survival on that day.
#
# ```{dropdown} Hint
# `first.at(183)` gives both; `study.survival("rfs").at(183)` gives relapse-free survival.
# ```

# %% tags=["solution"]
# by hand: rfs_days, rfs_event, rfs_cause
half_year = first.at(183).table
print(half_year[["cause", "estimate"]].round(3).to_string(index=False))
rest = 1 - half_year["estimate"].sum()
rfs = study.survival("rfs").at(183).number
print(f"free of both {rest:.1%}, relapse-free survival {rfs:.1%}")
assert half_year["estimate"].isna().any() or abs(rest - rfs) < 1e-9

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Turn every second relapse into a death in remission. What becomes of relapse-free survival, of the
# cumulative incidence of relapse, and of one minus the Kaplan–Meier curve of relapse?
#
# ```{dropdown} Hint
# Relapse-free survival does not look at the cause. Change a copy of `cause` and run the loop again.
# ```

# %% tags=["solution"]
# by hand: rfs_days, rfs_event, rfs_cause
changed = cause.copy()
changed.loc[changed[changed == "relapse"].index[::2]] = "death"
for name, which in (("before", cause), ("after", changed)):
    fit = KaplanMeierFitter().fit(free["rfs_days"], which == "relapse")
    left, relapsed = 1.0, 0.0
    for day in sorted(free.loc[which.notna(), "rfs_days"].unique()):
        at_risk = (free["rfs_days"] >= day).sum()
        today = which[free["rfs_days"] == day]
        relapsed += left * (today == "relapse").sum() / at_risk
        left *= 1 - today.notna().sum() / at_risk
    print(
        f"{name}: cumulative incidence {relapsed:.1%}, "
        f"one minus Kaplan–Meier {1 - fit.predict(last):.1%}"
    )

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Relapse-free survival stays as it is. Both other numbers fall, and they part: the more patients die
# first, the further the Kaplan–Meier way lies above the share who relapse.
# ```

# %% [markdown]
# ### Exercise 3: a poison that prevents relapse
#
# Make up two groups with the same rate of relapse. In the second many die early of the treatment.
# Which group has the lower cumulative incidence of relapse? What do the two hazard ratios say?
#
# ```{dropdown} Hint
# Draw a day of relapse and a day of death for each patient with `rng.exponential`; the earlier one
# happens. The rate of relapse is the number of relapses per day in remission.
# ```

# %% tags=["solution"]
# by hand
import numpy as np

rng = np.random.default_rng(1)
for group, days_to_death in (("mild", 5000), ("toxic", 200)):
    to_relapse = rng.exponential(400, 20_000)
    to_death = rng.exponential(days_to_death, 20_000)
    days = np.minimum(np.minimum(to_relapse, to_death), 730)
    relapsed = (to_relapse < to_death) & (to_relapse < 730)
    rate = 100 * relapsed.sum() / days.sum()
    print(
        f"{group}: relapsed within 2 years {relapsed.mean():.0%}, "
        f"relapses in 100 days of remission {rate:.2f}"
    )

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The toxic treatment has fewer relapses and the same rate of relapse: it kills patients before they
# can relapse. The cause-specific ratio is one; that of Fine and Gray is well below one, and would
# be read as protection by anybody who did not look at the curve of death beside it.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"We treated death in remission as censoring and found that 60 in 100 relapse within 2
# years."* What is
# wrong, and in which direction?
#
# ```{dropdown} Hint
# What does the Kaplan–Meier method suppose of a censored patient?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# It supposes that the dead would have relapsed at the rate of the living. The share is too high as
# a forecast for patients, who can die: the more, the more die. The rate that a Cox model estimates
# from the same data may still be right, as it speaks of those at risk only.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# In a curve of relapse, a patient who died in remission is treated as censored. What does this do?
# - [ ] Nothing: the patient did not relapse. :: A censored patient counts as one who may still
#   relapse.
# - [x] It makes relapse look more frequent than it is. :: Yes: the dead are supposed to relapse like
#   the living.
# - [ ] It makes relapse look less frequent. :: The other way round.
# ```
#
# ```{quiz}
# You want to know whether a marker goes with the biology of relapse. Which ratio do you look at
# first?
# - [x] The cause-specific hazard ratio. :: Yes: the rate among those who can still relapse.
# - [ ] The ratio of Fine and Gray. :: It mixes in how often patients die first.
# - [ ] The hazard ratio of relapse-free survival. :: It counts deaths as well.
# ```
#
# ```{quiz}
# The cumulative incidences of relapse and of death in remission are added up on one day. What is
# the sum?
# - [ ] One minus overall survival. :: Deaths after relapse are not in it.
# - [x] One minus relapse-free survival. :: Yes, exactly.
# - [ ] It has no meaning. :: With the right estimates it has; with two Kaplan–Meier curves it has
#   not.
# ```

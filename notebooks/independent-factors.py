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
# # Which factors matter once the others are known?
#
# Risk factors come together: a patient with extramedullary disease may also have high regulatory T
# cells. A multivariable model asks what each adds when the others are held fixed.
#
# **You will learn**
#
# - to fit a Cox model with several covariates in lifelines, and to read its forest plot;
# - to say what “independent risk factor” means, and what it does not;
# - to count events per coefficient, and to check that hazard ratios stay constant.

# %%
from typing import Optional

from cartanalysis import Study
from cartanalysis.study import consistent

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
treg_cutoff: Optional[float] = None
endpoint: str = "os"  # os or rfs

# %%
study = Study(
    "independent-factors",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    treg_cutoff=treg_cutoff,
)
factors = study.registry["emd_independent"].covariates
os, rfs = (
    study.hazard_ratios("os", factors),
    study.hazard_ratios("rfs", factors),
)
study.hand_over(
    emd_os_adjusted_hr=os.of("emd_any"),
    emd_os_adjusted_p=os.of("emd_any").p,
    treg_os_adjusted_hr=os.of("treg_group"),
    treg_os_adjusted_p=os.of("treg_group").p,
    genetic_os_adjusted_hr=os.of("genetic_risk"),
    genetic_os_adjusted_p=os.of("genetic_risk").p,
    emd_rfs_adjusted_hr=rfs.of("emd_any"),
    emd_rfs_adjusted_p=rfs.of("emd_any").p,
    treg_rfs_adjusted_hr=rfs.of("treg_group"),
    treg_rfs_adjusted_p=rfs.of("treg_group").p,
    genetic_rfs_adjusted_hr=rfs.of("genetic_risk"),
    genetic_rfs_adjusted_p=rfs.of("genetic_risk").p,
)

# %%
study.say(
    "**In short.** In this cohort the hazard ratio of death, patients with EMD against those "
    "without, is **{emd_os_adjusted_hr}** when Tregs and genetic risk are held fixed "
    "({emd_os_adjusted_hr.ci}). The study reported that {paper.emd_independent}."
)
study.say(
    "The hazard ratio of relapse or death in responders, high against low Tregs, is "
    "**{treg_rfs_adjusted_hr}** when EMD and genetic risk are held fixed "
    "({treg_rfs_adjusted_hr.ci}). The study reported that {paper.treg_independent}."
)
study.remark(os.note)
study.remark(rfs.note)
study.open_range("emd_independent", "treg_independent")

# %% [markdown]
# ## Background
#
# Suppose that patients with extramedullary disease (EMD) more often have high regulatory T cells
# (Tregs), and that only the Tregs shorten life. Compared by EMD alone, those with EMD would still
# die earlier: they carry the other factor with them. This is *confounding*. The simplest remedy is
# to compare like with like: patients with and without EMD *among those with low Tregs*, and again
# among those with high ones. With three factors there are eight such groups, and in a small trial
# some are empty.
#
# A *multivariable* model borrows strength across the groups. Cox's model {cite:p}`Cox1972` lets
# each factor multiply the *hazard*, the rate at which events occur among those still free of them.
# The *adjusted hazard ratio* of EMD compares two patients who differ in EMD and agree in the
# model's other factors. The model assumes that this ratio is the same at all times and in all such
# pairs.
#
# In clinical papers a factor is called *independent* if its coefficient stays significant in such a
# model. The word sounds stronger than it is. It does not say that the factor causes the outcome,
# nor that it acts alone: only that it adds to a prediction that knows the other factors *of this
# model*. With other factors in the model the answer may be another.
#
# ## What the authors did and reported
#
# The abstract calls EMD and higher Tregs “independent high-risk factors respectively for poor OS
# and RFS” {cite:p}`An2020`. Read literally, *respectively* pairs them off: EMD for overall survival
# (OS), Tregs for relapse-free survival (RFS). It then says nothing of EMD for RFS, of Tregs for OS,
# or of genetic risk in either model: not that these had no effect. Which covariates the authors
# chose, how they chose them, and every number of the models are not known to us.

# %%
study.say("Reported: {paper.emd_independent}; {paper.treg_independent}.")

# %% [markdown]
# This book puts the three factors of the abstract into one model for each endpoint. That choice is
# assumed.
#
# ## A look at the data
#
# Do the factors come together in these patients? A cross table tells. If the share of patients with
# high Tregs, or with high genetic risk, differs much between the two rows, the factors are
# entangled.

# %%
# by hand: emd, treg_pct, genetic_risk
import pandas as pd

patients = study.patients
for other in ("treg_group", "genetic_risk"):
    print(pd.crosstab(patients["emd_any"], patients[other]), "\n")

# %% [markdown]
# ## By hand
#
# First, like with like: deaths per 100 patient-years of follow-up by EMD, among patients with low
# and with high Tregs.

# %%
# by hand: emd, treg_pct, os_days, os_event
patients = study.patients
years = patients.assign(years=patients["os_days"] / 365.25)
groups = years.groupby(["treg_group", "emd_any"], observed=True)
rates = groups.agg(
    patients=("os_event", "count"),
    deaths=("os_event", "sum"),
    years=("years", "sum"),
)
rates["per 100 years"] = 100 * rates["deaths"] / rates["years"]
print(rates.round(1))

# %% [markdown]
# Now the model. lifelines wants numbers, so each factor becomes a column of 0 and 1. Patients with
# a missing value leave the model (*complete cases*). Where several die on one day, lifelines and R
# both use Efron's method for ties {cite:p}`Efron1977`.

# %%
# by hand: os_days, os_event, emd, treg_pct, genetic_risk
import numpy as np
from lifelines import CoxPHFitter

worse = {"emd_any": "any", "treg_group": "high", "genetic_risk": "high"}


def zero_one(days, event, names):
    known = patients[[days, event, *names]].dropna()
    coded = {name: 1.0 * (known[name] == worse[name]) for name in names}
    return pd.DataFrame(
        {"days": known[days], "event": known[event], **coded}
    )


data = zero_one("os_days", "os_event", list(worse))
cox = CoxPHFitter(alpha=1 - confidence).fit(data, "days", "event")
table = np.exp(cox.confidence_intervals_)
table.insert(0, "hazard ratio", cox.hazard_ratios_)
print(table.assign(p=cox.summary["p"]).round(4))
book = os.of("emd_any").number
assert abs(cox.hazard_ratios_["emd_any"] / book - 1) < 1e-3

# %% [markdown]
# Each factor alone (*univariable*) beside the same factor adjusted for the others:

# %%
# by hand: os_days, os_event, emd, treg_pct, genetic_risk
alone = {}
for name in worse:
    one = zero_one("os_days", "os_event", [name])
    alone[name] = CoxPHFitter().fit(one, "days", "event").hazard_ratios_
    book = study.hazard_ratios("os", [name]).of(name).number
    assert abs(alone[name][name] / book - 1) < 1e-3
print(
    pd.DataFrame(
        {
            "alone": {name: alone[name][name] for name in worse},
            "adjusted": cox.hazard_ratios_,
        }
    ).round(2)
)

# %% [markdown]
# **Where lifelines and R differ.** Both search for the best coefficients step by step. lifelines
# stops a little earlier by default, so its hazard ratios may differ from those of R, and of the
# book, in the fourth digit. Asked for more precision, it gives the same.

# %%
# by hand: os_days, os_event, emd, treg_pct, genetic_risk
one = zero_one("os_days", "os_event", ["emd_any"])
book = study.hazard_ratios("os", ["emd_any"]).of("emd_any").number
print(f"EMD alone: {alone['emd_any']['emd_any']:.4f} by default")
exact = CoxPHFitter().fit(
    one, "days", "event", fit_options={"precision": 1e-18}
)
print(f"{exact.hazard_ratios_['emd_any']:.4f} with more precision")
print(f"{book:.4f} in the book")
assert abs(exact.hazard_ratios_["emd_any"] / book - 1) < 1e-6

# %% [markdown]
# A hazard ratio can change on adjustment for several reasons: the factors go together
# (confounding); the larger model lost patients with missing values; hazard ratios are not
# *collapsible*, so that adding a strong factor moves them even where nothing is confounded; or,
# with few events per coefficient, the estimates of the larger model are biased away from 1
# (sparse-data bias).
#
# The *likelihood-ratio test* compares the model with the one that lacks a factor. In small samples
# it is more reliable than the p-value beside the coefficient (Wald's).

# %%
# by hand: os_days, os_event, emd, treg_pct, genetic_risk
from scipy.stats import chi2

without = CoxPHFitter().fit(data.drop(columns="emd_any"), "days", "event")
statistic = 2 * (cox.log_likelihood_ - without.log_likelihood_)
p = chi2.sf(statistic, 1)
print(f"EMD, given the others: χ² = {statistic:.2f}, p = {p:.5f}")
assert abs(p - os.tests.where(covariate="emd_any").p.number) < 1e-6

# %% [markdown]
# ## The book’s result
#
# One model for each endpoint. The two rest on different patients: the second holds responders only.
# The intervals are Wald's, from the standard error of the coefficient.

# %%
labels = {
    "emd_any": "any EMD vs none",
    "treg_group": "high vs low Tregs",
    "genetic_risk": "high vs standard genetic risk",
}
forest = study.forest(os, rfs, labels=labels)
study.show(
    forest.figure(
        "forest", "Hazard ratios, each factor adjusted for the other two."
    )
)

# %%
study.hand_over(
    emd_os_alone_hr=study.hazard_ratios("os", ["emd_any"]).result
)
study.say(
    "Overall survival, patients with EMD against those without: hazard ratio "
    "**{emd_os_alone_hr}** alone ({emd_os_alone_hr.ci}), **{emd_os_adjusted_hr}** adjusted "
    "({emd_os_adjusted_hr.ci}; {emd_os_adjusted_p})."
)
study.say(
    "Relapse-free survival of responders, high against low Tregs: adjusted hazard ratio "
    "**{treg_rfs_adjusted_hr}** ({treg_rfs_adjusted_hr.ci}; {treg_rfs_adjusted_p})."
)
study.say(
    "Where the abstract is silent: EMD for relapse-free survival **{emd_rfs_adjusted_hr}** "
    "({emd_rfs_adjusted_hr.ci}), Tregs for overall survival **{treg_os_adjusted_hr}** "
    "({treg_os_adjusted_hr.ci})."
)

# %% [markdown]
# The same as journals print it: each factor alone and adjusted, with the patients and events of each group.

# %%
for model in (os, rfs):
    study.show(
        model.one_by_one_and_together(
            f"{model.endpoint.name.capitalize()}: each factor alone, and all together",
            {
                "emd_any": "Extramedullary disease",
                "treg_group": "Tregs",
                "genetic_risk": "Genetic risk",
            },
        )
    )

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "How little is known of these numbers, the cohorts show that agree with everything "
    "published: in 95 % of them the hazard ratio of EMD for overall survival lies "
    f"{consistent.range_text('emd_os')} alone and {consistent.range_text('emd_independent')} "
    "adjusted, that of high Tregs for relapse-free survival "
    f"{consistent.range_text('treg_rfs')} alone and {consistent.range_text('treg_independent')} "
    "adjusted. In this cohort genetic risk, too, adds to both models ({genetic_os_adjusted_p} and "
    "{genetic_rfs_adjusted_p}); the abstract does not say whether it did in the study."
)

# %% [markdown]
# The p-values above are Wald's. The table gives the likelihood-ratio tests, by which the book
# judges [the paper's claims](claims.ipynb).

# %%
chosen = os if endpoint == "os" else rfs
caption = f"Likelihood-ratio tests ({endpoint.upper()}), each factor given the others"
study.show(chosen.test_table(chosen.tests, caption, labels))

# %% [markdown]
# ## What it means for a patient
#
# A hazard ratio is relative. To tell a patient something, turn it into a chance: the model predicts
# survival for any combination of factors.

# %%
# by hand: os_days, os_event, emd, treg_pct, genetic_risk
profiles = pd.DataFrame(
    [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]],
    index=["none", "EMD", "Tregs", "genetics", "all three"],
    columns=list(worse),
)
alive = cox.predict_survival_function(profiles, times=[365]).iloc[0]
print("Alive at 12 months, of 100 with these risk factors:")
print((100 * alive).round().astype(int).to_string())
have_all = (data[list(worse)] == 1).all(axis="columns").sum()
print(f"patients with all three, of {len(data)}: {have_all}")
for_emd = np.log(alive["EMD"]) / np.log(alive["none"])
assert abs(for_emd / cox.hazard_ratios_["emd_any"] - 1) < 1e-9

# %% [markdown]
# The `assert` shows what a hazard ratio does: it multiplies the *logarithm* of survival. The same
# hazard ratio therefore means a large difference where many die and a small one where few do. Where
# few patients, if any, have all three factors, the model fills the gap by assuming that hazard
# ratios multiply. These are a model's predictions without intervals, from few patients: none of
# them, least of all a zero, should be told to a patient.
#
# ## How sure can we be?
#
# **Events per coefficient.** Events, not patients, carry a Cox model. Below about ten events per
# coefficient estimates become unstable and intervals unreliable {cite:p}`Peduzzi1995`; the rule is
# rough, and five to nine may do {cite:p}`Vittinghoff2007`.

# %%
study.hand_over(
    os_events_per_term=os.events_per_coefficient,
    rfs_events_per_term=rfs.events_per_coefficient,
)
study.say(
    "Events per coefficient, overall survival: **{os_events_per_term}**."
)
study.say(
    "Events per coefficient, relapse-free survival: **{rfs_events_per_term}**."
)

# %% [markdown]
# **A group without events.** If nobody in a group has the event, the fit improves without end as its
# hazard ratio goes to 0. There is no best estimate, and programs print a tiny or a huge number with
# an absurd interval. *Firth’s penalty* {cite:p}`Firth1993,Heinze2001` keeps the estimate finite and
# less biased. Its interval comes from the *profile likelihood*: it holds every ratio with which the
# data fit almost as well. Wherever the usual model has no estimate the book takes this one, and the
# caption says so.
#
# The same remedy serves where few patients lack the outcome, as with remission. For two groups
# it can be done by hand: add half a patient to each of the four cells {cite:p}`Heinze2002`.

# %%
# by hand: response, emd
cells = pd.crosstab(patients["emd_any"], patients["responder"]) + 0.5
odds = cells["yes"] / cells["no"]
by_hand = odds["any"] / odds["none"]
print(cells)
print(f"odds ratio of remission, any EMD against none: {by_hand:.3f}")
assert abs(by_hand / study.odds_ratios("emd_any").number - 1) < 1e-6

# %%
remission = study.odds_ratios(factors)
columns = {
    "covariate": "Factor",
    "estimate": "Odds ratio of remission (interval)",
    "p": "p",
}
caption = (
    "Firth’s logistic regression of remission, each factor given the others"
)
study.show(remission.as_table(columns, caption, words=labels))

# %% [markdown]
# **Proportional hazards.** A small p in their test suggests that the hazard ratio changes with time,
# or that something else is missing from the model; one number for all times may then be a poor
# summary {cite:p}`Grambsch1994`.

# %%
caption = f"Test of proportional hazards ({endpoint.upper()})"
study.show(chosen.test_table(chosen.proportional_hazards, caption, labels))
study.hand_over(
    ph_p=chosen.proportional_hazards.where(covariate="global").p
)
changing = " and ".join(f"**{name}**" for name in chosen.changing(labels))
if changing:
    study.say(
        f"p < 0.05 for {changing} "
        + "(all factors together: {ph_p}): there, one hazard ratio for "
        "all times may be a poor summary; look at the curves."
    )
else:
    study.say(
        "No single factor has p < 0.05 (all together: {ph_p}); in a small cohort that does not "
        "show that hazard ratios are constant."
    )

# %% [markdown]
# [A later chapter](constant-hazard-ratios.ipynb) asks what a hazard ratio that changes looks like,
# and what to report beside it. A picture says more than the test. In the one that the code draws, each
# dot is a death; if the hazard ratio of EMD were constant, the line through the dots would be level.
# lifelines has a test, too, but an approximate one: its p-values differ from those of R's `cox.zph`, which the book follows. The tests use the
# Kaplan–Meier scale of time, so a slope in days need not match them.

# %%
# by hand: os_days, os_event, emd, treg_pct, genetic_risk
# figure: Scaled Schoenfeld residuals of EMD against time, with a line.
import matplotlib.pyplot as plt
import seaborn as sns
from lifelines.statistics import proportional_hazard_test

residuals = cox.compute_residuals(data, "scaled_schoenfeld")
residuals = residuals["emd_any"]
days = data.loc[residuals.index, "days"]
ax = sns.regplot(x=days, y=residuals, ci=None)
ax.axhline(0, color="grey", linestyle=":")
ax.set(xlabel="days since infusion", ylabel="residual of EMD")
test = proportional_hazard_test(cox, data, time_transform="km")
test = test.summary["p"]
zph = os.proportional_hazards.where(covariate="emd_any").p.number
print(f"EMD, OS: lifelines p = {test['emd_any']:.2f}, cox.zph {zph:.2f}")
plt.show()

# %% [markdown]
# **What an adjusted hazard ratio does not say.**
#
# - It is not an *effect of treatment*. All patients received CAR T cells; a factor that goes with early
#   death may do so with any treatment.
# - It does not prove a *cause*. Factors that nobody measured are not held fixed. One that lies on the way
#   from another to the outcome takes part of its effect away, and the three numbers of one
#   model do not answer three causal questions {cite:p}`Westreich2013`.
# - “Not significant” does not mean *no effect*. With few events only large effects are seen.
#
# ## Published beside computed

# %%
study.paper(
    "emd_independent",
    "treg_independent",
    shown={
        "emd_independent": "emd_os_adjusted_hr",
        "treg_independent": "treg_rfs_adjusted_hr",
    },
)

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the forest plot
#
# Which of the intervals cross the line at 1? What does an interval that crosses it say, and what
# does it not say?
#
# ```{dropdown} Hint
# The axis is logarithmic: 0.5 and 2 are equally far from 1.
# ```

# %% tags=["solution"]
# by hand: os_event, rfs_event, emd, treg_pct, genetic_risk
for model in (os, rfs):
    crossing = model.table[
        (model.table["lower"] < 1) & (model.table["upper"] > 1)
    ]
    names = crossing["covariate"].map(labels)
    print(f"{model.endpoint.name}: {', '.join(names) or 'none'}")

# %% tags=["solution"]
study.say(
    "The interval of EMD for overall survival, for example: {emd_os_adjusted_hr.ci}. An interval "
    "that crosses 1 says that the data are compatible with a higher and with a lower hazard. It "
    "does not say that the factor has no effect: look how far it reaches to either side."
)

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Fit the model for relapse-free survival with lifelines. Which factors have p < 0.05? Compare the
# result with the abstract's sentence: which of its two readings does it support?
#
# ```{dropdown} Hint
# `zero_one("rfs_days", "rfs_event", list(worse))` prepares the table; `cox.summary["p"]` holds
# Wald's p-values.
# ```

# %% tags=["solution"]
# by hand: os_event, rfs_days, rfs_event, emd, treg_pct, genetic_risk
rfs_data = zero_one("rfs_days", "rfs_event", list(worse))
rfs_cox = CoxPHFitter().fit(rfs_data, "days", "event")
print(rfs_cox.summary[["exp(coef)", "p"]].round(3))
book = rfs.of("treg_group").number
assert abs(rfs_cox.hazard_ratios_["treg_group"] / book - 1) < 1e-3

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Taken literally, the abstract claims Tregs for RFS and is silent about the others; a second
# reading has both factors independent for both endpoints. If EMD is not significant here, the
# literal reading fits this cohort. So would an effect of EMD that the few responders with EMD are
# too few to show.
# ```

# %% [markdown]
# ### Exercise 3: change the model
#
# Add `age_years` to the model for overall survival. What happens to the events per coefficient, and
# to the interval of EMD?
#
# ```{dropdown} Hint
# `data.assign(age=patients["age_years"]).dropna()`; then fit as before.
# ```

# %% tags=["solution"]
# by hand: os_days, os_event, emd, treg_pct, genetic_risk, age_years
with_age = data.assign(age=patients["age_years"]).dropna()
larger = CoxPHFitter(alpha=1 - confidence).fit(with_age, "days", "event")
for model, name in ((cox, "three factors"), (larger, "with age")):
    low, high = model.summary.filter(regex="^exp.*er").loc["emd_any"]
    per_term = model.event_observed.sum() / len(model.params_)
    print(
        f"{name}: {per_term:.1f} events per coefficient, "
        f"EMD {low:.2f} to {high:.2f}"
    )

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Each further coefficient takes a share of the same events. A factor that has little to do with the
# outcome costs precision and gives nothing back; a strong one may be worth its price. Choose
# covariates by what is known of the disease, before looking at their p-values.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"In the multivariable model Tregs kept p < 0.05 and genetic risk lost it. So genetic risk does
# not matter."* What do you answer?
#
# ```{dropdown} Hint
# How many events carry the model? What did the interval of genetic risk look like?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# A factor loses significance when the events are too few, when it shares information with another
# factor, or when it has no effect; the p-value does not say which. Look at the interval.
# "Independent" means: adds to a prediction that knows the other factors *of this model*. It does
# not mean causal.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# What does "adjusted hazard ratio" mean here?
# - [ ] The hazard ratio without chance error. :: Adjustment does not remove chance.
# - [x] The hazard ratio between patients alike in the model's other factors. :: Yes, as far as the
#   model holds.
# - [ ] The hazard ratio in a randomised trial. :: Factors that were not measured are not adjusted
#   for.
# ```
#
# ```{quiz}
# What limits the number of factors in a Cox model?
# - [ ] The number of patients. :: Patients without an event add little.
# - [x] The number of events. :: Yes: a usual rule asks for about ten per coefficient.
# - [ ] The number of censored patients. :: Rather the opposite.
# ```
#
# ```{quiz}
# The test of proportional hazards has a small p for one factor. What now?
# - [ ] The factor has no effect. :: The test does not ask whether there is an effect, but whether it
#   is constant.
# - [x] One hazard ratio for all times may be a poor summary of that factor. :: Yes: look at the
#   curves, and show it by period, or the survival at fixed times.
# - [ ] The model may not be shown. :: It may, with its limits stated.
# ```

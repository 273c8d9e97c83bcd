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
# # Does high-risk genetics mean shorter survival?
#
# Some genetic changes make leukaemia hard to cure by chemotherapy. Do they matter after CAR T cells
# as well? The study reported that they do; a larger one, in children and young adults, found no
# significant difference.
#
# **You will learn**
#
# - to fit a Cox model with lifelines, and to say what a hazard ratio takes for granted;
# - to check proportional hazards, and to know why two programs give two p-values;
# - to ask what a label such as “high risk” contains.

# %%
from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
time_unit: str = "days"  # days, months or years

# %%
study = Study(
    "genetic-risk",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    time_unit=time_unit,
)
groups = {"standard": "standard risk", "high": "high risk"}
remission = study.remission(by="genetic_risk")
os = study.survival("os", by="genetic_risk")
rfs = study.survival("rfs", by="genetic_risk")
os_model = study.hazard_ratios("os", ["genetic_risk"])
rfs_model = study.hazard_ratios("rfs", ["genetic_risk"])
study.hand_over(
    genetics_standard_os_1y=os.one_year.where(group="standard"),
    genetics_high_os_1y=os.one_year.where(group="high"),
)

# %%
study.say(
    "**In short.** At 1 year **{genetics_high_os_1y}** of the patients of this cohort with "
    "high-risk genetics were alive, and **{genetics_standard_os_1y}** of the others."
)
study.say(
    "The abstract reports significantly lower overall and relapse-free survival with high-risk "
    "genetics, without numbers and without a definition known to us. A larger study found no "
    "significant difference."
)

# %% [markdown]
# ## Background
#
# B-ALL is not one disease. Its cells carry different genetic changes, and these tell much about the
# course {cite:p}`Iacobucci2017`. Extra chromosomes (*hyperdiploidy*) or the fusion ETV6::RUNX1,
# both frequent in children, go with cure in most. *KMT2A* rearrangement, *Ph-like* leukaemia
# (which resembles that with the Philadelphia chromosome), loss of chromosomes (*hypodiploidy*), *TP53*
# mutation and the rare fusion TCF3::HLF go with resistance and relapse; so did the Philadelphia
# chromosome (BCR::ABL1) before tyrosine kinase inhibitors. Lists differ between countries, trials and
# years.
#
# All of this was learnt from patients treated with chemotherapy. CAR T cells kill in another way:
# they need CD19 on the surface, whatever the cell’s genes. So a mark of high risk might lose its
# meaning. But it might also keep it. Leukaemia with a KMT2A rearrangement can change into a myeloid
# leukaemia without CD19 (*lineage switch*), and disease that grows fast or has outlived many
# treatments may outrun the infused cells. Whether the old risk groups still hold after CAR T cells
# decides, for example, who should be transplanted in remission.
#
# A factor may shorten survival in two ways: by fewer remissions, or by shorter ones. This chapter
# looks at both.
#
# ## What the authors did and reported
#
# An and colleagues {cite:p}`An2020` compared patients with high-risk genetic factors with the
# others. Overall and relapse-free survival were significantly lower in the former. As independent
# factors, in the multivariable analysis, the abstract names extramedullary disease and regulatory T
# cells; genetics is not among them. Which changes they counted as high-risk, and how many patients had one, is not known to
# us; the abstract prints no hazard ratio and no interval.
#
# ## A look at the data

# %%
# by hand, with rows: genetic_risk, response, os_days, os_event
patients = study.patients
patients[
    ["patient_id", "genetic_risk", "response", "os_days", "os_event"]
].head(8)

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "These are not patients of the study. Who has high-risk genetics, and how many do, is assumed; "
    "only the direction of the effect, and that it is significant, is the paper’s."
)

# %% [markdown]
# ## By hand
#
# ### Fewer remissions?
#
# A cross table, and Fisher’s exact test, which SciPy has for two groups.

# %%
# by hand: genetic_risk, response
import pandas as pd
from scipy.stats import fisher_exact

patients = study.patients
answered = patients[["genetic_risk", "response"]].dropna()
in_remission = answered["response"].isin(["CR", "CRi"])
table = pd.crosstab(answered["genetic_risk"], in_remission)
print(table)
by_risk = in_remission.groupby(answered["genetic_risk"], observed=True)
print(by_risk.mean().map("{:.1%}".format))
p = fisher_exact(table).pvalue
print(f"Fisher’s exact test: p = {p:.2g}")
assert abs(p - remission.test.p.number) < 1e-9

# %% [markdown]
# ### Shorter survival?

# %%
# by hand: genetic_risk, os_days, os_event
# figure: Kaplan–Meier curves of overall survival by genetic risk.
import matplotlib.pyplot as plt
from lifelines import KaplanMeierFitter
from lifelines.plotting import add_at_risk_counts

data = patients[["genetic_risk", "os_days", "os_event"]].dropna()
fig, ax = plt.subplots()
curves = {}
for name, group in data.groupby("genetic_risk", observed=True):
    kmf = KaplanMeierFitter(alpha=1 - confidence)
    kmf.fit(group["os_days"], group["os_event"], label=groups[name])
    kmf.plot_survival_function(ax=ax, show_censors=True)
    curves[name] = kmf
    book = os.one_year.where(group=name)
    # lifelines carries the last value on; the book gives no estimate there
    if group["os_days"].max() >= 365:
        assert book.why or abs(kmf.predict(365) - book.number) < 1e-9
ax.set(xlabel="days since infusion", ylabel="alive", ylim=(0, 1))
add_at_risk_counts(
    *curves.values(), ax=ax, at_risk_count_from_start_of_period=True
)
plt.show()

# %% [markdown]
# ### A Cox model
#
# The Cox model {cite:p}`Cox1972` compares rates of death, the *hazards*. On each day with a death it
# asks: of all who were at risk that day, how probable was it that one with high-risk genetics died?
# The hazard ratio is the number that makes what was seen most probable. lifelines wants a table of
# numbers: time, event, and a 1 for high risk.

# %%
# by hand: genetic_risk, os_days, os_event
from lifelines import CoxPHFitter

is_high = (data["genetic_risk"] == "high").astype(int)
model_data = data[["os_days", "os_event"]].assign(high=is_high)
cox = CoxPHFitter(alpha=1 - confidence)
tight = {"precision": 1e-18, "r_precision": 1e-18}
cox.fit(model_data, "os_days", "os_event")
by_default = cox.hazard_ratios_["high"]
cox.fit(model_data, "os_days", "os_event", fit_options=tight)
ratio = cox.hazard_ratios_["high"]
print(cox.summary.filter(like="exp").round(3).to_string())
print(f"by default {by_default:.6f}, with more precision {ratio:.6f}")
assert abs(by_default - os.hazard_ratio.number) < 1e-3
assert abs(ratio - os.hazard_ratio.number) < 1e-6

# %% [markdown]
# **Where lifelines and R differ.** Both climb towards the most probable ratio step by step; lifelines
# stops a little earlier. Nobody’s conclusion hangs on the difference, but a test that compares two
# programs to the last digit does. The book stops as late as R.
#
# ### Proportional hazards
#
# One hazard ratio for all days takes for granted that it *is* the same on all days. At each death,
# take who died (1 if high-risk, 0 if not) less the share that the model expected: the *Schoenfeld
# residual*. If the ratio is constant, these residuals show no trend over time {cite:p}`Grambsch1994`.

# %%
# by hand: genetic_risk, os_days, os_event
# figure: Scaled Schoenfeld residuals over time, with a smooth line.
import seaborn as sns

residuals = cox.compute_residuals(model_data, "scaled_schoenfeld")
days = data.loc[residuals.index, "os_days"]
ax = sns.regplot(
    x=days,
    y=residuals["high"] + cox.params_["high"],
    lowess=True,
    scatter_kws={"alpha": 0.6},
    line_kws={"color": "firebrick"},
)
ax.axhline(cox.params_["high"], color="black", linestyle="--")
ax.set(xlabel="days since infusion", ylabel="log hazard ratio")
plt.show()

# %% [markdown]
# The dashed line is the one ratio of the model, on the logarithmic scale; the red line is what the
# residuals suggest. With a factor that is 0 or 1 the residuals lie in two bands, one for each group,
# which is not a fault: look at the line. Now the test, on four scales of time:

# %%
# by hand: genetic_risk, os_days, os_event
from lifelines.statistics import proportional_hazard_test

scales = ["km", "rank", "identity", "log"]
tests = proportional_hazard_test(cox, model_data, time_transform=scales)
book = os_model.proportional_hazards.where(covariate="genetic_risk").p
print(tests.summary["p"].round(3).to_string())
print(f"the book, as cox.zph of R (scale km): {book.number:.3f}")

# %% [markdown]
# **Where lifelines and R differ, again.** lifelines uses the simpler form of the test, which treats
# the variance of the residuals as the same at every death. R’s `cox.zph` once did so, too; today it
# uses the variance at each death, and the book follows it. Where one group soon has nobody left at
# risk, that variance changes much over time, and the two tests part. Relapse-free survival by
# extramedullary disease shows how far:

# %%
# by hand: emd, rfs_days, rfs_event
few = patients[["emd", "rfs_days", "rfs_event"]].dropna()
few = few.assign(emd=(few["emd"] != "none").astype(int))
small = CoxPHFitter().fit(few, "rfs_days", "rfs_event")
shortcut = proportional_hazard_test(small, few, time_transform="km")
emd_model = study.hazard_ratios("rfs", ["emd_any"])
book = emd_model.proportional_hazards.where(covariate="emd_any").p
print(f"lifelines p = {float(shortcut.p_value[0]):.3f}")
print(f"cox.zph   p = {book.number:.3f}")

# %% [markdown]
# ## The book’s result
#
# Intervals and p-values of hazard ratios are Wald’s; the p-value of the curves is that of the log-rank
# test.

# %%
study.show(
    os.figure("km-genetics-os", "Overall survival by genetic risk.", groups)
)
study.hand_over(genetics_os_hr=os.hazard_ratio, genetics_os_p=os.test)
study.say(
    "Overall survival, patients with high-risk genetics against those with standard risk: hazard "
    "ratio **{genetics_os_hr}** ({genetics_os_hr.ci}); "
    f"{os.test_name}, "
    "{genetics_os_p}."
)

# %%
study.show(
    rfs.figure(
        "km-genetics-rfs",
        "Relapse-free survival of the responders by genetic risk.",
        groups,
    )
)
study.hand_over(genetics_rfs_hr=rfs.hazard_ratio, genetics_rfs_p=rfs.test)
study.say(
    "Relapse-free survival, responders with high-risk genetics against those with standard risk: "
    "hazard ratio **{genetics_rfs_hr}** ({genetics_rfs_hr.ci}); "
    f"{rfs.test_name}, "
    "{genetics_rfs_p}."
)
study.open_range("genetics_os", "genetics_rfs")

# %% [markdown]
# Where a group is small or events are few, the p-value comes from a permutation test: [the chapter
# on extramedullary disease](extramedullary-disease.ipynb) does it by hand.

# %%
columns = {
    "group": "Genetic risk",
    "n": "Patients",
    "events": "In remission",
    "estimate": "Rate (interval)",
}
study.show(
    remission.rate.as_table(
        columns, "Remission by genetic risk", words=groups
    )
)
study.hand_over(orr_genetics_p=remission.test.p)
study.say("Remission: Fisher’s exact test, {orr_genetics_p}.")

# %% [markdown]
# ## What it means for a patient
#
# A hazard ratio is not a chance. What a patient can use is how many of those like him or her are
# alive a year later.

# %%
study.say(
    "Of patients like these with standard-risk genetics, about **{genetics_standard_os_1y.of_100}** "
    "would be alive 12 months after the infusion ({genetics_standard_os_1y.ci}); of those with "
    "high-risk genetics, about **{genetics_high_os_1y.of_100}** ({genetics_high_os_1y.ci})."
)
study.show(
    os.one_year.icons(
        "genetics-os-icons",
        "Out of 100 patients: alive at 12 months, by genetic risk.",
        "alive",
        groups,
    )
)

# %% [markdown]
# ## How sure can we be?
#
# **What others found does not agree with it.** A larger study, of children and young adults, found no
# significant difference: nearly all reached remission whatever their genetic risk, and neither
# relapse-free nor overall survival differed significantly between the risk groups {cite:p}`Leahy2022`. That study says which
# changes it counted as high-risk, and its patients were younger. The two may both be right, about
# different labels in different patients. In another series, of patients with high-risk features, a
# *TP53* mutation went with a worse outcome {cite:p}`ZhangX2020`. More in [the chapter on other
# trials](other-trials.ipynb).

# %%
study.say(
    "Or the difference reported by An and colleagues, from {paper.infused} patients, may be partly "
    "luck. Where a small study reaches significance it tends to overestimate the effect, because a "
    "smaller one would not have been significant."
)

# %% [markdown]
# **A label without a definition** cannot be compared between trials, nor applied to the next
# patient.
#
# **Confounding.** Genetic risk may go along with age, extramedullary disease, or the number of
# earlier treatments. A cross table shows the first suspect; [a later
# chapter](independent-factors.ipynb) adjusts.

# %%
# by hand: genetic_risk, emd, age_years
known = patients.dropna(subset=["genetic_risk"])
print(pd.crosstab(known["genetic_risk"], known["emd"], margins=True))
by_risk = known.groupby("genetic_risk", observed=True)
print(by_risk["age_years"].describe()[["count", "25%", "50%", "75%"]])

# %%
study.hand_over(
    genetics_os_ph_p=os_model.proportional_hazards.where(
        covariate="genetic_risk"
    ).p,
    genetics_rfs_ph_p=rfs_model.proportional_hazards.where(
        covariate="genetic_risk"
    ).p,
)
study.say(
    "**Proportional hazards.** Test as in R: {genetics_os_ph_p} for overall, {genetics_rfs_ph_p} for "
    "relapse-free survival. A large value does not prove that the ratio is constant, least of all "
    "with few events."
)

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "In this cohort both the share of high-risk patients and the size of the effect are assumed."
)

# %% [markdown]
# ## Published beside computed
#
# The abstract gives two directions without numbers.

# %%
study.paper(
    "genetics_os",
    "genetics_rfs",
    shown={
        "genetics_os": "genetics_os_hr",
        "genetics_rfs": "genetics_rfs_hr",
    },
)

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read two curves
#
# On which day are the two curves of overall survival furthest apart? How many patients of each
# group are still at risk on that day?
#
# ```{dropdown} Hint
# `curves["high"].predict(days)` reads a curve on many days. At risk are those whose time is not
# shorter.
# ```

# %% tags=["solution"]
# by hand: genetic_risk, os_days, os_event
deaths = data.loc[data["os_event"] == 1, "os_days"]
days = sorted(deaths.unique())
gap = curves["standard"].predict(days) - curves["high"].predict(days)
day = gap.abs().idxmax()
print(f"day {day:g}: {100 * gap[day]:.0f} percentage points apart")
print(
    data[data["os_days"] >= day]
    .groupby("genetic_risk", observed=True)
    .size()
)

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The largest gap between curves often lies late, where few patients are at risk: then it is the
# least reliable one as well. The log-rank test counts every death alike, early or late (tests of
# the Wilcoxon type give early deaths more weight). Few deaths happen late, so a late gap moves it
# little.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Relapse-free survival leaves patients out. Will the number of patients compared be smaller in
# both risk groups? Predict, then count those in remission by risk group.
#
# ```{dropdown} Hint
# `groupby` and `sum` of a yes-or-no column.
# ```

# %% tags=["solution"]
# by hand: genetic_risk, response
counted = in_remission.groupby(answered["genetic_risk"], observed=True)
print(counted.agg(patients="size", in_remission="sum"))

# %% tags=["solution"]
study.say(
    "Relapse-free survival counts only those in remission. Where one group has fewer remissions it "
    "loses more patients, and those left are its most fortunate: the comparison of relapse-free "
    "survival is then no longer one of the same two groups."
)

# %% [markdown]
# ### Exercise 3: change some labels
#
# Suppose five standard-risk patients were labelled high-risk by mistake. In which direction does
# the hazard ratio move, and why? Try it with five patients drawn at random, a hundred times.
#
# ```{dropdown} Hint
# `model_data.index[is_high == 0]` are the patients to draw from. What happens to the average outlook
# of the high-risk group?
# ```

# %% tags=["solution"]
# by hand: genetic_risk, os_days, os_event
import numpy as np

rng = np.random.default_rng(1)
standard = model_data.index[is_high == 0]
k = min(5, len(standard) - 1)
ratios = []
for _ in range(100):
    mistaken = model_data.copy()
    mistaken.loc[rng.choice(standard, k, replace=False), "high"] = 1
    cox.fit(mistaken, "os_days", "os_event")
    ratios.append(cox.hazard_ratios_["high"])
print(f"hazard ratio as labelled: {ratio:.2f}")
low, middle, top = np.quantile(ratios, [0.05, 0.5, 0.95])
print(f"{k} labels wrong: {middle:.2f}, mostly {low:.2f} to {top:.2f}")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# As a rule towards 1. Mixing patients of the other kind into a group makes the groups more alike, so
# the difference between them shrinks. Mislabelling that has nothing to do with the outcome hides
# effects; it rarely invents them.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"High-risk genetics shortens survival in trial A but not in trial B, so the treatment of trial B
# overcomes the risk."* Give two other explanations.
#
# ```{dropdown} Hint
# What is in the label, and how large was trial B?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The trials may call different lesions high-risk. And trial B may have been too small: no
# significant difference is not the same as no difference; look at its interval. To claim that the
# effects differ you need a test of the *difference between the two trials*, not one p-value below
# and one above a limit.
# ```

# %% [markdown]
# ### Exercise 5: one day instead of all
#
# Compare overall survival between the risk groups at 12 months only, with
# `survival_difference_at_fixed_point_in_time_test` of lifelines. Is its p-value smaller or larger
# than that of the log-rank test, and which of the two should be planned?
#
# ```{dropdown} Hint
# It takes the day and two fitted curves: `curves["standard"]` and `curves["high"]`.
# ```

# %% tags=["solution"]
# by hand: genetic_risk, os_days, os_event
from lifelines import statistics

alive = [curve.predict(365) for curve in curves.values()]
last = data.groupby("genetic_risk", observed=True)["os_days"].max()
if last.min() >= 365 and min(alive) > 0 and max(alive) < 1:
    one_day = statistics.survival_difference_at_fixed_point_in_time_test(
        365, curves["standard"], curves["high"]
    )
    print(f"at 12 months p = {one_day.p_value:.2g}", end=" ")
    print("(χ², log(−log) scale)")
else:
    print("no test at 12 months: all or none dead, or none followed")
a, b = (data[data["genetic_risk"] == name] for name in groups)
if data["os_event"].any():
    all_days = statistics.logrank_test(
        a["os_days"], b["os_days"], a["os_event"], b["os_event"]
    )
    print(f"log-rank     p = {all_days.p_value:.2g}")
    assert abs(all_days.test_statistic - os.log_rank.number) < 1e-9

# %% tags=["solution"]
study.say(
    "Either may be smaller. One day answers the question of a patient, but throws away all other "
    "days, and invites a choice of the day after the curves are seen. What counts is which of the "
    "two was planned."
)

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# A factor shortens survival but leaves the remission rate unchanged. What is the likely mechanism?
# - [ ] Fewer remissions. :: The rate is unchanged.
# - [x] Shorter remissions, or deaths in remission. :: Yes. The cumulative incidences of
#   relapse and of death in remission would show which; relapse-free survival counts both.
# - [ ] An error in the data. :: It is entirely possible.
# ```
#
# ```{quiz}
# "High risk" is not defined in a report. What can be said of its hazard ratio?
# - [ ] It can be pooled with that of other trials. :: Only if the label means the same.
# - [x] It describes this group, whatever it holds, in these patients. :: Yes, and no more.
# - [ ] It is biased towards 1. :: Not known: without a definition no direction can be given.
# ```
#
# ```{quiz}
# One comparison gives p = 0.04, another p = 0.06. Do the two effects differ?
# - [ ] Yes, one is significant and the other is not. :: The difference between "significant" and
#   "not significant" is itself seldom significant.
# - [x] This cannot be told from the two p-values. :: Yes: compare the estimates and their
#   intervals.
# - [ ] No, as the p-values are close. :: Similar p-values may go with very different effects.
# ```
#
# ```{quiz}
# The test of proportional hazards gives p = 0.6 in a trial with thirty deaths. What follows?
# - [ ] The hazard ratio is constant. :: No test proves that nothing is there.
# - [x] No gross departure was found; a moderate one may have been missed. :: Yes, so look at the
#   residuals and the curves.
# - [ ] The hazard ratio is close to 1. :: The test is about change over time, not about size.
# ```

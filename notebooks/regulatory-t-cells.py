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
# # Do regulatory T cells matter?
#
# Regulatory T cells (Tregs) restrain other T cells. The study reported shorter survival with
# *higher* Tregs. But “higher” needs a cut-off; where to put it is the question of [the next
# chapter](choosing-a-cutoff.ipynb).
#
# **You will learn**
#
# - to look at a measurement before cutting it in two;
# - to compare survival above and below a cut-off with lifelines;
# - to use a measurement as it is, without a cut-off.

# %%
from typing import Optional

from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
treg_cutoff: Optional[float] = None
endpoint: str = "os"  # os or rfs
time_unit: str = "days"  # days, months or years

# %%
study = Study(
    "regulatory-t-cells",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    time_unit=time_unit,
    treg_cutoff=treg_cutoff,
)
groups = {"low": "low Tregs", "high": "high Tregs"}
tregs = study.distribution()
os = study.survival("os", by="treg_group")
rfs = study.survival("rfs", by="treg_group")
uncut = study.hazard_ratios(endpoint, ["treg_pct"]).result
study.hand_over(
    treg_cutoff=tregs.cutoff,
    treg_low_os_1y=os.one_year.where(group="low"),
    treg_high_os_1y=os.one_year.where(group="high"),
)

# %%
study.say(
    "**In short.** At 1 year **{treg_high_os_1y}** of the patients of this cohort with Tregs above "
    "{treg_cutoff} were alive, and **{treg_low_os_1y}** of the others."
)
study.say(
    "The abstract reports significantly lower overall and relapse-free survival with higher Tregs, "
    "without numbers and without a cut-off known to us."
)

# %% [markdown]
# ## Background
#
# An immune system that only attacked would destroy the body that it defends. *Regulatory T cells*
# hold it back. They are CD4⁺ T cells that express the transcription factor FOXP3 and much of CD25,
# a part of the receptor for interleukin-2; children born without working FOXP3 fall ill with severe
# autoimmune disease. Tregs use up the interleukin-2 that other T cells need to multiply, release
# messengers that calm them, and make the cells that would stimulate them less stimulating
# {cite:p}`Sakaguchi2008`.
#
# CAR T cells are T cells. In their first weeks they must multiply many times over, and they live on
# the same messengers; in a patient with many Tregs their expansion may therefore be cut short. The
# chemotherapy given before the infusion lowers Tregs along with the other lymphocytes, which is
# thought to be one reason why it helps. And some of the infused cells may be Tregs themselves,
# given a receptor like the rest, so that they restrain where they should attack {cite:p}`Good2022`.
# All this makes an effect plausible. It does not prove one: leukaemia itself and earlier treatment
# change the number of Tregs, too.
#
# Tregs are counted by flow cytometry, as a percentage of CD4⁺ T cells. The result depends on the
# markers, on where a laboratory draws its gates, and on the day of sampling. A cut-off from one
# laboratory means little in another.
#
# ## What the authors did and reported
#
# An and colleagues {cite:p}`An2020` compared patients with higher and lower Tregs. Overall and
# relapse-free survival were significantly lower with higher Tregs. In their multivariable analysis
# Tregs were an independent risk factor, read literally for relapse-free survival: see [the chapter on
# independent factors](independent-factors.ipynb). The abstract prints no hazard ratio. Which assay
# they used, on which day, where the cut-off lay and how many patients were above it is not known to
# us.
#
# ## A look at the data
#
# `treg_pct` is a percentage of CD4⁺ T cells before the infusion.

# %%
# by hand, with rows: treg_pct, os_days, os_event
patients = study.patients
patients[["patient_id", "treg_pct", "os_days", "os_event"]].sort_values(
    "treg_pct"
).iloc[::6]

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "These are not patients of the study. Every value of `treg_pct` is assumed, its median as well; "
    "only the direction of its effect, and that it is significant, is the paper’s."
)

# %% [markdown]
# ## By hand
#
# ### Look before you cut
#
# seaborn draws the distribution. Without the parameter `treg_cutoff` the median divides the
# patients roughly in half: “high” is above it, and patients exactly at it count as low.

# %%
# by hand: treg_pct
# figure: Histogram of regulatory T cells, with the cut-off as a line.
import matplotlib.pyplot as plt
import seaborn as sns

patients = study.patients
treg = patients["treg_pct"].dropna()
cutoff = treg.median() if treg_cutoff is None else treg_cutoff
assert abs(cutoff - tregs.cutoff.number) < 1e-9
print(treg.describe().round(2))
print(f"cut-off {cutoff:.2f}: {(treg > cutoff).sum()} patients are above")
ax = sns.histplot(treg, bins=12, color="steelblue")
ax.axvline(cutoff, color="black", linestyle="--")
ax.set(xlabel="Tregs, % of CD4⁺ T cells", ylabel="patients")
plt.show()

# %% [markdown]
# Look for a gap, or for a second hump. Without either, nothing in the picture says where “high”
# begins. Clinicians like groups, because decisions are yes or no; biology seldom provides them.
#
# ### Survival above and below the cut-off

# %%
# by hand: treg_pct, os_days, os_event
# figure: Kaplan–Meier curves of overall survival by Tregs.
from lifelines import KaplanMeierFitter
from lifelines.plotting import add_at_risk_counts

data = patients[["treg_pct", "os_days", "os_event"]].dropna()
high = data["treg_pct"] > cutoff
fig, ax = plt.subplots()
fits = []
for is_high, group in data.groupby(high):
    name = "high" if is_high else "low"
    kmf = KaplanMeierFitter(alpha=1 - confidence)
    kmf.fit(group["os_days"], group["os_event"], label=groups[name])
    kmf.plot_survival_function(ax=ax, show_censors=True)
    fits.append(kmf)
    book = os.one_year.where(group=name)
    # lifelines carries the last value on; the book gives no estimate there
    if group["os_days"].max() >= 365:
        assert book.why or abs(kmf.predict(365) - book.number) < 1e-9
ax.set(xlabel="days since infusion", ylabel="alive", ylim=(0, 1))
add_at_risk_counts(*fits, ax=ax, at_risk_count_from_start_of_period=True)
plt.show()

# %% [markdown]
# The log-rank test asks whether the curves differ, the Cox model {cite:p}`Cox1972` by how much. Its
# *hazard ratio* tells how many times higher the rate of death is in one group, on any day, among
# those still alive. lifelines stops its search for the best value a little earlier than R does and
# may differ in the fourth or fifth digit; `fit_options` ask for more.

# %%
# by hand: treg_pct, os_days, os_event
from lifelines import CoxPHFitter
from lifelines.statistics import logrank_test

cox = CoxPHFitter()
tight = {"precision": 1e-18, "r_precision": 1e-18}
if high.nunique() == 2:  # both groups have patients
    a, b = data[high], data[~high]
    test = logrank_test(
        a["os_days"], b["os_days"], a["os_event"], b["os_event"]
    )
    split = data[["os_days", "os_event"]].assign(high=high.astype(int))
    cox.fit(split, "os_days", "os_event", fit_options=tight)
    ratio = cox.hazard_ratios_["high"]
    print(f"χ² = {test.test_statistic:.2f}, p = {test.p_value:.2g}")
    print(f"hazard ratio, high against low: {ratio:.2f}")
    chi2, book = os.log_rank, os.hazard_ratio
    assert chi2.why or abs(test.test_statistic - chi2.number) < 1e-9
    assert book.why or abs(ratio - book.number) < 1e-6

# %% [markdown]
# The cut-off was chosen without a look at survival. Had we taken the one with the smallest p-value, the
# p-value would mean little: [a later chapter](choosing-a-cutoff.ipynb) shows how little.
#
# ## The book’s result
#
# Intervals and p-values of hazard ratios are Wald’s; the p-value of the curves is that of the log-rank
# test.

# %%
study.say("The cut-off used here is **{treg_cutoff}**.")
study.show(
    tregs.figure("treg-distribution", "Regulatory T cells before infusion.")
)

# %%
study.show(
    os.figure(
        "km-treg-os", "Overall survival by regulatory T cells.", groups
    )
)
study.hand_over(treg_os_hr=os.hazard_ratio, treg_os_p=os.test)
study.say(
    "Overall survival, patients with high Tregs against those with low Tregs: hazard ratio "
    "**{treg_os_hr}** ({treg_os_hr.ci}); "
    f"{os.test_name}, "
    "{treg_os_p}."
)

# %%
caption = "Relapse-free survival of the responders by regulatory T cells."
study.show(rfs.figure("km-treg-rfs", caption, groups))
study.hand_over(treg_rfs_hr=rfs.hazard_ratio, treg_rfs_p=rfs.test)
study.say(
    "Relapse-free survival, responders with high Tregs against those with low Tregs: hazard ratio "
    "**{treg_rfs_hr}** ({treg_rfs_hr.ci}); "
    f"{rfs.test_name}, "
    "{treg_rfs_p}."
)
study.open_range("treg_os", "treg_rfs")

# %% [markdown]
# A measurement need not be cut at all. Used as it is, it needs no cut-off and loses no information
# {cite:p}`Altman2006`. In return the model assumes that each percentage point multiplies the hazard
# by the same factor.

# %%
study.hand_over(treg_per_unit_hr=uncut, treg_uncut_p=uncut.p)
named = {"os": "Overall", "rfs": "Relapse-free"}[endpoint]
study.say(
    f"{named} survival, each further percentage point of Tregs: hazard ratio "
    "**{treg_per_unit_hr}** ({treg_per_unit_hr.ci}), {treg_uncut_p}."
)

# %% [markdown]
# ## What it means for a patient

# %%
study.say(
    "Of patients like these with low Tregs, about **{treg_low_os_1y.of_100}** would be alive 12 "
    "months after the infusion ({treg_low_os_1y.ci}); of those with high Tregs, about "
    "**{treg_high_os_1y.of_100}** ({treg_high_os_1y.ci})."
)
study.show(
    os.one_year.icons(
        "treg-os-icons",
        "Out of 100 patients: alive at 12 months, by regulatory T cells.",
        "alive",
        groups,
    )
)

# %% [markdown]
# A patient just above the cut-off and one just below it may get very different pictures, though hardly
# anything separates them. Such a number is no ground for refusing a patient CAR T cells; and that
# lowering Tregs would help is a hypothesis, not a result.
#
# ## How sure can we be?
#
# **The cut-off.** Another cut-off gives another hazard ratio, and a patient just above it counts like one
# far above it. [A later chapter](choosing-a-cutoff.ipynb) tries them all, and draws the effect without
# any.

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "In this cohort the step is built in: the generator raises the hazard of all patients above the "
    "median by the same factor."
)

# %%
os_model = study.hazard_ratios("os", ["treg_group"])
rfs_model = study.hazard_ratios("rfs", ["treg_group"])
study.hand_over(
    treg_os_ph_p=os_model.proportional_hazards.where(
        covariate="treg_group"
    ).p,
    treg_rfs_ph_p=rfs_model.proportional_hazards.where(
        covariate="treg_group"
    ).p,
)
study.say(
    "**The hazard ratio.** It is meant to be the same at all times. Test of proportional hazards, "
    "high against low: {treg_os_ph_p} for overall, {treg_rfs_ph_p} for relapse-free survival. A "
    "small value would mean that the ratio changes, so that one number is only an average."
)

# %% [markdown]
# **What others found** is mixed. In the infusion products of patients with lymphoma, responders and
# others had much the same share of Tregs (our computation from data of a published study,
# {cite:p}`Haradhvala2022`). Also in lymphoma, CAR T cells that resembled Tregs one week after the
# infusion went with progression, and with milder neurotoxicity {cite:p}`Good2022`. These are other
# cells on other days in another disease: neither study repeats the one by An and colleagues. In
# relapsed or refractory ALL a Chinese series of 43 patients found more Tregs in those who relapsed;
# we know its abstract only, and have not identified the journal. More in [the chapter on other
# trials](other-trials.ipynb).

# %% [markdown]
# ## Published beside computed
#
# The abstract gives two directions, and neither a hazard ratio nor a cut-off.

# %%
study.paper(
    "treg_os",
    "treg_rfs",
    shown={"treg_os": "treg_os_hr", "treg_rfs": "treg_rfs_hr"},
)

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: predict, then run
#
# Relapse-free survival of the responders: will the p-value of a Cox model with Tregs as a number be
# smaller or larger than that of the cut at `cutoff` (the median, unless you chose another)? Predict,
# then fit a `CoxPHFitter` to each.
#
# ```{dropdown} Hint
# The columns are `rfs_days` and `rfs_event`. Once give `treg_pct` itself to the model, once a column
# that is 1 above `cutoff` and 0 elsewhere. The table of a model is `cox.summary`.
# ```

# %% tags=["solution"]
# by hand: treg_pct, rfs_days, rfs_event
columns = ["treg_pct", "rfs_days", "rfs_event"]
responders = patients[columns].dropna()
cox.fit(responders, "rfs_days", "rfs_event", fit_options=tight)
print(f"as a number: p = {cox.summary.loc['treg_pct', 'p']:.2g}")
book = study.hazard_ratios("rfs", ["treg_pct"]).result
per_point = cox.hazard_ratios_["treg_pct"]
assert book.why or abs(per_point - book.number) < 1e-6
above = (responders["treg_pct"] > cutoff).astype(int)
if above.nunique() == 2:
    split = responders[["rfs_days", "rfs_event"]].assign(high=above)
    cox.fit(split, "rfs_days", "rfs_event", fit_options=tight)
    print(f"cut at {cutoff:.2f}: p = {cox.summary.loc['high', 'p']:.2g}")
    book, ratio = rfs.hazard_ratio, cox.hazard_ratios_["high"]
    assert book.why or abs(ratio - book.number) < 1e-6

# %% tags=["solution"]
study.say(
    "Either may be smaller. If the hazard rises evenly, the number tells more than the cut, and its "
    "p-value tends to be smaller; if it rises in a step near the cut-off, the cut does better. "
    "Neither was picked because it is small, as long as the cut-off was set without a look at "
    "survival."
)

# %% [markdown]
# ### Exercise 2: change a parameter
#
# Cut at 3 and at 10 instead. What happens to the size of the groups, and to the hazard ratio of
# death with its interval? (The parameter `treg_cutoff` does this for the whole chapter.)
#
# ```{dropdown} Hint
# Count the deaths on each side first. With none on one side lifelines warns and prints an enormous
# hazard ratio with an interval up to `inf`: do not report it. The interval is in `cox.summary`,
# columns `exp(coef) lower 95%` and `exp(coef) upper 95%`.
# ```

# %% tags=["solution"]
# by hand: treg_pct, os_days, os_event
whole = patients[["treg_pct", "os_days", "os_event"]].dropna()
for cut in (3, 10):
    high = whole["treg_pct"] > cut
    deaths = whole.groupby(high)["os_event"].agg(["size", "sum"])
    print(f"cut at {cut}:", deaths.to_dict("index"))
    if len(deaths) == 2 and deaths["sum"].min() > 0:
        split = whole[["os_days", "os_event"]].assign(high=high.astype(int))
        cox.fit(split, "os_days", "os_event", fit_options=tight)
        row = cox.summary.loc["high"]
        low, top = row["exp(coef) lower 95%"], row["exp(coef) upper 95%"]
        ratio = row["exp(coef)"]
        print(f"hazard ratio {ratio:.2f} ({low:.2f} to {top:.2f})")
    else:
        print("no death on one side: no hazard ratio")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The further the cut lies from the middle, the smaller one of the groups becomes, and the wider
# the interval; with no event on one side there is no hazard ratio at all. A claim that holds at
# some cut-offs and not at others says that the *measurement* may matter, not that a certain cut-off
# does.
# ```

# %% [markdown]
# ### Exercise 3: criticise a claim
#
# *"In our laboratory the cut-off of An and colleagues divides the patients well."* What would you ask?
#
# ```{dropdown} Hint
# What of that cut-off is known, and what does a percentage of Tregs depend on?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The paper’s cut-off is not known to us; ask where the number comes from. Then ask for markers, gates
# and day of sampling in both laboratories: the same number may mean different cells. And “divides well”
# may mean that it was chosen for dividing well.
# ```

# %% [markdown]
# ### Exercise 4: three groups
#
# Cut in three instead of two. Does survival at 1 year fall from the lowest third to the highest, or
# does it jump?
#
# ```{dropdown} Hint
# `third = pd.qcut(treg, 3)` makes three groups of nearly equal size; fit a `KaplanMeierFitter` in each
# group of `groupby(third, observed=True)`.
# ```

# %% tags=["solution"]
# by hand: treg_pct, os_days, os_event
import pandas as pd

third = pd.qcut(whole["treg_pct"], 3, duplicates="drop")
for name, group in whole.groupby(third, observed=True):
    kmf = KaplanMeierFitter(alpha=1 - confidence)
    kmf.fit(group["os_days"], group["os_event"])
    if group["os_days"].max() < 365:
        print(f"{name}: {len(group)} patients, none followed for 1 year")
        continue
    low, top = kmf.confidence_interval_survival_function_.loc[:365].iloc[-1]
    alive, interval = kmf.predict(365), "no interval"
    if 0 < alive < 1:
        interval = f"{low:.0%} to {top:.0%}"
    print(f"{name}: {len(group)} patients, ", end="")
    print(f"alive at 1 year {alive:.0%} ({interval})")

# %% tags=["solution"]
study.say(
    "Compare the two steps, from the lowest third to the middle one and from there to the highest: "
    "steps alike speak for a slope, one large step for a jump. But three groups are smaller than "
    "two, and the intervals wider. To tell a slope from a step takes many more patients than a "
    "single trial usually has."
)

# %% tags=["solution", "on-reconstruction"]
study.on_reconstruction("Here the intervals overlap too much to tell.")

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# What does a cut at the median lose?
# - [ ] Nothing, as all patients stay in. :: All patients, but not all information.
# - [x] All differences within each half. :: Yes: a patient just above the cut counts like one far
#   above it.
# - [ ] Half of the patients. :: They all stay, in two groups.
# ```
#
# ```{quiz}
# "Hazard ratio per percentage point" assumes that…
# - [ ] Tregs follow a normal distribution. :: The model makes no assumption about the
#   measurement’s distribution.
# - [ ] all patients have the same hazard. :: Then there would be nothing to estimate.
# - [x] each further point multiplies the hazard by the same factor. :: Yes; a curve (a spline, in
#   a later chapter) relaxes it, and has more coefficients to estimate.
# ```
#
# ```{quiz}
# Two hospitals use the same cut-off for high Tregs, but different antibodies and gates. Their
# groups of patients with high Tregs…
# - [ ] can be pooled, as the number is the same. :: The same number may mean different cells.
# - [x] may hold quite different patients. :: Yes: a cut-off belongs to its assay.
# - [ ] differ only by chance. :: A different assay shifts all values in one direction.
# ```

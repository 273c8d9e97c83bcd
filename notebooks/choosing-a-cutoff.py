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
# # Where should regulatory T cells be cut?
#
# “High” Tregs need a cut-off, and none is published. It is tempting to take the cut-off that
# separates the curves best. This chapter shows what that does, how to correct it, and how to do
# without a cut-off.
#
# **You will learn**
#
# - what is lost when a measurement is cut in two;
# - how often a search for the best cut-off finds one where there is none, and what its p-value is worth;
# - to draw an effect without a cut-off (a spline), and to read a ROC curve of survival.

# %%
from typing import Optional

from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
treg_cutoff: Optional[float] = None
endpoint: str = "os"  # os or rfs

# %%
study = Study(
    "choosing-a-cutoff",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    treg_cutoff=treg_cutoff,
)
named = {"os": "overall survival", "rfs": "relapse-free survival"}[endpoint]
cuts = study.cutoffs(endpoint)
smooth = study.smooth_effect(endpoint)
roc = study.roc(endpoint)
alarms = study.false_alarms().only_if(study.distribution().cutoff)
study.hand_over(
    cut_best=cuts.search.read("cutoff", "percent of CD4"),
    cut_naive_p=cuts.search.where(approach="naive").p,
    cut_corrected_p=cuts.corrected,
    cut_false_alarms=alarms.where(n=50, low=0.2).read("naive", "fraction"),
    cut_false_fixed=alarms.where(n=50, low=0.2).read("fixed", "fraction"),
    cut_spline_p=smooth.tests.where(question="association").p,
    cut_bend_p=smooth.tests.where(question="nonlinearity").p,
    cut_auc=roc.area,
)

# %%
study.say(
    f"**In short.** The cut-off that separates {named} best is **{{cut_best}}**, with "
    "{cut_naive_p} if the search is forgotten and **{cut_corrected_p}** if it is counted. Without "
    "any cut-off: {cut_spline_p}."
)
study.say(
    "In simulated cohorts of 50 patients in which Tregs mean nothing, such a search finds "
    "p < 0.05 in **{cut_false_alarms}**; the median, fixed beforehand, in {cut_false_fixed}."
)

# %% [markdown]
# ## Background
#
# Cutting a measurement in two is called *dichotomising*. Groups are easy to draw and to talk about,
# and a decision is yes or no in the end. The price is high {cite:p}`Altman2006,Royston2006`:
#
# - **Information.** A patient just above the cut-off counts like one far above it. A cut at the median
#   costs as much as leaving out about a third of the patients.
# - **A step that is not there.** Two patients on either side of the cut-off are treated as different, two
#   at the ends of one group as alike.
# - **A choice.** There are as many cut-offs as patients. Whoever tries them all and reports the best has
#   tested many hypotheses and kept the luckiest {cite:p}`Altman1994`.
#
# The largest of all log-rank statistics is a fair question if it is asked as such: *how often would the
# best cut-off be as good as this if the measurement meant nothing?* This is the *maximally selected
# statistic* {cite:p}`Lausen1992,Hothorn2003`. Its p-value counts the search. It says that there is an
# association; it does not say that the cut-off is where the risk changes.
#
# A *restricted cubic spline* needs no cut-off {cite:p}`Harrell2015`: a smooth curve of the hazard
# ratio, made of cubic pieces that meet at *knots*, and straight at both ends where data are few.
#
# A *ROC curve* asks another question: not whether Tregs go with survival, but how well they tell one
# patient from another. For every cut-off it shows the *sensitivity* (patients who die within a year, and
# lie above it) against the *false positives* (patients alive at a year, and above it as well). The area
# below is the chance that of two such patients the one who dies has more Tregs: one half is a coin.
# Patients censored within the year are neither; those like them count for them, by weights
# {cite:p}`Uno2007,Blanche2013`.
#
# ## What the authors did and reported
#
# An and colleagues {cite:p}`An2020` compared “higher” with lower Tregs. Where they cut, whether that
# was decided beforehand, and how many patients were above is not known to us. The book cuts at the
# median: that choice is ours, and assumed.
#
# ## A look at the data

# %%
# by hand: treg_pct, os_days, os_event
patients = study.patients
days, event = f"{endpoint}_days", f"{endpoint}_event"
data = patients[["treg_pct", days, event]].dropna()
data = data.sort_values("treg_pct", ignore_index=True)
data.columns = ["treg", "days", "event"]
data["event"] = data["event"].astype(int)
fifths = data.groupby(data.index * 5 // len(data))
print(
    fifths.agg(
        patients=("treg", "size"),
        lowest=("treg", "min"),
        highest=("treg", "max"),
        events=("event", "sum"),
    )
)

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "Every value of `treg_pct` is assumed; only the direction of its effect, and that it is "
    "significant, is the paper’s. The generator raises the hazard of all patients above the median "
    "by the same factor: here, a step is built in, just where the book cuts."
)

# %% [markdown]
# ## By hand
#
# ### What a cut loses
#
# How much of the measurement is left after a cut at the median? The squared correlation between the two
# tells. For a bell-shaped measurement it is 2/π, so that a bit more than a third is lost.

# %%
# by hand: treg_pct, os_days, os_event
import numpy as np

above = (data["treg"] > data["treg"].median()).astype(float)
left = np.corrcoef(data["treg"], above)[0, 1] ** 2
print(f"left after a cut at the median: {left:.0%}")
print(f"of a bell-shaped measurement: {2 / np.pi:.0%}")

# %% [markdown]
# ### Every cut-off has its own p-value
#
# Cut between any two patients, from the lowest fifth to the highest, and compare by the log-rank test.

# %%
# by hand: treg_pct, os_days, os_event
# figure: The log-rank p-value over all cut-offs, on a logarithmic axis.
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from lifelines.statistics import logrank_test

n = len(data)
values = data["treg"].to_numpy()
below = np.arange(int(0.2 * n), int(0.8 * n) + 1)
below = below[values[below - 1] < values[below]]  # not between ties
p = pd.Series(np.nan, below)
for m in below:
    low, high = data[:m], data[m:]
    test = logrank_test(
        low["days"], high["days"], low["event"], high["event"]
    )
    p[m] = test.p_value
if data["event"].any():
    print(f"{len(p)} cut-offs, p from {p.min():.2g} to {p.max():.2g}")
    ax = sns.lineplot(x=values[below - 1], y=p, color="steelblue")
    ax.axhline(0.05, color="firebrick", linestyle=":")
    ax.axvline(data["treg"].median(), color="black", linestyle="--")
    ax.set(yscale="log", xlabel="cut-off, % of CD4⁺ T cells")
    ax.set(ylabel="p (log-rank, not corrected)")
    ax.yaxis.set_major_formatter("{x:g}")
    plt.show()
else:
    print("no event, so no cut-off is better than another")

# %% [markdown]
# The same patients, the same measurement; yet the p-value may move with the cut-off by orders of
# magnitude. (The code draws a dashed line at the median.)
#
# To look at all cut-offs at once, give each patient a *score*: the event less the cumulative hazard up
# to the last day seen. Sums of the scores of all patients below a cut are what the log-rank test works
# with, and their standard deviation under shuffling is known. Divided by it, they are the statistics of
# all cuts; the largest is the maximally selected one. (The log-rank test divides by a slightly different
# standard deviation, so that its p-values differ a little.)

# %%
# by hand: treg_pct, os_days, os_event
from lifelines import NelsonAalenFitter
from scipy.stats import norm

hazard = NelsonAalenFitter(nelson_aalen_smoothing=False)
hazard.fit(data["days"], data["event"])
score = data["event"].to_numpy() - hazard.predict(data["days"]).to_numpy()


def statistics(score):
    spread = np.sqrt(score.var(ddof=1) * below * (n - below) / n)
    return np.abs((score - score.mean()).cumsum()[below - 1]) / spread


z = statistics(score)
best, where = z.max(), values[below[z.argmax()] - 1]
naive = 2 * norm.sf(best)
print(f"best cut-off {where:g}: statistic {best:.2f}, p {naive:.2g}")
search = cuts.search.table
assert np.allclose(search["estimate"], best, rtol=0, atol=1e-9)
assert (search["cutoff"] == where).all()
assert np.allclose(cuts.search.where(approach="naive").p.number, naive)

# %% [markdown]
# How lucky can one be if Tregs mean *nothing*? Deal the scores to the patients at random, look for the
# best cut-off, and repeat. Lausen and Schumacher found a formula for what comes out
# {cite:p}`Lausen1992`.

# %%
# by hand: treg_pct, os_days, os_event
rng = np.random.default_rng(1)
shuffled = np.array(
    [statistics(rng.permutation(score)).max() for _ in range(2000)]
)
lucky = np.mean(shuffled > norm.isf(0.025))  # beyond 1.96: p < 0.05
corrected = (np.sum(shuffled >= best) + 1) / 2001
formula = norm.pdf(best) * (
    4 / best + (best - 1 / best) * np.log(0.8**2 / 0.2**2)
)
print(f"a best cut with p < 0.05 although nothing is there: {lucky:.0%}")
print(f"p of the best cut, corrected by shuffling: {corrected:.2g}")
print(f"p by the formula: {formula:.2g}")
if best > 1:
    book = cuts.search.where(approach="lausen_1992").p.number
    assert abs(min(formula, 1) - book) < 1e-9
assert abs(corrected - cuts.corrected.number) < 0.05

# %% [markdown]
# One cut-off, fixed beforehand, finds a difference in one of twenty data sets that have none. A search
# finds one far more often. Shuffling and formula both give the search the p-value it deserves; the
# formula takes cut-offs to lie densely, so that it is a little strict where patients are few.
#
# ### Without a cut-off
#
# A restricted cubic spline with three knots has two terms: the measurement itself, and a cubic one that
# lets the line bend. Harrell's knots lie at the tenth, fiftieth and ninetieth percentile; with
# fewer than 100 patients the outer two are the fifth value from either end. (The scores above show the
# shape as well: they are the *martingale residuals* of a model without covariates, and a smooth line
# through them follows the effect {cite:p}`Therneau1990`.)

# %%
# by hand: treg_pct, os_days, os_event
from lifelines import CoxPHFitter


def bend(x):
    a, b, c = knots
    cubed = [np.clip(x - k, 0, None) ** 3 for k in knots]
    straight = (b - a) * cubed[2] - (c - a) * cubed[1]
    return (cubed[0] + straight / (c - b)) / (c - a) ** 2


knots = np.quantile(values, [0.1, 0.5, 0.9])
if n < 100:
    knots[[0, 2]] = values[4], values[-5]
terms = data.assign(bend=bend(values))
tight = {"precision": 1e-18, "r_precision": 1e-18}
cox, line = CoxPHFitter(), CoxPHFitter()
cox.fit(terms, "days", "event", fit_options=tight)
line.fit(data, "days", "event", fit_options=tight)
chi2 = 2 * (cox.log_likelihood_ - line.log_likelihood_)
print(f"Does it bend? χ² = {chi2:.3f} with 1 degree of freedom")
book = smooth.tests.where(question="nonlinearity")
if not book.why and smooth.tests.table["df"].max() == 2:  # three knots
    assert abs(chi2 - book.number) < 1e-6
middle = np.median(values)
for x in np.quantile(values, [0.1, 0.9]):
    away = np.array([x - middle, bend(x) - bend(middle)])
    print(f"at {x:.1f}: hazard ratio {np.exp(away @ cox.params_):.2f}")

# %% [markdown]
# ### The ROC curve at one year
#
# Patients who had the event within the year are the cases, those followed for longer without it the
# controls. A case on day *t* stands for all who would have been cases then, had they not been censored:
# it is weighted by one over the chance of still being followed just before *t*.

# %%
# by hand: treg_pct, os_days, os_event
# figure: ROC curve of regulatory T cells for the event within a year.
from lifelines import KaplanMeierFitter

followed = KaplanMeierFitter().fit(data["days"], 1 - data["event"])
is_case = (data["days"] <= 365) & (data["event"] == 1)
before = followed.predict(data["days"] - 1e-6).to_numpy()
case = np.where(is_case, 1 / before, 0)
control = (data["days"] > 365).to_numpy(float)
if case.any() and control.any():
    case, control = case / case.sum(), control / control.sum()
    order = np.argsort(-values, kind="stable")
    area = sum(
        case[i] * (control @ ((values < x) + 0.5 * (values == x)))
        for i, x in enumerate(values)
    )
    print(f"area below the curve: {area:.3f}")
    assert roc.area.why or abs(area - roc.area.number) < 1e-9
    x, y = control[order].cumsum(), case[order].cumsum()
    ax = plt.subplot(aspect="equal")
    ax.step([0, *x], [0, *y], where="post", color="steelblue")
    ax.plot([0, 1], [0, 1], color="grey", linestyle=":")
    ax.set(xlabel="false positives", ylabel="sensitivity")
    plt.show()
else:
    print("no cases or no controls, so no curve")

# %% [markdown]
# ## The book’s result
#
# The best of all cut-offs between the lowest and the highest fifth of the patients, with its p-value as
# it is usually printed, and corrected in four ways: by two approximations
# {cite:p}`Lausen1992,Lausen1994`, by the joint normal distribution of all statistics, and by dealing
# the outcomes out to the patients at random. The last assumes least.

# %%
study.show(cuts.search_table(f"The best cut-off for {named}"))

# %% [markdown]
# Several cut-offs, chosen by the share of patients below them. The grey bar marks the cut-off that the book
# uses. Where one side is small the p-value comes from a permutation test, as in [the chapter on
# extramedullary disease](extramedullary-disease.ipynb).

# %%
caption = (
    "Hazard ratio of high against low regulatory T cells over cut-offs; p-values are not corrected "
    "for the number of looks."
)
study.show(cuts.figure("treg-cutoffs", caption))

# %% [markdown]
# ```{play} cut-off
# On the website, the cut-off can be moved here: groups, curves and p-value follow.
# ```
#
# How often does a search find something where there is nothing? Two thousand simulated cohorts of each
# size, in which Tregs have nothing to do with survival, were searched over three ranges of the patients.
# The correction is that of 1994, which errs on the safe side.

# %%
study.show(
    alarms.as_table(
        {
            "n": "Patients",
            "range": "Searched: share of patients below the cut-off",
            "fixed_text": "Median, fixed beforehand",
            "naive_text": "Best cut-off, not corrected",
            "corrected_text": "Best cut-off, corrected",
        },
        "Simulated cohorts without any effect: share with p < 0.05",
    )
)

# %% [markdown]
# The effect without a cut-off, against the median. The band is pointwise: right for one value chosen
# beforehand, not for the whole curve. It is drawn from the tenth to the ninetieth percentile.

# %%
study.show(
    smooth.figure(
        "treg-smooth",
        f"Hazard ratio of {named} over regulatory T cells: restricted cubic spline, knots "
        f"{smooth.knots}.",
    )
)
study.say(
    "Do Tregs matter at all? {cut_spline_p}. Does the curve bend? {cut_bend_p}. Both are "
    "likelihood-ratio tests; the second compares with a straight line."
)

# %%
study.show(
    roc.figure(
        "treg-roc",
        f"ROC curve of regulatory T cells for {named} at 1 year.",
    )
)
study.say("Area below the ROC curve: **{cut_auc}** ({cut_auc.ci}).")

# %% [markdown]
# ## What it means for a patient
#
# A smooth model gives each patient a prediction that does not jump. From the straight model above, alive
# (or free of relapse) at 12 months, of 100 patients:

# %%
# by hand: treg_pct, os_days, os_event
ask = pd.DataFrame(
    {"treg": np.quantile(values, [0.1, 0.25, 0.5, 0.75, 0.9])}
)
if data["days"].max() >= 365:
    at = line.predict_survival_function(ask, times=[365]).iloc[0]
    for treg, share in zip(ask["treg"], at, strict=True):
        print(f"Tregs {treg:.1f} %: about {100 * share:.0f} of 100")
median = data["treg"].median()
both = data.groupby(data["treg"] > median)["treg"].agg(["min", "max"])
print("A cut at the median calls alike all patients in one row:")
print(both.to_string(index=False))

# %% [markdown]
# A measurement that goes with survival need not be good at telling patients apart. An area of seven
# tenths still means that in three of ten pairs the patient with fewer Tregs dies first. That is no ground for refusing
# anybody a treatment.
#
# ## How sure can we be?
#
# **Where is the cut-off?** Draw as many patients with replacement, search again, and repeat (a
# *bootstrap*). If the risk changed at a certain value, the best cut-offs would gather there.

# %%
# by hand: treg_pct, os_days, os_event
rng = np.random.default_rng(1)
found = []
for _ in range(300 if data["event"].any() else 0):
    again = np.sort(rng.integers(n, size=n))
    x = values[again]
    s = score[again] - score[again].mean()
    m = np.arange(int(0.2 * n), int(0.8 * n) + 1)
    m = m[x[m - 1] < x[m]]
    sums = np.abs(s.cumsum()[m - 1]) / np.sqrt(m * (n - m))
    found.append(x[m[sums.argmax()] - 1])
if found:
    low, high = np.quantile(found, [0.05, 0.95])
    print(f"nine of ten best cut-offs: {low:.1f} to {high:.1f}")
else:
    print("no event, so no cut-off is better than another")

# %% [markdown]
# **Which effect?** The hazard ratio at the best cut-off is too large, as the p-value is too small: both
# were picked for looking good. A new cohort will show less.
#
# **Which test?** The tests above ask different questions. The spline loses little if the effect is a
# straight line, and gains if it bends; the best cut-off does better where there is a step. To pick the
# smaller of the two would be a search again.
#
# **Which year?** The area below the ROC curve is that of one day. Another day would give another one, and
# an area found in the patients that a marker was chosen in is too large, too.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the picture of cut-offs
#
# At which of the cut-offs shown is the hazard ratio largest, and at which is its interval narrowest, as
# drawn on the logarithmic axis? Why are they not always the same?
#
# ```{dropdown} Hint
# Think of the number of patients on each side of the cut. `cuts.table` holds the numbers. On a
# logarithmic axis the width is `upper / lower`.
# ```

# %% tags=["solution"]
largest = cuts.result.largest("estimate").read("cutoff", "percent of CD4")
narrowest = cuts.narrowest.read("cutoff", "percent of CD4")
study.hand_over(treg_largest_cut=largest, treg_narrowest_cut=narrowest)
study.say(
    "Largest hazard ratio at **{treg_largest_cut}**; narrowest interval, as drawn on the "
    "logarithmic axis, at **{treg_narrowest_cut}**."
)
study.say(
    "An interval is narrow where the cut leaves many events on both sides. Towards the edges one "
    "group is small: expect the hazard ratio to jump, and large values to come up by chance."
)

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Search the middle of the patients only, from two fifths to three fifths. Will the corrected p-value of
# the same statistic be smaller or larger? Predict, then shuffle again.
#
# ```{dropdown} Hint
# Keep those of `below` that lie between 0.4 and 0.6 times `n`, and use `statistics` once more.
# ```

# %% tags=["solution"]
# by hand: treg_pct, os_days, os_event
rng = np.random.default_rng(2)
everywhere = below
for share in (0.2, 0.4):
    inside = (everywhere >= int(share * n)) & (
        everywhere <= (1 - share) * n
    )
    below = everywhere[inside]
    drawn = [statistics(rng.permutation(score)).max() for _ in range(2000)]
    as_good = np.mean(np.array(drawn) >= best)
    print(f"{len(below)} cut-offs: as good in {as_good:.2%} of shuffles")
below = everywhere

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Smaller: fewer looks, less luck. But the range has to be fixed before the search. Whoever narrows it
# around the best cut-off afterwards has searched everywhere.
# ```

# %% [markdown]
# ### Exercise 3: change the cohort
#
# Cut the cohort in two halves at random. Find the best cut-off in one, and test that cut-off in the
# other. How often is p < 0.05 in the other half?
#
# ```{dropdown} Hint
# `rng.permutation(n) < n // 2` picks a half. In the other half, only one cut-off is tested, so the usual
# log-rank test is right.
# ```

# %% tags=["solution"]
# by hand: treg_pct, os_days, os_event
rng = np.random.default_rng(3)
again = 0
for _ in range(100):
    half = rng.permutation(n) < n // 2
    x, s = values[half], score[half] - score[half].mean()
    m = np.arange(int(0.2 * len(x)), int(0.8 * len(x)) + 1)
    sums = np.abs(s.cumsum()[m - 1]) / np.sqrt(m * (len(x) - m))
    other = data[~half]
    high = other["treg"] > x[m[sums.argmax()] - 1]
    a, b = other[high], other[~high]
    if len(a) and len(b):
        test = logrank_test(a["days"], b["days"], a["event"], b["event"])
        again += test.p_value < 0.05
if data["event"].any():
    print(f"p < 0.05 in the other half: {again} of 100 splits")
else:
    print("no event, so there is nothing to test")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# A cut-off that was found in some patients and holds in others has passed a fair test. In so few patients
# even a real effect often fails it: half of the cohort searches, and the other half has too few events.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"We chose the cut-off by the ROC curve, where sensitivity and specificity add up to most. Survival
# above and below it differed significantly (log-rank p = 0.003), which confirms the cut-off."* What do
# you answer?
#
# ```{dropdown} Hint
# Which patients chose the cut-off, and which confirmed it?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The same patients chose and confirmed. The point of the ROC curve where sensitivity and specificity
# add up to most (Youden's index) is a search over all cut-offs, by another name; the log-rank test that
# follows does not know of it. Ask for a p-value that counts the search, for the effect without a
# cut-off, and for the same cut-off, unchanged, in other patients.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# In data without any effect, searching for the best cut-off finds "p < 0.05"…
# - [ ] in one of twenty data sets. :: That holds for one cut-off fixed beforehand.
# - [x] in far more than one of twenty. :: Yes: each look is another chance to be fooled.
# - [ ] never, if the search is exhaustive. :: The more looks, the more often.
# ```
#
# ```{quiz}
# The corrected p-value of the best cut-off is small. What follows?
# - [ ] The risk changes at that value. :: A straight effect has a best cut-off, too.
# - [x] Tregs and survival go together in some way. :: Yes; where, and by how much, is another question.
# - [ ] Patients above it need another treatment. :: A prognostic factor does not say which treatment
#   works.
# ```
#
# ```{quiz}
# What does a small p for “non-linearity” say?
# - [ ] The measurement matters. :: That is the first test: is there an association?
# - [x] A straight line does not do: the effect bends. :: Yes.
# - [ ] There is a cut-off at the bend. :: A bend is no step.
# ```
#
# ```{quiz}
# An area below the ROC curve of 0.5 means that…
# - [ ] half of the patients die. :: The area does not depend on how many do.
# - [ ] the marker is right in half of the patients. :: It is no share of right answers.
# - [x] the marker tells those who die from the others no better than a coin. :: Yes.
# ```

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
# # Where does the study stand among others?
#
# Nothing on this page is reconstructed: it sets what An and colleagues published beside what other
# trials of CD19 CAR T cells in B-ALL published.
#
# **You will learn**
#
# - to read a forest plot, and to draw conclusions from its prediction interval;
# - to pool proportions over trials by random effects, in a few lines of NumPy;
# - to say why trials without a control group are hard to compare.

# %%
from cartanalysis import Study
from cartanalysis.study.peers import findings

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95

# %%
study = Study(
    "other-trials", cohort, min_cell=min_cell, confidence=confidence
)
peers = study.peers()
remission = peers.forest("remission")
survival = peers.forest("survival")
severe_crs = peers.forest("severe CRS")
severe_neurotoxicity = peers.forest("severe neurotoxicity")
neurotoxicity = peers.forest("neurotoxicity")
study.hand_over(
    peers_remission=remission.pooled,
    peers_neurotoxicity=neurotoxicity.pooled,
)

# %%
study.say(
    "**In short.** For remission ({paper.orr}) the study lies "
    f"{remission.in_range} the prediction interval of the other trials, for severe CRS "
    f"({{paper.crs_ge3}}) {severe_crs.in_range}, for neurotoxicity of any grade "
    f"({{paper.icans_any}}) {neurotoxicity.in_range}. For survival at 1 year ({{paper.os_1y}}), "
    f"{survival.place}."
)

# %% [markdown]
# ## Background
#
# CAR T cells against CD19 entered the clinic in several centres within a few years. The products
# share their target and differ in much else: the costimulatory domain (4-1BB or CD28), the dose,
# the chemotherapy given before, the way in which the cells are made. The patients differ as well:
# some trials treated adults only, some children and young adults; some took only patients with
# leukaemia in the central nervous system or after a transplant.
#
# None of these trials had a control group. To ask whether one result is unusual, one therefore
# looks at the spread of the others. A *random-effects* model takes each trial to have a true rate
# of its own; it estimates the mean of these true rates, and how far they scatter. From both
# follows the *prediction interval*: where the true rate of one further trial is to be expected
# {cite:p}`Higgins2009`.
#
# ## What the authors did and reported
#
# An and colleagues {cite:p}`An2020` treated children and adults with relapsed or refractory B-ALL
# in a phase II trial without a control group, at two centres in China according to its registry
# record. According to later reviews the product has a 4-1BB domain. Remission and survival are the paper's own numbers; those of
# toxicity and age are known from a later review only (J Clin Med 2023;12:6883, Table 1).

# %%
study.say(
    "Reported by the paper: remission in {paper.orr} and overall survival at 1 year of "
    "{paper.os_1y}. Reported by a later review: cytokine release syndrome (CRS) "
    "in {paper.crs_any}, of grade 3 or higher in {paper.crs_ge3}; neurotoxicity (ICANS) in "
    "{paper.icans_any}, of grade 3 or higher in {paper.icans_ge3}; median age {paper.age_median}."
)

# %% [markdown]
# ## A look at the data
#
# One row is one trial. An empty cell (`NaN`) was not verified; it does not mean zero.

# %%
# by hand
from cartanalysis.study.peers import trials

others = trials()
others[["study", "population", "n", "cr_n", "emd_pct"]].head()

# %% [markdown]
# `n` counts the patients whose response could be judged, `cr_n` those in remission.
#
# ## By hand
#
# The share in remission is a quotient of two columns. Plotted against the size of the trial it
# makes a *funnel plot*: small trials scatter more, and if small trials with poor results had
# remained unpublished, the lower left of the picture would be empty.

# %%
# by hand
# figure: Remission by size of trial; adults and others overlap.
import matplotlib.pyplot as plt
import seaborn as sns

others["remission"] = others["cr_n"] / others["n"]
adults = others["population"].str.startswith("adult")
others["treated"] = adults.map({True: "adults", False: "others"})
ax = sns.scatterplot(others, x="remission", y="n", hue="treated")
ax.set(xlabel="share in remission", ylabel="patients")
plt.show()

# %% [markdown]
# Each share has its exact interval {cite:p}`Clopper1934`; in statsmodels the method is called
# `"beta"`.

# %%
# by hand
import numpy as np
from statsmodels.stats.proportion import proportion_confint

events, n = others["cr_n"], others["n"]
alpha = 1 - confidence
low, high = proportion_confint(events, n, alpha, method="beta")
others["lower"], others["upper"] = low, high
columns = ["study", "cr_n", "n", "remission", "lower", "upper"]
print(others[columns].round(2).to_string(index=False))
book = remission.table.set_index("label").loc[others["study"]]
assert np.allclose(low, book["lower"])
assert np.allclose(high, book["upper"])

# %% [markdown]
# Proportions are pooled as log odds, because these scatter nearly normally. `v` is the variance
# that chance alone gives them. The variance between trials, τ², is the value at which the weighted
# squared distances from the mean add up to what is expected, the number of trials less one
# {cite:p}`Paule1982`.

# %%
# by hand
from scipy.optimize import brentq

without = n - events
y, v = np.log(events / without), 1 / events + 1 / without


def excess(tau2):
    w = 1 / (v + tau2)
    distance = y - np.average(y, weights=w)
    return (w * distance**2).sum() - (len(y) - 1)


tau2 = brentq(excess, 0, 5) if excess(0) > 0 else 0.0
mean = np.average(y, weights=1 / (v + tau2))
pooled = 1 / (1 + np.exp(-mean))
print(f"tau² = {tau2:.3f}; pooled share in remission {pooled:.1%}")
assert np.isclose(pooled, remission.pooled.number)

# %% [markdown]
# The prediction interval adds τ² to the variance of the mean, and takes its quantile from the t
# distribution.

# %%
# by hand
from scipy.stats import t

variance = tau2 + 1 / (1 / (v + tau2)).sum()
reach = t.ppf((1 + confidence) / 2, len(y) - 2) * np.sqrt(variance)
ends = [1 / (1 + np.exp(-(mean + side * reach))) for side in (-1, 1)]
print(f"a further trial: {ends[0]:.1%} to {ends[1]:.1%}")
lower = remission.pooled.read("predicted_lower", "fraction").number
assert np.isclose(ends[0], lower)

# %% [markdown]
# ## The book’s result
#
# ### Remission
#
# Squares are trials, larger where they weigh more; the diamond is their pooled share with its
# interval, the grey band the prediction interval. An et al. are not pooled, so that the others
# alone say what was to be expected. The diamond's confidence interval is by Hartung, Knapp, Sidik
# and Jonkman {cite:p}`IntHout2014`; Cochran's Q tests whether the trials differ by more than chance.

# %%
caption = "Share of patients in remission, with exact intervals."
study.show(remission.figure("peers-remission", caption))
study.say(
    "Pooled over the other trials, **{peers_remission}** of the patients reached remission "
    f"({{peers_remission.ci}}); prediction interval {remission.predicted}; {remission.alike}. "
    f"The study lies {remission.in_range}: {remission.place}."
)

# %% [markdown]
# ### Survival at 1 year
#
# These are Kaplan–Meier estimates. Their standard errors depend on how many patients were still
# under observation, which the abstracts do not tell; one of them prints an interval (exercise 3).
# So the book draws points, sized by the number of patients, and neither invents intervals nor
# pools.

# %%
caption = "Overall survival at 1 year, as published; no intervals can be computed."
study.show(survival.figure("peers-survival", caption))
study.say(
    f"The other trials report {survival.span}, the study {{paper.os_1y}}: {survival.place}."
)

# %% [markdown]
# The paper's survival without relapse is not compared: most trials give event-free survival, which
# counts a patient without remission as an event at once, whereas relapse-free survival starts from
# remission.
#
# ### Cytokine release syndrome and neurotoxicity

# %%
crs = peers.forest("CRS")
caption = "Patients with CRS of grade 3 or higher, with exact intervals."
study.show(severe_crs.figure("peers-severe-crs", caption))
study.say(
    f"Severe CRS: prediction interval {severe_crs.predicted}; {severe_crs.alike}. The study lies "
    f"{severe_crs.in_range}. CRS of any grade: prediction interval {crs.predicted}; the study "
    f"({{paper.crs_any}}) lies {crs.in_range}."
)
caption = "Patients with neurotoxicity of grade 3 or higher, with exact intervals."
study.show(
    severe_neurotoxicity.figure("peers-severe-neurotoxicity", caption)
)
caption = (
    "Patients with neurotoxicity of any grade, with exact intervals. A dash stands for a "
    "percentage that is no whole number of patients."
)
study.show(neurotoxicity.figure("peers-neurotoxicity", caption))
study.say(
    f"Severe neurotoxicity: prediction interval {severe_neurotoxicity.predicted}; the study lies "
    f"{severe_neurotoxicity.in_range}. Of any grade, the others report **{{peers_neurotoxicity}}** "
    f"({{peers_neurotoxicity.ci}}; prediction interval {neurotoxicity.predicted}), and the study "
    f"lies {neurotoxicity.in_range}."
)

# %% [markdown]
# This is where the study differs most, though chance is not excluded. Was the product milder, were
# mild symptoms not recorded, or were they graded on another scale? The published text available to
# us does not say. The numbers are those of a review, not of the paper, and that review errs for
# another trial; but even if it erred here, a few patients more would still leave its rate below most
# of the others.
#
# ### Relapse

# %%
relapse = peers.forest("relapse")
study.hand_over(peers_relapse=relapse.pooled)
caption = (
    "Patients with a relapse, of those in remission, with exact intervals."
)
study.show(relapse.figure("peers-relapse", caption))
study.say(
    "Pooled, **{peers_relapse}** of the patients in remission relapsed ({peers_relapse.ci}). The "
    "length of follow-up differs between trials, so this is no risk at any one time. How many "
    "patients of An et al. relapsed is not available."
)

# %% [markdown]
# ## What it means for a patient

# %%
study.say(
    "In trials like these about **{peers_remission.of_100}** patients reached remission, and of "
    "those in remission about **{peers_relapse.of_100}** relapsed while they were observed. "
    f"Depending on the trial, {survival.span} were alive at 1 year."
)

# %% [markdown]
# No patient is the average of a dozen trials. Age, earlier transplants and where the leukaemia
# sits all count, and none of these trials can say what would have happened without CAR T cells.
#
# ## Where the study sits, and what differs

# %%
caption = (
    "Who was treated (n: evaluable), what remission meant, and how many had EMD before, and a "
    "transplant (HSCT) after CAR T cells; –: not verified"
)
study.show(peers.characteristics(caption))

# %% [markdown]
# *Patients.* An et al. treated children and adults together; most trials in the table treated one
# or the other. *Product.* The table mixes CD28 and 4-1BB, low and high doses. *Transplant.* Where
# many patients receive a transplant in remission, survival at 1 year says as much about the
# transplant as about the cells; how many patients of An et al. received one is not available.
# *Extramedullary disease.* It is a risk factor in the paper, and the trials differ widely in
# it, as far as they tell:

# %%
# by hand
known = others.dropna(subset=["emd_pct"])
columns = ["study", "emd_pct", "remission"]
print(known[columns].round(2).to_string(index=False))
everyone = (known["emd_pct"] == 100).sum()
print(f"known in {len(known)} trials; all had EMD in {everyone}")

# %% [markdown]
# Could one regress remission on the share with EMD over trials? Not from these few points, some of
# which are trials that admitted nobody without EMD. A *meta-regression* would, besides, compare
# trials, not patients: trials that differ in EMD differ in everything else.
#
# ## What others found about the same questions
#
# ### High-risk genetics
#
# The largest study in the table below found no difference by genetic risk {cite:p}`Leahy2022`; its
# patients were younger than those of An et al. Another went the paper's way for one marker,
# mutated *TP53* {cite:p}`ZhangX2020`.

# %%
study.show(
    peers.findings(
        "high-risk genetics", "High-risk genetics: what others found"
    )
)

# %% [markdown]
# ### Extramedullary disease
#
# One large series saw responses in all its subgroups, patients with extramedullary disease among
# them {cite:p}`ZhangX2020`; a response is not yet survival. Another treated patients with leukaemia
# of the central nervous system (CNS) {cite:p}`Qi2022`, a third EMD outside the CNS
# {cite:p}`Holland2022`.

# %%
found = findings("EMD").set_index("source")["finding"]
qi = found.filter(like="Qi et al.").item()
holland = remission.table.set_index("label").loc["Holland 2022"]
study.say(
    f"With leukaemia of the CNS: {qi}, against a median overall survival of {{paper.os_median}} in "
    "all patients of An et al."
)
study.say(
    "With EMD outside the CNS, the marrow was in MRD-negative remission after "
    f"{holland['events']:.0f} of {holland['n']:.0f} infusions, against remission in {{paper.orr_emd_other_n}} of "
    "{paper.emd_other_n} patients of An et al.; the two endpoints differ, and the numbers are too "
    "small to tell apart."
)
study.show(
    peers.findings("EMD", "Extramedullary disease (EMD): what others found")
)

# %% [markdown]
# ### Regulatory T cells
#
# In lymphoma, the share of Tregs in the *product* hardly differed between responders and others
# {cite:p}`Haradhvala2022`. In leukaemia, a Chinese series of 43 patients found more Foxp3⁺ Tregs in
# the *blood* of those who relapsed than of those who did not (abstract only, journal not
# identified); and in lymphoma again, Treg-like CAR T cells went with progression
# {cite:p}`Good2022`. Blood, product and CAR T cells are three different things to measure, so
# these studies neither confirm nor refute one another.

# %%
study.show(
    peers.findings(
        "regulatory T cells", "Regulatory T cells: what others found"
    )
)

# %% [markdown]
# ### Transplant after CAR T cells
#
# The abstract of An et al. does not mention transplants. They matter here because they may explain
# differences in survival between trials.

# %%
study.show(
    peers.findings(
        "transplant after CAR T",
        "Transplant in remission: what others found",
    )
)

# %% [markdown]
# ## How sure can we be?
#
# - *Differences.* I² tells which share of the scatter is not chance; the prediction interval tells
#   how large it is. For severe CRS the trials scatter no more than chance would have it, which
#   does not prove that they are alike.
# - *Definitions.* Remission is CR in one trial, CR or CRi in the next, free of MRD in a third. CRS
#   was graded by several scales before the ASTCT consensus {cite:p}`Lee2019`, so that grade 3 does
#   not mean the same everywhere. For remission, the other trials are counted in evaluable patients
#   (Holland in infusions), An et al. in all infused; this makes An et al. look slightly worse.
# - *Sources.* Some rows were read in a trial's own abstract, others in the tables of reviews, as
#   the last table of this section tells; where two sources disagree the cell is empty. Counts were
#   worked out from rounded percentages where only one whole number fits.
# - *Patients counted twice.* Davila 2014 and Park 2018 report from the same institution and with
#   the same product (PMC7236391, Table 2), Turtle 2016 and Hay 2019 very probably so. Earlier
#   patients may be part of the later report; exercise 2 leaves the earlier reports out.
# - *What was published.* Early trials with poor results may never have appeared. The list was not
#   drawn up by a systematic search, and a funnel plot of so few trials cannot tell.
# - *Neither better nor worse.* Inside a prediction interval means *not unusual*. It does not mean
#   equally good: patients were chosen by different rules in every trial.

# %%
caption = "Where the other trials were published, and how they were read"
study.show(peers.sources(caption))

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read a forest plot
#
# Which trial has the widest interval for remission, and which the narrowest? Answer from the
# picture, then from `others`.
#
# ```{dropdown} Hint
# Width is `upper` less `lower`; `nlargest` and `nsmallest` sort by it.
# ```

# %% tags=["solution"]
# by hand
others["width"] = others["upper"] - others["lower"]
columns = ["study", "n", "remission", "width"]
print(others.nlargest(1, "width")[columns])
print(others.nsmallest(1, "width")[columns])

# %% [markdown]
# ### Exercise 2: count nobody twice
#
# Leave out Davila 2014 and Turtle 2016, whose patients may be part of Park 2018 and Hay 2019, and
# pool again. Does the mean move by more than its own uncertainty?
#
# ```{dropdown} Hint
# Choose the rows with `isin`, then run the lines of the pooling again.
# ```

# %% tags=["solution"]
# by hand
earlier = ["Davila 2014", "Turtle 2016"]
once = ~others["study"].isin(earlier)
y, v = y[once], v[once]
tau2 = brentq(excess, 0, 5) if excess(0) > 0 else 0.0
mean = np.average(y, weights=1 / (v + tau2))
print(f"{pooled:.1%} with them, {1 / (1 + np.exp(-mean)):.1%} without")
book = peers.forest("remission", without=earlier)
assert np.isclose(1 / (1 + np.exp(-mean)), book.pooled.number)

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# It moves by much less than the width of its interval. Both trials are small, and their rates lie
# near the mean, so the double counting matters little here; it could have mattered more for a rare
# event.
# ```

# %% [markdown]
# ### Exercise 3: how wide at least?
#
# Suppose that nobody had been censored before 1 year. Then survival would be a plain proportion.
# Compute its interval for An et al. and for Zhang C 2020, and compare the latter with the interval
# that the authors published (column `note`). Which is wider, and why?
#
# ```{dropdown} Hint
# Without censoring, Greenwood's variance of survival S is S(1 − S)/n. Compute the interval for
# log(−log S), whose standard error is the root of (1 − S)/(n S), divided by |log S|, and turn it back.
# The study's values are `study.registry["os_1y"].fraction` and `study.registry["infused"].value`.
# ```

# %% tags=["solution"]
# by hand
from scipy.stats import norm

zhang = others.set_index("study").loc["Zhang C 2020"]
mine = study.registry["os_1y"].fraction, study.registry["infused"].value
theirs = zhang["os_1y_pct"] / 100, zhang["n"]
z = norm.ppf(0.975)
for name, (share, n) in {"An": mine, "Zhang C": theirs}.items():
    error = np.sqrt((1 - share) / (n * share)) / abs(np.log(share))
    low, high = (share ** np.exp(side * z * error) for side in (1, -1))
    print(f"{name}: {share:.1%} ({low:.1%} to {high:.1%}) at best")
print(zhang["note"])

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The published interval is wider. Censoring is the likely reason; the authors may also have used
# another formula. A patient who is censored before 1 year tells less than one followed for the whole
# year, so the estimate rests on fewer patients than were treated. How much wider the study's own
# interval is cannot be known without its numbers at risk.
# ```

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"Neurotoxicity was almost absent in An et al.; so this product is safer than the others."* Name
# three objections.
#
# ```{dropdown} Hint
# Who counted, on which scale, in whom?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The numbers are a review's, not the paper's. Neurotoxicity was graded by different scales, and in
# a trial that records mainly severe events, mild confusion goes unseen. And the patients were not
# allotted to products by chance: younger patients, lower doses or less leukaemia could explain the
# difference as well. Only a randomised comparison could tell.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# What does the prediction interval of a random-effects meta-analysis hold?
# - [ ] The mean of all true rates. :: That is the confidence interval, the diamond.
# - [x] The true rate of one further trial, as expected from those at hand. :: Yes: it adds the
#   scatter between trials to the uncertainty of the mean.
# - [ ] The results of most of the trials pooled. :: They scatter by chance as well, and may lie
#   outside.
# ```
#
# ```{quiz}
# More and more trials are added that truly differ from one another. What happens?
# - [x] The diamond narrows, the prediction interval does not vanish. :: Yes: the mean becomes
#   certain, the next trial does not.
# - [ ] Both narrow towards zero. :: Only if the trials did not differ.
# - [ ] Neither changes. :: The mean of more trials is better known.
# ```
#
# ```{quiz}
# Why is survival at 1 year not pooled here?
# - [ ] Survival can never be pooled. :: It can, with a standard error for each trial.
# - [x] Without the numbers at risk, no trial's standard error is known. :: Yes: censoring makes it
#   larger than the number of patients suggests.
# - [ ] The trials are too small. :: Small trials can be pooled; that is what pooling is for.
# ```
#
# ```{quiz}
# A trial has a remission rate inside the prediction interval of the others. What follows?
# - [ ] Its treatment is as good as theirs. :: The patients may have been easier, or harder, to
#   treat.
# - [x] Its rate is not unusual among them. :: Yes, and no more than that.
# - [ ] Its rate equals the pooled mean. :: The interval is about true rates that differ.
# ```

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
# # What did the paper claim, and what does this cohort show?
#
# Every claim of the paper that can be computed from a cohort, beside the cohort's own answer.
#
# **You will learn**
#
# - to tell a claim that is contradicted from one that the data are too few to judge;
# - to say what one study lets you expect of the next.

# %%
from typing import Optional

from cartanalysis import Result, Study
from cartanalysis.claims import power, replication
from cartanalysis.claims.verdicts import Verdict
from cartanalysis.study import calibration

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
treg_cutoff: Optional[float] = None

# %%
study = Study(
    "claims",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    treg_cutoff=treg_cutoff,
)
verdicts = study.verdicts()

# %% [markdown]
# ## At a glance

# %%
study.hand_over(
    claims_value_judged=verdicts.values.judged,
    claims_value_by_chance=verdicts.values.by_chance,
    claims_value_found=verdicts.values.found,
    claims_value_holm=verdicts.values.after_holm,
    claims_direction_judged=verdicts.directions.judged,
    claims_direction_by_chance=verdicts.directions.by_chance,
    claims_direction_found=verdicts.directions.found,
    claims_direction_holm=verdicts.directions.after_holm,
    claims_upheld=verdicts.count("upheld"),
    claims_inconclusive=verdicts.count("inconclusive"),
    claims_opposed=verdicts.count("opposed"),
    claims_not_assessed=verdicts.count("not_assessed"),
)
study.say(
    "The paper's claims: upheld by this cohort **{claims_upheld}**, inconclusive "
    "**{claims_inconclusive}**, opposed **{claims_opposed}**, could not be assessed "
    "**{claims_not_assessed}**."
)

# %%
remaining = []
if verdicts.directions.found.count:
    remaining.append(
        "significant directions, {claims_direction_holm} of {claims_direction_found}"
    )
if verdicts.values.found.count:
    remaining.append(
        "values that differ, {claims_value_holm} of {claims_value_found}"
    )
if remaining:
    study.say(
        f"What remains after correction for several claims: {'; '.join(remaining)}. Several claims "
        "are about the same patients and nearly the same days: they are not as many independent "
        "answers."
    )
caption = (
    "The paper's claims and this cohort: estimate and interval, marked by verdict. Grey: "
    "where the value of a cohort of this size is expected if its patients and the paper's come "
    "from populations with the same true value, given chance in both samples; for a direction, "
    "the side that the paper claims. Medians are judged by survival on the paper's "
    "day, which should be one half."
)
study.show(verdicts.figure("claims-summary", caption))

# %%
study.hand_over(claims_not_proportional=verdicts.changing)
if verdicts.changing.count:
    study.say(
        "Directions whose hazard ratio changes with time, so that one number is a poor summary: "
        "**{claims_not_proportional}** "
        + f"({verdicts.changing.text('names')})."
    )

# %% [markdown]
# ## Claim by claim
#
# **A value** is *equal* if it is the same at the paper's rounding. It is *consistent* if it lies
# inside the range that the paper's value predicts for another cohort, and *differs* if it lies
# outside {cite:p}`Patil2016,Spence2016`. The range allows for chance on both sides, in the
# paper's few patients and in this cohort's. *Consistent* is not equal: how far apart the two may
# be, the interval of the difference below says. Where a true difference of 20 percentage points
# would more often have been missed than noticed, the verdict is *consistent, but inconclusive*.
# A published median says that one half of the paper's patients were alive on that day; the
# cohort is judged by how many of its own were.
#
# **A direction** is *supported* if the effect points the same way with p < 0.05, *contradicted* if
# it points the other way with p < 0.05, and *inconclusive* otherwise. This level is the usual
# convention: the paper calls its results significant, and the level it used is not known to us.
# Where the test of proportional hazards says that a hazard ratio changes with time, so that one
# number is a poor summary, the verdict says so, too. The tests are the log-rank
# test, by permutation where a group or the events are few; the likelihood-ratio test for the two
# independent factors, beside which the interval shown is still Wald's; and Fisher's exact test for
# remission, with EMD other than CNS against all other patients. An inconclusive verdict says how
# much power this cohort had: how often as many events would have shown a moderate effect, which is
# a convention, not a clinical threshold. Where the power is low, "inconclusive" is not "no"; where
# the interval excludes a moderate effect, the verdict says that it rules it out.
#
# "Upheld" above counts what equals, is consistent without reservation or is supported; "opposed"
# what differs or is contradicted. The methods are described [in their own
# chapter](../book/methods.md).

# %%
study.show(verdicts.as_table("The claims of the paper and this cohort"))

# %% [markdown]
# ## What the verdicts rest on

# %%
columns = {
    "judged": "What was judged",
    "predicted": "Predicted",
    "off": "Difference, points",
    "tested": "p (Holm)",
    "strength": "Power",
}
caption = (
    "Published values: the range that the paper predicts for this cohort, the difference "
    "from the paper in percentage points, p, the level at which it would lie outside, and power to "
    f"notice a true difference of {100 * power.GAP:.0f} points"
)
study.show(verdicts.details("value").as_table(columns, caption))
columns = {
    "short": "Direction",
    "test": "Test",
    "tested": "p (Holm)",
    "strength": "Power",
}
caption = (
    "Published directions: the test, p, and power for a moderate effect, a hazard ratio of "
    f"{power.HAZARD_RATIO:.1f} or an odds ratio of {1 / power.ODDS_RATIO:.1f} (a convention)"
)
study.show(verdicts.details("direction").as_table(columns, caption))

# %% [markdown]
# ## In the paper
#
# All claims are from the abstract or the opening of the results. Two statements cannot be computed
# from a cohort: that the trial met its pre-specified endpoints (their thresholds are not known to
# us), and which product was used. The counts behind the paper's rates are [derived from its
# percentages](percentages-to-patients.ipynb); its standard errors are not available to us, so the
# curves are taken as if nobody had been censored before the day that is judged, and the paper's own
# uncertainty is understated.
#
# Five things about the paper are assumed [A], and the verdicts named rest on them. That it counts
# relapse-free survival from remission and in its responders only: all that is said
# of RFS, and the number of patients behind its published RFS. That high Tregs are those above the
# median: all that is said of Tregs. That its multivariable model holds any EMD,
# Tregs and genetic risk: the two adjusted directions. That its other directions were tested by the
# log-rank test, which is usual but not said. And that *significant* means p < 0.05.
#
# ## How sure can we be?
#
# On the default cohort all claims hold *because it was built that way*: it shows that the published
# numbers can be true together, and nothing else. On a cohort of your own the verdicts describe that
# cohort; another population, treatment or definition may differ for other reasons.
#
# **Several claims at once.** Look often enough and something turns up by chance.

# %%
nothing = "This cohort can assess no {} of the paper, so chance had nothing to decide."
if verdicts.values.judged.count:
    study.say(
        "If the paper's patients and this cohort's came from populations with the same true "
        "values, chance in both samples would still put **{claims_value_by_chance}** values "
        "outside their range, of {claims_value_judged} that could be assessed. Outside here: "
        "{claims_value_found}; after Holm's correction: {claims_value_holm}."
    )
else:
    study.say(nothing.format("value"))
if verdicts.directions.judged.count:
    study.say(
        "If nothing had any effect, chance would make **{claims_direction_by_chance}** directions "
        "significant, of {claims_direction_judged} that could be assessed. Significant here: "
        "{claims_direction_found}; after Holm's correction: {claims_direction_holm}."
    )
else:
    study.say(nothing.format("direction"))

# %% [markdown]
# A verdict uses the claim's own p; where that does not survive the correction for all claims of its
# family {cite:p}`Holm1979`, the verdict says so.
#
# **Do the ranges keep their promise?** A paper and a cohort were drawn from the same truth many
# times over; values were compared by the score test that gives every value above its p, directions
# judged by the judge itself. The promise is a fixed share of values inside the range; where there
# is no effect, few directions should be supported or contradicted, half of the tests' level in
# each. The shares fall a little short for medians, whose day is itself uncertain, and where
# patients are censored, which the paper's numbers do not show. The log-rank tests keep their level
# on both sides, also with few exposed. Fisher's test is cautious in small groups. The
# likelihood-ratio test goes beyond its level in the smallest cohorts, to the side of the claim.

# %%
simulated = calibration.known()
error = (
    f"Monte Carlo error up to {100 * simulated['error'].max():.1f} points"
)
sizes = {str(size): str(size) for size in calibration.SIZES}
inside = Result(calibration.as_text(simulated, "value"))
caption = (
    "Simulated cohorts inside the range, by number of patients; promised "
    f"{100 * calibration.CONFIDENCE:g} %; {error}"
)
study.show(
    inside.as_table({"what": "Value", **sizes}, caption, letter="simulated")
)
wrong = Result(calibration.as_text(simulated, "direction"))
caption = (
    "Simulated cohorts called so although there is no effect, by number of patients; "
    f"promised {100 * calibration.PROMISED_WRONG:g} %; {error}"
)
columns = {"what": "Direction without any effect", **sizes}
study.show(wrong.as_table(columns, caption, letter="simulated"))

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the picture
#
# Which claim has the widest grey range or the longest interval? What does the width depend on?
#
# ```{dropdown} Hint
# The range holds chance on both sides, in the paper's patients and in this cohort's.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The claims that rest on the fewest patients are the widest; look at remission with EMD other than
# CNS, {published}`emd_other_n` patients in the paper. Almost any result would be consistent with
# it, so "consistent" is worth little there.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Several directions are tested. If none were true, how many would reach p < 0.05 by chance? Count
# the directions in the table, predict, then look up the sentence under *Several claims at once*.
#
# ```{dropdown} Hint
# Each test has the same small chance of a false alarm; add them up.
# ```

# %% tags=["solution"]
if verdicts.directions.judged.count:
    study.say(
        "Directions that this cohort can assess: **{claims_direction_judged}**. If nothing had any "
        "effect, each would be significant with probability 0.05: "
        "**{claims_direction_by_chance}** on average. Found: **{claims_direction_found}**, after "
        "Holm's correction **{claims_direction_holm}**."
    )
else:
    study.say("This cohort can assess no direction at all.")

# %% [markdown]
# ### Exercise 3: change the cohort
#
# Run the book on `cartanalysis example leukemia`, a trial with relapse-free survival. Which of the
# paper's claims can be assessed there? Predict, then look for the reason of each.
#
# ```{dropdown} Hint
# Write it to a file (`cartanalysis example leukemia > leukemia.csv`) and set `cohort` to it.
# Compare its columns with the cohort's contract, and its longest follow-up with the days on which
# the paper's values lie.
# ```

# %% tags=["solution"]
from cartanalysis.study.examples import leukemia

trial = leukemia()
there = replication.claims(trial, study.registry)
can = int((there["verdict"] != Verdict.NOT_ASSESSED).sum())
study.say(f"Claims that can be assessed there: **{can}** of {len(there)}.")
study.say(
    "The file has neither remission nor overall survival, nor EMD, Tregs or genetic risk. It has "
    f"relapse-free survival, but the longest follow-up is {trial['rfs_days'].max():.0f} days: it "
    "ends before the days on which the paper gives a value. To have the column is not enough; "
    "patients must have been followed long enough."
)
study.say(
    "A claim that cannot be assessed is neither upheld nor opposed; it must not be counted on "
    "either side."
)

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"Our cohort finds p = 0.2 where the paper found a significant effect. The paper has failed to
# replicate."* What do you look at first?
#
# ```{dropdown} Hint
# An inconclusive verdict names the power.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# First the power: would a cohort of this size have seen the effect? If not, the result was to be
# expected even if the paper is right. Then the interval: does it hold the paper's value, or only
# small effects? A replication fails when the *data contradict* the claim, not when they are
# silent.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# Why is a prediction range wider than a confidence interval?
# - [ ] It is computed with a higher confidence. :: The confidence is the same.
# - [x] It allows for chance in the next cohort as well. :: Yes: two samples vary, not one.
# - [ ] It corrects for several claims. :: That is what Holm's correction is for.
# ```
#
# ```{quiz}
# A cohort of 15 patients calls a claim "inconclusive". What have we learned?
# - [ ] That the effect is small. :: The interval is wide: it may be large.
# - [ ] That the claim is wrong. :: Nothing contradicts it.
# - [x] Little: so few patients could not have shown it. :: Yes. See the power beside the verdict.
# ```
#
# ```{quiz}
# On the default cohort all claims hold. What does that show?
# - [ ] That the paper is right. :: The cohort was built from the paper.
# - [x] That the published numbers can be true together. :: Yes, and nothing else.
# - [ ] That the analysis of the paper was correct. :: Its patient-level data were never analysed
#   here.
# ```

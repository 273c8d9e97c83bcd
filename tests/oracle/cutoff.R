# Reference values for cut-offs, splines, ROC curves and subgroups, from R. Run from this folder:
#   Rscript cutoff.R
# Reads data/*.csv, which oracle.R and cox.R write; writes cutoff.json.
suppressMessages({
  library(survival); library(jsonlite); library(maxstat); library(coin); library(mvtnorm)
  library(Hmisc); library(riskRegression)
})
set.seed(13)
control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
read <- function(name) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))
  names(d)[names(d) == "os_days"] <- "time"
  names(d)[names(d) == "os_event"] <- "event"
  d
}
fit <- function(formula, d) coxph(formula, d, ties = "efron", control = control)

# ---- maximally selected log-rank statistics -----------------------------------------------------
# maxstat's own log-rank scores treat tied times in another way than the log-rank test does; with the
# test's own scores (coin's "mid-ranks") as data it is asked about the same statistic
selected <- function(name, column, rows = NULL, proportions = c(0.2, 0.8), B = 1e6) {
  d <- read(name)
  if (!is.null(rows)) d <- d[rows, ]
  y <- Surv(d$time, d$event)
  scores <- as.numeric(logrank_trafo(y, ties.method = "mid-ranks"))
  x <- as.numeric(d[[column]])
  p <- function(method, ...) unname(maxstat(scores, x, smethod = "Data", pmethod = method,
    minprop = proportions[1], maxprop = proportions[2], ...)$p.value)
  m <- maxstat(scores, x, smethod = "Data", pmethod = "none", minprop = proportions[1],
                    maxprop = proportions[2])
  # drawn at random the integral errs by more than it says where p is small; of few cut-offs Miwa's
  # algorithm, which draws nothing, has eight digits
  cm <- maxstat:::corrmsrs(x, proportions[1], proportions[2])
  gauss <- if (nrow(cm) > 6) p("exactGauss", algorithm = GenzBretz(maxpts = 1e6, abseps = 1e-6)) else
    1 - pmvnorm(lower = rep(-m$statistic, nrow(cm)), upper = rep(m$statistic, nrow(cm)), corr = cm,
                algorithm = Miwa(steps = 2048))
  error <- attr(gauss, "error")
  list(name = name, column = column, rows = rows, proportions = proportions,
       statistic = unname(m$statistic), cutoff = unname(m$estimate), statistics = m$stats,
       log_rank_scores = unname(maxstat(y, x, smethod = "LogRank", pmethod = "none",
         minprop = proportions[1], maxprop = proportions[2])$statistic),
       tied = anyDuplicated(d$time[d$event == 1]) > 0,
       lau92 = p("Lau92"), lau94 = p("Lau94"),
       gauss = as.numeric(gauss), gauss_error = if (is.na(error)) 1e-12 else error,
       conditional = p("condMC", B = B), draws = B)
}
# every order of a few patients: the conditional distribution itself
orders <- function(v) {
  if (length(v) <= 1) return(matrix(v, 1))
  do.call(rbind, lapply(seq_along(v), function(i) cbind(v[i], orders(v[-i]))))
}
exact <- function(name, column, rows) {
  found <- selected(name, column, rows, c(0.2, 0.8), 1000)
  d <- read(name)[rows, ]
  scores <- as.numeric(logrank_trafo(Surv(d$time, d$event), ties.method = "mid-ranks"))
  n <- length(scores)
  x <- sort(d[[column]])
  m <- which(!duplicated(x)) - 1
  m <- m[m >= max(1, floor(n * 0.2)) & m <= floor(n * 0.8)]
  v <- m * (n - m) / (n^2 * (n - 1)) * (n * sum(scores^2) - sum(scores)^2)
  all <- matrix(scores[orders(seq_len(n))], ncol = n)
  sums <- t(apply(all, 1, cumsum))[, m, drop = FALSE]
  z <- abs(sweep(sweep(sums, 2, m / n * sum(scores)), 2, sqrt(v), "/"))
  found$exact <- mean(apply(z, 1, max) >= found$statistic - 1e-9)
  found
}

# ---- restricted cubic splines -------------------------------------------------------------------
spline <- function(name, column, nk) {
  d <- read(name)
  d$x <- d[[column]]
  knots <- as.numeric(rcspline.eval(d$x, nk = nk, knots.only = TRUE))
  basis <- rcspline.eval(d$x, knots = knots, inclx = TRUE)
  whole <- fit(Surv(time, event) ~ basis, d)
  line <- fit(Surv(time, event) ~ x, d)
  middle <- median(d$x)
  at <- as.numeric(quantile(d$x, c(0.1, 0.3, 0.7, 0.9)))
  away <- sweep(rcspline.eval(at, knots = knots, inclx = TRUE), 2,
                as.numeric(rcspline.eval(c(middle, middle), knots = knots, inclx = TRUE)[1, ]))
  list(name = name, column = column, nk = nk, knots = knots, reference = middle, at = at,
       log_ratio = as.numeric(away %*% coef(whole)),
       error = sqrt(diag(away %*% vcov(whole) %*% t(away))),
       association = 2 * (whole$loglik[2] - whole$loglik[1]),
       nonlinearity = 2 * (whole$loglik[2] - line$loglik[2]), log_likelihood = whole$loglik[2])
}

# ---- cumulative/dynamic ROC curves, weighted by the inverse probability of censoring --------------
roc <- function(name, column, day, sign = 1) {
  d <- read(name)
  d$x <- sign * d[[column]]
  s <- Score(list(x = d$x), Surv(time, event) ~ 1, data = d, times = day, metrics = "auc",
             null.model = FALSE, conf.int = TRUE, cens.model = "km", plots = "roc")
  curve <- s$ROC$plotframe
  list(name = name, column = column, day = day, sign = sign, auc = s$AUC$score$AUC,
       error = s$AUC$score$se, lower = s$AUC$score$lower, upper = s$AUC$score$upper,
       fpr = curve$FPR, tpr = curve$TPR)
}

# ---- effects in subgroups -----------------------------------------------------------------------
subgroups <- function(name, exposure, by, cut = NULL) {
  d <- read(name)
  d$x <- factor(d[[exposure]], unique(d[[exposure]]))
  d$g <- factor(if (is.null(cut)) d[[by]] else as.numeric(d[[by]] >= cut))
  common <- fit(Surv(time, event) ~ x + strata(g), d)
  own <- fit(Surv(time, event) ~ x * strata(g), d)
  each <- lapply(levels(d$g), function(level) {
    part <- d[d$g == level, ]
    f <- fit(Surv(time, event) ~ x, part)
    list(level = level, n = nrow(part), events = sum(part$event), log_ratio = I(unname(coef(f))),
         error = I(unname(sqrt(diag(vcov(f))))))
  })
  list(name = name, exposure = exposure, by = by, cut = cut, levels = each,
       statistic = 2 * (own$loglik[2] - common$loglik[2]),
       df = length(coef(own)) - length(coef(common)), p = anova(common, own)[2, 4])
}

# ---- one covariate at a time and all together, as gtsummary's tbl_merge lays them out -------------
merged <- function(name, covariates) {
  d <- read(name)
  for (c in covariates) if (is.character(d[[c]])) d[[c]] <- factor(d[[c]], unique(d[[c]]))
  summarised <- function(f) {
    s <- summary(f)
    data.frame(term = rownames(s$coefficients), ratio = s$conf.int[, 1], lower = s$conf.int[, 3],
               upper = s$conf.int[, 4], p = s$coefficients[, 5])
  }
  alone <- do.call(rbind, lapply(covariates, function(c)
    summarised(fit(reformulate(c, "Surv(time, event)"), d))))
  counts <- do.call(rbind, lapply(covariates, function(c) {
    levels <- if (is.factor(d[[c]])) levels(d[[c]]) else "per unit"
    inside <- lapply(levels, function(l) if (l == "per unit") rep(TRUE, nrow(d)) else d[[c]] == l)
    data.frame(covariate = c, level = levels, n = sapply(inside, sum),
               events = sapply(inside, function(i) sum(d$event[i])))
  }))
  list(name = name, covariates = covariates, counts = counts, alone = alone,
       together = summarised(fit(reformulate(covariates, "Surv(time, event)"), d)))
}

write_json(list(
  r = R.version.string,
  versions = sapply(c("survival", "maxstat", "coin", "Hmisc", "riskRegression"),
                    function(p) as.character(packageVersion(p)), simplify = FALSE),
  selected = list(selected("lung", "age"), selected("veteran", "karno"), selected("ovarian", "age"),
                  selected("flchain60", "kappa"), selected("lung", "age", NULL, c(0.1, 0.9))),
  exact = list(exact("ovarian", "age", 1:8), exact("tied", "age", 1:8), exact("veteran", "karno", 60:67)),
  spline = list(spline("lung", "age", 3), spline("lung", "age", 5), spline("veteran", "karno", 4),
                spline("veteran", "age", 3), spline("ovarian", "age", 3), spline("flchain60", "kappa", 4)),
  roc = list(roc("lung", "age", 365), roc("veteran", "karno", 90, -1), roc("ovarian", "age", 400),
             roc("flchain60", "kappa", 3000)),
  subgroups = list(subgroups("lung", "group", "ph.ecog", 1), subgroups("veteran", "group", "karno", 60),
                   subgroups("ovarian", "group", "resid.ds")),
  merged = list(merged("lung", c("group", "age", "ph.ecog")), merged("veteran", c("group", "age", "karno")))
), "cutoff.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)

# Small cohorts of every awkward kind, and R's answers. Run from this folder:  Rscript batch.R
# Writes data/awkward.csv (one row per patient; cohort, time, event, group, of3, treg) and batch.json.
suppressMessages({library(survival); library(jsonlite)})
set.seed(12)

patients <- function(n, round = 1, hazard = 1, censored = 900) {
  of3 <- sample(0:2, n, replace = TRUE)
  group <- rbinom(n, 1, 0.4)
  treg <- exp(rnorm(n, 1.8, 0.6))
  event_at <- rexp(n, hazard * exp(0.6 * group) / 400)
  end <- runif(n, censored / 3, censored)
  data.frame(time = ceiling(pmin(event_at, end) / round) * round, event = as.numeric(event_at <= end),
             group, of3, treg)
}
kinds <- c(
  replicate(20, patients(47), simplify = FALSE),
  replicate(10, patients(sample(5:60, 1), round = 90), simplify = FALSE),     # many ties
  replicate(10, patients(sample(4:12, 1)), simplify = FALSE),                 # small
  replicate(5, transform(patients(30), time = time / 7), simplify = FALSE),   # no whole numbers
  replicate(3, patients(40, censored = 60), simplify = FALSE),                # few events
  list(
    transform(patients(20), event = 0),                                       # none
    transform(patients(20), event = 1),                                       # all
    transform(patients(20), time = 100, event = 1),                           # one time
    transform(patients(20), group = 0),                                       # one group
    transform(patients(25), group = as.numeric(rank(time) > 15)),             # late ones apart
    transform(patients(25), event = ifelse(group == 1, 0, event)),            # separation
    transform(patients(12), treg = -rank(time, ties.method = "first")),       # perfect order
    transform(patients(30), treg = 1e6 + group + rnorm(30) / 10),             # far from 0
    transform(patients(30), treg = 1 - 2 * group),                            # collinear
    transform(patients(18), time = round(time, -2) + rep(c(0, 1e-12), 9)),    # alike but for rounding
    transform(patients(16), time = pmax(0, time - 250)),                      # events at 0
    data.frame(time = c(1:4, 6, 7), event = c(1, 1, 1, 0, 1, 0), group = c(0, 1, 0, 1, 0, 1),
               of3 = c(0, 1, 2, 0, 1, 2), treg = c(3, 1, 4, 1, 5, 9))))       # exactly one half

control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 60)
fit <- function(d, terms) {
  if (!any(d$event == 1)) return(NULL)
  beaten <- FALSE
  f <- withCallingHandlers(
    coxph(reformulate(terms, "Surv(time, event)"), d, ties = "efron", control = control),
    warning = function(w) { beaten <<- TRUE; invokeRestart("muffleWarning") })
  if (beaten || anyNA(coef(f))) return(NULL)
  list(beta = I(unname(coef(f))), error = I(unname(sqrt(diag(vcov(f))))), loglik = I(f$loglik))
}
log_rank <- function(d, by) {
  if (!any(d$event == 1) || length(unique(d[[by]])) < 2) return(NULL)
  test <- tryCatch(survdiff(reformulate(by, "Surv(time, event)"), d), error = function(e) NULL)
  if (is.null(test) || !is.finite(test$chisq)) return(NULL)
  list(statistic = test$chisq, df = sum(test$exp > 0) - 1)
}
answers <- lapply(kinds, function(d) {
  curve <- survfit(Surv(time, event) ~ 1, d)
  days <- c(0, 30, 365, 700)
  at <- rep(NA, length(days))
  read <- summary(curve, times = days[days <= max(d$time)])
  at[seq_along(read$surv)] <- read$surv
  at[is.na(at) & min(curve$surv) < 1e-12] <- 0
  list(survival = I(at), median = unname(summary(curve)$table["median"]),
       two = log_rank(d, "group"), three = log_rank(d, "of3"),
       alone = fit(d, "group"), measured = fit(d, "treg"), together = fit(d, c("group", "treg")))
})
all <- do.call(rbind, Map(function(d, i) cbind(cohort = i, d), kinds, seq_along(kinds) - 1))
for (name in c("time", "treg")) all[[name]] <- sprintf("%.17g", all[[name]])
write.csv(all, file.path("data", "awkward.csv"), row.names = FALSE, quote = FALSE)
write(toJSON(answers, digits = NA, auto_unbox = TRUE, null = "null", na = "null"), "batch.json")

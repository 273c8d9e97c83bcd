# Reference values for Cox models that are hard to fit, from R. Run from this folder:  Rscript cox.R
# Writes data/flchain.csv, data/scales.csv, data/floats.csv and cox.json; reads ../data/cases/*.csv.
suppressMessages({library(survival); library(jsonlite); library(coin)})
set.seed(4)

# ---- data ---------------------------------------------------------------------------------------
# light chains and creatinine are skewed: few patients have many times the usual value
flchain60 <- na.omit(flchain[c("futime", "death", "age", "kappa", "lambda", "creatinine")])
flchain60 <- flchain60[sample(nrow(flchain60), 60), ]
names(flchain60)[1:2] <- c("os_days", "os_event")
scales <- data.frame(os_days = ovarian$futime, os_event = ovarian$fustat,
                     far = 1e6 + rnorm(26), tiny = 1e-6 * ovarian$age, huge = 1e8 * rexp(26))
floats <- data.frame(os_days = c(0.1 + 0.2, 0.3, 0.7, 0.1 * 7, 1.1, 1.1 + 2e-16 * 4, 2, 2 + 1e-15, 3, 3.3, 1.1 * 3, 4),
                     os_event = c(1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 0),
                     group = rep(c("a", "b"), 6), age = c(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8))
digits17 <- function(d) as.data.frame(lapply(d, function(x) if (is.numeric(x)) sprintf("%.17g", x) else x))
for (n in c("flchain60", "scales", "floats"))
  write.csv(digits17(get(n)), file.path("data", paste0(n, ".csv")), row.names = FALSE, quote = FALSE)
cases <- lapply(c(c24 = "24", c47 = "47"), function(n) read.csv(sprintf("../data/cases/cox_refused_%s.csv", n)))
# nobody with marker 1, and nobody of kind 2, has the event
without <- transform(scales, marker = as.numeric(seq_len(26) %in% which(os_event == 0)[1:5]))

# ---- models -------------------------------------------------------------------------------------
control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
fitted <- function(d, terms) suppressWarnings(
  coxph(reformulate(terms, "Surv(os_days, os_event)"), d, ties = "efron", control = control))
model <- function(file, d, terms) {
  f <- fitted(d, terms)
  drop <- sapply(terms, function(t) {
    rest <- setdiff(terms, t)
    2 * (f$loglik[2] - (if (length(rest)) fitted(d, rest)$loglik[2] else f$loglik[1]))
  })
  # the test does not depend on the scale, but R's solve() of it does
  standard <- fitted(replace(d, terms, scale(d[terms])), terms)
  list(file = file, terms = I(terms), coef = I(unname(coef(f))), se = I(unname(sqrt(diag(vcov(f))))),
       loglik = f$loglik[2], lrt_drop = I(unname(drop)),
       zph = I(unname(cox.zph(standard, transform = "km")$table[seq_along(terms), "chisq"])))
}
models <- list(
  model("cases/cox_refused_24.csv", cases$c24, "treg_pct"),
  model("cases/cox_refused_47.csv", cases$c47, c("age_years", "treg_pct")),
  model("flchain60.csv", flchain60, c("kappa")), model("flchain60.csv", flchain60, c("lambda")),
  model("flchain60.csv", flchain60, c("age", "kappa", "lambda", "creatinine")),
  model("scales.csv", scales, c("far")), model("scales.csv", scales, c("far", "tiny", "huge")),
  model("floats.csv", floats, "age"))
infinite <- tryCatch(coxph(Surv(os_days, os_event) ~ marker, without), warning = conditionMessage)

# ---- times that rounding made two: R's timefix ---------------------------------------------------
km <- survfit(Surv(os_days, os_event) ~ 1, floats, conf.type = "log-log")
test <- survdiff(Surv(os_days, os_event) ~ group, floats)

# ---- the log-rank test of several groups by permutation ------------------------------------------
several <- function(name, rows) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))[rows, ]
  d$group <- factor(d$group)
  p <- pvalue(logrank_test(Surv(time, event) ~ group, d, ties.method = "mid-ranks",
                           distribution = approximate(nresample = 1e6)))
  list(name = name, rows = rows, p = as.numeric(p))
}
write_json(list(
  r = R.version.string, survival = as.character(packageVersion("survival")),
  coin = as.character(packageVersion("coin")),
  models = models, infinite = infinite,
  floats = list(time = km$time, events = km$n.event, at_risk = km$n.risk, surv = km$surv,
                median = unname(summary(km)$table["median"]), chisq = test$chisq),
  several = list(several("dropout", 1:9), several("veteran", seq(1, 137, by = 4)),
                 several("veteran", seq(2, 137, by = 3)))
), "cox.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)

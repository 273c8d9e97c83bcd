# Reference values for pooled estimates, from metafor. Run from this folder:  Rscript meta.R
# Writes meta.json.
suppressMessages({library(metafor); library(jsonlite)})

# Paule-Mandel, Knapp-Hartung with a variance factor never below 1 ("adhoc"), and Higgins' prediction
# interval with k - 2 degrees of freedom; tolerances far below the six digits that are compared
pool <- function(yi, vi, level) {
  fit <- rma(yi, vi, method = "PM", test = "adhoc", level = 100 * level,
             control = list(tol = 1e-14, maxiter = 1e5))
  common <- rma(yi, vi, method = "EE", level = 100 * level)
  plain <- rma(yi, vi, method = "PM", test = "knha", control = list(tol = 1e-14, maxiter = 1e5))
  out <- list(yi = yi, vi = vi, level = level, estimate = as.numeric(fit$beta), se = fit$se,
              lower = fit$ci.lb, upper = fit$ci.ub, tau2 = fit$tau2, q = fit$QE, q_p = fit$QEp,
              i2 = max(0, (fit$QE - (fit$k - 1)) / fit$QE), weights = as.numeric(weights(fit)) / 100,
              common = as.numeric(common$beta), common_lower = common$ci.lb,
              common_upper = common$ci.ub, se_without_floor = plain$se)
  if (length(yi) > 2) {
    p <- predict(fit, pi.type = "riley")
    out$predicted <- c(p$pi.lb, p$pi.ub)
  }
  out
}

bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
lidocaine <- escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.hine1989)
sets <- list(
  bcg = list(as.numeric(bcg$yi), as.numeric(bcg$vi)),                       # great heterogeneity
  hine = list(as.numeric(lidocaine$yi), as.numeric(lidocaine$vi)),         # little
  three = list(c(0.8, 0.1, 0.5), c(0.04, 0.09, 0.02)),
  two = list(c(0.8, 0.1), c(0.04, 0.09)),
  alike = list(c(0.51, 0.5, 0.49, 0.5), c(0.04, 0.09, 0.02, 0.3)),          # tau2 = 0, factor < 1
  barely = list(c(0.2, 0.9, 0.55, 0.31), c(0.05, 0.06, 0.04, 0.08)))
pooled <- lapply(sets, function(s) pool(s[[1]], s[[2]], 0.95))
pooled$bcg80 <- pool(sets$bcg[[1]], sets$bcg[[2]], 0.80)

# proportions on the logit scale; 0.5 is added where nobody or everybody had the outcome
counts <- data.frame(x = c(38, 20, 0, 12, 30), n = c(47, 31, 14, 12, 60))
logit <- escalc("PLO", xi = x, ni = n, data = counts, add = 0.5, to = "only0")
proportions <- c(as.list(counts), pool(as.numeric(logit$yi), as.numeric(logit$vi), 0.95))

# survival at a day on the complementary log-log scale, with survfit's own standard error
suppressMessages(library(survival))
days <- c(lung = 365, veteran = 100, ovarian = 365)
curves <- lapply(names(days), function(name) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))
  s <- summary(survfit(Surv(time, event) ~ 1, data = d, conf.type = "log-log"), times = days[[name]])
  list(day = days[[name]], surv = s$surv, lower = s$lower, upper = s$upper,
       yi = log(-log(s$surv)), vi = (s$std.err / (s$surv * log(s$surv)))^2)
})
names(curves) <- names(days)
survivals <- pool(sapply(curves, `[[`, "yi"), sapply(curves, `[[`, "vi"), 0.95)

# the log hazard ratio's standard error is that of coxph
d <- read.csv("data/veteran.csv")
cox <- summary(coxph(Surv(time, event) ~ group, data = d))
ratio <- list(hr = cox$coefficients[, "exp(coef)"], lower = cox$conf.int[, "lower .95"],
              upper = cox$conf.int[, "upper .95"], se = cox$coefficients[, "se(coef)"])

write_json(list(
  r = R.version.string, metafor = as.character(packageVersion("metafor")),
  pooled = pooled, proportions = proportions, curves = curves, survivals = survivals, ratio = ratio
), "meta.json", digits = 15, auto_unbox = TRUE, pretty = TRUE)

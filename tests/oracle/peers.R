# Reference values for the pooled outcomes of other trials, from metafor and binom.test.
# Run from this folder:  Rscript peers.R    Writes peers.json.
suppressMessages({library(metafor); library(jsonlite)})

trials <- read.csv("../../cartanalysis/study/data/peer-trials.csv", check.names = FALSE)
trials$infused <- ifelse(is.na(trials$infused), trials$n, trials$infused)

# 44 % is no whole number of Park's 53 patients: that cell is left out by hand
trials$neurotox_any_pct[trials$study == "Park 2018"] <- NA

counts <- function(percent, size) round(percent * size / 100)
outcomes <- list(
  "remission" = list(x = trials$cr_n, n = trials$n),
  "severe CRS" = list(x = counts(trials$crs_ge3_pct, trials$infused), n = trials$infused),
  "severe neurotoxicity" = list(x = counts(trials$neurotox_ge3_pct, trials$infused),
                                n = trials$infused),
  "CRS" = list(x = counts(trials$crs_any_pct, trials$infused), n = trials$infused),
  "neurotoxicity" = list(x = counts(trials$neurotox_any_pct, trials$infused), n = trials$infused),
  "relapse" = list(x = trials$relapse_n, n = trials$cr_n))

pool <- function(x, n) {
  d <- escalc("PLO", xi = x, ni = n, add = 0.5, to = "only0")
  fit <- rma(yi, vi, data = d, method = "PM", test = "adhoc",
             control = list(tol = 1e-14, maxiter = 1e5))
  p <- predict(fit, pi.type = "riley", transf = transf.ilogit)
  list(k = fit$k, x = x, n = n, estimate = p$pred, lower = p$ci.lb, upper = p$ci.ub,
       predicted_lower = p$pi.lb, predicted_upper = p$pi.ub, tau2 = fit$tau2,
       i2 = max(0, (fit$QE - (fit$k - 1)) / fit$QE), q_p = fit$QEp)
}

pooled <- lapply(outcomes, function(o) {
  known <- !is.na(o$x)
  c(list(study = trials$study[known]), pool(o$x[known], o$n[known]))
})
once <- !(trials$study %in% c("Davila 2014", "Turtle 2016"))
exact <- binom.test(38, 47)$conf.int

write_json(list(r = R.version.string, metafor = as.character(packageVersion("metafor")),
                pooled = pooled, once = pool(trials$cr_n[once], trials$n[once]),
                study = c(exact[1], exact[2])),
           "peers.json", digits = 15, auto_unbox = TRUE, pretty = TRUE)

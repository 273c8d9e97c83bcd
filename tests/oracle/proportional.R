# Proportional hazards, Firth's penalty, restricted means and milestones, from R. Run from this
# folder:  Rscript proportional.R  (R with survival, MASS, numDeriv, brglm2 and jsonlite)
# Reads data/*.csv, writes data/endometrial.csv, data/birthwt.csv and proportional.json.
suppressMessages({library(survival); library(splines); library(jsonlite); library(numDeriv); library(brglm2)})
options(warn = 1)

read <- function(name) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))
  transform(d, group = factor(group, levels = unique(group)))  # as the tests read them
}
exact <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
strip <- function(x) I(unname(as.vector(x)))

# ---- score tests of proportional hazards, and smoothed scaled Schoenfeld residuals --------------
zph <- function(name, terms, drawn = NULL) {
  d <- read(name)
  f <- coxph(reformulate(terms, "Surv(time, event)"), d, ties = "efron", control = exact)
  transforms <- c("km", "rank", "identity", "log")
  tests <- lapply(setNames(nm = transforms), function(t) {
    table <- cox.zph(f, transform = t)$table
    list(chisq = strip(table[, "chisq"]), df = strip(table[, "df"]), p = strip(table[, "p"]))
  })
  curves <- lapply(setNames(nm = drawn), function(t) {
    z <- cox.zph(f, transform = t, terms = FALSE)
    x <- seq(min(z$x), max(z$x), length = 40)  # as plot.cox.zph does, df = 4, two standard errors
    basis <- ns(c(x, z$x), df = 4, intercept = TRUE)
    at <- basis[1:40, ]; q <- qr(basis[-(1:40), ])
    if (q$rank < 4) return(NULL)
    inverse <- chol2inv(qr.R(q))[order(q$pivot), order(q$pivot)]
    lapply(setNames(seq_len(ncol(z$y)), colnames(z$y)), function(v) {
      half <- 2 * sqrt(z$var[v, v] * rowSums((at %*% inverse) * at))
      fit <- drop(at %*% qr.coef(q, z$y[, v]))
      list(time = strip(z$time), residual = strip(z$y[, v]), x = strip(x), estimate = strip(fit),
           lower = strip(fit - half), upper = strip(fit + half))
    })
  })
  list(file = name, terms = I(terms), tests = tests, curves = curves)
}

# ---- Firth's penalty: the penalised likelihood itself, maximised numerically ---------------------
maximum <- function(value, start, free = seq_along(start)) {
  b <- start
  f <- function(x) value(replace(b, free, x))
  if (length(free)) for (i in 1:200) {
    step <- -solve(hessian(f, b[free]), grad(f, b[free]))
    while (sum(abs(step)) > 1e-13 && !(f(b[free] + step) >= f(b[free]) - 1e-13)) step <- step / 2
    b[free] <- b[free] + step
    if (max(abs(step)) < 1e-9) break
  }
  list(b = b, value = value(b))
}
penalised <- function(value, width, se, confidence = 0.95) {
  best <- maximum(value, rep(0, width))
  if (!is.finite(best$value) || best$value < value(rep(0, width)))
    stop("no maximum found")
  at <- function(j, b, from) maximum(value, replace(from, j, b), setdiff(seq_len(width), j))
  bound <- function(j, side) {
    short <- function(b) best$value - at(j, b, best$b)$value - qchisq(confidence, 1) / 2
    far <- best$b[j] + side * se(best$b)[j]
    while (short(far) < 0) far <- best$b[j] + 2 * (far - best$b[j])
    uniroot(short, sort(c(best$b[j], far)), tol = 1e-11)$root
  }
  without <- sapply(seq_len(width), function(j) 2 * (best$value - at(j, 0, replace(best$b, j, 0))$value))
  list(coef = strip(best$b), se = strip(se(best$b)), loglik = best$value, lrt = strip(without),
       lower = strip(sapply(seq_len(width), bound, -1)), upper = strip(sapply(seq_len(width), bound, 1)))
}
firth_cox <- function(name, d, terms) {
  at <- function(b) suppressWarnings(coxph(reformulate(terms, "Surv(time, event)"), d, ties = "efron",
    init = b, control = coxph.control(iter.max = 0, toler.chol = 1e-15)))
  value <- function(b) { f <- at(b); f$loglik[1] - as.numeric(determinant(f$var)$modulus) / 2 }
  width <- ncol(model.matrix(reformulate(terms), d)) - 1
  c(list(data = name, terms = I(terms)), penalised(value, width, function(b) sqrt(diag(at(b)$var))))
}
# one effect in all parts, each with a baseline hazard of its own, against one effect for each part
firth_subgroups <- function(name, d, term, by) {
  values <- lapply(split(d, d[[by]]), function(part) function(b) {
    f <- suppressWarnings(coxph(reformulate(term, "Surv(time, event)"), part, ties = "efron", init = b,
                                control = coxph.control(iter.max = 0, toler.chol = 1e-15)))
    f$loglik[1] - as.numeric(determinant(f$var)$modulus) / 2
  })
  start <- rep(0, nlevels(d[[term]]) - 1)
  apart <- sapply(values, function(value) maximum(value, start)$value)
  together <- maximum(function(b) sum(sapply(values, function(value) value(b))), start)$value
  statistic <- 2 * (sum(apart) - together); df <- length(start) * (length(values) - 1)
  list(data = name, term = term, by = by, statistic = statistic, df = df,
       p = pchisq(statistic, df, lower.tail = FALSE))
}
firth_logistic <- function(name, d, outcome, terms) {
  x <- model.matrix(reformulate(terms), d); y <- d[[outcome]]
  information <- function(b) { p <- plogis(drop(x %*% b)); crossprod(x, x * (p * (1 - p))) }
  value <- function(b) sum(plogis(ifelse(y == 1, 1, -1) * drop(x %*% b), log.p = TRUE)) +
    as.numeric(determinant(information(b))$modulus) / 2
  ours <- penalised(value, ncol(x), function(b) sqrt(diag(solve(information(b)))))
  theirs <- glm(reformulate(terms, outcome), binomial, d, method = "brglmFit", type = "AS_mean",
                control = list(epsilon = 1e-12, maxit = 1000))
  stopifnot(max(abs(coef(theirs) - ours$coef)) < 1e-7)  # brglm2 finds the same maximum
  c(list(data = name, outcome = outcome, terms = I(terms)), ours)
}
data(endometrial)
# Heinze & Schemper, Stat Med 21, 2409-2419 (2002): nobody with NV has HG = 0
write.csv(endometrial, "data/endometrial.csv", row.names = FALSE, quote = FALSE)
births <- transform(MASS::birthwt[c("low", "age", "lwt", "race", "smoke", "ht", "ui")],
                    race = factor(race, labels = c("white", "black", "other")))
write.csv(births, "data/birthwt.csv", row.names = FALSE, quote = FALSE)
separated <- list(
  ovarian = transform(read("ovarian"), marker = factor(ifelse(seq_len(26) %in% which(event == 0)[1:5], "b", "a"))),
  leukemia = transform(read("leukemia"), event = ifelse(group == "6-MP", 0, event)),
  lung = transform(read("lung"), late = factor(ifelse(time > 900, "b", "a"))),
  veteran = read("veteran"),
  elderly = transform(read("veteran"), old = age >= 60, event = ifelse(age >= 60 & group == "adeno", 0, event)),
  tied = read("tied"))

# ---- restricted means (survRM2's formulas) and survival at a milestone ---------------------------
groups <- function(name, tau) {
  d <- droplevels(subset(read(name), group %in% levels(group)[1:2]))
  f <- survfit(Surv(time, event) ~ group, d, conf.type = "log-log")
  table <- summary(f, rmean = tau)$table
  mean <- table[, grep("^\\*?rmean", colnames(table))]; se <- table[, grep("^\\*?se\\(rmean\\)", colnames(table))]
  z <- qnorm(0.975)
  difference <- mean[2] - mean[1]; half <- z * sqrt(sum(se^2))
  ratio <- log(mean[2] / mean[1]); log_se <- sqrt(sum(se^2 / mean^2))
  s <- summary(f, times = tau, extend = FALSE)
  gap <- s$surv[2] - s$surv[1]
  # MOVER (Zou & Donner, Stat Med 27, 1693-1702 (2008)) from each group's log-log interval
  lower <- gap - sqrt((s$surv[2] - s$lower[2])^2 + (s$upper[1] - s$surv[1])^2)
  upper <- gap + sqrt((s$upper[2] - s$surv[2])^2 + (s$surv[1] - s$lower[1])^2)
  # Klein et al., Stat Med 26, 4505-4519 (2007): on the scale of log(-log S)
  variance <- (s$std.err / (s$surv * log(s$surv)))^2
  chisq <- diff(log(-log(s$surv)))^2 / sum(variance)
  list(file = name, tau = tau, groups = I(levels(d$group)), mean = strip(mean), se = strip(se),
       difference = c(unname(difference), difference - half, difference + half, 2 * pnorm(-abs(difference) / sqrt(sum(se^2)))),
       ratio = c(exp(ratio), exp(ratio - z * log_se), exp(ratio + z * log_se), 2 * pnorm(-abs(ratio) / log_se)),
       milestone = list(surv = strip(s$surv), gap = c(gap, lower, upper), chisq = chisq,
                        p = pchisq(chisq, 1, lower.tail = FALSE)))
}

write_json(list(
  r = R.version.string, survival = as.character(packageVersion("survival")),
  brglm2 = as.character(packageVersion("brglm2")), numDeriv = as.character(packageVersion("numDeriv")),
  zph = list(zph("veteran", c("karno", "age", "group"), c("km", "identity")), zph("lung", c("age", "group")),
             zph("lung", "age"), zph("leukemia", c("group", "age"), c("km", "rank")),
             zph("tied", c("group", "age")), zph("ovarian", c("age", "group"), c("km", "log"))),
  firth_cox = list(firth_cox("ovarian", separated$ovarian, "marker"),
                   firth_cox("ovarian", separated$ovarian, c("marker", "age")),
                   firth_cox("leukemia", separated$leukemia, c("group", "age")),
                   firth_cox("lung", separated$lung, c("late", "age", "group")),
                   firth_cox("veteran", separated$veteran, c("karno", "group")),
                   firth_cox("tied", separated$tied, c("group", "age"))),
  firth_subgroups = list(firth_subgroups("ovarian", separated$ovarian, "marker", "resid.ds"),
                         firth_subgroups("lung", separated$lung, "late", "group"),
                         firth_subgroups("veteran", separated$elderly, "group", "old")),
  firth_logistic = list(firth_logistic("endometrial", endometrial, "HG", c("NV", "PI", "EH")),
                        firth_logistic("endometrial", endometrial, "HG", "NV"),
                        firth_logistic("birthwt", births, "low", c("lwt", "smoke", "ht"))),
  groups = list(groups("lung", 365), groups("veteran", 100), groups("ovarian", 365), groups("leukemia", 70),
                groups("leukemia", 100))
), "proportional.json", digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null")

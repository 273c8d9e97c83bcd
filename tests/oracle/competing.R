# Reference values for competing risks, transplants and courses, from R. Run from this folder:
#   Rscript competing.R
# Writes data/pbc.csv, mgus2.csv, heart.csv, myeloid.csv, jasa.csv, colon.csv and courses.csv, and
# competing.json. Needs survival, cmprsk and jsonlite.
suppressMessages({library(survival); library(cmprsk); library(jsonlite)})
set.seed(13)
control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)

# ---- data: public, of the survival package -------------------------------------------------------
# primary biliary cholangitis: transplanted (1) or dead (2) first; days, few ties
liver <- with(pbc, data.frame(time, cause = status, sex = as.character(sex),
                              stage = paste0("s", stage), age, bili))
liver <- liver[liver$stage != "sNA", ]
# monoclonal gammopathy: malignancy (1) or death before it (2); whole months, many ties
mgus <- with(mgus2, data.frame(time = ifelse(pstat == 0, futime, ptime),
                               cause = ifelse(pstat == 0, 2 * death, 1),
                               sex = as.character(sex), age, mspike))
mgus <- na.omit(mgus)[sample(1300, 400), ]
write.csv(liver, "data/pbc.csv", row.names = FALSE, quote = FALSE)
write.csv(mgus, "data/mgus2.csv", row.names = FALSE, quote = FALSE)

# ---- cumulative incidence, Gray's test -----------------------------------------------------------
incidence <- function(d, times, by = NULL) {
  group <- if (is.null(by)) rep("all", nrow(d)) else d[[by]]
  fit <- cuminc(d$time, d$cause, group)
  at <- timepoints(fit, times)
  list(times = times, names = rownames(at$est), est = unname(at$est), var = unname(at$var),
       tests = if (is.null(by)) NULL else list(statistic = unname(fit$Tests[, "stat"]),
                                               p = unname(fit$Tests[, "pv"]), df = unname(fit$Tests[, "df"])))
}
# ---- Fine and Gray, beside cause-specific hazards ------------------------------------------------
subdistribution <- function(d, terms, code) {
  x <- model.matrix(reformulate(terms), d)[, -1, drop = FALSE]
  fit <- crr(d$time, d$cause, x, failcode = code, gtol = 1e-12, maxiter = 100)
  expanded <- finegray(Surv(time, factor(cause)) ~ ., d, etype = as.character(code))
  weighted <- coxph(reformulate(terms, "Surv(fgstart, fgstop, fgstatus)"), expanded, weights = fgwt,
                    ties = "breslow", control = control)
  own <- coxph(reformulate(terms, sprintf("Surv(time, cause == %d)", code)), d,
               control = control)
  list(terms = terms, code = code, coef = unname(fit$coef), se = unname(sqrt(diag(fit$var))),
       finegray = unname(coef(weighted)), cause_specific = unname(coef(own)),
       cause_specific_se = unname(sqrt(diag(vcov(own)))))
}
# no two times the same: where an event and a censoring share a day, crr and finegray count that
# day's censoring differently
untied <- function(d) transform(d, time = rank(time, ties.method = "first"))
# ---- a transplant as a covariate that changes with time ------------------------------------------
data(heart, package = "survival")
stanford <- transform(heart, transplant = as.numeric(as.character(transplant)))
write.csv(format(stanford, digits = 17, trim = TRUE), "data/heart.csv", row.names = FALSE, quote = FALSE)
changing <- function(d, terms) {
  fit <- coxph(reformulate(terms, "Surv(start, stop, event)"), d,
               control = control)
  list(terms = terms, coef = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))),
       loglik = fit$loglik)
}
# a leukaemia trial: complete response, transplant, relapse, death; columns of the contract, with
# remission on one day in all (the contract has no day of remission)
m <- myeloid[sample(nrow(myeloid), 250), ]
day <- 30
has <- !is.na(m$crtime) & m$futime > day
relapse <- ifelse(has & !is.na(m$rltime) & m$rltime > m$crtime, pmin(day + m$rltime - m$crtime, m$futime), NA)
end <- ifelse(is.na(relapse), m$futime, relapse)
cohort <- data.frame(
  patient_id = paste0("M", m$id), arm = as.character(m$trt), response = ifelse(has, "CR", "NR"),
  os_days = m$futime, os_event = m$death,
  rfs_days = ifelse(has, end - day, NA),
  rfs_event = ifelse(has, as.numeric(!is.na(relapse) | m$death == 1), NA),
  rfs_cause = ifelse(!has, NA, ifelse(!is.na(relapse), "relapse", ifelse(m$death == 1, "death", NA))),
  hsct_day = ifelse(!is.na(m$txtime) & m$txtime < m$futime, m$txtime, NA))
write.csv(cohort, "data/myeloid.csv", row.names = FALSE, quote = FALSE, na = "")
# the Stanford heart transplants, from acceptance ("remission" on day 0, so that who had a heart on that
# day starts in another state); colon cancer after surgery: recurrence, death
j <- transform(jasa, futime = pmax(futime, 0.5))
stanford2 <- data.frame(
  patient_id = paste0("H", seq_len(nrow(j))), response = "CR", os_days = j$futime, os_event = j$fustat,
  rfs_days = j$futime, rfs_event = j$fustat, rfs_cause = ifelse(j$fustat == 1, "death", NA),
  hsct_day = ifelse(j$transplant == 1, j$wait.time, NA))
back <- subset(colon, etype == 1); dead <- subset(colon, etype == 2)
stopifnot(identical(back$id, dead$id))
surgery <- data.frame(
  patient_id = paste0("C", back$id), arm = as.character(back$rx), response = "CR", os_days = dead$time,
  os_event = dead$status, rfs_days = pmin(back$time, dead$time),
  rfs_event = as.numeric(back$status == 1 | dead$status == 1),
  rfs_cause = ifelse(back$status == 1, "relapse", ifelse(dead$status == 1, "death", NA)))
surgery <- surgery[sample(nrow(surgery), 250), ]
write.csv(stanford2, "data/jasa.csv", row.names = FALSE, quote = FALSE, na = "")
write.csv(surgery, "data/colon.csv", row.names = FALSE, quote = FALSE, na = "")

# time since remission, transplanted or not, in those in remission
one <- function(f) c(coef = unname(coef(f)), se = sqrt(vcov(f)[1, 1]), n = f$n, events = f$nevent)
transplanted <- function(cohort, day, mark) {
  free <- subset(cohort, response == "CR")
  free$id <- seq_len(nrow(free))
  free$tx <- pmax(free$hsct_day - day, 0)  # before that day: transplanted from the start
  free$tx[!is.na(free$tx) & free$tx >= free$rfs_days] <- NA
  before <- transform(free, start = 0, stop = ifelse(is.na(tx), rfs_days, tx), transplanted = 0,
                      event = ifelse(is.na(tx), rfs_event, 0))
  after <- transform(subset(free, !is.na(tx)), start = tx, stop = rfs_days, transplanted = 1,
                     event = rfs_event)
  long <- subset(rbind(before, after), stop > start)
  free$ever <- !is.na(free$tx)
  free$early <- free$ever & free$tx <= mark
  list(day = day, naive = one(coxph(Surv(rfs_days, rfs_event) ~ ever, free, control = control)),
       landmark_day = mark,
       landmark = one(coxph(Surv(rfs_days - mark, rfs_event) ~ early, subset(free, rfs_days > mark),
                            control = control)),
       changing = changing(long, "transplanted"), transplanted = sum(free$ever))
}

# ---- courses: the probability of being in each state --------------------------------------------
states <- c("infused", "remission", "transplant", "relapse", "death")
stays <- function(cohort, day) {
  moves <- do.call(rbind, lapply(seq_len(nrow(cohort)), function(i) {
    p <- cohort[i, ]
    at <- c(infused = 0)
    stop <- p$os_days
    if (p$response == "CR") {
      at["remission"] <- day
      stop <- day + p$rfs_days
      if (!is.null(p$hsct_day) && !is.na(p$hsct_day) && p$hsct_day < stop)
        at["transplant"] <- max(p$hsct_day, day)
      if (!is.na(p$rfs_cause) && p$rfs_cause == "relapse" && stop < p$os_days) at["relapse"] <- stop
    }
    data.frame(patient = i, state = names(at), start = unname(at), stop = unname(c(at[-1], p$os_days)),
               to = c(names(at)[-1], if (p$os_event == 1) "death" else ""))
  }))
  subset(moves, stop > start)
}
occupied <- function(moves, when) {
  d <- transform(moves, to = factor(to, c("", states[-1])), state = factor(state, states))
  fit <- survfit(Surv(start, stop, to) ~ 1, d, id = patient, istate = state)
  s <- summary(fit, times = when)
  list(times = when, states = fit$states, pstate = unname(s$pstate), se = unname(s$std.err),
       last = max(fit$time), end = unname(tail(fit$pstate, 1)))
}
moves <- stays(cohort, day)
write.csv(moves, "data/courses.csv", row.names = FALSE, quote = FALSE)
write_json(list(
  r = R.version.string, survival = as.character(packageVersion("survival")),
  cmprsk = as.character(packageVersion("cmprsk")),
  incidence = list(
    list(file = "pbc", by = NULL, r = incidence(liver, c(500, 1000, 2000, 4000))),
    list(file = "pbc", by = "sex", r = incidence(liver, c(500, 1000, 2000, 4000), "sex")),
    list(file = "pbc", by = "stage", r = incidence(liver, c(500, 1000, 2000, 3500), "stage")),
    list(file = "mgus2", by = NULL, r = incidence(mgus, c(12, 60, 120, 240))),
    list(file = "mgus2", by = "sex", r = incidence(mgus, c(12, 60, 120, 240), "sex"))),
  subdistribution = list(
    list(file = "pbc", r = subdistribution(liver, "sex", 2)),
    list(file = "pbc", r = subdistribution(liver, "stage", 2)),
    list(file = "pbc", r = subdistribution(liver, c("age", "bili"), 1)),
    list(file = "mgus2", r = subdistribution(mgus, "sex", 1)),
    list(file = "mgus2", r = subdistribution(mgus, c("age", "sex", "mspike"), 1)),
    list(file = "mgus2", r = subdistribution(mgus, c("age", "sex"), 2)),
    list(file = "mgus2", untied = TRUE, r = subdistribution(untied(mgus), c("age", "sex"), 1)),
    list(file = "pbc", untied = TRUE, r = subdistribution(untied(liver), c("age", "bili"), 2))),
  changing = list(
    list(file = "heart", r = changing(stanford, "transplant")),
    list(file = "heart", r = changing(stanford, c("age", "year", "surgery", "transplant")))),
  transplant = list(myeloid = transplanted(cohort, day, 91), jasa = transplanted(stanford2, 0, 60)),
  occupancy = list(myeloid = occupied(moves, c(30, 100, 200, 365, 730)),
                   jasa = occupied(stays(stanford2, 0), c(0, 30, 100, 365, 1000)),
                   colon = occupied(stays(surgery, 0), c(100, 365, 730, 2000)))
), "competing.json", digits = NA, auto_unbox = TRUE, pretty = TRUE, null = "null")

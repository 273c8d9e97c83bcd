"""Propose a mapping: one guess per column of ours, each with its reasons and its doubts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import yaml

from cartanalysis.contract import FIELDS, MISSING, PAIRS, REQUIRED
from cartanalysis.errors import Problem, shown
from cartanalysis.intake import identifiers as privacy
from cartanalysis.intake.hints import without_brackets
from cartanalysis.intake.mapping.guess import Evidence, Guess, from_dates, holds_dates, question
from cartanalysis.intake.mapping.model import VERSION, FromColumn, Mapping, said
from cartanalysis.intake.mapping.names import Meaning, date_role, meanings
from cartanalysis.intake.source import Column, Source
from cartanalysis.text import fold

NAMES_SHOWN = 40
"""So many names of columns that are not used are told."""


@dataclass(frozen=True)
class Proposal:
    """A mapping that is proposed for a file."""

    source: str  # name of the file
    form: str  # what kind of file it is
    patients: int
    guesses: tuple[Guess, ...]  # one per column of ours that was found, in the contract's order
    drop: tuple[privacy.Finding, ...]  # columns that identify people
    unused: tuple[str, ...]  # other columns of the file
    problems: tuple[Problem, ...] = ()  # of the file itself, to be corrected first

    @property
    def absent(self) -> tuple[str, ...]:
        """Name our columns for which nothing was found."""
        found = {g.entry.target for g in self.guesses}
        return tuple(name for name in FIELDS if name not in found)

    @property
    def mapping(self) -> Mapping:
        """Give the proposal as a mapping, questions included."""
        entries = tuple(g.entry for g in self.guesses)
        return Mapping(
            f"mapping of {self.source}", entries, drop=tuple(f.column for f in self.drop)
        )

    def to_yaml(self) -> str:
        """Write the mapping file, with a comment on every guess."""
        return "\n".join(self._yaml_lines()) + "\n"

    def _yaml_lines(self) -> Iterator[str]:
        yield f"# A mapping proposed for {_comment(self.source)}: {_comment(self.form)}, " + (
            f"{self.patients} patients."
        )
        yield "# Check every entry. Those with ask: are not sure: delete the ask: line to say yes,"
        yield "# or correct or remove the entry. Nothing is used while an ask: is left."
        yield f"version: {VERSION}"
        yield "columns:"
        for guess in self.guesses:
            entry = guess.entry
            yield f"  # {'not sure' if entry.ask else 'sure'}: {_comment('; '.join(guess.reasons))}"
            yield f"  {entry.target}:"
            for key, value in said(entry).items():
                yield from _yaml_value(key, value)
        for name in self.absent:
            needed = " (every cohort needs it)" if name in REQUIRED else ""
            yield f"  # not found{needed}: {name}, {FIELDS[name].meaning}"
        if self.drop:
            yield "# These columns seem to identify people; nothing of them is used."
            yield "drop:"
            yield from (f"  - {_text(f.column)} # {_comment(f.why)}" for f in self.drop)
        if self.unused:
            yield "# Columns that are not used; list under extra: those by which to compare groups."
            yield from (f"#   {_comment(shown(n))}" for n in self.unused[:NAMES_SHOWN])
            if len(self.unused) > NAMES_SHOWN:
                yield f"#   and {len(self.unused) - NAMES_SHOWN} more"

    def summary(self) -> str:
        """Say what was found, for the terminal."""
        return "\n".join(self._summary_lines())

    def _summary_lines(self) -> Iterator[str]:
        yield f"{shown(self.source)}: {self.form}, {self.patients} patients"
        width = max((len(g.entry.target) for g in self.guesses), default=0)
        for guess in self.guesses:
            entry = guess.entry
            origin = ", ".join(shown(c) for c in entry.columns)
            state = "not sure" if entry.ask else "sure    "
            yield f"  {entry.target:<{width}}  {state}  {origin}: {'; '.join(guess.reasons)}"
            if entry.ask:
                yield f"  {'':<{width}}  ask:      {entry.ask}"
        if self.absent:
            yield f"Not found: {', '.join(self.absent)}"
        for finding in self.drop:
            yield f"To drop: {shown(finding.column)} ({finding.why})"
        if self.unused:
            told = ", ".join(shown(n) for n in self.unused[:NAMES_SHOWN])
            more = len(self.unused) - NAMES_SHOWN
            yield f"Not used: {told}{f' and {more} more' if more > 0 else ''}"
        count = sum(bool(g.entry.ask) for g in self.guesses)
        if count:
            entries = "1 entry is" if count == 1 else f"{count} entries are"
            yield f"{entries} not sure: answer each in the mapping file before it can be used."


def propose(source: Source) -> Proposal:
    """Guess which of a file's columns is which of ours.

    Names, labels, dictionaries and values are looked at.  A guess is sure only if its name is a
    usual one, its values fit and nothing else competes; every other carries a question.
    """
    personal = {f.column: f for f in privacy.identifying(source)}
    found: dict[str, list[Guess]] = {name: [] for name in FIELDS}
    roles: dict[str, str] = {}
    for column in source.columns:
        if holds_dates(source.cells[column.name]):
            role = date_role(column.name) or date_role(column.label)
            if role:
                roles.setdefault(role, column.name)
            continue
        for evidence in _evidence(source, column):
            guess = evidence.guess()
            if guess is not None and not _of_person(guess, personal):
                found[guess.entry.target].append(guess)
    for guess in _only_parameter(source, found):
        found[guess.entry.target].append(guess)
    chosen = {target: _choose(guesses, source) for target, guesses in found.items() if guesses}
    for guess in _not_understood(source, set(chosen)):
        chosen[guess.entry.target] = guess
    for guess in from_dates(roles, source, set(FIELDS) - set(chosen)):
        chosen[guess.entry.target] = guess
    guesses = [_renumbered(g, personal) for g in _paired(chosen)]
    used = {c for g in guesses for c in g.entry.columns}
    drop = tuple(f for name, f in personal.items() if name not in used)
    rest = {c.name for c in source.columns} - used - set(personal)
    return Proposal(
        source.name,
        source.form,
        len(source.rows),
        tuple(guesses),
        drop,
        tuple(c.name for c in source.columns if c.name in rest),
        source.problems,
    )


def _evidence(source: Source, column: Column) -> Iterator[Evidence]:
    """Give what name and label say; where they disagree, the name is doubted."""
    by_name = meanings(column.name) or meanings(without_brackets(column.name))
    by_label = meanings(re.sub(r"\(.*?\)|=.*", " ", column.label)) if column.label else []
    targets = {m.target for m in by_name if m.strength > 1}
    told = {m.target for m in by_label if m.strength > 1}
    contradict = bool(targets and told and not targets & told)
    seen: set[str] = set()
    for told_by, found in (("name", by_name), ("label", [] if contradict else by_label)):
        for meaning in found:
            if meaning.target in seen:
                continue
            seen.add(meaning.target)
            both = {m.target: m.strength for m in by_label}.get(meaning.target, 0)
            strong = meaning._replace(strength=max(meaning.strength, both))
            evidence = Evidence(source, column, strong, told_by)
            if contradict:
                evidence.doubts.append("name and label speak of different things")
            yield evidence


def _not_understood(source: Source, chosen: set[str]) -> Iterator[Guess]:
    """Ask about columns of our own name whose values tell nothing."""
    for column in source.columns:
        name = column.name
        filled = [c for c in source.cells[name] if fold(c) not in MISSING]
        if name not in FIELDS or name in chosen or not filled or FIELDS[name].kind == "label":
            continue
        ask = (
            f"The column was found, but its values, such as {shown(filled[0])}, cannot be "
            "understood. Translate or correct them, or remove the entry."
        )
        yield Guess(FromColumn(target=name, source=name, ask=ask), ("by its name",), 3)


def _of_person(guess: Guess, personal: dict[str, privacy.Finding]) -> bool:
    """Tell whether a guess would show what identifies people."""
    if FIELDS[guess.entry.target].kind == "label":
        return any(name in personal for name in guess.entry.columns)
    return False


def _renumbered(guess: Guess, personal: dict[str, privacy.Finding]) -> Guess:
    """Replace identifiers that could be looked up elsewhere."""
    entry = guess.entry
    if entry.target != "patient_id" or not isinstance(entry, FromColumn):
        return guess
    if entry.source not in personal:
        return guess
    why = f"it may identify people ({personal[entry.source].why}), so patients are numbered anew"
    return replace(guess, entry=replace(entry, renumber=True), reasons=(*guess.reasons, why))


def _only_parameter(source: Source, found: dict[str, list[Guess]]) -> Iterator[Guess]:
    """Offer the one time-to-event parameter of an ADaM file whose name says nothing."""
    times = [c for c in source.columns if c.name.startswith("AVAL:")]
    if found["os_days"] or found["rfs_days"] or len(times) != 1:
        return
    parameter = times[0].name.partition(":")[2]
    labels = {c.name: c for c in source.columns}
    for name, target in ((times[0].name, "os_days"), (f"CNSR:{parameter}", "os_event")):
        if name in labels:
            evidence = Evidence(source, labels[name], Meaning(target, 1, 0, ""), "name")
            evidence.reasons[:] = ["the only time-to-event parameter of the file"]
            evidence.doubts[:] = [f"{shown(parameter)} is not known to us; is it overall survival?"]
            guess = evidence.guess()
            if guess is not None:
                yield guess


def _choose(guesses: list[Guess], source: Source) -> Guess:
    """Take the most telling guess; doubt it where another is as good."""
    ranked = sorted(guesses, key=lambda g: (-g.strength, bool(g.entry.ask), g.rank))
    best, others = ranked[0], [g for g in ranked[1:] if g.strength >= min(ranked[0].strength, 2)]
    cells = {g.entry.columns: [source.cells[c] for c in g.entry.columns] for g in guesses}
    rivals = [
        g
        for g in others
        if best.strength < 3
        and not (best.entry.target == "patient_id" and not best.entry.ask)
        and cells[g.entry.columns] != cells[best.entry.columns]
    ]
    if not rivals:
        return best
    named = ", ".join(shown(c) for g in rivals[:5] for c in g.entry.columns)
    return _asking(best, f"is it this column, or {named}?")


def _paired(chosen: dict[str, Guess]) -> Iterator[Guess]:
    """Order the guesses as the contract does, doubting half a pair."""
    partner = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
    for target in FIELDS:
        guess = chosen.get(target)
        if guess is None:
            continue
        if target in partner and partner[target] not in chosen:
            guess = _asking(
                guess, f"the column {partner[target]} was not found, and is needed with it"
            )
        yield guess


def _asking(guess: Guess, doubt: str) -> Guess:
    ask = question((guess.entry.ask, doubt))
    return replace(guess, entry=replace(guess.entry, ask=ask))


# --- YAML ----------------------------------------------------------------------------------------


def _yaml_value(key: str, value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield f"    {key}:"
        for theirs, ours in value.items():
            yield f"      {_text(theirs)}: {'null' if ours is None else _text(ours)}"
    elif isinstance(value, tuple):
        yield f"    {key}: [{', '.join(_text(v) for v in value)}]"
    else:
        yield f"    {key}: {_text(str(value))}"


def _text(text: str) -> str:
    """Write a text so that YAML gives back exactly it."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,40}", text) and text.lower() != "null":
        return text
    written: str = yaml.dump(text, default_style='"', allow_unicode=True, width=float("inf"))
    return written.strip()


def _comment(text: str) -> str:
    """Write a text so that it stays on its line."""
    return "".join(c if c.isprintable() else "�" for c in text)

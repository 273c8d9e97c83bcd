"""Propose a mapping: one guess per column of ours, each with its reasons and its doubts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cartanalysis.contract import FIELDS, PAIRS, REQUIRED
from cartanalysis.errors import counted, listed, shown
from cartanalysis.intake import identifiers as privacy
from cartanalysis.intake.cells import holds_numbers
from cartanalysis.intake.hints import COUNTED_FROM, bare_name, without_beginning
from cartanalysis.intake.mapping.conditions import Condition
from cartanalysis.intake.mapping.course import Course, infused_only
from cartanalysis.intake.mapping.dates import holds_dates
from cartanalysis.intake.mapping.document import written
from cartanalysis.intake.mapping.guess import (
    LAST,
    OTHER_PEOPLE,
    Evidence,
    Guess,
)
from cartanalysis.intake.mapping.model import VERSION, FromColumn, Mapping, said
from cartanalysis.intake.mapping.names import Meaning, date_role, day_role, meanings, words_of
from cartanalysis.intake.source import Column, Layout, Source, filled

_ORDERS = {"os_event": " (dead above alive)", "response": " (CR above CRi above NR)"}
NAMES_SHOWN = 40  # so many names of columns that are not used are told, unless all are asked for


@dataclass(frozen=True)
class Proposal:
    """A mapping that is proposed for a file."""

    source: Source
    guesses: tuple[Guess, ...]  # one per column of ours that was found, in the contract's order
    drop: tuple[privacy.Finding, ...]  # columns that identify people
    unused: tuple[str, ...]  # other columns of the file
    only: Condition | None = None  # which rows count, if not all

    @property
    def absent(self) -> tuple[str, ...]:
        """Name our columns for which nothing was found."""
        found = {g.entry.target for g in self.guesses}
        return tuple(name for name in FIELDS if name not in found)

    @property
    def mapping(self) -> Mapping:
        """Give the proposal as a mapping, questions included."""
        entries = tuple(g.entry for g in self.guesses)
        drop = tuple(f.column for f in self.drop)
        name = f"mapping of {self.source.name}"
        return Mapping(name, entries, drop=drop, only=self.only, layout=self.layout)

    @property
    def layout(self) -> Layout:
        """Say how rows and tables are put together, for the columns that are used."""
        layout = self.source.layout or Layout()
        used = {c for g in self.guesses for c in g.draft.columns}
        return replace(layout, take={c: how for c, how in layout.take.items() if c in used})

    def to_yaml(self) -> str:
        """Write the mapping file, with a comment on every guess."""
        lines = [
            f"# A mapping proposed for {_comment(self.source.name)}: "
            f"{_comment(self.source.form)}, {counted(len(self.source.rows), 'patient')}.",
            "# Check every entry. Those with ask: are not sure: delete the ask: line to say yes,",
            "# or correct or remove the entry. Nothing is used while an ask: is left.",
            f"version: {VERSION}",
            *_laid_out(self.layout),
        ]
        if self.source.layout is not None or self.source.form.startswith("SDTM"):
            lines[3:3] = [f"# {_comment(note)}" for note in self.source.notes]
        if self.only is not None:
            lines += ["# Who was never infused is left out.", f"only: {written(self.only.said)}"]
        lines.append("columns:")
        for guess in self.guesses:
            state, why = "not sure" if guess.doubts else "sure", _comment("; ".join(guess.reasons))
            lines += [f"  # {state}: {why}", f"  {guess.entry.target}:"]
            for key, value in said(guess.entry).items():
                lines += _yaml_value(key, value)
        for name in self.absent:
            needed = " (every cohort needs it)" if name in REQUIRED else ""
            lines.append(f"  # not found{needed}: {name}, {FIELDS[name].meaning}")
        if self.drop:
            lines += ["# These columns seem to identify people; nothing of them is used.", "drop:"]
            lines += [f"  - {written(f.column)} # {_comment(f.why)}" for f in self.drop]
        if self.unused:
            lines.append(
                "# Columns that are not used; list under extra: those by which to compare groups."
            )
            lines += [f"#   {_comment(n)}" for n in self.unused]
        return "\n".join(lines) + "\n"

    def summary(self, *, whole: bool = False) -> str:
        """Say what was found, for the terminal; with every column that is not used, if asked."""
        patients = counted(len(self.source.rows), "patient")
        lines = [f"{shown(self.source.name)}: {self.source.form}, {patients}"]
        joined = [f"{shown(t)} by {shown(c)}" for t, c in self.layout.tables.items() if t]
        lines += [f"Joined: {', '.join(joined)}"] if joined else []
        if self.source.layout is not None or self.source.form.startswith("SDTM"):
            lines += self.source.notes
        width = max((len(g.entry.target) for g in self.guesses), default=0)
        for guess in self.guesses:
            entry = guess.entry
            origin = ", ".join(shown(c) for c in entry.columns)
            state, why = "not sure" if entry.ask else "sure    ", "; ".join(guess.reasons)
            lines.append(f"  {entry.target:<{width}}  {state}  {origin}: {why}")
            if entry.ask:
                lines.append(f"  {'':<{width}}  ask:      {entry.ask}")
        if self.absent:
            lines.append(f"Not found: {', '.join(self.absent)}")
        lines += [f"To drop: {shown(f.column)} ({f.why})" for f in self.drop]
        if self.unused:
            more = len(self.unused) - NAMES_SHOWN
            names = listed(self.unused, len(self.unused) if whole else NAMES_SHOWN)
            hint = " (the mapping file and --all list them)" if more > 0 and not whole else ""
            lines.append(f"Not used: {names}{hint}")
        if count := sum(bool(g.doubts) for g in self.guesses):
            entries = "1 entry is" if count == 1 else f"{count} entries are"
            lines.append(
                f"{entries} not sure: answer each in the mapping file before it can be used."
            )
        return "\n".join(lines)


def propose(source: Source) -> Proposal:
    """Guess which of a file's columns is which of ours; what is not sure carries a question."""
    personal = {f.column: f for f in privacy.identifying(source)}
    found: dict[str, list[Guess]] = {name: [] for name in FIELDS}
    roles: dict[str, str] = {}
    days: dict[str, str] = {}
    evidences: list[Evidence] = []
    for column in source.columns:
        is_record = privacy.is_record_number(column)  # whose numbers may look like dates
        if not is_record and holds_dates(source.cells[column.name]):
            role = date_role(bare_name(column.name)) or date_role(column.label)
            if role:
                roles.setdefault(role, column.name)
            continue
        role = day_role(bare_name(column.name)) or day_role(column.label)
        if role and holds_numbers(source.cells[column.name]):
            days.setdefault(role, column.name)
        told = [*_evidence(source, column)]
        if is_record and all(e.spec.kind != "id" for e in told):
            told.append(Evidence(source, column, Meaning("patient_id", 2, LAST, ""), "name"))
        evidences += told
    codes: set[str] = set()
    # what is missing among codes may be missing among numbers
    for evidence in sorted(evidences, key=lambda e: e.spec.kind == "number"):
        evidence.known = codes
        guess = evidence.guess()
        # groups are shown, and must not show what identifies people
        is_shown = evidence.spec.kind == "label" and evidence.column.name in personal
        if guess is not None and not is_shown:
            found[guess.draft.target].append(guess)
            codes |= Mapping("", (guess.draft,)).all_missing
    for guess in _only_parameter(source, found):
        found[guess.draft.target].append(guess)
    chosen = {target: _choose(guesses, source) for target, guesses in found.items() if guesses}
    for guess in _not_understood(source, set(chosen)):
        chosen[guess.draft.target] = guess
    Course(source, roles, days, found, chosen).complete()
    _doubt_halves(chosen)
    for guess in chosen.values():
        _doubt_choices(guess, source)
    _renumber(chosen.get("patient_id"), personal)
    only = (
        None if source.form.startswith("ADaM") else infused_only(source, roles.get("infusion", ""))
    )
    if only is not None and "patient_id" in chosen:
        chosen["patient_id"].doubt(
            f"only patients with {only.words} count as infused; is that right?"
        )
    used = {c for g in chosen.values() for c in g.draft.columns} | {*(only.columns if only else ())}
    used |= {c.name for c in source.columns if c.is_part}
    if source.layout is not None:  # of these the reader leaves out those that nobody uses
        personal = {n: f for n, f in personal.items() if n not in source.layout.take}
    return Proposal(
        source,
        tuple(chosen[name] for name in FIELDS if name in chosen),
        tuple(f for name, f in personal.items() if name not in used),
        tuple(c for c in source.cells if c not in used and c not in personal),
        only,
    )


def _evidence(source: Source, column: Column) -> Iterator[Evidence]:
    """Give what name and label say; where they disagree, the name is doubted."""
    by_name = meanings(column.name) or meanings(bare_name(column.name))
    by_name = by_name or tuple(
        m for m in meanings(without_beginning(bare_name(column.name))) if m.target in COUNTED_FROM
    )
    by_label = meanings(bare_name(column.label))
    targets = {m.target for m in by_name if m.strength > 1}
    told = {m.target for m in by_label if m.strength > 1}
    contradict = bool(targets and told and not targets & told)
    seen: set[str] = set()
    for told_by, found in (("name", by_name), ("label", () if contradict else by_label)):
        for meaning in found:
            if meaning.target in seen:
                continue
            seen.add(meaning.target)
            both = {m.target: m.strength for m in by_label}.get(meaning.target, 0)
            strong = meaning._replace(strength=max(meaning.strength, both))
            evidence = Evidence(source, column, strong, told_by)
            if contradict:
                evidence.doubt("name and label speak of different things")
            yield evidence


def _not_understood(source: Source, chosen: set[str]) -> Iterator[Guess]:
    """Ask about columns of our own name whose values tell nothing."""
    for column in source.columns:
        name = column.name
        texts = filled(source.cells[name])
        if name not in FIELDS or name in chosen or not texts or FIELDS[name].kind == "label":
            continue
        if OTHER_PEOPLE & {*words_of(column.label)}:
            continue
        ask = (
            f"the column was found, but its values, such as {shown(texts[0])}, cannot be "
            "understood. Translate or correct them, or remove the entry"
        )
        yield Guess(FromColumn(target=name, source=name), "by its name", ask)


def _renumber(guess: Guess | None, personal: dict[str, privacy.Finding]) -> None:
    """Replace identifiers that could be looked up elsewhere."""
    if guess is not None and isinstance(guess.draft, FromColumn) and guess.draft.source in personal:
        why = personal[guess.draft.source].why
        guess.because(f"it may identify people ({why}), so patients are numbered anew")
        guess.draft = replace(guess.draft, renumber=True)


def _only_parameter(source: Source, found: dict[str, list[Guess]]) -> Iterator[Guess]:
    """Offer the one time-to-event parameter of an ADaM file whose name says nothing."""
    times = [c for c in source.columns if c.name.startswith("AVAL:")]
    if found["os_days"] or found["rfs_days"] or len(times) != 1:
        return
    parameter = times[0].name.partition(":")[2]
    for name, target in ((times[0].name, "os_days"), (f"CNSR:{parameter}", "os_event")):
        if name in source.cells:
            evidence = Evidence(source, source.column(name), Meaning(target, 1, 0, ""), "name")
            evidence.reasons[:] = ["the only time-to-event parameter of the file"]
            evidence.doubts[:] = [f"{shown(parameter)} is not known to us; is it overall survival?"]
            if guess := evidence.guess():
                yield guess


def _choose(guesses: list[Guess], source: Source) -> Guess:
    """Take the most telling guess; doubt it where another is as good."""
    best, *others = sorted(guesses, key=lambda g: (-g.strength, bool(g.doubts), g.rank))
    is_sure = best.strength == 3 or (best.draft.target == "patient_id" and not best.doubts)
    cells = [source.cells[c] for c in best.draft.columns]
    rivals = [
        column
        for g in others
        if g.strength >= min(best.strength, 2)
        and [source.cells[c] for c in g.draft.columns] != cells
        for column in g.draft.columns
    ]
    if rivals and not is_sure:
        best.doubt(f"is it this column, or {', '.join(map(shown, rivals[:5]))}?")
    return best


def _doubt_halves(chosen: dict[str, Guess]) -> None:
    """Doubt half a pair."""
    for pair in PAIRS:
        for here, absent in (pair, pair[::-1]):
            if here in chosen and absent not in chosen:
                chosen[here].doubt(f"the column {absent} was not found, and is needed with it")


def _doubt_choices(guess: Guess, source: Source) -> None:
    """Doubt a column in which the rows of a patient differ, so that one of them was chosen."""
    layout = source.layout or Layout()
    for column in guess.draft.columns:
        if column in layout.take:
            parts = [name for name in source.cells if name.startswith(f"{column}: ")]
            instead = f", or use {listed(parts, 3)}" if parts else ""
            how = f"{layout.take[column]} one count{_ORDERS.get(guess.draft.target, '')}"
            guess.doubt(
                f"the rows of a patient differ in {shown(column)}; does the {how}? If another "
                f"does, change it under take{instead}"
            )


# --- YAML ----------------------------------------------------------------------------------------


def _laid_out(layout: Layout) -> Iterator[str]:
    """Write how rows and tables are put together."""
    if any(layout.tables):
        yield "tables:"
        yield from (f"  - {written(t)}: {written(column)}" for t, column in layout.tables.items())
    for key, names in (("by", layout.by), ("order", layout.order)):
        if names:
            yield f"{key}: [{', '.join(map(written, names))}]"
    if layout.take:
        yield "take:"
        yield from (f"  {written(column)}: {how}" for column, how in layout.take.items())
    if layout.concepts:
        yield "concepts:"
        for word, of_tables in layout.concepts.items():
            tables = (f"{table}: [{', '.join(ids)}]" for table, ids in of_tables.items())
            yield f"  {written(word)}: {{{', '.join(tables)}}}"


def _yaml_value(key: str, value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield f"    {key}:"
        for theirs, ours in value.items():
            yield f"      {written(theirs)}: {written(ours)}"
    else:
        yield f"    {key}: {written(value)}"


def _comment(text: str) -> str:
    """Write a text so that it stays on its line."""
    return "".join(c if c.isprintable() else "�" for c in text)

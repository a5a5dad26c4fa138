"""People who correct the table with an SQL client, and the book in which the walk notes what they did."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from activation_sync.core.reports.products import product_key
from tests.proof.evidence import Breach
from tests.support.sites.site import MEASURES, Site

Key = tuple[str, str]
Values = tuple[Any, ...]
NO_ROW: Values = (None,) * len(MEASURES)
LARGEST = 9  # counts people enter; few, so that values come back

DECISIONS = (
    "SELECT id, refreshed_on, product, measure, warehouse, settled FROM ledger WHERE kind = 'decision' ORDER BY id"
)
NOT_REPORTED = (
    "SELECT l.refreshed_on, l.product, l.measure, l.observed FROM ledger l JOIN reported_count r "
    "ON r.raw_report_id = l.observed_id AND r.product = l.product WHERE l.kind = 'decision' AND l.observed <> "
    "CASE l.measure WHEN 'assigned' THEN r.assigned WHEN 'activated' THEN r.activated "
    "ELSE r.shared_computer_activation END"
)


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person left in a row. after: the last line of the ledger then."""

    after: int
    key: Key
    values: Values


@dataclass(slots=True)
class People:
    """They change, add and delete rows at random, and remember it."""

    site: Site
    random: Random
    products: Sequence[str]
    edits: list[Edit] = field(default_factory=list)
    _before: list[tuple[Key, Values]] = field(default_factory=list)

    def edit(self) -> str:
        """Touch one row; says what was done."""
        new = (str(self.site.emulator.refreshed_on), product_key(self.random.choice(self.products)))
        key = self.random.choice([*self._rows(), new])
        return self._leave(key, self.random.choice([NO_ROW, self._values(), self._values(), self._values()]))

    def take_back(self) -> str:
        """Undo the last edit: the very case in which only a doubt tells that Graph holds something else."""
        if not self._before:
            return "nothing to take back"
        return self._leave(*self._before.pop())

    def breaches(self) -> Iterator[Breach]:
        """Ledger and edits, read in order, must lead to every value of the table."""
        rows: dict[Key, Values] = {}
        edits = iter(sorted(self.edits, key=lambda edit: edit.after))
        edit = next(edits, None)
        for line, day, product, measure, before, settled in self.site.query(DECISIONS):
            while edit is not None and edit.after < line:
                rows[edit.key], edit = edit.values, next(edits, None)
            at, row = MEASURES.index(measure), list(rows.get((day, product), NO_ROW))
            if row[at] != before:
                yield Breach("lost", f"ledger line {line}: {measure} of {product} was {row[at]}, taken for {before}")
            row[at] = settled
            rows[day, product] = tuple(row)
        rows.update((edit.key, edit.values) for edit in [*([edit] if edit else []), *edits])
        yield from self._differences({key: values for key, values in rows.items() if values != NO_ROW})
        for wrong in self.site.query(NOT_REPORTED):
            yield Breach("invented", f"no report says {wrong}")

    def _differences(self, explained: dict[Key, Values]) -> Iterator[Breach]:
        rows = self._rows()
        for key in explained.keys() | rows.keys():
            if explained.get(key) != rows.get(key):
                yield Breach("invented", f"{key} is {rows.get(key)}; ledger and edits lead to {explained.get(key)}")

    def _leave(self, key: Key, values: Values) -> str:
        self._before.append((key, self._rows().get(key, NO_ROW)))
        self._write(key, values)
        self.edits.append(Edit(self._last_line(), key, values))
        return f"{key[1]} of {key[0]} is now {values}"

    def _values(self) -> Values:
        return tuple(self.random.randint(0, LARGEST) for _ in MEASURES)

    def _rows(self) -> dict[Key, Values]:
        return {row[:2]: row[2:] for row in sorted(self.site.warehouse_rows())}

    def _last_line(self) -> int:
        return int(self.site.query("SELECT coalesce(max(id), 0) FROM ledger")[0][0])

    def _write(self, key: Key, values: Values) -> None:
        delete = "DELETE FROM activation_user_count WHERE refreshed_on = :day AND product = :product"
        self.site.execute(delete, day=key[0], product=key[1])
        if values != NO_ROW:
            enter_row(self.site, key, values)


def enter_row(site: Site, key: Key, values: Values) -> None:
    """A person adds a row."""
    counts = dict(zip(MEASURES, values, strict=True))
    names = ", ".join(counts)
    site.execute(
        f"INSERT INTO activation_user_count (tenant, refreshed_on, product, {names}) "  # noqa: S608
        f"VALUES (:tenant, :day, :product, {', '.join(f':{name}' for name in counts)})",
        tenant=site.tenant.name,
        day=key[0],
        product=key[1],
        **counts,
    )

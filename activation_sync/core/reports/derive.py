"""Counts derived from user detail, while the rows pass by."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TypeAlias

from activation_sync.core.model import CountRow, Counts, DetailRow
from activation_sync.core.reports.products import NO_ALIASES

Group: TypeAlias = tuple[bool, bool | None, int]  # of one product: activated, the flag, and how many users
FIRST_SIGN = DetailRow._fields.index("last_activated_on")  # from here on, any value but blank, 0 and False is a sign


class DetailCounts:
    """Counts users per product without keeping their rows.

    assigned: rows. activated: rows with a last activated date, any platform count above zero, or the shared-computer
    flag. shared_computer_activation: rows whose flag is true; None when no row says (the report of 2017 has no flag).
    spelled: our product name to how Graph spells it, as `parse_detail` notices it; looked up when the rows are through.
    """

    def __init__(self, spelled: Mapping[str, str] = NO_ALIASES) -> None:
        self._spelled = spelled
        self._users: defaultdict[tuple[str, bool, bool | None], int] = defaultdict(int)
        self.refreshed_on: date | None = None

    @property
    def rows_seen(self) -> int:
        return sum(self._users.values())

    def through(self, rows: Iterable[DetailRow]) -> Iterator[DetailRow]:
        """Pass rows on while counting them; the counts are whole once every row was taken."""
        users = self._users
        for row in rows:
            users[row.product, any(row[FIRST_SIGN:]), row.activated_on_shared_computer] += 1
            self.refreshed_on = row.refreshed_on
            yield row

    def counts(self) -> list[CountRow]:
        """One row a product, in the order of their names."""
        if self.refreshed_on is None:
            return []
        groups: defaultdict[str, list[Group]] = defaultdict(list)
        for (product, activated, flag), users in self._users.items():
            groups[product].append((activated, flag, users))
        return [
            CountRow(self.refreshed_on, product, self._spelled.get(product, product), _counts_of(groups[product]))
            for product in sorted(groups)
        ]


def _counts_of(groups: Sequence[Group]) -> Counts:
    return Counts(
        assigned=sum(users for _, _, users in groups),
        activated=sum(users for activated, _, users in groups if activated),
        shared_computer_activation=None
        if all(flag is None for _, flag, _ in groups)
        else sum(users for _, flag, users in groups if flag),
    )

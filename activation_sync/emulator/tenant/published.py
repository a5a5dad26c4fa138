"""The rows of `office365ActivationsUserCounts`: the state that PATCHes change and the counts report shows.

A new refresh date starts with the figures the counts report would carry, which for some products are those of an
earlier day: that is the drift a client finds between the counts report and the user detail.
"""

import hashlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from activation_sync.emulator.scenario import EmulatedTenant, seeded_guid
from activation_sync.emulator.tenant.figures import EmulatedCounts, Licence

NEVER = sys.maxsize


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One product on one refresh date.

    history: counts, each with the refresh from which the counts report shows them, as far as it may still do so.
    version: grows with every PATCH, even one that changes no figure.
    """

    id: str
    refreshed_on: date
    product_type: str
    history: tuple[tuple[int, EmulatedCounts], ...]
    version: int = 0

    @property
    def counts(self) -> EmulatedCounts:
        """What the resource holds now."""
        return self.history[-1][1]

    @property
    def etag(self) -> str:
        return f'W/"{hashlib.sha256(f"{self.id}/{self.version}".encode()).hexdigest()[:16]}"'

    def shown(self, refresh: int) -> EmulatedCounts:
        """What the counts report shows at this refresh."""
        return next(counts for since, counts in reversed(self.history) if since <= refresh)

    def patched(self, counts: EmulatedCounts, product_type: str, refresh: int, shown_from: int) -> "PublishedRow":
        """The row after a PATCH at this refresh, which the report shows from a later one on, or at once."""
        waiting = [entry for entry in self.history if refresh < entry[0] < shown_from]
        history = ((refresh, self.shown(refresh)), *waiting, (shown_from, counts))
        return replace(self, product_type=product_type, history=history, version=self.version + 1)


def same_product(name: str) -> str:
    """How products are compared: without case or superfluous spaces."""
    return " ".join(name.split()).upper()


class Published:
    """All published rows of all tenants. Callers hold the emulator's lock."""

    def __init__(self, seed: int, licences: Mapping[str, tuple[Licence, ...]]) -> None:
        self._seed = seed
        self._licences = licences
        self._rows: dict[str, PublishedRow] = {}
        self._owners: dict[str, dict[tuple[date, str], str]] = {tenant_id: {} for tenant_id in licences}

    def copied(self) -> "Published":
        """The same rows; what happens to one copy does not happen to the other."""
        other = Published(self._seed, self._licences)
        other._rows = dict(self._rows)
        other._owners = {tenant_id: dict(rows) for tenant_id, rows in self._owners.items()}
        return other

    def open_day(self, tenant: EmulatedTenant, day: int, dated: date, refresh: int) -> None:
        """Publish a tenant's rows of a new refresh date, each as far behind as its product is."""
        for licence in self._licences[tenant.tenant_id]:
            row = PublishedRow(
                id=seeded_guid(self._seed, tenant.name, dated, licence.product),
                refreshed_on=dated,
                product_type=licence.product,
                history=((refresh, licence.counts(day - licence.lag_days)),),
            )
            self._rows[row.id] = row
            self._owners[tenant.tenant_id][dated, same_product(licence.product)] = row.id

    def rows(self, tenant_id: str, refreshed_on: date | None = None) -> Iterator[PublishedRow]:
        """A tenant's rows in the order they were published."""
        for (dated, _), row_id in self._owners[tenant_id].items():
            if refreshed_on in (None, dated):
                yield self._rows[row_id]

    def by_id(self, tenant_id: str, row_id: str) -> PublishedRow | None:
        row = self._rows.get(row_id.lower())
        return row if row is not None and self.by_key(tenant_id, row.refreshed_on, row.product_type) == row else None

    def by_key(self, tenant_id: str, refreshed_on: date, product_type: str) -> PublishedRow | None:
        row_id = self._owners[tenant_id].get((refreshed_on, same_product(product_type)))
        return self._rows[row_id] if row_id else None

    def put(self, row: PublishedRow) -> None:
        """Replace the row that has this id."""
        self._rows[row.id] = row

    def remove(self, tenant_id: str, row: PublishedRow) -> None:
        del self._owners[tenant_id][row.refreshed_on, same_product(row.product_type)]
        del self._rows[row.id]

"""Figures with a closed form: any row and any total follows from a user's number, so nothing is ever kept.

Within a product every user has a rank, a permutation of the users' numbers. Licences go to the lowest ranks and
so do activations; devices repeat with the rank. Hence a count over five million users is one multiplication, and
equals the sum over the streamed rows exactly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from activation_sync.emulator.scenario import EmulatedTenant, Scenario, seeded


class EmulatedCounts(NamedTuple):
    """Users of one product; absolute."""

    assigned: int
    activated: int
    shared_computer_activation: int


class Devices(NamedTuple):
    """What one user activated, in the order of the user detail report's columns."""

    windows: int
    mac: int
    windows_10_mobile: int
    ios: int
    android: int
    on_shared_computer: bool


NO_DEVICES = Devices(0, 0, 0, 0, 0, on_shared_computer=False)
PATTERN = (
    Devices(1, 0, 0, 0, 0, on_shared_computer=False),
    Devices(2, 0, 0, 1, 0, on_shared_computer=False),
    Devices(1, 0, 0, 0, 1, on_shared_computer=False),
    Devices(0, 1, 0, 1, 0, on_shared_computer=False),
    Devices(1, 0, 0, 0, 0, on_shared_computer=True),
    NO_DEVICES,  # activated once, signed out everywhere since: the date alone still counts
    Devices(3, 1, 0, 0, 0, on_shared_computer=False),
    Devices(1, 0, 1, 0, 0, on_shared_computer=False),
    Devices(0, 0, 0, 0, 0, on_shared_computer=True),
    Devices(5, 0, 0, 1, 2, on_shared_computer=False),
    Devices(1, 1, 0, 2, 0, on_shared_computer=False),
)


@dataclass(frozen=True, slots=True)
class Licence:
    """One product in one tenant: who holds it, who activated it, and how both grow from day to day."""

    product: str
    users: int
    stride: int
    shift: int
    assigned_first: int
    assigned_per_day: int
    activated_first: int
    activated_per_day: int
    lag_days: int

    def rank(self, user: int) -> int:
        """The user's place in this product; each user has another one."""
        return (user * self.stride + self.shift) % self.users

    def assigned(self, day: int) -> int:
        return min(max(self.assigned_first + self.assigned_per_day * day, 0), self.users)

    def activated(self, day: int) -> int:
        return min(max(self.activated_first + self.activated_per_day * day, 0), self.assigned(day))

    def activated_day(self, rank: int, day: int) -> int:
        """The day the user of this rank last activated, at most `day`."""
        late = rank + 1 - self.activated_first
        grown = -(-late // self.activated_per_day) if late > 0 and self.activated_per_day else -1 - rank * 7919 % 400
        return min(grown, day)

    def counts(self, day: int) -> EmulatedCounts:
        """What the user detail of that day adds up to."""
        activated = self.activated(day)
        return EmulatedCounts(self.assigned(day), activated, _pattern_sum(activated, "on_shared_computer"))

    def platforms(self, day: int) -> tuple[int, int, int, int, int]:
        """Activations on Windows, Mac, Android, iOS and Windows 10 Mobile: the platform report's column order."""
        activated = self.activated(day)
        windows, mac, android, ios, mobile = (
            _pattern_sum(activated, name) for name in ("windows", "mac", "android", "ios", "windows_10_mobile")
        )
        return windows, mac, android, ios, mobile


def devices_of(rank: int) -> Devices:
    """What an activated user of this rank activated."""
    return PATTERN[rank % len(PATTERN)]


def make_licences(scenario: Scenario, tenant: EmulatedTenant) -> tuple[Licence, ...]:
    """The products of a tenant; the first is held by most users and grows every day."""
    return tuple(
        _make_licence(scenario, tenant, product, is_main=index == 0) for index, product in enumerate(scenario.products)
    )


def _make_licence(scenario: Scenario, tenant: EmulatedTenant, product: str, *, is_main: bool) -> Licence:
    chance, users = seeded(scenario.seed, tenant.name, product), scenario.users
    assigned_share = 0.85 if is_main else chance.uniform(0.04, 0.5)
    assigned = round(users * assigned_share)
    return Licence(
        product=product,
        users=users,
        stride=_coprime(max(users, 1), chance.randrange(users + 1)),
        shift=chance.randrange(users + 1),
        assigned_first=assigned,
        assigned_per_day=chance.randint(0, max(1, assigned // 200)),
        activated_first=round(assigned * chance.uniform(0.45, 0.7)),
        activated_per_day=chance.randint(1 if is_main else 0, max(1, assigned // 60)),
        lag_days=chance.randint(min(1, scenario.max_lag_days) if is_main else 0, scenario.max_lag_days),
    )


def _coprime(users: int, start: int) -> int:
    """The first number from `start` on that shares no factor with `users`, so that ranks are a permutation."""
    return next(number for number in range(start + 1, start + users + 2) if math.gcd(number, users) == 1)


def _running_totals(name: str) -> Sequence[int]:
    totals = [0]
    for devices in PATTERN:
        totals.append(totals[-1] + int(getattr(devices, name)))
    return totals


_TOTALS: Mapping[str, Sequence[int]] = {name: _running_totals(name) for name in Devices._fields}


def _pattern_sum(ranks: int, name: str) -> int:
    """The sum of one column over the ranks below `ranks`."""
    laps, rest = divmod(ranks, len(PATTERN))
    return laps * _TOTALS[name][-1] + _TOTALS[name][rest]

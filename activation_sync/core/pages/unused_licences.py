"""Who holds a licence and does not use it, and on what the others activated."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NeverActivated:
    """Users of one product in the newest user detail, and how many of them never activated it on anything."""

    product: str
    assigned: int
    never_activated: int


@dataclass(frozen=True, slots=True)
class UserOfProduct:
    """One user who holds a product. Personal data: never in logs or messages."""

    product: str
    user_principal_name: str = field(repr=False)
    display_name: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlatformCount:
    """Activations (not users) of one product on one platform."""

    product: str
    platform: str
    activations: int | None

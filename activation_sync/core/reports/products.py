"""One name for one product, however Graph spells it tonight."""

from collections.abc import Mapping
from types import MappingProxyType

from activation_sync.core.plain_text import plain_text

NO_ALIASES: Mapping[str, str] = MappingProxyType({})


def product_key(name: str, aliases: Mapping[str, str] = NO_ALIASES) -> str:
    """Our name of a product: trimmed, single spaces, upper case as Graph's CSV writes it, aliases applied once.

    aliases: another name (a former brand, say) to the name we use; both compared without regard to case and spaces.
    """
    key = _canonical(name)
    renamed = {_canonical(other): _canonical(ours) for other, ours in aliases.items()}
    return renamed.get(key, key)


def _canonical(name: str) -> str:
    return " ".join(plain_text(name).split()).upper()

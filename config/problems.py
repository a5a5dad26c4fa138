"""Mistakes in words: the key, what is wrong with the value, and the remedy."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from config.sources import COMMON, SECTIONS

Place = tuple[int | str, ...]
LONGEST_SHOWN = 80  # characters of a value
USER_IN_URL = re.compile(r"//.*@")
REASONS = {  # where pydantic would speak of Python's types
    "dict_type": "should be a table",
    "model_type": "should be a table",
    "tuple_type": "should be a list (of tables: [[tenants]], not [tenants])",
}


class Mistake(NamedTuple):
    """place: where the value is written. words: the place, what is wrong, and the remedy."""

    place: Place
    words: str

    @property
    def tenant(self) -> int | None:
        """The number of the tenant whose own entry holds it; None: it is written where all tenants share it."""
        match self.place:
            case ("tenants", int(index), *_):
                return index
        return None


def mistakes_of(error: ValidationError, written: Mapping[str, Any], model: type[BaseModel]) -> list[Mistake]:
    """Every mistake, in the order of the settings; what several tenants inherit is named once."""
    details = error.errors(include_url=False, include_context=False)
    return list(dict.fromkeys(_mistake(detail, written, model) for detail in details))


def tenants_with(mistakes: Sequence[Mistake], entries: Sequence[Any]) -> dict[str, tuple[str, ...]]:
    """The mistakes in tenants' own entries, by tenant: by its place, `tenants[3]`, where no name can be used."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    nameless = {one.tenant for one in mistakes if one.place[2:] in ((), ("name",))}
    for place, words in mistakes:
        number = int(place[1])
        found[f"tenants[{number}]" if number in nameless else entries[number]["name"]].append(words)
    return {name: tuple(words) for name, words in found.items()}


def _mistake(detail: ErrorDetails, written: Mapping[str, Any], model: type[BaseModel]) -> Mistake:
    place = _written_at(detail["loc"], written)
    return Mistake(place, f"{_dotted(place)}{_whose(place, written)}: {_reason(detail, place, model)}")


def _reason(detail: ErrorDetails, place: Place, model: type[BaseModel]) -> str:
    if detail["type"] == "extra_forbidden":
        return f"is not a setting; {_suggestion(place, model)}"
    if detail["type"] == "missing":
        return "is missing; add it, as config/example.toml shows"
    shown = _shown(detail["input"]) if _may_be_shown(place, model) else "the value"
    reason = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{shown} {REASONS.get(detail['type'], reason)}"


def _written_at(place: Place, written: Mapping[str, Any]) -> Place:
    """Where the value stands: a tenant's tables inherit from the common ones what they do not set themselves."""
    match place:
        case ("tenants", int(), str(section), *_) if section in COMMON and not _stands_at(place, written):
            return place[2:]
    return place


def _stands_at(place: Place, written: Any) -> bool:
    for part in place:
        try:
            written = written[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _dotted(place: Place) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def _whose(place: Place, written: Mapping[str, Any]) -> str:
    """The tenant's name in brackets, where the place is within a tenant that has one."""
    match place:
        case ("tenants", int(index), _, *_):
            name = written["tenants"][index].get("name")
            return f" (tenant {name})" if isinstance(name, str) else ""
    return ""


def _table_of(field: FieldInfo) -> type[BaseModel] | None:
    """The model behind a field that is a table or a list of tables; None for a plain value."""
    kind = next(iter(get_args(field.annotation)), field.annotation)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _model_at(place: Place, model: type[BaseModel]) -> type[BaseModel]:
    """The model whose fields may stand in the table at this place."""
    for part in place:
        if isinstance(part, str):
            model = _table_of(model.model_fields[part]) or model
    return model


def _suggestion(place: Place, model: type[BaseModel]) -> str:
    *above, key = place
    known = _model_at(tuple(above), model).model_fields
    if nearest := get_close_matches(str(key), known, n=1):
        return f"did you mean {nearest[0]}?"
    homes = [section for section in SECTIONS if key in _model_at((section,), model).model_fields]
    return f"it belongs to {homes[0]}" if homes else f"known here: {', '.join(known)}"


def _may_be_shown(place: Place, model: type[BaseModel]) -> bool:
    """False for a field with `repr=False`, and for a whole table, which may hold one."""
    for part in place:
        if isinstance(part, str):
            field, table = model.model_fields[part], _table_of(model.model_fields[part])
            if table is None:
                return field.repr
            model = table
    return False


def _shown(value: Any) -> str:
    text = USER_IN_URL.sub("//***@", str(value))
    return repr(text[:LONGEST_SHOWN]) if isinstance(value, str) else text

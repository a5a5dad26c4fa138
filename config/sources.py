"""Where settings come from, before anything is checked: the file, the environment, and what tenants inherit."""

import json
import os
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from activation_sync.errors import ConfigError
from config.references import OutsideText

FILE_VARIABLE = "ACTIVATION_SYNC_CONFIG"
PREFIX = "ACTIVATION_SYNC__"
DEFAULT_FILE = "activation-sync.toml"
COMMON = ("graph", "sync", "write_back")  # a tenant may override these
SECTIONS = ("warehouse", "landing", "bounds", *COMMON)


# What curl and others read for https addresses; we do not.
PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


class SourceState(NamedTuple):
    """What tells one state of file and environment from another, without reading the file; 0 where there is none."""

    file: Path
    changed_at_ns: int
    size_bytes: int
    environment: int


def find_file(path: Path | None) -> Path:
    """The absolute path of the configuration file, which may not exist."""
    return Path(path or os.environ.get(FILE_VARIABLE) or DEFAULT_FILE).absolute()


def source_state(file: Path) -> SourceState:
    """The present state of `file` and of the environment, in which secrets may stand: only its hash is kept."""
    environment = hash(frozenset(os.environ.items()))
    try:
        found = file.stat()
    except OSError:
        return SourceState(file, 0, 0, environment)
    return SourceState(file, found.st_mtime_ns, found.st_size, environment)


def proxy_variable() -> str:
    """The environment variable that names a proxy, which nobody here uses; empty when there is none."""
    return next((name for name in PROXY_VARIABLES if os.environ.get(name)), "")


def use_file(path: Path) -> None:
    """Let this process, and those it starts, read `path`."""
    os.environ[FILE_VARIABLE] = str(path.absolute())


def use_only(path: Path) -> None:
    """Let this process, and those it starts, read `path` and nothing else: overrides are forgotten."""
    use_file(path)
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        del os.environ[name]


def read_file(file: Path) -> dict[str, Any]:
    """The tables of a TOML file; a byte order mark, as some editors write, is accepted."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problem = (
            f"no configuration file: looked for {file}. Copy config/example.toml there, which shows every setting, "
            f"or set {FILE_VARIABLE} to the path of another; `activation-sync demo` needs none"
        )
    except tomllib.TOMLDecodeError as error:
        remedy = "put Windows paths in single quotes" if "\\" in str(error) else "config/example.toml shows the form"
        problem = f"{file} is not TOML: {error}; {remedy}"
    except UnicodeDecodeError as error:
        problem = f"{file} is not UTF-8 text: byte {error.start} does not fit; save it as UTF-8"
    except OSError as error:
        problem = f"{file} cannot be read: {error.strerror}; fix the path or its permissions"
    raise ConfigError([problem])


def read_environment() -> dict[str, Any]:
    """What the environment overrides, nested like the file: names are split at two underscores."""
    overrides: dict[str, Any] = {}
    for name, text in sorted(os.environ.items()):
        if name.upper().startswith(PREFIX):
            *tables, key = name[len(PREFIX) :].lower().split("__")
            overrides = merge(overrides, _nested(tables, {key: _value_of(text)}))
    return overrides


def _nested(tables: list[str], values: dict[str, Any]) -> dict[str, Any]:
    for table in reversed(tables):
        values = {table: values}
    return values


def _value_of(text: str) -> Any:
    """Lists and tables are written as JSON; what is not JSON stays text, for the checks to refuse."""
    if text.lstrip().startswith(("[", "{")):
        try:
            return _exported(json.loads(text))
        except ValueError:
            pass
    return OutsideText(text)


def _exported(value: Any) -> Any:
    match value:
        case str():
            return OutsideText(value)
        case list():
            return [_exported(each) for each in value]
        case dict():
            return {key: _exported(each) for key, each in value.items()}
    return value


def merge(base: Any, over: Any) -> Any:
    """`over` laid over `base`: tables key by key, everything else whole. A list takes overrides by its indexes."""
    if isinstance(base, list) and isinstance(over, dict):
        by_index = {str(index): entry for index, entry in enumerate(base)}
        return list(merge(by_index, over).values())
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: merge(base[key], value) if key in base else value for key, value in over.items()}


def inherit(written: dict[str, Any]) -> dict[str, Any]:
    """Every section present, and in each tenant the common tables with the tenant's own merged over them."""
    whole: dict[str, Any] = {section: {} for section in SECTIONS} | written
    tenants = whole.get("tenants")
    if isinstance(tenants, list):
        common = {section: whole[section] for section in COMMON}
        whole["tenants"] = [merge(common, entry) for entry in tenants]
    return whole

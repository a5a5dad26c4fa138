"""What a setting points to: a secret kept elsewhere, a file, a folder, a database.

Relative paths and `file:` references count from the folder of the configuration file. A secret written into that
file is refused, because configuration ends up in version control; in an environment variable it is welcome.
"""

import os
import re
import shlex
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    SecretStr,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from activation_sync.errors import ConfigError
from config.warehouse_urls import complaint_about

SQLITE_FILE = re.compile(r"(?P<scheme>sqlite(\+\w+)?:///)(?P<path>[^?]+)(?P<query>\?.*)?")
POSTGRESQL = re.compile(r"postgresql(\+psycopg)?://.+")
PROXY = re.compile(r"https?://([^\s/@?#]+@)?([^\s/@:?#]+|\[[0-9a-f:]+\])(:(?P<port>\d{1,5}))?/?", re.IGNORECASE)
PASSWORD_IN_URL = re.compile(r"://.*:.*@|[?&]\w*password=", re.IGNORECASE)
SHORTEST_KEY = 16  # characters; whoever guesses the key of hashed names can try names against the hashes
QUOTES = "\"'"
ELSEWHERE = 'refer to it as "env:NAME" (an environment variable) or "file:PATH" (a file that holds nothing else)'


class OutsideText(str):
    """Text from an environment variable or a secret's own file, so not from the configuration file."""

    __slots__ = ()


class LostSecret(SecretStr):
    """A tenant's secret whose reference leads nowhere. Whoever needs it is told so; other tenants are not disturbed."""

    def __init__(self, why: str) -> None:
        super().__init__("")
        self.why = why

    def get_secret_value(self) -> str:
        raise ConfigError([self.why])


@dataclass(frozen=True)
class Reading:
    """What the checks of one configuration file share.

    folder: the file's. malformed: the mistakes of tenants that are left out already, by tenant. taken: names and ids of
    the tenants so far.
    """

    folder: Path
    malformed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    taken: set[tuple[str, str]] = field(default_factory=set)


def reading_of(validation: ValidationInfo) -> Reading:
    """The reading that `load_settings` began."""
    return cast("Reading", validation.context)


def read_secret(reference: str, option: str) -> SecretStr:
    """The secret that an option of a command refers to; ConfigError, which never repeats it, when it does not.

    On a command line a secret itself would be seen by all who list what runs, and kept in the shell's history.
    """
    try:
        secret = _behind(reference, Path())
    except ValueError as error:
        raise ConfigError([f"{option} {error}"]) from None
    if not isinstance(secret, OutsideText):
        raise ConfigError([f"{option} takes no secret itself; {ELSEWHERE}"])
    return SecretStr(secret)


def _resolve(value: object, validation: ValidationInfo) -> object:
    """The text behind a reference; anything else comes back as it is."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return _behind(text, reading_of(validation).folder) if isinstance(text, str) else text


def _behind(text: str, folder: Path) -> str:
    """What an `env:` or `file:` reference stands for; any other text comes back as it is."""
    kind, _, target = text.partition(":")
    if kind == "env":
        return _bare(_variable(target), f"refers to the environment variable {target}")
    if kind == "file":
        return _bare(_content(folder / target), f"refers to the file {folder / target}")
    return _bare(text, "comes from the environment") if isinstance(text, OutsideText) else text


def _bare(text: str, where: str) -> OutsideText:
    """Without the line break that `echo` and editors add. Quotes may be meant, so a person must take them away."""
    bare = text.rstrip("\r\n")
    if not bare:
        raise ValueError(f"{where}, which is empty; write the secret into it")
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in QUOTES:
        raise ValueError(f"{where}, whose value stands in quotes; take the quotes away, they would be part of it")
    return OutsideText(bare)


def _variable(name: str) -> str:
    if not os.environ.get(name):
        raise ValueError(f"refers to the environment variable {name}, which is not set; set it")
    return os.environ[name]


def _content(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ValueError(f"refers to the file {path}, which cannot be read: {why}; fix path or file") from None
    if os.name == "posix" and mode & stat.S_IROTH:
        remedy = f"run: chmod o= {shlex.quote(str(path))}"
        raise ValueError(f"refers to the file {path}, which every account of this machine may read; {remedy}")
    return text


def _is_written(value: object) -> bool:
    """True for text that stands in the configuration file itself."""
    return isinstance(value, str) and not isinstance(value, OutsideText)


def _refuse_literal(value: object) -> object:
    if _is_written(value):
        raise ValueError(f"stands in the file itself, which would end up in version control; {ELSEWHERE}")
    return value


def _refuse_password(value: object) -> object:
    text = str(value)
    if _is_written(value) and PASSWORD_IN_URL.search(text) and not SQLITE_FILE.fullmatch(text):
        raise ValueError(f"holds a password, which would end up in version control; {ELSEWHERE}")
    return value


def _refuse_short(key: SecretStr) -> SecretStr:
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"is shorter than {SHORTEST_KEY} characters; make a key with: openssl rand -hex 32")
    return key


def _resolve_warehouse(url: SecretStr, validation: ValidationInfo) -> SecretStr:
    """A SQLite file becomes absolute; of PostgreSQL's drivers only the installed one is accepted."""
    text = url.get_secret_value()
    if sqlite := SQLITE_FILE.fullmatch(text):
        path = (reading_of(validation).folder / sqlite["path"]).as_posix()
        return SecretStr(f"{sqlite['scheme']}{path}{sqlite['query'] or ''}")
    if not POSTGRESQL.fullmatch(text):
        raise ValueError('is not a warehouse; write "sqlite:///FILE" or "postgresql+psycopg://USER@HOST/DATABASE"')
    if complaint := complaint_about(text):
        raise ValueError(complaint)
    return url


def _refuse_other_than_proxy(url: SecretStr) -> SecretStr:
    found = PROXY.fullmatch(url.get_secret_value())
    if not found or int(found["port"] or 1) not in range(1, 65_536):
        words = 'write "http://HOST:PORT", or refer to "http://USER:PASSWORD@HOST:PORT" with special characters as %XX'
        raise ValueError(f"is not a proxy; {words}")
    return url


def _resolve_landing(value: str, validation: ValidationInfo) -> str:
    """A local folder becomes absolute; the URL of an object store stays as it is."""
    if not value:
        raise ValueError("names no folder; write a folder or the URL of an object store")
    if PASSWORD_IN_URL.search(value):
        raise ValueError("holds a password; give it to the storage's own library, by its environment variables")
    return value if "://" in value else str(reading_of(validation).folder / value)


def _resolve_file(path: Path, validation: ValidationInfo) -> Path:
    found = reading_of(validation).folder / path
    try:
        found.open("rb").close()
    except OSError as error:
        raise ValueError(f"refers to {found}, which cannot be read: {error.strerror}; fix path or file") from None
    return found


def _resolve_or_lose(value: object, judge: ValidatorFunctionWrapHandler, validation: ValidationInfo) -> object:
    """What stands in the file itself is judged as ever; only a reference may lead nowhere."""
    try:
        resolved = _resolve(value, validation)
    except ValueError as error:
        return LostSecret(f"client_secret {error}")
    return judge(resolved)


# Of several BeforeValidators pydantic runs the last first: a reference is resolved, then what is left is judged.
Secret = Annotated[SecretStr, BeforeValidator(_refuse_literal), BeforeValidator(_resolve)]
NamesKey = Annotated[Secret, AfterValidator(_refuse_short)]
TenantSecret = Annotated[SecretStr, BeforeValidator(_refuse_literal), WrapValidator(_resolve_or_lose)]
WarehouseUrl = Annotated[
    SecretStr, BeforeValidator(_refuse_password), BeforeValidator(_resolve), AfterValidator(_resolve_warehouse)
]
ProxyUrl = Annotated[
    SecretStr,
    BeforeValidator(_refuse_password),
    BeforeValidator(_resolve),
    AfterValidator(_refuse_other_than_proxy),
]
LandingUrl = Annotated[str, AfterValidator(_resolve_landing)]
ExistingFile = Annotated[Path, AfterValidator(_resolve_file)]

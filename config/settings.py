"""Every setting, and the only place that reads them: a TOML file, overridden by environment variables.

`ACTIVATION_SYNC__WAREHOUSE__URL` overrides `url` of `[warehouse]`; `config/example.toml` shows every setting with
unit and default. Names end in their unit: `_s` seconds, `_days`, `_share` 0..1.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from activation_sync.errors import ConfigError
from config.checks import GraphRoot, Guid, Host, HttpsUrl, Scope, Slug, TenantId, UrlPath
from config.problems import mistakes_of, tenants_with
from config.references import (
    ExistingFile,
    LandingUrl,
    NamesKey,
    ProxyUrl,
    Reading,
    TenantSecret,
    WarehouseUrl,
    reading_of,
)
from config.sources import SourceState, find_file, inherit, merge, read_environment, read_file, source_state

Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A table of the file. Unknown keys are mistakes; a field with `repr=False` is shown nowhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WarehouseSettings(Section):
    """url: a SQLAlchemy URL, or a reference to one, because it may hold a password.

    lock_timeout_s: how long a step waits for another writer, before it is tried again as `retry_delays_s` says.
    """

    url: WarehouseUrl = Field(default=SecretStr("sqlite:///data/warehouse.db"), validate_default=True, repr=False)
    lock_timeout_s: float = Field(default=30, gt=0)


class LandingSettings(Section):
    """url: a folder, or the URL of a bucket, whose endpoint and credentials its library reads from the environment.

    retention_days: since Graph last gave the same bytes.
    """

    url: LandingUrl = Field(default="data/landing", validate_default=True)
    retention_days: int = Field(default=90, ge=1)


class BoundsSettings(Section):
    """How large what comes from outside may be; the meaning of each stands in `activation_sync/core/bounds.py`."""

    report_bytes: int = Field(default=2_000_000_000, ge=1)
    body_bytes: int = Field(default=4_000_000, ge=1)
    line_bytes: int = Field(default=1_000_000, ge=1)
    field_chars: int = Field(default=8_192, ge=1, le=131_072)
    address_chars: int = Field(default=8_192, ge=1, le=65_536)
    report_pages: int = Field(default=20_000, ge=1)
    report_products: int = Field(default=2_000, ge=1)
    call_s: float = Field(default=600, gt=0)


class GraphSettings(Section):
    """How Microsoft Graph is reached.

    root, authority_root, download_hosts, ca_file: None or empty means what `cloud` says and the usual certificates;
    the emulator or a proxy needs others. proxy: for sign-in, Graph and downloads; the environment's is never used.
    longest_wait_s: a longer Retry-After reschedules the task instead.
    """

    cloud: Literal["global", "us-gov-l4", "us-gov-l5", "china"] = "global"
    root: GraphRoot | None = None
    authority_root: HttpsUrl | None = None
    download_hosts: tuple[Host, ...] = ()
    ca_file: ExistingFile | None = None
    proxy: ProxyUrl | None = Field(default=None, repr=False)
    report_format: Literal["csv", "json"] = "csv"
    longest_wait_s: float = Field(default=30, ge=0)


class SyncSettings(Section):
    """What is counted, when a run is held, and what becomes of user names."""

    counts_from: Literal["detail", "report"] = "detail"
    conflict_policy: Literal["hold", "warehouse", "observed"] = "hold"
    max_change_share: Share = 0.3
    max_contradiction_share: Share = 0.25
    max_shrink_share: Share = 0.3
    few_users: int = Field(default=10, ge=0)
    min_judged_rows: int = Field(default=20, ge=0)
    stale_after_days: int = Field(default=7, ge=1)
    retry_delays_s: tuple[Annotated[float, Field(ge=0)], ...] = (2, 10, 30, 60)
    names_key: NamesKey | None = Field(default=None, repr=False)
    names: Literal["keep", "hash", "drop"] = "keep"
    product_aliases: dict[str, str] = Field(default_factory=dict)


class TenantSyncSettings(SyncSettings):
    """One tenant's. The key may come from either table, so only the merged one can tell that it is missing."""

    @field_validator("names")
    @classmethod
    def _has_key(cls, names: str, validation: ValidationInfo) -> str:
        if names == "hash" and validation.data.get("names_key", "mistaken") is None:
            raise ValueError('needs a key; set names_key to "env:NAME" or "file:PATH" beside it')
        return names


class WriteBackSettings(Section):
    """Where counts are PATCHed to.

    enabled: off by default, because Microsoft documents no such operation for the real service.
    root: another https origin than Graph's. It gets a token for `scope`; without one, Graph's if `sends_graph_token`.
    batch_size: PATCHes a request (1: no $batch). in_flight: requests at once.
    """

    enabled: bool = False
    path: UrlPath = "/beta/office365ActivationsUserCounts"
    root: HttpsUrl | None = None
    scope: Scope | None = None
    sends_graph_token: bool = False
    batch_size: int = Field(default=20, ge=1, le=20)
    in_flight: int = Field(default=4, ge=1, le=8)
    verify: bool = True


class TenantSettings(Section):
    """One tenant, its own tables merged over the common ones. A mistaken client_id may be a secret: never shown."""

    name: Slug
    tenant_id: TenantId
    client_id: Guid = Field(repr=False)
    client_secret: TenantSecret = Field(repr=False)
    graph: GraphSettings
    sync: TenantSyncSettings
    write_back: WriteBackSettings


class Settings(Section):
    """All settings. `graph`, `sync` and `write_back` are the common ones: a run takes its tenant's.

    tenants: those whose entry holds no mistake.
    """

    warehouse: WarehouseSettings
    landing: LandingSettings
    bounds: BoundsSettings
    graph: GraphSettings
    sync: SyncSettings
    write_back: WriteBackSettings
    tenants: tuple[TenantSettings, ...]
    _malformed: Mapping[str, tuple[str, ...]] = PrivateAttr(default_factory=dict)

    @field_validator("tenants", mode="before")
    @classmethod
    def _has_tenant(cls, tenants: object, validation: ValidationInfo) -> object:
        if tenants == [] and not reading_of(validation).malformed:
            raise ValueError("names no tenant; add a [[tenants]] table, as config/example.toml shows")
        return tenants

    def model_post_init(self, context: Reading) -> None:
        self._malformed = context.malformed

    @property
    def malformed(self) -> Mapping[str, tuple[str, ...]]:
        """The mistakes of tenants whose own entry holds some; by their names, `tenants[3]` for one without a name."""
        return self._malformed

    @property
    def names(self) -> tuple[str, ...]:
        """All tenants, the malformed ones last."""
        return (*self._by_name, *self._malformed)

    def tenant(self, name: str) -> TenantSettings:
        """The tenant of this name. ConfigError names its mistakes, or, if there is none, the known ones."""
        self.refuse_unknown(name)
        if name in self._malformed:
            raise ConfigError(self._malformed[name])
        return self._by_name[name]

    def refuse_unknown(self, name: str) -> None:
        """ConfigError, with the known tenants, nearest first, unless there is one of this name, malformed or not."""
        if name not in self._by_name and name not in self._malformed:
            nearest = get_close_matches(name, self.names, n=len(self.names), cutoff=0)
            raise ConfigError([f"tenant {name!r} is not configured; known: {', '.join(nearest)}"])

    @cached_property
    def _by_name(self) -> dict[str, TenantSettings]:
        return {tenant.name: tenant for tenant in self.tenants}


def settings_in_use() -> Settings:
    """What `load_settings()` says, read again only once the file or the environment is another.

    Every step asks for settings, and reading those of thousands of tenants takes most of a second. What references
    point to is read with them: a secret that is put into its file anew counts from the next flow run on.
    """
    return _read_once(source_state(find_file(None)))


@lru_cache(maxsize=1)
def _read_once(state: SourceState) -> Settings:
    return load_settings(state.file)


def load_settings(path: Path | None = None) -> Settings:
    """The settings of `path`, else of $ACTIVATION_SYNC_CONFIG, else of `activation-sync.toml` in this folder.

    Secrets are resolved here; one of a tenant that cannot be is lost to that tenant alone, and so is a mistake in its
    entry. A mistake that all tenants share raises ConfigError, which names every mistake at once, none with the value
    of a secret.
    """
    file = find_file(path)
    written = merge(read_file(file), read_environment())
    whole = inherit(written)
    try:
        return Settings.model_validate(whole, context=Reading(file.parent))
    except ValidationError as error:
        mistakes = mistakes_of(error, written, Settings)
    own = {mistake.tenant for mistake in mistakes}
    if None in own:
        raise ConfigError([mistake.words for mistake in mistakes])
    entries = whole["tenants"]
    whole["tenants"] = [entry for number, entry in enumerate(entries) if number not in own]
    return Settings.model_validate(whole, context=Reading(file.parent, tenants_with(mistakes, entries)))

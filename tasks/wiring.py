"""Composition root: settings in, opened rooms out. Nothing here decides anything."""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from getpass import getuser

from sqlalchemy import Engine

from activation_sync.clock import utc_now
from activation_sync.core.bounds import Bounds
from activation_sync.core.model import ConflictPolicy, Limits, Report
from activation_sync.core.reports.catalogue import OBSERVED, PUBLISHED
from activation_sync.errors import ConfigError
from activation_sync.graph.auth import TokenSource
from activation_sync.graph.client import GraphClient
from activation_sync.graph.clouds import CLOUDS, Cloud
from activation_sync.graph.route import Route
from activation_sync.graph.waits import Patience
from activation_sync.landing.store import Landing
from activation_sync.warehouse.database.engine import open_engine
from config.settings import SyncSettings, TenantSettings, settings_in_use
from config.sources import proxy_variable

try:
    import pwd
except ModuleNotFoundError:  # Windows
    pwd = None  # type: ignore[assignment]

_token_sources: dict[tuple[object, ...], TokenSource] = {}
_token_sources_lock = threading.Lock()


now = utc_now  # of tasks, flows and commands


def account() -> str:
    """Who this process runs as: the account of its user id, whatever LOGNAME or USER say.

    In a container that may be a number without a name. Windows has no user ids: there the environment says who it is.
    """
    if pwd is None:
        return getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def tenant_settings(tenant: str) -> TenantSettings:
    """The merged settings of one tenant; ConfigError when it is not configured, or its entry is malformed."""
    return settings_in_use().tenant(tenant)


def sync_settings(tenant: str) -> SyncSettings:
    """What is counted for a tenant; one that is malformed, or configured no more, is read with the common settings."""
    settings = settings_in_use()
    try:
        return settings.tenant(tenant).sync
    except ConfigError:
        return settings.sync


def chosen_tenants(names: Sequence[str] | None) -> tuple[str, ...]:
    """The chosen tenants, or all of them; malformed ones too, each of which fails when its turn comes.

    ConfigError for one that is not configured, before anything is done.
    """
    settings = settings_in_use()
    for name in names or ():
        settings.refuse_unknown(name)
    return tuple(dict.fromkeys(names)) if names else settings.names


def refuse_unknown(tenant: str) -> None:
    """ConfigError for a tenant that is not configured; nothing for one whose entry is malformed."""
    settings_in_use().refuse_unknown(tenant)


def malformed_tenants() -> Mapping[str, str]:
    """The mistakes of tenants whose own entry holds some, in a sentence each."""
    return {name: str(ConfigError(problems)) for name, problems in settings_in_use().malformed.items()}


def open_warehouse() -> Engine:
    warehouse = settings_in_use().warehouse
    return _engine(warehouse.url.get_secret_value(), warehouse.lock_timeout_s)


@lru_cache
def _engine(url: str, lock_timeout_s: float) -> Engine:
    return open_engine(url, lock_timeout_s=lock_timeout_s)


def open_landing() -> Landing:
    return Landing(settings_in_use().landing.url)


@contextmanager
def open_graph(tenant: str) -> Iterator[GraphClient]:
    """A client for one tenant; its token is shared with every other client of this process."""
    settings = tenant_settings(tenant)
    cloud = _cloud(settings)
    with GraphClient(
        cloud,
        _token_source(settings, cloud),
        ca_file=settings.graph.ca_file,
        aliases=settings.sync.product_aliases,
        patience=Patience(longest_wait_s=settings.graph.longest_wait_s),
    ) as client:
        yield client


def _cloud(settings: TenantSettings) -> Cloud:
    graph = settings.graph
    cloud = CLOUDS[graph.cloud]
    return replace(
        cloud,
        root=graph.root or cloud.root,
        authority_root=graph.authority_root or cloud.authority_root,
        download_hosts=graph.download_hosts,
        write_back_root=settings.write_back.root,
        write_back_path=settings.write_back.path,
        write_back_scope=settings.write_back.scope,
        sends_graph_token=settings.write_back.sends_graph_token,
        route=Route(graph.proxy.get_secret_value() if graph.proxy else None, proxy_variable()),
        bounds=bounds(),
    )


def bounds() -> Bounds:
    """How large what comes from outside may be."""
    return Bounds(**settings_in_use().bounds.model_dump())


def _token_source(settings: TenantSettings, cloud: Cloud) -> TokenSource:
    secret = settings.client_secret.get_secret_value()
    identity = (cloud, settings.tenant_id, settings.client_id, secret, settings.graph.ca_file)
    with _token_sources_lock:
        if identity not in _token_sources:
            _token_sources[identity] = TokenSource(
                settings.tenant_id, settings.client_id, secret, cloud, ca_file=settings.graph.ca_file
            )
        return _token_sources[identity]


def limits(settings: TenantSettings) -> Limits:
    sync = settings.sync
    return Limits(
        max_change_share=sync.max_change_share,
        max_contradiction_share=sync.max_contradiction_share,
        max_shrink_share=sync.max_shrink_share,
        few_users=sync.few_users,
        min_judged_rows=sync.min_judged_rows,
        conflict_policy=ConflictPolicy(sync.conflict_policy),
    )


def observed_report(settings: TenantSettings) -> Report:
    """The report that says what the usage data shows."""
    return OBSERVED if settings.sync.counts_from == "detail" else PUBLISHED

"""Assigned but never activated, from the newest user detail; and activations by platform."""

from datetime import date

from sqlalchemy import ColumnElement, Connection, and_, case, false, func, or_, select

from activation_sync.core.pages.unused_licences import NeverActivated, PlatformCount, UserOfProduct
from activation_sync.warehouse.database.tables import PLATFORMS, activation_platform_count, activation_user_detail

USER = activation_user_detail.c


def read_never_activated(conn: Connection, tenant: str) -> list[NeverActivated]:
    """Each product of the newest user detail, by its name."""
    never = func.sum(case((_is_never_activated(), 1), else_=0))
    counted = select(USER.product, func.count(), never).where(USER.tenant == tenant)
    return [NeverActivated(*row) for row in conn.execute(counted.group_by(USER.product).order_by(USER.product))]


def read_idle_users(conn: Connection, tenant: str, product: str, limit: int) -> list[UserOfProduct]:
    """Users who hold a product and never activated it, by name."""
    found = select(USER.product, USER.user_principal_name, USER.display_name)
    idle = found.where(USER.tenant == tenant, USER.product == product, _is_never_activated())
    return [UserOfProduct(*row) for row in conn.execute(idle.order_by(USER.user_principal_name).limit(limit))]


def read_detail_date(conn: Connection, tenant: str) -> date | None:
    """The refresh date of the user detail people see; None before the first."""
    newest: date | None = conn.scalar(select(func.max(USER.refreshed_on)).where(USER.tenant == tenant))
    return newest


def read_platforms(conn: Connection, tenant: str) -> list[PlatformCount]:
    """Activations on the newest refresh date of the platform report, by product."""
    row = activation_platform_count.c
    newest = select(func.max(row.refreshed_on)).where(row.tenant == tenant).scalar_subquery()
    counts = select(row.product, row.platform, row.activations)
    of_newest = counts.where(row.tenant == tenant, row.refreshed_on == newest).order_by(row.product, row.platform)
    return [PlatformCount(*values) for values in conn.execute(of_newest)]


def _is_never_activated() -> ColumnElement[bool]:
    """No date, no activation on any platform, no shared computer: the rule of `core/derive.py`, as SQL."""
    on_platform = (func.coalesce(USER[platform], 0) > 0 for platform in PLATFORMS)
    on_shared = func.coalesce(USER.activated_on_shared_computer, false())
    return and_(USER.last_activated_on.is_(None), ~or_(*on_platform, on_shared))

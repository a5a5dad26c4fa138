"""Who never activated is counted by the same rule as who did."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert

from activation_sync.core.model import DetailRow, Report
from activation_sync.core.pages.unused_licences import NeverActivated, PlatformCount
from activation_sync.core.reports.derive import DetailCounts
from activation_sync.warehouse.database.engine import open_engine
from activation_sync.warehouse.database.schema import migrate
from activation_sync.warehouse.database.tables import activation_platform_count
from activation_sync.warehouse.reports.detail import load_detail
from activation_sync.warehouse.reports.keeping import apply_reports
from activation_sync.warehouse.reports.manifest import record_landed
from activation_sync.warehouse.runs.adoption import (
    read_detail_date,
    read_idle_users,
    read_never_activated,
    read_platforms,
)
from tests.support.rows import APPS, AT, DAY, VISIO, landed

TENANT = "contoso"
NEVER = DetailRow(DAY, "user", "A Name", APPS, None, 0, 0, None, 0, 0, None)
devices = st.none() | st.integers(0, 2)
detail_rows = st.builds(
    lambda product, on, counts, shared: NEVER._replace(product=product, last_activated_on=on)._replace(
        **dict(zip(("windows", "mac", "windows_10_mobile", "ios", "android"), counts, strict=True)),
        activated_on_shared_computer=shared,
    ),
    st.sampled_from([APPS, VISIO]),
    st.none() | st.just(DAY),
    st.tuples(*[devices] * 5),
    st.none() | st.booleans(),
)


@pytest.fixture
def conn(engine: Engine):
    with engine.begin() as conn:
        yield conn


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('adoption') / 'warehouse.db'}")
    migrate(engine)
    return engine


def show(conn: Connection, rows: list[DetailRow]) -> DetailCounts:
    """Load these users as the snapshot people see; returns what was counted on the way."""
    report, counts = landed(Report.USER_DETAIL), DetailCounts()
    record_landed(conn, report)
    load_detail(conn, report, counts.through(rows), counts, AT)
    apply_reports(conn, [report.id], AT)
    return counts


@given(st.lists(detail_rows, min_size=1, max_size=12))
def test_assigned_less_activated_is_never_activated_whatever_the_rows(scratch, rows):
    named = [row._replace(user_principal_name=f"user{nth}") for nth, row in enumerate(rows)]
    with scratch.connect() as conn:
        counted = show(conn, named).counts()
        assert read_never_activated(conn, TENANT) == [
            NeverActivated(row.product, row.counts.assigned, row.counts.assigned - row.counts.activated)
            for row in counted
        ]


def test_idle_users_are_listed_by_name_and_only_so_many(conn):
    idle = [NEVER._replace(user_principal_name=name) for name in ("dora", "anna", "cleo")]
    show(conn, [*idle, NEVER._replace(user_principal_name="bert", ios=1), NEVER._replace(product=VISIO)])
    found = read_idle_users(conn, TENANT, APPS, limit=2)
    assert [user.user_principal_name for user in found] == ["anna", "cleo"]
    assert "anna" not in repr(found)
    assert read_detail_date(conn, TENANT) == DAY


def test_without_user_detail_nobody_is_counted(conn):
    assert (read_never_activated(conn, TENANT), read_detail_date(conn, TENANT)) == ([], None)


def test_platforms_are_those_of_the_newest_date(conn):
    report = landed(Report.PLATFORM_COUNTS)
    record_landed(conn, report)
    row = {"tenant": TENANT, "product": APPS, "platform": "mac", "raw_report_id": report.id}
    dated = [{"refreshed_on": date(2026, 11, day), "activations": day} for day in (18, 19)]
    conn.execute(insert(activation_platform_count), [row | values for values in dated])
    assert read_platforms(conn, TENANT) == [PlatformCount(APPS, "mac", 19)]

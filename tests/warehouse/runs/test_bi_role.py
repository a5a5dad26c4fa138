"""A BI tool's account reads the views for BI and no table: the tables, and one other view, hold users' names."""

import pytest
from sqlalchemy import Connection, Engine, inspect, select, table, text
from sqlalchemy.exc import ProgrammingError

from tests.warehouse.runs.test_views import PAGE, documented

pytestmark = pytest.mark.parametrize("warehouse_url", ["postgresql"], indirect=True)


@pytest.fixture
def conn(engine: Engine):
    """Nothing of it stays: roles would be there for all databases of the server."""
    with engine.connect() as conn:
        yield conn


def readable(conn: Connection) -> set[str]:
    """Tables and views that the present role may read."""
    found = inspect(conn)
    return {name for name in (*found.get_table_names(), *found.get_view_names()) if _is_readable(conn, name)}


def _is_readable(conn: Connection, name: str) -> bool:
    try:
        with conn.begin_nested():
            conn.execute(select(text("*")).select_from(table(name))).all()
    except ProgrammingError:
        return False
    return True


def test_no_view_of_the_page_uses_a_users_name(conn):
    names = "column_name IN ('user_principal_name', 'display_name')"
    users = conn.execute(text(f"SELECT view_name FROM information_schema.view_column_usage WHERE {names}")).scalars()  # noqa: S608
    assert set(users) == {"activation_user_detail"}


def test_a_role_made_as_the_page_says_reads_these_views_and_nothing_else(conn):
    create, grant, _ = PAGE.read_text(encoding="utf-8").split("```sql\n")[1].split("```")[0].split(";\n")
    for statement in (create, grant, "SET LOCAL ROLE bi_reader"):
        conn.exec_driver_sql(statement)

    assert readable(conn) == documented().keys()

    conn.exec_driver_sql("RESET ROLE")
    assert readable(conn) > {*documented(), "activation_user_detail"}

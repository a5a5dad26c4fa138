"""What the accounts of `deployments/roles.sql` may do with our tables and views on PostgreSQL."""

from collections.abc import Iterable

from sqlalchemy import Connection, text

from activation_sync.warehouse.database.tables import ledger, metadata

JOB, READER = "activation_sync_job", "activation_sync_reader"
APPEND_ONLY = {ledger.name}
OWNED = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'S') "
    "AND pg_has_role(relowner, 'USAGE')"
)


def grant_to_accounts(conn: Connection, version_table: str) -> None:
    """Give the accounts that exist what they need of the tables and views that we own.

    Default privileges cannot do this: they would not tell the ledger from other tables. Nothing happens without these
    accounts, or for an account that does not own the tables.
    """
    accounts = set(conn.scalars(text("SELECT rolname FROM pg_roles")))
    owned = set(conn.scalars(text(OWNED)))
    tables = [name for name in metadata.tables if name in owned]
    views = sorted(name for name in owned if name.startswith("bi_"))
    if JOB in accounts and tables:
        _grant(conn, JOB, "SELECT", {*tables, *views, "activation_user_detail", version_table} & owned)
        _grant(conn, JOB, "INSERT", tables)
        _grant(conn, JOB, "UPDATE, DELETE", set(tables) - APPEND_ONLY)
        _grant(conn, JOB, "USAGE", owned & {f"{name}_id_seq" for name in tables}, "SEQUENCE")
    if READER in accounts and views:
        _grant(conn, READER, "SELECT", views)


def _grant(conn: Connection, account: str, rights: str, names: Iterable[str], kind: str = "TABLE") -> None:
    if listed := ", ".join(sorted(names)):
        conn.execute(text(f"GRANT {rights} ON {kind} {listed} TO {account}"))

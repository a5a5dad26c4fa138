"""Alembic runs this. The connection and its transaction are the caller's (`warehouse/schema.py`)."""

from alembic import context

from activation_sync.warehouse.database.tables import metadata

# metadata: for its naming convention only
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=context.config.attributes["version_table"],
)
with context.begin_transaction():
    context.run_migrations()

"""What alembic runs for every command: our tables, on the connection that state.migrate has opened and locked."""

from alembic import context

from state.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a table in place: alembic then copies it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

"""How migrations run: one history for SQLite and PostgreSQL."""

from alembic import context
from sqlalchemy import Connection, text

from app.tables import metadata


def _run(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # Rebuilding a table drops the old one, which would empty its ON DELETE CASCADE children.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    else:
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.commit()
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=sqlite, compare_type=True,
        transaction_per_migration=True,
    )  # fmt: skip
    with context.begin_transaction():
        context.run_migrations()
    if sqlite:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            msg = f"The migration broke references: {broken[:5]}"
            raise RuntimeError(msg)
        connection.commit()
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
    connection.commit()


_run(context.config.attributes["connection"])

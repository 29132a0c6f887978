"""The schema: bring a database to the present one, and say whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

import migrations


def alembic_config() -> Config:
    """Alembic's settings; the history travels with the package, so it is found wherever that is."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(year)d-%%(month).2d-%%(day).2d-%%(hour).2d%%(minute).2d_%%(slug)s")
    return config


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the database up to a revision."""
    config = alembic_config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def head_revision() -> str:
    """The newest revision of the history."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    return head or ""


def pending_migrations(engine: Engine) -> bool:
    """Whether the database is not at the head of the history."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_heads()
    return set(current) != set(ScriptDirectory.from_config(alembic_config()).get_heads())

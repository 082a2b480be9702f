"""What every table shares: it belongs to a workspace, and says so in the first column of its key.

The order makes the schema ready to be spread by tenant, and the composite foreign keys make it
impossible for a row to point into another tenant's data.
"""

from typing import Any, Final

from sqlalchemy import ForeignKeyConstraint, MetaData, Uuid, func
from sqlmodel import Field, SQLModel

from app.core.ids import WorkspaceId

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata: Final[MetaData] = SQLModel.metadata


class Tenanted(SQLModel):
    """The first column of every table's key."""

    workspace_id: WorkspaceId = Field(primary_key=True, sa_type=Uuid)


def within_workspace(
    column: str, target: str, *, ondelete: str | None = "CASCADE"
) -> ForeignKeyConstraint:
    """A foreign key to `target`.id that cannot leave the workspace.

    `ondelete` of `SET NULL` clears only `column`, never the workspace.
    """
    if ondelete == "SET NULL":
        ondelete = f"SET NULL ({column})"
    return ForeignKeyConstraint(
        ["workspace_id", column], [f"{target}.workspace_id", f"{target}.id"], ondelete=ondelete
    )


def now_in_database() -> dict[str, Any]:
    """Column options that let Postgres' own clock fill in the moment of insertion."""
    return {"server_default": func.now()}

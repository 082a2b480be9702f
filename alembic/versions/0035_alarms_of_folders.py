"""An alarm may be about one folder, beside the one about its account."""

import sqlalchemy as sa

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("alarms", sa.Column("folder", sa.String(), server_default="", nullable=False))
    op.drop_index("uq_alarms_open", table_name="alarms")
    _index("workspace_id", "account_id", "folder")


def downgrade() -> None:
    op.execute("DELETE FROM alarms WHERE folder <> ''")
    op.drop_index("uq_alarms_open", table_name="alarms")
    _index("workspace_id", "account_id")
    op.drop_column("alarms", "folder")


def _index(*columns: str) -> None:
    op.create_index(
        "uq_alarms_open",
        "alarms",
        columns,
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )

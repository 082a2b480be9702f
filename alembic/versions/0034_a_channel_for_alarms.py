"""The channel in which a workspace shows its alarms."""

import sqlalchemy as sa

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("workspaces", sa.Column("ops_channel_id", sa.String()))


def downgrade() -> None:
    op.drop_column("workspaces", "ops_channel_id")

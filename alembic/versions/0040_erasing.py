"""Since when a workspace is being erased."""

import sqlalchemy as sa

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("workspaces", sa.Column("erasing_since", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("workspaces", "erasing_since")

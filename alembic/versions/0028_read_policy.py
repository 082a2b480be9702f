"""Accounts say when their mail is marked as read."""

import sqlalchemy as sa

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "accounts", sa.Column("mark_read", sa.String(), server_default="never", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("accounts", "mark_read")

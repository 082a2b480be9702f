"""Accounts are paused and resumed."""

import sqlalchemy as sa

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("accounts", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "accounts", sa.Column("paused_by", sa.String(), server_default="", nullable=False)
    )
    op.add_column("accounts", sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("accounts", "resumed_at")
    op.drop_column("accounts", "paused_by")
    op.drop_column("accounts", "paused_at")

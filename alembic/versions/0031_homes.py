"""Whose Home tab in Slack may be open, and what it shows."""

import sqlalchemy as sa

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "homes",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("slack_user_id", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "slack_user_id"),
    )
    op.create_index("ix_homes_opened_at", "homes", ["opened_at"])


def downgrade() -> None:
    op.drop_table("homes")

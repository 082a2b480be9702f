"""When a person next gets their summary of the day."""

import sqlalchemy as sa

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("teammates", sa.Column("summary_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_teammates_summary_at",
        "teammates",
        ["summary_at"],
        postgresql_where="summary_at IS NOT NULL",
    )


def downgrade() -> None:
    op.drop_index("ix_teammates_summary_at", "teammates")
    op.drop_column("teammates", "summary_at")

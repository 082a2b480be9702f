"""what a mail is beside its words: reports, invitations, lists."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("messages", sa.Column("automatic", sa.String(), nullable=True))
    op.add_column(
        "messages", sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.add_column(
        "messages", sa.Column("unsubscribe", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.add_column(
        "messages", sa.Column("invitation", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.add_column(
        "messages",
        sa.Column(
            "delivered_to", postgresql.ARRAY(sa.String()), server_default="{}", nullable=False
        ),
    )
    op.add_column(
        "outgoing", sa.Column("is_automatic", sa.Boolean(), server_default="false", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("outgoing", "is_automatic")
    op.drop_column("messages", "delivered_to")
    op.drop_column("messages", "invitation")
    op.drop_column("messages", "unsubscribe")
    op.drop_column("messages", "report")
    op.drop_column("messages", "automatic")

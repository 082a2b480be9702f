"""Who hosts an account, why a folder is not watched, and what a mail is to its host."""

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("accounts", sa.Column("provider", sa.String(), nullable=True))
    op.add_column(
        "accounts",
        sa.Column("watch_sent", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    op.add_column("mailboxes", sa.Column("detail", sa.String(), server_default="", nullable=False))
    op.add_column("mailboxes", sa.Column("parked_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("remote_id", sa.String(), nullable=True))
    op.add_column(
        "messages", sa.Column("sent_with", sa.String(), server_default="", nullable=False)
    )
    # No release came before this one, so the table is small and the index is made in no time.
    op.create_index(
        "ix_messages_remote_id",
        "messages",
        ["workspace_id", "account_id", "remote_id"],
        postgresql_where="remote_id IS NOT NULL",
    )


def downgrade() -> None:
    op.drop_index("ix_messages_remote_id", "messages")
    op.drop_column("messages", "sent_with")
    op.drop_column("messages", "remote_id")
    op.drop_column("mailboxes", "parked_until")
    op.drop_column("mailboxes", "detail")
    op.drop_column("accounts", "watch_sent")
    op.drop_column("accounts", "provider")

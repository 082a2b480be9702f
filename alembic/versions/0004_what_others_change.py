"""What a folder was like at the last comparison, and when its completeness was last proven."""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("mailboxes", sa.Column("exists_at_server", sa.Integer(), nullable=True))
    op.add_column("mailboxes", sa.Column("uidnext", sa.BigInteger(), nullable=True))
    op.add_column("mailboxes", sa.Column("uids_on_server", sa.Integer(), nullable=True))
    op.add_column("mailboxes", sa.Column("older", sa.Integer(), nullable=True))
    for name in ("last_reconciled_at", "next_reconcile_at"):
        op.add_column("mailboxes", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    # No release came before this one, so the table is small and the index is made in no time.
    op.create_index(
        "ix_placements_live",
        "placements",
        ["workspace_id", "mailbox_id", "uidvalidity", "uid"],
        postgresql_where="state = 'stored' AND gone_at IS NULL",
    )


def downgrade() -> None:
    op.drop_index("ix_placements_live", "placements")
    for name in (
        "next_reconcile_at",
        "last_reconciled_at",
        "older",
        "uids_on_server",
        "uidnext",
        "exists_at_server",
    ):
        op.drop_column("mailboxes", name)

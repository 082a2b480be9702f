"""Conversations that sleep, and where teammates live."""

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "conversations", sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "conversations",
        sa.Column("snoozed_until_reply", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("conversations", sa.Column("snoozed_by_id", sa.Uuid(), nullable=True))
    # The column is new, so no row can break the rule and nothing needs to be checked.
    op.execute(
        """
        ALTER TABLE conversations
        ADD CONSTRAINT fk_conversations_workspace_id_snoozed_by_id
        FOREIGN KEY (workspace_id, snoozed_by_id) REFERENCES teammates (workspace_id, id)
        ON DELETE SET NULL (snoozed_by_id) NOT VALID
        """
    )
    # Partial: only what sleeps is in it, and nothing sleeps yet.
    op.create_index(
        "ix_conversations_snoozed",
        "conversations",
        ["snoozed_until"],
        postgresql_where="snoozed_until IS NOT NULL",
    )
    op.add_column("teammates", sa.Column("time_zone", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("teammates", "time_zone")
    op.drop_index("ix_conversations_snoozed", "conversations")
    op.drop_constraint(
        "fk_conversations_workspace_id_snoozed_by_id", "conversations", type_="foreignkey"
    )
    for name in ("snoozed_by_id", "snoozed_until_reply", "snoozed_until"):
        op.drop_column("conversations", name)

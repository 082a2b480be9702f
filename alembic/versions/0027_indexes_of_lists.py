"""Indexes by which quarantine, commands and the conversations of a tag are listed."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_placements_quarantined",
        "placements",
        ["workspace_id", "seen_at", "id"],
        postgresql_where="state = 'quarantined'",
    )
    op.create_index("ix_commands_latest", "commands", ["workspace_id", "seq"])
    op.create_index("ix_commands_state", "commands", ["workspace_id", "state", "seq"])
    op.create_index("ix_conversations_tags", "conversations", ["tags"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("ix_conversations_tags", table_name="conversations")
    op.drop_index("ix_commands_state", table_name="commands")
    op.drop_index("ix_commands_latest", table_name="commands")
    op.drop_index("ix_placements_quarantined", table_name="placements")

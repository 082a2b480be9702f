"""Merged conversations, follow-ups, reminders, and whose turn it is in a group."""

import sqlalchemy as sa

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_MOMENTS = ("follow_up_at", "no_answer_since", "answered_at", "assigned_at", "acted_at")
_KEYS = {"merged_into_id": "conversations", "follow_up_by_id": "teammates"}
_INDEXES = {
    "ix_conversations_snoozed_by": (
        ["workspace_id", "snoozed_by_id"],
        "snoozed_by_id IS NOT NULL",
    ),
    "ix_conversations_merged": (
        ["workspace_id", "merged_into_id"],
        "merged_into_id IS NOT NULL",
    ),
    "ix_conversations_follow_up": (["follow_up_at"], "follow_up_at IS NOT NULL"),
    "ix_conversations_open": (
        ["workspace_id", "assignee_id", "last_message_at", "id"],
        "status = 'open'",
    ),
    "ix_conversations_waiting": (
        ["workspace_id", "waiting_since", "id"],
        "status = 'open' AND waiting_since IS NOT NULL",
    ),
    "ix_conversations_unreminded": (
        ["workspace_id", "account_id"],
        "status = 'open' AND reminded_of IS NULL",
    ),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    moment = sa.DateTime(timezone=True)
    for name in _MOMENTS:
        op.add_column("conversations", sa.Column(name, moment, nullable=True))
    op.add_column("conversations", sa.Column("reminded_of", sa.String(), nullable=True))
    for name, target in _KEYS.items():
        op.add_column("conversations", sa.Column(name, sa.Uuid(), nullable=True))
        # The column is new, so no row can break the rule and nothing needs to be checked.
        op.execute(
            f"""
            ALTER TABLE conversations
            ADD CONSTRAINT fk_conversations_workspace_id_{name}
            FOREIGN KEY (workspace_id, {name}) REFERENCES {target} (workspace_id, id)
            ON DELETE SET NULL ({name}) NOT VALID
            """
        )
    for name, (columns, where) in _INDEXES.items():
        op.create_index(name, "conversations", columns, postgresql_where=where)
    op.add_column("outgoing", sa.Column("follow_up_days", sa.Integer(), nullable=True))
    op.create_table(
        "rotation_turns",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("slack_user_id", sa.String(), nullable=False),
        sa.Column("last_at", moment, nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "group_id", "slack_user_id", name=op.f("pk_rotation_turns")
        ),
    )
    op.create_table(
        "reminder_settings",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("is_on", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("unassigned_hours", sa.Integer(), nullable=False),
        sa.Column("no_action_hours", sa.Integer(), nullable=False),
        sa.Column("no_answer_hours", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("days", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("opens_at", sa.Integer(), nullable=False),
        sa.Column("closes_at", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "account_id"],
            ["accounts.workspace_id", "accounts.id"],
            name=op.f("fk_reminder_settings_workspace_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_reminder_settings")),
    )
    op.create_index(
        "uq_reminder_settings_account",
        "reminder_settings",
        ["workspace_id", "account_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    op.drop_table("reminder_settings")
    op.drop_table("rotation_turns")
    op.drop_column("outgoing", "follow_up_days")
    for name in _INDEXES:
        op.drop_index(name, "conversations")
    for name in _KEYS:
        op.drop_constraint(
            f"fk_conversations_workspace_id_{name}", "conversations", type_="foreignkey"
        )
    for name in (*_KEYS, "reminded_of", *_MOMENTS):
        op.drop_column("conversations", name)

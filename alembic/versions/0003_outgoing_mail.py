"""mail that is sent, and what it is written with."""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "identities",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "account_id"],
            ["accounts.workspace_id", "accounts.id"],
            name=op.f("fk_identities_workspace_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_identities")),
        sa.UniqueConstraint(
            "workspace_id",
            "account_id",
            "address",
            name=op.f("uq_identities_workspace_id_account_id_address"),
        ),
    )
    op.create_table(
        "signatures",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("teammate_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "account_id"],
            ["accounts.workspace_id", "accounts.id"],
            name=op.f("fk_signatures_workspace_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "teammate_id"],
            ["teammates.workspace_id", "teammates.id"],
            name=op.f("fk_signatures_workspace_id_teammate_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_signatures")),
    )
    op.create_index(
        "ix_signatures_teammate", "signatures", ["workspace_id", "teammate_id"], unique=False
    )
    op.create_table(
        "templates",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "account_id"],
            ["accounts.workspace_id", "accounts.id"],
            name=op.f("fk_templates_workspace_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_templates")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_templates_workspace_id_name")),
    )
    op.create_table(
        "outgoing",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("answers_id", sa.Uuid(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("from_name", sa.String(), nullable=False),
        sa.Column("from_address", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=True),
        sa.Column("quotes", sa.Boolean(), nullable=False),
        sa.Column("attaches_original", sa.Boolean(), nullable=False),
        sa.Column("internet_message_id", sa.String(), nullable=False),
        sa.Column("raw_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("needs_smtputf8", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_if_answered", sa.Boolean(), nullable=False),
        sa.Column("then_done", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("past_the_dot", sa.Boolean(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("seen_in_sent", sa.Boolean(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filing", sa.String(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "account_id"],
            ["accounts.workspace_id", "accounts.id"],
            name=op.f("fk_outgoing_workspace_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "answers_id"],
            ["messages.workspace_id", "messages.id"],
            name=op.f("fk_outgoing_workspace_id_answers_id"),
            ondelete="SET NULL (answers_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "conversation_id"],
            ["conversations.workspace_id", "conversations.id"],
            name=op.f("fk_outgoing_workspace_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "message_id"],
            ["messages.workspace_id", "messages.id"],
            name=op.f("fk_outgoing_workspace_id_message_id"),
            ondelete="SET NULL (message_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "requested_by_id"],
            ["teammates.workspace_id", "teammates.id"],
            name=op.f("fk_outgoing_workspace_id_requested_by_id"),
            ondelete="SET NULL (requested_by_id)",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_outgoing")),
        sa.UniqueConstraint(
            "workspace_id",
            "account_id",
            "internet_message_id",
            name=op.f("uq_outgoing_workspace_id_account_id_internet_message_id"),
        ),
    )
    op.create_index("ix_outgoing_answers", "outgoing", ["workspace_id", "answers_id"], unique=False)
    op.create_index(
        "ix_outgoing_conversation", "outgoing", ["workspace_id", "conversation_id"], unique=False
    )
    op.create_index(
        "ix_outgoing_due",
        "outgoing",
        ["due_at"],
        unique=False,
        postgresql_where="state IN ('undo', 'scheduled', 'queued', 'sending', 'unknown')",
    )
    op.create_index("ix_outgoing_message", "outgoing", ["workspace_id", "message_id"], unique=False)
    op.create_index(
        "ix_outgoing_sent", "outgoing", ["workspace_id", "account_id", "sent_at"], unique=False
    )
    op.create_table(
        "outgoing_files",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("outgoing_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "outgoing_id"],
            ["outgoing.workspace_id", "outgoing.id"],
            name=op.f("fk_outgoing_files_workspace_id_outgoing_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "outgoing_id", "n", name=op.f("pk_outgoing_files")),
    )
    op.create_table(
        "outgoing_recipients",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("outgoing_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "outgoing_id"],
            ["outgoing.workspace_id", "outgoing.id"],
            name=op.f("fk_outgoing_recipients_workspace_id_outgoing_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "outgoing_id", "n", name=op.f("pk_outgoing_recipients")
        ),
    )
    op.add_column("accounts", sa.Column("sends_per_hour", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("accounts", "sends_per_hour")
    op.drop_table("outgoing_recipients")
    op.drop_table("outgoing_files")
    op.drop_index("ix_outgoing_sent", table_name="outgoing")
    op.drop_index("ix_outgoing_message", table_name="outgoing")
    op.drop_index(
        "ix_outgoing_due",
        table_name="outgoing",
        postgresql_where="state IN ('undo', 'scheduled', 'queued', 'sending', 'unknown')",
    )
    op.drop_index("ix_outgoing_conversation", table_name="outgoing")
    op.drop_index("ix_outgoing_answers", table_name="outgoing")
    op.drop_table("outgoing")
    op.drop_table("templates")
    op.drop_index("ix_signatures_teammate", table_name="signatures")
    op.drop_table("signatures")
    op.drop_table("identities")

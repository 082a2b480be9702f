"""drafts, and who is writing."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "drafts",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("typed_at", sa.Float(), nullable=False),
        sa.Column("view_id", sa.String(), nullable=True),
        sa.Column("writing_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_by_id", sa.Uuid(), nullable=True),
        sa.Column("outgoing_id", sa.Uuid(), nullable=True),
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
        *(
            sa.ForeignKeyConstraint(
                ["workspace_id", column],
                [f"{table}.workspace_id", f"{table}.id"],
                name=op.f(f"fk_drafts_workspace_id_{column}"),
                ondelete=what,
            )
            for column, table, what in (
                ("account_id", "accounts", "CASCADE"),
                ("conversation_id", "conversations", "CASCADE"),
                ("author_id", "teammates", "CASCADE"),
                ("taken_by_id", "teammates", "SET NULL (taken_by_id)"),
                ("outgoing_id", "outgoing", "SET NULL (outgoing_id)"),
            )
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_drafts")),
        sa.UniqueConstraint(
            "workspace_id",
            "conversation_id",
            "author_id",
            name=op.f("uq_drafts_workspace_id_conversation_id_author_id"),
        ),
    )
    op.create_index("ix_drafts_author", "drafts", ["workspace_id", "author_id"])
    op.create_index("ix_drafts_outgoing", "drafts", ["workspace_id", "outgoing_id"])
    op.create_index(
        "ix_drafts_writing",
        "drafts",
        ["writing_until"],
        postgresql_where="writing_until IS NOT NULL",
    )


def downgrade() -> None:
    op.drop_table("drafts")

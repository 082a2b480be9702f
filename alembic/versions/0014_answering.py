"""Leaving lists, proven addresses, and how an inbox sends."""

import sqlalchemy as sa

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _list_exits()
    op.add_column("accounts", sa.Column("undo_seconds", sa.Integer(), nullable=True))
    op.add_column(
        "accounts",
        sa.Column("done_after_send", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("accounts", sa.Column("smtp_takes", sa.BigInteger(), nullable=True))
    # Who was an identity before was vouched for by an administrator, and stays one.
    op.add_column(
        "identities",
        sa.Column("proof", sa.String(), server_default="verified", nullable=False),
    )
    op.add_column(
        "identities", sa.Column("proof_detail", sa.String(), server_default="", nullable=False)
    )
    op.add_column("identities", sa.Column("proof_digest", sa.LargeBinary(), nullable=True))
    op.add_column(
        "identities",
        sa.Column("proof_attempts", sa.Integer(), server_default="0", nullable=False),
    )
    for name in ("proof_sent_at", "proof_expires_at", "verified_at"):
        op.add_column("identities", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def _list_exits() -> None:
    op.create_table(
        "list_exits",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("whom", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("outgoing_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        *(_foreign_key(column, table) for column, table in _LEAD_TO.items()),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_list_exits")),
    )
    for name, columns in {
        "conversation": ["conversation_id", "id"],
        "message": ["message_id"],
        "outgoing": ["outgoing_id"],
        "requested_by": ["requested_by_id"],
        "account": ["account_id"],
    }.items():
        op.create_index(f"ix_list_exits_{name}", "list_exits", ["workspace_id", *columns])


_LEAD_TO = {
    "account_id": "accounts",
    "conversation_id": "conversations",
    "message_id": "messages",
    "outgoing_id": "outgoing",
    "requested_by_id": "teammates",
}
_FORGET = {"outgoing_id", "requested_by_id"}


def _foreign_key(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{table}.workspace_id", f"{table}.id"],
        name=op.f(f"fk_list_exits_workspace_id_{column}"),
        ondelete=f"SET NULL ({column})" if column in _FORGET else "CASCADE",
    )


def downgrade() -> None:
    for name in (
        *("verified_at", "proof_expires_at", "proof_sent_at"),
        *("proof_attempts", "proof_digest", "proof_detail", "proof"),
    ):
        op.drop_column("identities", name)
    for name in ("smtp_takes", "done_after_send", "undo_seconds"):
        op.drop_column("accounts", name)
    op.drop_table("list_exits")

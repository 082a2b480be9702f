"""Signing in to the admin, and the record of who did what."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def moment(name, *, nullable=False, default=None):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def of_teammate(table, column, what):
    return sa.ForeignKeyConstraint(
        ["workspace_id", column],
        ["teammates.workspace_id", "teammates.id"],
        name=op.f(f"fk_{table}_workspace_id_{column}"),
        ondelete=what,
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("teammates", moment("barred_at", nullable=True))
    op.create_table(
        "logins",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("teammate_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=True),
        moment("totp_since", nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column(
            "recovery_digests",
            postgresql.ARRAY(sa.LargeBinary()),
            server_default="{}",
            nullable=False,
        ),
        moment("created_at", default=NOW),
        moment("password_changed_at", default=NOW),
        of_teammate("logins", "teammate_id", "CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "teammate_id", name=op.f("pk_logins")),
    )
    op.create_index("uq_logins_email", "logins", [sa.text("lower(email)")], unique=True)
    op.create_table(
        "browser_sessions",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("teammate_id", sa.Uuid(), nullable=False),
        sa.Column("signed_in_by", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        moment("created_at", default=NOW),
        moment("seen_at", default=NOW),
        moment("expires_at"),
        of_teammate("browser_sessions", "teammate_id", "CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_browser_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_browser_sessions_digest")),
    )
    op.create_index(op.f("ix_browser_sessions_teammate_id"), "browser_sessions", ["teammate_id"])
    op.create_table(
        "invitations",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("invited_by_id", sa.Uuid(), nullable=True),
        moment("created_at", default=NOW),
        moment("expires_at"),
        moment("used_at", nullable=True),
        moment("revoked_at", nullable=True),
        of_teammate("invitations", "invited_by_id", "SET NULL (invited_by_id)"),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitations_digest")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        moment("at", default=NOW),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_audit_entries")),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        moment("last_at"),
        moment("not_before"),
        sa.PrimaryKeyConstraint("workspace_id", "key", name=op.f("pk_sign_in_attempts")),
    )


def downgrade() -> None:
    for table in (
        "sign_in_attempts", "audit_entries", "invitations", "browser_sessions", "logins",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_column("teammates", "barred_at")

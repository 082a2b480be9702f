"""grants by which accounts are opened without a password, and the sign-ins that make them."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _created() -> sa.Column[object]:
    return sa.Column(
        "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "oauth_grants",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("identity", sa.String(), nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("refresh_token", sa.LargeBinary(), nullable=True),
        sa.Column("access_token", sa.LargeBinary(), nullable=True),
        _moment("expires_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        _moment("retry_at"),
        sa.Column("lease", sa.BigInteger(), nullable=False),
        _moment("leased_until"),
        _created(),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_oauth_grants")),
    )
    op.create_index(
        "ix_oauth_grants_due", "oauth_grants", ["expires_at"], postgresql_where="state = 'active'"
    )
    op.create_table(
        "oauth_sign_ins",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_digest", sa.LargeBinary(), nullable=False),
        sa.Column("state_digest", sa.LargeBinary(), nullable=True),
        sa.Column("browser_digest", sa.LargeBinary(), nullable=True),
        sa.Column("saved", sa.LargeBinary(), nullable=True),
        sa.Column("return_to", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        _moment("used_at"),
        _created(),
        sa.ForeignKeyConstraint(
            ["workspace_id", "grant_id"],
            ["oauth_grants.workspace_id", "oauth_grants.id"],
            name=op.f("fk_oauth_sign_ins_workspace_id_grant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_oauth_sign_ins")),
    )
    op.create_index("uq_oauth_sign_ins_ticket", "oauth_sign_ins", ["ticket_digest"], unique=True)
    op.create_index(
        "uq_oauth_sign_ins_state",
        "oauth_sign_ins",
        ["state_digest"],
        unique=True,
        postgresql_where="state_digest IS NOT NULL",
    )
    op.create_index("ix_oauth_sign_ins_grant", "oauth_sign_ins", ["workspace_id", "grant_id"])
    op.add_column("accounts", sa.Column("grant_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_accounts_workspace_id_grant_id"),
        "accounts",
        "oauth_grants",
        ["workspace_id", "grant_id"],
        ["workspace_id", "id"],
        ondelete="SET NULL (grant_id)",
    )
    op.create_index(
        "ix_accounts_grant",
        "accounts",
        ["workspace_id", "grant_id"],
        postgresql_where="grant_id IS NOT NULL",
    )
    op.add_column("alarms", sa.Column("kind", sa.String(), server_default="silent", nullable=False))


def downgrade() -> None:
    op.drop_column("alarms", "kind")
    op.drop_index("ix_accounts_grant", table_name="accounts")
    op.drop_constraint(op.f("fk_accounts_workspace_id_grant_id"), "accounts", type_="foreignkey")
    op.drop_column("accounts", "grant_id")
    op.drop_table("oauth_sign_ins")
    op.drop_table("oauth_grants")

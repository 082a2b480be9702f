"""live tests of mailboxes' servers."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "trials",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("servers", sa.LargeBinary(), nullable=True),
        sa.Column("with_loop", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("found", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                ["workspace_id", column],
                [f"{table}.workspace_id", f"{table}.id"],
                name=op.f(f"fk_trials_workspace_id_{column}"),
                ondelete="CASCADE",
            )
            for column, table in (("account_id", "accounts"), ("grant_id", "oauth_grants"))
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_trials")),
    )


def downgrade() -> None:
    op.drop_table("trials")

"""imports of history.

What the code before this keeps in `accounts` is carried over, and it goes on reading and writing
that: an import it begins while both run is not carried on by the new code until it is asked for
again.
"""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "history_imports",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mails_per_minute", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_when_counted", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "account_id"],
            ["accounts.workspace_id", "accounts.id"],
            name=op.f("fk_history_imports_workspace_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "account_id", name=op.f("pk_history_imports")),
    )
    op.execute(
        """
        INSERT INTO history_imports
            (workspace_id, account_id, days, state, revision, done, failed, requested_at,
             settled_when_counted, finished_at)
        SELECT workspace_id, id, history_days,
            CASE WHEN history_imported_at IS NULL THEN 'running' ELSE 'done' END,
            1, 0, 0, created_at, 0, history_imported_at
        FROM accounts WHERE history_days > 0
        """
    )


def downgrade() -> None:
    op.drop_table("history_imports")

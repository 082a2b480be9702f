"""When Slack was last asked about somebody who signed in by it, and last said that they belong."""

import sqlalchemy as sa

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("asked_at", "vouched_at"):
        op.add_column(
            "browser_sessions", sa.Column(name, sa.DateTime(timezone=True), nullable=True)
        )


def downgrade() -> None:
    for name in ("vouched_at", "asked_at"):
        op.drop_column("browser_sessions", name)

"""when an account was taken, and since when nobody had looked at it."""

import sqlalchemy as sa

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COLUMNS = ("owned_since", "unwatched_since")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in _COLUMNS:
        op.add_column("accounts", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_column("accounts", name)

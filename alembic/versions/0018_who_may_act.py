"""Whether guests, and people of other workspaces, may work with mail."""

import sqlalchemy as sa

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
_COLUMNS = ("guests_may_act", "strangers_may_act")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in _COLUMNS:
        column = sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        op.add_column("workspaces", column)


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_column("workspaces", name)

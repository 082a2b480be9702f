"""Which database the numbers of the event log were given in."""

import sqlalchemy as sa

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("event_counters", sa.Column("given_in", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("event_counters", "given_in")

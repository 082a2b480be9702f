"""What the people of a team may do."""

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("teammates", sa.Column("role", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("teammates", "role")

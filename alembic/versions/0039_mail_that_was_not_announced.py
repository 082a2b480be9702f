"""When mail was found in a folder that its server had not announced though it should have."""

import sqlalchemy as sa

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("mailboxes", sa.Column("untold_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("mailboxes", "untold_at")

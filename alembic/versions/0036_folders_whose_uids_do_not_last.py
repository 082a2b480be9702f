"""When a folder's UIDVALIDITY changed lately, and since when it does so again and again."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("mailboxes", sa.Column("shown_uidvalidity", sa.BigInteger()))
    moments = ARRAY(sa.DateTime(timezone=True))
    op.add_column(
        "mailboxes",
        sa.Column("uidvalidity_changes", moments, nullable=False, server_default="{}"),
    )
    op.add_column("mailboxes", sa.Column("unstable_since", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("mailboxes", "unstable_since")
    op.drop_column("mailboxes", "uidvalidity_changes")
    op.drop_column("mailboxes", "shown_uidvalidity")

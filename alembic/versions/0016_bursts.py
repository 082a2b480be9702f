"""Cards that are held back while very many come at once."""

import sqlalchemy as sa

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    moment = sa.DateTime(timezone=True)
    op.add_column("channels", sa.Column("next_edit_at", moment, nullable=True))
    op.add_column("channels", sa.Column("minute_began_at", moment, nullable=True))
    op.add_column(
        "channels", sa.Column("minute_cards", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "channels", sa.Column("all_through", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("channels", sa.Column("digest_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    for name in ("digest_id", "all_through", "minute_cards", "minute_began_at", "next_edit_at"):
        op.drop_column("channels", name)

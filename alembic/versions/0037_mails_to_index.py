"""Many mails at once are made searchable a moment after they are kept.

The column of their words is no longer worked out by every insertion. Whoever inserts a mail without
them, former releases included, leaves a row that says so.
"""

import sqlalchemy as sa

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

SEARCHABLE = (
    "setweight(to_tsvector('simple', left(subject, 1000)), 'A') || "
    "setweight(to_tsvector('simple', left(from_name || ' ' || from_address, 500)), 'B') || "
    "to_tsvector('simple', left(body, 100000))"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "mails_to_index",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "received_at", "message_id", name=op.f("pk_mails_to_index")
        ),
    )
    op.execute("""
        CREATE FUNCTION note_mails_to_index() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO mails_to_index (workspace_id, received_at, message_id)
            SELECT workspace_id, received_at, id FROM fresh WHERE search IS NULL;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER note_mails_to_index AFTER INSERT ON messages
        REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION note_mails_to_index()
    """)
    op.execute("ALTER TABLE messages ALTER COLUMN search DROP EXPRESSION")


def downgrade() -> None:
    op.drop_index("ix_messages_search", table_name="messages", postgresql_using="gin")
    op.drop_column("messages", "search")
    op.add_column(
        "messages",
        sa.Column(
            "search",
            sa.dialects.postgresql.TSVECTOR(),
            sa.Computed(SEARCHABLE, persisted=True),
            nullable=True,
        ),
    )
    op.create_index("ix_messages_search", "messages", ["search"], postgresql_using="gin")
    op.execute("DROP TRIGGER note_mails_to_index ON messages")
    op.execute("DROP FUNCTION note_mails_to_index")
    op.drop_table("mails_to_index")

"""People the team has had mail with are kept, and found by what they are called."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

SEARCHABLE = (
    "to_tsvector('simple', left(name, 200) || ' ' || left(address, 320) || ' ' || "
    "translate(left(address, 320), '@._+-', '     '))"
)
KNOWN = """
INSERT INTO contacts (workspace_id, account_id, address, name, times, last_at, conversation_id)
SELECT workspace_id, account_id, address,
    (array_agg(name ORDER BY name = '', at DESC))[1], count(*), max(at),
    (array_agg(conversation_id ORDER BY at DESC))[1]
FROM (
    SELECT workspace_id, account_id, lower(from_address) AS address, left(from_name, 256) AS name,
        received_at AS at, conversation_id
    FROM messages
    WHERE direction = 'inbound' AND automatic IS NULL AND list_id IS NULL
    UNION ALL
    SELECT workspace_id, account_id, lower(person ->> 'address'), left(person ->> 'name', 256),
        received_at, conversation_id
    FROM messages, jsonb_array_elements("to" || cc) AS person
    WHERE direction = 'outbound' AND automatic IS NULL AND list_id IS NULL
) AS met
WHERE address LIKE '%@%' AND length(address) <= 320
GROUP BY workspace_id, account_id, address
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "contacts",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("search", postgresql.TSVECTOR(), sa.Computed(SEARCHABLE, persisted=True)),
        sa.ForeignKeyConstraint(
            ["workspace_id", "account_id"],
            ["accounts.workspace_id", "accounts.id"],
            name=op.f("fk_contacts_workspace_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "conversation_id"],
            ["conversations.workspace_id", "conversations.id"],
            name=op.f("fk_contacts_workspace_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "account_id", "address", name=op.f("pk_contacts")),
    )
    op.create_index("ix_contacts_latest", "contacts", ["workspace_id", "last_at"])
    op.create_index("ix_contacts_conversation", "contacts", ["workspace_id", "conversation_id"])
    op.create_index("ix_contacts_search", "contacts", ["search"], postgresql_using="gin")
    op.execute(KNOWN)


def downgrade() -> None:
    op.drop_table("contacts")

"""Rules, routes, and what is known of a channel."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("messages", sa.Column("list_id", sa.String(), nullable=True))
    op.add_column("conversations", sa.Column("proposal", _JSON, nullable=True))
    for name in ("name", "reason"):
        op.add_column(
            "channels", sa.Column(name, sa.String(), server_default=sa.text("''"), nullable=False)
        )
    op.add_column(
        "channels",
        sa.Column("exposure", sa.String(), server_default=sa.text("'full'"), nullable=False),
    )
    op.add_column(
        "channels", sa.Column("changes", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    for name in ("is_private", "is_shared", "sharing_accepted"):
        op.add_column(
            "channels", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.create_table(
        "routes",
        *_key(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        _moment("created_at"),
        _within("routes", "account_id", "accounts", "CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_routes")),
        sa.UniqueConstraint(
            "workspace_id",
            "account_id",
            "kind",
            "value",
            name=op.f("uq_routes_workspace_id_account_id_kind_value"),
        ),
    )
    _create_rules()
    _create_what_rules_did()


def _create_rules() -> None:
    op.create_table(
        "rules",
        *_key(),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("stop", sa.Boolean(), nullable=False),
        sa.Column("body", _JSON, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        _within("rules", "account_id", "accounts", "CASCADE"),
        _within("rules", "created_by_id", "teammates", "SET NULL (created_by_id)"),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_rules")),
    )
    op.create_index("ix_rules_position", "rules", ["workspace_id", "position"])
    op.create_table(
        "rule_runs",
        *_key(),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("rule_revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("before_id", sa.Uuid(), nullable=True),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=True),
        _moment("created_at"),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        _within("rule_runs", "rule_id", "rules", "CASCADE"),
        _within("rule_runs", "requested_by_id", "teammates", "SET NULL (requested_by_id)"),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_rule_runs")),
    )
    op.create_index(
        "uq_rule_runs_running",
        "rule_runs",
        ["workspace_id", "rule_id"],
        unique=True,
        postgresql_where="state = 'running'",
    )


def _create_what_rules_did() -> None:
    op.create_table(
        "rule_applications",
        *_key(),
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.Column("rule_name", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("done", _JSON, nullable=False),
        sa.Column("on_history", sa.Boolean(), nullable=False),
        _moment("created_at"),
        _within("rule_applications", "rule_id", "rules", "SET NULL (rule_id)"),
        _within("rule_applications", "account_id", "accounts", "CASCADE"),
        _within("rule_applications", "conversation_id", "conversations", "CASCADE"),
        _within("rule_applications", "message_id", "messages", "CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_rule_applications")),
    )
    op.create_index(
        "uq_rule_applications_rule_message",
        "rule_applications",
        ["workspace_id", "rule_id", "message_id"],
        unique=True,
    )
    for column in ("conversation_id", "message_id", "account_id"):
        op.create_index(
            f"ix_rule_applications_{column.removesuffix('_id')}",
            "rule_applications",
            ["workspace_id", column],
        )


def downgrade() -> None:
    for table in ("rule_applications", "rule_runs", "rules", "routes"):
        op.drop_table(table)
    for name in (
        "sharing_accepted",
        "is_shared",
        "is_private",
        "changes",
        "exposure",
        "reason",
        "name",
    ):
        op.drop_column("channels", name)
    op.drop_column("conversations", "proposal")
    op.drop_column("messages", "list_id")


def _key() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
    )


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _within(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{target}.workspace_id", f"{target}.id"],
        name=op.f(f"fk_{table}_workspace_id_{column}"),
        ondelete=ondelete,
    )

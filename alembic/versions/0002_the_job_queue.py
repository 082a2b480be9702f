"""The job queue: procrastinate's own schema, as the pinned release defines it.

A later release of procrastinate that changes it comes with SQL migrations; each then becomes a
revision of its own here.
"""

from procrastinate.schema import SchemaManager

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_DROP = """
DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs,
    procrastinate_workers CASCADE;
DO $$ DECLARE routine regprocedure; BEGIN
    FOR routine IN SELECT oid FROM pg_proc WHERE proname LIKE 'procrastinate%' LOOP
        EXECUTE 'DROP FUNCTION ' || routine || ' CASCADE';
    END LOOP;
END $$;
DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_status, procrastinate_job_event_type;
"""


def upgrade() -> None:
    _run_script(SchemaManager.get_schema())


def downgrade() -> None:
    _run_script(_DROP)


def _run_script(script: str) -> None:
    """Run many statements at once, on the driver itself: SQLAlchemy would look for parameters."""
    op.get_bind().connection.driver_connection.execute(script)

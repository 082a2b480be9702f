"""What a webhook's receiver knows an event by."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.core.ids import WorkspaceId
from app.store.models import Event
from app.webhooks.payload import body_of, headers_of

TEAM = WorkspaceId(UUID(int=1))
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def id_of(event: Event, *, told_at: datetime = AT) -> str:
    keys = ["whsec_" + "A" * 32]
    return headers_of(TEAM, event, body_of(event), keys, told_at)["webhook-id"]


class TestTheId:
    def test_is_the_same_however_often_it_is_told(self) -> None:
        event = Event(workspace_id=TEAM, seq=7, type="message.received", at=AT)

        assert id_of(event) == id_of(event, told_at=AT + timedelta(hours=1))

    def test_of_two_events_of_one_moment_differs(self) -> None:
        first, second = (Event(workspace_id=TEAM, seq=n, type="a.b", at=AT) for n in (7, 8))

        assert id_of(first) != id_of(second)

    def test_of_what_has_its_number_after_a_backup_was_restored_is_another(self) -> None:
        before = Event(workspace_id=TEAM, seq=7, type="message.received", at=AT)
        after = Event(workspace_id=TEAM, seq=7, type="a.b", at=AT + timedelta(minutes=5))

        assert id_of(before) != id_of(after)

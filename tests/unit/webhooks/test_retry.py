"""When a webhook's server is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.ids import WorkspaceId, new_id
from app.store.models import Webhook
from app.webhooks import retry

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def webhook(failing_since: datetime | None) -> Webhook:
    return Webhook(
        workspace_id=WorkspaceId(new_id()),
        url="https://example.com/",
        secret=b"",
        failing_since=failing_since,
    )


class TestWait:
    def test_grows_up_to_four_hours(self) -> None:
        waits = [retry.wait(attempt).total_seconds() for attempt in (1, 2, 3, 8, 9, 1000)]

        assert waits == [5, 30, 120, 14400, 14400, 14400]

    def test_is_as_long_as_the_server_asks_for(self) -> None:
        assert retry.wait(1, timedelta(minutes=3)) == timedelta(minutes=3)

    def test_is_never_shorter_than_ours_nor_longer_than_the_longest(self) -> None:
        assert retry.wait(3, timedelta(0)) == timedelta(minutes=2)
        assert retry.wait(1, timedelta(days=400)) == retry.LONGEST_WAIT


class TestIsToWait:
    @pytest.mark.parametrize(
        ("ahead", "waits"),
        [
            (timedelta(0), False),
            (timedelta(seconds=1), True),
            (retry.LONGEST_WAIT, True),
            (retry.LONGEST_WAIT + timedelta(seconds=1), False),
        ],
    )
    def test_until_its_time_but_never_too_long(self, ahead: timedelta, *, waits: bool) -> None:
        hook = webhook(None)
        hook.next_try_at = NOW + ahead

        assert retry.is_to_wait(hook, NOW) is waits

    def test_not_where_nothing_failed(self) -> None:
        assert not retry.is_to_wait(webhook(None), NOW)


class TestIsRefusedForGood:
    @pytest.mark.parametrize("status", [None, 200, 301, 401, 404, 408, 409, 429, 500, 503])
    def test_what_may_pass_is_not(self, status: int | None) -> None:
        assert not retry.is_refused_for_good(status, 100)

    @pytest.mark.parametrize("status", [400, 413, 422])
    def test_what_speaks_of_the_event_is_after_five_attempts(self, status: int) -> None:
        assert not retry.is_refused_for_good(status, 4)
        assert retry.is_refused_for_good(status, 5)


class TestIsToStop:
    def test_one_that_is_gone_is(self) -> None:
        assert retry.is_to_stop(webhook(None), 410, NOW)

    def test_one_that_took_nothing_for_three_days_is(self) -> None:
        assert not retry.is_to_stop(webhook(NOW - timedelta(days=2, hours=23)), 500, NOW)
        assert retry.is_to_stop(webhook(NOW - timedelta(days=3)), 500, NOW)

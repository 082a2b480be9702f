"""What admins are told of a channel in which nothing can be posted."""

import dataclasses

from app.feed import render_channel
from app.feed.view import ClosedChannelView
from tests.fixtures.judges import check_message

CLOSED = ClosedChannelView(
    "C0SUPPORT", "support", False, "It was archived.", 3, ("support@example.com",)
)


class TestClosed:
    def test_offers_to_send_the_mail_elsewhere(self) -> None:
        shown = render_channel.closed(CLOSED)

        check_message(shown)
        assert "3 messages are kept until then" in str(shown.blocks)
        assert "channel.reroute" in str(shown.blocks)

    def test_offers_nothing_once_mail_is_posted_again(self) -> None:
        shown = render_channel.closed(dataclasses.replace(CLOSED, is_open=True))

        check_message(shown)
        assert "channel.reroute" not in str(shown.blocks)

"""Reading what servers answer."""

import pytest

from app.mailbox.answers import is_sign_of_life


class TestSignsOfLife:
    @pytest.mark.parametrize(
        "heard",
        [
            b"* 3 EXISTS\r\n",
            b"* OK Still here\r\n* 3 EXISTS\r\n",
            b"* OK [ALERT] The disk is full\r\n",
            b"* OK [HIGHESTMODSEQ 12] Highest\r\n",
            b"* BYE Autologout\r\n",
            b"* NO Something is wrong\r\n",
            b"A12 OK Idle completed\r\n",
            b"* OK Still he",
            b"* OK Still here\r\n* OK St",
            b"",
        ],
    )
    def test_of_what_may_say_more(self, heard: bytes) -> None:
        assert not is_sign_of_life(heard)

    @pytest.mark.parametrize("heard", [b"* OK Still here\r\n", b"* OK Still here\r\n" * 500])
    def test_of_what_only_says_that_the_server_is_there(self, heard: bytes) -> None:
        assert is_sign_of_life(heard)

"""A glance, byte by byte: what it sends, and what it makes of what servers answer."""

import imaplib
import socket
from types import SimpleNamespace

import pytest

from app.mailbox.glance import Command, Glance, Step
from app.mailbox.glancing import Glancing
from app.mailbox.port import Security, Selected, ServerSpec

SENT = Selected("Sent", uidvalidity=7, uidnext=4, exists=3, highestmodseq=9)
INBOX = Selected("INBOX", uidvalidity=5, uidnext=2, exists=1, highestmodseq=6)

LEFT = b"A0 OK Idle completed.\r\n"
SENT_SAID = b"* STATUS Sent (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7 HIGHESTMODSEQ 9)\r\n"
PEEKED = SENT_SAID + b"A1 OK Status completed.\r\n"
OPENED = (
    b"* FLAGS (\\Answered \\Seen)\r\n* OK [PERMANENTFLAGS ()] Read-only mailbox.\r\n* 1 EXISTS\r\n"
    b"* 0 RECENT\r\n* OK [UIDVALIDITY 5] UIDs valid\r\n* OK [UIDNEXT 2] Predicted next UID\r\n"
    b"* OK [HIGHESTMODSEQ 6] Highest\r\nA2 OK [READ-ONLY] Examine completed.\r\n"
)
IDLING = b"+ idling\r\n"
ALL = LEFT + PEEKED + OPENED + IDLING
LINES = [
    b"DONE\r\n",
    b'A1 STATUS "Sent" (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)\r\n',
    b'A2 EXAMINE "INBOX"\r\n',
    b"A3 IDLE\r\n",
]


def make(*, at_once: bool = True, has_modseq: bool = True) -> Glance:
    commands = (
        Command(Step.LEAVE, b"A0", LINES[0]),
        Command(Step.PEEK, b"A1", LINES[1], b"Sent", SENT),
        Command(Step.OPEN, b"A2", LINES[2], b"INBOX", INBOX),
        Command(Step.IDLE, b"A3", LINES[3]),
    )
    return Glance(commands, at_once=at_once, has_modseq=has_modseq)


def taken(answer: bytes) -> Glance:
    """A glance all of whose answers came together."""
    glance = make()
    glance.to_send()
    glance.hear(answer)
    return glance


class TestAllIsAsItWas:
    def test_takes_one_write(self) -> None:
        glance = make()

        assert glance.to_send() == b"".join(LINES)
        assert glance.to_send() == b""
        assert glance.hear(ALL) == len(ALL)
        assert (glance.is_over, glance.same, glance.is_open, glance.is_idling) == (
            True,
            2,
            True,
            True,
        )
        assert not glance.news | glance.later

    def test_whatever_pieces_it_comes_in(self) -> None:
        glance = make()
        glance.to_send()

        for at in range(len(ALL)):
            assert not glance.is_over
            assert glance.hear(ALL[at : at + 1]) == 1

        assert (glance.is_over, glance.same) == (True, 2)

    def test_takes_a_write_each_where_servers_are_not_known_to_take_more(self) -> None:
        glance, sent = make(at_once=False), []

        for answer in (LEFT, PEEKED, OPENED, IDLING):
            sent.append(glance.to_send())
            assert glance.to_send() == b""
            assert not glance.is_over
            glance.hear(answer)

        assert sent == LINES
        assert (glance.is_over, glance.same, glance.is_idling) == (True, 2, True)

    def test_leaves_what_comes_after_it(self) -> None:
        glance = make()
        glance.to_send()

        assert glance.hear(ALL + b"* 2 EXISTS\r\n* 1 REC") == len(ALL)

    @pytest.mark.parametrize(
        "name",
        [b'"Sent"', b"{4}\r\nSent", b"{4+}\r\nSent"],
        ids=["quoted", "literal", "literal+"],
    )
    def test_however_the_name_is_written(self, name: bytes) -> None:
        assert taken(ALL.replace(b"STATUS Sent", b"STATUS " + name)).same == 2

    def test_whatever_else_is_told_of_a_folder_that_is_not_asked_about(self) -> None:
        other = b"* STATUS Archive (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3)\r\n"

        glance = taken(LEFT + SENT_SAID + other + PEEKED.removeprefix(SENT_SAID) + OPENED + IDLING)

        assert glance.same == 2
        assert glance.told == [other.removeprefix(b"* STATUS ").strip()]

    def test_where_modseqs_are_not_asked_for_they_do_not_count(self) -> None:
        glance = make(has_modseq=False)
        glance.to_send()

        glance.hear(ALL)

        assert glance.same == 0


class TestSomethingChanged:
    def test_in_a_folder_that_is_peeked_at(self) -> None:
        glance = taken(ALL.replace(b"UIDNEXT 4", b"UIDNEXT 5"))

        assert (glance.is_over, glance.same, glance.is_open, glance.is_idling) == (
            True,
            0,
            True,
            True,
        )

    def test_ends_it_where_nothing_more_was_sent(self) -> None:
        glance = make(at_once=False)
        for answer in (LEFT, PEEKED.replace(b"UIDNEXT 4", b"UIDNEXT 5")):
            glance.to_send()
            glance.hear(answer)

        assert (glance.is_over, glance.same, glance.is_open, glance.is_idling) == (
            True, 0, False, False,
        )  # fmt: skip
        assert glance.to_send() == b""

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (b"* 1 EXISTS", b"* 2 EXISTS"),
            (b"UIDVALIDITY 5", b"UIDVALIDITY 6"),
            (b"UIDNEXT 2", b"UIDNEXT 3"),
            (b"HIGHESTMODSEQ 6", b"HIGHESTMODSEQ 8"),
            (b"* OK [HIGHESTMODSEQ 6]", b"* OK [NOMODSEQ]"),
        ],
    )
    def test_in_the_open_folder(self, before: bytes, after: bytes) -> None:
        glance = taken(LEFT + PEEKED + OPENED.replace(before, after) + IDLING)

        assert (glance.same, glance.is_open) == (1, False)

    def test_and_the_server_said_so(self) -> None:
        news = b"* 2 EXISTS\r\n* 1 FETCH (FLAGS (\\Seen))\r\n"

        glance = taken(news + LEFT + PEEKED + OPENED.replace(b"1 EXISTS", b"2 EXISTS") + IDLING)

        assert glance.news == {"EXISTS", "FETCH"}

    def test_as_idle_began(self) -> None:
        glance = taken(ALL.replace(IDLING, b"* 2 EXISTS\r\n" + IDLING))

        assert (glance.same, glance.later) == (2, {"EXISTS"})

    def test_and_was_told_without_being_asked(self) -> None:
        glance = taken(SENT_SAID + ALL)

        assert glance.told == [SENT_SAID.removeprefix(b"* STATUS ").strip()]

    def test_and_nothing_more_will_be_told(self) -> None:
        glance = taken(b"* OK [NOTIFICATIONOVERFLOW] Too much\r\n" + ALL)

        assert glance.has_overflowed


class TestARefusal:
    def test_is_kept_until_everything_is_answered(self) -> None:
        glance = taken(LEFT + b"A1 NO [NONEXISTENT] No such folder\r\n")
        assert not glance.is_over

        glance.hear(OPENED + IDLING)

        assert glance.is_over
        assert (glance.same, glance.is_idling) == (0, True)
        command, words = glance.refused or (None, b"")
        assert command is not None
        assert (command.what, words) == (
            "look into the folder Sent", b"[NONEXISTENT] No such folder",
        )  # fmt: skip

    def test_of_idle_leaves_the_folders_as_they_were(self) -> None:
        glance = taken(ALL.replace(IDLING, b"A3 BAD Not now\r\n"))

        assert (glance.is_over, glance.same, glance.is_idling) == (True, 2, False)
        assert glance.refused is not None


class TestNonsense:
    @pytest.mark.parametrize(
        "said",
        [b"A9 OK Who is that?\r\n", b"hello\r\n", b"+ go on\r\n", b"* x" * 400_000],
        ids=["unknown-tag", "no-response", "continuation", "endless"],
    )
    def test_ends_the_connection(self, said: bytes) -> None:
        with pytest.raises(imaplib.IMAP4.abort):
            taken(said)

    def test_a_literal_of_gigabytes_is_not_waited_for(self) -> None:
        with pytest.raises(imaplib.IMAP4.abort):
            taken(b"* STATUS {2000000000}\r\nabc")

    def test_a_response_of_literals_only_is_not_read_again_and_again(self) -> None:
        with pytest.raises(imaplib.IMAP4.abort, match="literals"):
            taken(b"* STATUS " + b"{1}\r\nx" * 20)

    def test_a_server_that_never_stops_talking_is_not_listened_to_for_ever(self) -> None:
        glance = make()
        glance.to_send()

        with pytest.raises(imaplib.IMAP4.abort, match="in one glance"):
            for _ in range(30):
                glance.hear(b"* OK Still here\r\n" * 1000)

    def test_a_status_that_is_none_tells_nothing(self) -> None:
        assert taken(ALL.replace(b"STATUS Sent (", b"STATUS (")).same == 0

    def test_a_number_without_an_end_is_none(self) -> None:
        endless = b"9" * 5000

        assert taken(ALL.replace(b"UIDNEXT 4", b"UIDNEXT " + endless)).same == 0
        assert taken(ALL.replace(b"UIDNEXT 2", b"UIDNEXT " + endless)).same == 1
        assert taken(ALL.replace(b"1 EXISTS", endless + b" EXISTS")).same == 1

    def test_a_farewell_is_kept(self) -> None:
        assert taken(b"* BYE Autologout\r\n").farewell == b"Autologout"


class TestSending:
    def test_what_does_not_fit_is_left_for_a_thread(self) -> None:
        ours, theirs = socket.socketpair()
        client = SimpleNamespace(socket=lambda: ours)
        spec = ServerSpec("mail.example", 993, Security.TLS, "ann", "pw")
        glancing = Glancing(client, spec, make())
        with ours, theirs:
            ours.setblocking(False)
            with pytest.raises(BlockingIOError):
                while True:
                    ours.send(b"x" * 65536)

            has_sent = glancing.send()
            assert not has_sent
            assert not glancing.is_over

            theirs.setblocking(False)
            with pytest.raises(BlockingIOError):
                while True:
                    theirs.recv(1 << 20)
            ours.settimeout(10)
            glancing.send_rest()
            assert theirs.recv(1 << 20) == b"".join(LINES)

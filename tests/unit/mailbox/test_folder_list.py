"""What LIST says, as folders: odd lines cost nothing but themselves."""

from imapclient import imap_utf7
from imapclient.response_parser import parse_response

from app.mailbox.folder_list import Line, folders, lines, tells_roles
from app.mailbox.folder_names import LONGEST, FolderNames
from app.mailbox.port import Folder, Role


def read(*items: object) -> list[Folder]:
    listed = list(lines(items, parse_response))
    return folders(listed, FolderNames(imap_utf7.encode, imap_utf7.decode), {})


class TestLines:
    def test_are_read_one_by_one(self) -> None:
        found = read(
            rb'(\HasNoChildren) "/" INBOX',
            rb"this is no answer",
            rb'(\HasNoChildren "/" Broken',
            rb'(\HasNoChildren \Sent) "/" "Sent Items"',
        )

        assert [one.name for one in found] == ["INBOX", "Sent Items"]

    def test_may_hold_literals_and_numbers(self) -> None:
        found = read((rb'(\HasNoChildren) "/" {9}', b'Say "hi"!'), b"", rb'() "/" 2024')

        assert [one.name for one in found] == ['Say "hi"!', "2024"]

    def test_may_say_more_than_we_asked(self) -> None:
        (found,) = read(rb'(\HasNoChildren) "/" INBOX ("CHILDINFO" ("SUBSCRIBED"))')

        assert found.name == "INBOX"

    def test_of_nothing(self) -> None:
        assert read(None) == []


class TestFolders:
    def test_inbox_is_one_in_whatever_case_it_comes(self) -> None:
        found = read(rb'() "/" Inbox', rb'(\HasNoChildren) "/" INBOX')

        assert found == [Folder("INBOX", Role.INBOX, delimiter="/")]

    def test_a_name_that_comes_twice_has_the_attributes_of_both_lines(self) -> None:
        (found,) = read(rb'(\HasNoChildren) "/" Verschickt', rb'(\Sent) "/" Verschickt')

        assert found.role is Role.SENT

    def test_a_flat_name_space_has_no_delimiter(self) -> None:
        (found,) = read(rb"() NIL Sent")

        assert (found.delimiter, found.role) == (None, Role.SENT)

    def test_may_be_of_another_delimiter_each(self) -> None:
        found = read(rb'() "." INBOX.Sent', rb'() "\\" "Public\\Trash"')

        assert [(one.delimiter, one.role) for one in found] == [(".", Role.SENT), ("\\", None)]

    def test_a_name_beyond_all_measure_is_left_out(self) -> None:
        found = read(b'() "/" ' + b"x" * (LONGEST + 1), b'() "/" INBOX')

        assert [one.name for one in found] == ["INBOX"]


class TestTellsRoles:
    def test_by_special_use_only(self) -> None:
        assert tells_roles([Line((b"\\HasNoChildren", b"\\Sent"), "/", b"Sent")])
        assert not tells_roles([Line((b"\\HasNoChildren", b"\\Marked"), "/", b"Sent")])

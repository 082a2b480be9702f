"""What folders are for."""

from collections.abc import Mapping

from app.mailbox.port import Folder, Role
from app.mailbox.roles import folder, with_roles_by_name

NONE: Mapping[str, str] = {}
GMAIL = {"\\All": "archive", "Bulk": "junk"}


class TestFolder:
    def test_has_the_role_of_its_attribute_whatever_it_is_called(self) -> None:
        assert folder("Gelöschte", [b"\\HasNoChildren", b"\\Trash"], "/", NONE).role is Role.TRASH

    def test_inbox_is_inbox_in_any_case(self) -> None:
        assert folder("Inbox", [], "/", NONE).role is Role.INBOX

    def test_may_be_there_only_to_hold_others(self) -> None:
        assert not folder("[Gmail]", [b"\\Noselect"], "/", NONE).selectable
        assert not folder("Gone", [b"\\NonExistent"], "/", NONE).selectable

    def test_a_provider_has_attributes_of_its_own(self) -> None:
        assert folder("[Gmail]/Alle Nachrichten", [b"\\All"], "/", GMAIL).role is Role.ARCHIVE
        assert folder("Alle", [b"\\All"], "/", NONE).role is None

    def test_the_standard_counts_before_the_provider(self) -> None:
        assert folder("Both", [b"\\All", b"\\Sent"], "/", GMAIL).role is Role.SENT


class TestWithRolesByName:
    def test_a_known_name_counts_where_no_attribute_tells(self) -> None:
        found = with_roles_by_name([Folder("Papierkorb"), Folder("Projects")], NONE)

        assert [one.role for one in found] == [Role.TRASH, None]

    def test_a_name_counts_below_inbox(self) -> None:
        (found,) = with_roles_by_name([Folder("INBOX.Sent Items", delimiter=".")], NONE)

        assert found.role is Role.SENT

    def test_a_name_does_not_count_deeper_down(self) -> None:
        (found,) = with_roles_by_name([Folder("Projects/Archive", delimiter="/")], NONE)

        assert found.role is None

    def test_an_attribute_wins_over_a_name(self) -> None:
        found = with_roles_by_name([Folder("Trash"), Folder("Müll", Role.TRASH)], NONE)

        assert [one.role for one in found] == [None, Role.TRASH]

    def test_only_one_folder_has_a_role(self) -> None:
        found = with_roles_by_name([Folder("Spam"), Folder("Junk")], NONE)

        assert [one.role for one in found] == [Role.JUNK, None]

    def test_a_folder_that_cannot_be_opened_has_none(self) -> None:
        (found,) = with_roles_by_name([Folder("Archive", selectable=False)], NONE)

        assert found.role is None

    def test_each_name_space_has_its_own_delimiter(self) -> None:
        found = with_roles_by_name(
            [Folder("INBOX/Sent", delimiter="."), Folder("INBOX.Trash", delimiter=".")], NONE
        )

        assert [one.role for one in found] == [None, Role.TRASH]

    def test_a_provider_has_names_of_its_own(self) -> None:
        (found,) = with_roles_by_name([Folder("Bulk")], GMAIL)

        assert found.role is Role.JUNK

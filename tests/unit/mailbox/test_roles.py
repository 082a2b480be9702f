"""What folders are for."""

from app.mailbox.port import Folder, Role
from app.mailbox.roles import folder, with_roles_by_name


class TestFolder:
    def test_has_the_role_of_its_attribute_whatever_it_is_called(self) -> None:
        assert folder("Gelöschte", [b"\\HasNoChildren", b"\\Trash"]).role is Role.TRASH

    def test_inbox_is_inbox_in_any_case(self) -> None:
        assert folder("Inbox", []) == Folder("INBOX", Role.INBOX)

    def test_may_be_there_only_to_hold_others(self) -> None:
        assert not folder("[Gmail]", [b"\\Noselect"]).selectable
        assert not folder("Gone", [b"\\NonExistent"]).selectable


class TestWithRolesByName:
    def test_a_known_name_counts_where_no_attribute_tells(self) -> None:
        found = with_roles_by_name([Folder("Papierkorb"), Folder("Projects")], "/")

        assert [one.role for one in found] == [Role.TRASH, None]

    def test_a_name_counts_below_inbox(self) -> None:
        (found,) = with_roles_by_name([Folder("INBOX.Sent Items")], ".")

        assert found.role is Role.SENT

    def test_a_name_does_not_count_deeper_down(self) -> None:
        (found,) = with_roles_by_name([Folder("Projects/Archive")], "/")

        assert found.role is None

    def test_an_attribute_wins_over_a_name(self) -> None:
        found = with_roles_by_name([Folder("Trash"), Folder("Müll", Role.TRASH)], "/")

        assert [one.role for one in found] == [None, Role.TRASH]

    def test_only_one_folder_has_a_role(self) -> None:
        found = with_roles_by_name([Folder("Spam"), Folder("Junk")], "/")

        assert [one.role for one in found] == [Role.JUNK, None]

    def test_a_folder_that_cannot_be_opened_has_none(self) -> None:
        (found,) = with_roles_by_name([Folder("Archive", selectable=False)], "/")

        assert found.role is None

"""Names of folders: read by people, and given back to the server as it gave them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient import imap_utf7

from app.mailbox import folder_names
from app.mailbox.folder_names import LONGEST, FolderNames


@pytest.fixture
def names() -> FolderNames:
    return FolderNames(imap_utf7.encode, imap_utf7.decode)


class TestShown:
    @pytest.mark.parametrize(
        ("listed", "shown"),
        [
            (b"Archive", "Archive"),
            (b"Gel&APY-schte Elemente", "Gelöschte Elemente"),
            (b"R&-D", "R&D"),
            (b"&ZeVnLIqe-", "日本語"),
            (b"&2D3eAA-", "\N{GRINNING FACE}"),
            ("Entwürfe".encode(), "Entwürfe"),
            (b"Caf\xe9", "Caf\ufffd"),
            (b"&AAA-", "\ufffd"),
            (b"&2D0-", "\ufffd"),
        ],
    )
    def test_is_what_people_read(self, names: FolderNames, listed: bytes, shown: str) -> None:
        assert names.shown(listed) == shown

    @given(listed=st.binary(max_size=40))
    def test_can_be_stored_and_leads_back_to_the_folder(self, listed: bytes) -> None:
        names = FolderNames(imap_utf7.encode, imap_utf7.decode)

        shown = names.shown(listed)

        assert "\0" not in shown
        shown.encode()
        assert names.on_the_wire(shown) == listed

    def test_of_names_that_servers_make_up_no_more_is_remembered_than_of_folders(
        self, names: FolderNames, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(folder_names, "MOST", 2)
        listed = ["ä".encode(), "ö".encode(), "ü".encode(), b"x" + b"\xff" * LONGEST]

        back = [names.on_the_wire(names.shown(one)) == one for one in listed]

        assert back == [True, True, False, False]


class TestOnTheWire:
    def test_a_name_that_was_never_listed_is_encoded(self, names: FolderNames) -> None:
        assert names.on_the_wire("Müll & Co") == b"M&APw-ll &- Co"

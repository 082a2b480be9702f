"""What was found, for somebody in a browser: where it leads, and no commands for a terminal."""

import pytest

from app.core.findings import Finding, Level
from app.core.ids import AccountId, new_id
from app.web.admin.pages.health import shown


class TestShown:
    @pytest.mark.parametrize(
        ("subject", "leads_to"),
        [
            ("Commands", "/commands?state=failed"),
            ("Quarantine", "/quarantine"),
            ("Channel C0SUPPORT", "/channels"),
        ],
    )
    def test_leads_to_the_page_where_it_is_mended(self, subject: str, leads_to: str) -> None:
        found = shown(Finding(subject, Level.NOTE, "Something.", "sharedbox mend"), {})

        assert found.leads_to == leads_to
        assert "sharedbox" not in found.fix

    def test_leads_to_the_account(self) -> None:
        id_ = AccountId(new_id())
        address = "support@example.com"

        found = shown(Finding(address, Level.PROBLEM, "Refused.", "Mend it."), {address: id_})

        assert (found.leads_to, found.fix) == (f"/accounts/{id_}", "Mend it.")

    def test_of_what_has_no_page_says_what_the_terminal_says(self) -> None:
        found = shown(Finding("Workers", Level.PROBLEM, "None runs.", "Start one."), {})

        assert (found.leads_to, found.fix) == ("", "Start one.")

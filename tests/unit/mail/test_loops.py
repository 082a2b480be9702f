"""The ways in which two machines could keep answering each other."""

from dataclasses import replace

import pytest

from app.mail.address import Address
from app.mail.loops import MOST_IN_ALL, why_not
from app.mail.parse import parse
from tests.unit.mail.test_answer import ANA, ORIGINAL, OWN, SALES, SUPPORT


def mail(*lines: str) -> bytes:
    return "\r\n".join(["From: Ana <ana@acme.example>", *lines, "", "Hi."]).encode()


class TestWhyNot:
    def test_a_person_may_be_answered(self) -> None:
        assert why_not(ORIGINAL, None, [ANA], OWN) is None

    @pytest.mark.parametrize(
        "line",
        [
            "Auto-Submitted: auto-replied",
            "Auto-Submitted: auto-generated",
            "Precedence: bulk",
            "Precedence: list",
            "List-Id: <list.example.com>",
            "Return-Path: <>",
            "X-SharedBox-Loop: support@example.com",
            "X-Autoreply: yes",
            "Feedback-ID: 1:2:3:x",
            "Subject: Out of office: Invoice",
            "X-Failed-Recipients: eva@other.example",
        ],
    )
    def test_a_machine_is_not(self, line: str) -> None:
        found = parse(mail(line)).automatic

        assert found is not None
        assert why_not(ORIGINAL, found, [ANA], OWN)

    @pytest.mark.parametrize(
        ("changes", "to"),
        [
            ({"sender": SALES}, [ANA]),
            ({}, [SUPPORT]),
            ({"is_ours": True}, [ANA]),
            ({}, []),
            ({"sender": Address("", "")}, [ANA]),
            ({}, [Address("", "MAILER-DAEMON@acme.example")]),
            ({}, [Address("", "no-reply@acme.example")]),
        ],
    )
    def test_nothing_that_leads_nowhere_or_back(
        self, changes: dict[str, object], to: list[Address]
    ) -> None:
        original = replace(ORIGINAL, **changes)  # type: ignore[arg-type]

        assert why_not(original, None, to, OWN)

    def test_nobody_twice_in_a_day(self) -> None:
        assert why_not(ORIGINAL, None, [ANA], OWN, to_them_today=1)

    def test_not_many_in_an_hour_though_each_from_another_address(self) -> None:
        assert why_not(ORIGINAL, None, [ANA], OWN, in_all_this_hour=MOST_IN_ALL)

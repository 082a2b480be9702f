import pytest

from app.mail.packed import packed, parsed_mail
from app.mail.parse import parse
from app.mail.parsed import Automatic, Invitation, ParsedMail, Unsubscribe


def header(*lines: str) -> ParsedMail:
    return parse("\n".join(["From: ana@acme.example", *lines, "", "Hi."]).encode())


class TestDeliveredTo:
    def test_keeps_what_servers_noted(self) -> None:
        mail = header(
            "Delivered-To: Support@example.com",
            "Delivered-To: box17@mail.example.com",
            "X-Original-To: <sales@example.com>",
        )

        assert mail.delivered_to == (
            "sales@example.com", "support@example.com", "box17@mail.example.com",
        )  # fmt: skip


class TestUnsubscribe:
    def test_one_click(self) -> None:
        mail = header(
            "List-Unsubscribe: <mailto:leave@list.example?subject=x>,",
            " <https://list.example/leave?",
            " id=7>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        )

        assert mail.unsubscribe == Unsubscribe(
            "https://list.example/leave?id=7", "leave@list.example?subject=x", one_click=True
        )

    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            (["List-Unsubscribe: <https://a.example/x>"], ("https://a.example/x", "", False)),
            (["List-Unsubscribe: <mailto:a@b.example>"], ("", "a@b.example", False)),
            (
                ["List-Unsubscribe: <mailto:a@b.example>",
                 "List-Unsubscribe-Post: List-Unsubscribe=One-Click"],
                ("", "a@b.example", False),
            ),
        ],
    )  # fmt: skip
    def test_without_it(self, lines: list[str], expected: tuple[str, str, bool]) -> None:
        assert header(*lines).unsubscribe == Unsubscribe(*expected)

    @pytest.mark.parametrize(
        "said", ["", "NO", "<http://a.example/x>", "<javascript:alert(1)>", "<file:///etc/passwd>"]
    )
    def test_nothing_that_could_be_followed(self, said: str) -> None:
        assert header(f"List-Unsubscribe: {said}").unsubscribe is None


class TestInvitation:
    def invited(self, calendar: str, content_type: str = "text/calendar") -> ParsedMail:
        return parse(f"Content-Type: {content_type}\n\n{calendar}".encode())

    def test_is_read(self) -> None:
        mail = self.invited(
            "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VTIMEZONE\nDTSTART:19700101T000000\n"
            "END:VTIMEZONE\nBEGIN:VEVENT\nSUMMARY:Budget\\, part\n  two\n"
            "DTSTART;TZID=Europe/Tallinn:20260302T100000\nDTEND:20260302T090000Z\n"
            "LOCATION:Room 1\nORGANIZER;CN=Ana:mailto:ana@acme.example\n"
            "BEGIN:VALARM\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n"
        )

        assert mail.invitation == Invitation(
            method="REQUEST",
            summary="Budget, part two",
            location="Room 1",
            organizer="ana@acme.example",
            starts_at="2026-03-02T10:00:00",
            ends_at="2026-03-02T09:00:00+00:00",
            time_zone="Europe/Tallinn",
        )
        assert parsed_mail(packed(mail)) == mail

    def test_a_whole_day(self) -> None:
        mail = self.invited("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260302\nEND:VEVENT")

        assert mail.invitation
        assert (mail.invitation.starts_at, mail.invitation.time_zone) == ("2026-03-02", "")

    @pytest.mark.parametrize("start", ["", "tomorrow", "20269999T000000", "99999999"])
    def test_a_time_that_is_none(self, start: str) -> None:
        mail = self.invited(f"BEGIN:VEVENT\nDTSTART:{start}\nSUMMARY:x\nEND:VEVENT")

        assert mail.invitation
        assert mail.invitation.starts_at == ""

    def test_a_calendar_without_an_event_is_none(self) -> None:
        assert self.invited("BEGIN:VCALENDAR\nEND:VCALENDAR").invitation is None

    def test_takes_little_time(self) -> None:
        self.invited("BEGIN:VEVENT\n" + "A;" * 50_000 + ":x\n" + "SUMMARY;" * 20_000)


class TestOurOwnMail:
    def test_that_comes_back_is_never_taken_for_a_persons(self) -> None:
        assert header("X-SharedBox-Loop: support@example.com").automatic is Automatic.GENERATED

import base64

import pytest

from app.mail.packed import packed, shown_mail
from app.mail.parse import MailUnreadable
from app.mail.shown import MAX_PICTURES, ShownMail, shown

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


def mail(html: str, *files: tuple[str, bytes], kind: str = "image/png") -> bytes:
    parts = [f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n".encode()]
    parts += [
        f"--b\r\nContent-Type: {kind}\r\nContent-ID: <{name}>\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n".encode()
        + base64.encodebytes(content)
        + b"\r\n"
        for name, content in files
    ]
    head = b"Subject: x\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
    return head + b"".join(parts) + b"--b--\r\n"


def show(raw: bytes) -> ShownMail:
    return shown(raw, load_remote=False)


class TestShown:
    def test_nothing_is_unreadable(self) -> None:
        with pytest.raises(MailUnreadable):
            show(b"\r\n")

    def test_survives_the_way_between_processes(self) -> None:
        found = show(mail("<p>Grüße</p>"))

        assert shown_mail(packed(found)) == found

    def test_of_several_renderings_it_is_the_one_in_html(self) -> None:
        raw = (
            b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
            b"--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n"
            b"--b\r\nContent-Type: text/html\r\n\r\n<b>rich</b>\r\n--b--\r\n"
        )

        assert show(raw).html == "<b>rich</b>"

    def test_texts_that_follow_one_another_are_all_there(self) -> None:
        raw = (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            b"--b\r\nContent-Type: text/html\r\n\r\n<b>rich</b>\r\n"
            b"--b\r\nContent-Type: text/plain\r\n\r\n<i>the list's own words</i>\r\n--b--\r\n"
        )

        assert show(raw).html == (
            "<b>rich</b><hr><pre>&lt;i&gt;the list&#x27;s own words&lt;/i&gt;</pre>"
        )

    def test_pictures_elsewhere_are_counted(self) -> None:
        assert show(mail('<img src="https://e.example/1.gif">')).remote_images == 1


class TestPictures:
    def test_of_the_mail_stand_in_it(self) -> None:
        found = show(mail('<img src="cid:logo@x">', ("logo@x", PNG)))

        assert f"data:image/png;base64,{base64.b64encode(PNG).decode()}" in found.html

    @pytest.mark.parametrize(
        "content", [b"<svg onload=alert(1)>", b"<html><script>", b"", b"GIF88a"]
    )
    def test_that_are_none_do_not(self, content: bytes) -> None:
        assert "data:" not in show(mail('<img src="cid:logo@x">', ("logo@x", content))).html

    def test_are_told_by_what_they_are_and_not_by_what_they_are_called(self) -> None:
        raw = mail('<img src="cid:logo@x">', ("logo@x", PNG), kind="application/x-whatever")

        assert "data:image/png;" in show(raw).html

    def test_named_ever_so_often_come_to_no_more_than_the_limit(self) -> None:
        large = PNG + b"\x00" * 1_500_000

        found = show(mail('<img src="cid:logo@x">' * 50, ("logo@x", large)))

        assert 0 < found.html.count("data:") <= MAX_PICTURES // len(large)

"""Single mails, as they came and with what is attached: handed over to be saved, never shown."""

import re
from urllib.parse import unquote

import pytest

from app.core.ids import new_id
from app.web.downloads import disposition
from tests.fixtures.web import BOOTSTRAP_KEY, RAW, Web

HOSTILE_NAMES = [
    "invoice.pdf",
    "résumé 2026.pdf",
    'a"; filename="evil.exe',
    "a\r\nSet-Cookie: x=y",
    "../../../etc/passwd",
    "..\\..\\boot.ini",
    "\u202egpj.exe",
    "a%00b%0d%0a.txt",
    "<script>alert(1)</script>.html",
    "日本語.txt",
    "🤷.svg",
    "x" * 300,
    ";",
    "*=utf-8''%41",
    "CON",
    " ",
]


def check_safe(headers: object, media_type: str) -> str:
    """Answers the name a browser would save under."""
    assert headers["content-type"] == media_type  # type: ignore[index]
    assert headers["x-content-type-options"] == "nosniff"  # type: ignore[index]
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"  # type: ignore[index]
    assert headers["cache-control"] == "private, no-store"  # type: ignore[index]
    found = re.fullmatch(
        r'attachment; filename="([^"\\%/<>]*)"; filename\*=UTF-8\'\'([A-Za-z0-9._~%-]*)',
        headers["content-disposition"],  # type: ignore[index]
    )
    assert found
    assert found[1].isascii()
    return unquote(found[2])


class TestRaw:
    async def test_is_the_mail_as_the_server_had_it(self, web: Web) -> None:
        _, id_ = await web.conversation(await web.account())

        answer = await web.client(BOOTSTRAP_KEY).get(f"/messages/{id_}/raw")

        assert answer.content.startswith(RAW)
        assert check_safe(answer.headers, "message/rfc822") == f"{id_}.eml"

    async def test_a_missing_blob_is_said_in_words(self, web: Web) -> None:
        _, id_ = await web.conversation(await web.account())
        async with web.store.begin(web.workspace_id) as uow:
            digest = (await uow.messages.get(id_)).raw_sha256
        await web.container.blobs.set_aside(digest)
        await web.container.blobs.forget(digest)

        answer = await web.client(BOOTSTRAP_KEY).get(f"/messages/{id_}/raw")

        assert answer.status_code == 503
        assert "backup" in answer.json()["detail"]


class TestAttachments:
    async def test_are_never_shown_whatever_they_say_they_are(self, web: Web) -> None:
        _, id_ = await web.conversation(await web.account())
        await web.attach(id_, "page.html", "text/html")
        client = web.client(BOOTSTRAP_KEY)

        answer = await client.get(f"/messages/{id_}/attachments/1")

        assert answer.content == b"The total is wrong."
        assert check_safe(answer.headers, "application/octet-stream") == "page.html"
        (file,) = (await client.get(f"/messages/{id_}")).json()["attachments"]
        assert file == {
            "n": 1,
            "filename": "page.html",
            "content_type": "text/html",
            "size": 19,
            "inline": False,
        }

    async def test_that_are_not_there(self, web: Web) -> None:
        _, id_ = await web.conversation(await web.account())
        client = web.client(BOOTSTRAP_KEY)

        for n, status in (("1", 404), ("0", 404), ("-1", 404), ("9" * 30, 404), ("x", 422)):
            answer = await client.get(f"/messages/{id_}/attachments/{n}")
            assert answer.status_code == status, n
        assert (await client.get(f"/messages/{new_id()}/attachments/1")).status_code == 404


class TestDisposition:
    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    def test_carries_any_name_and_nothing_else(self, name: str) -> None:
        header = disposition(name)

        headers = {
            "content-type": "x",
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; sandbox",
            "cache-control": "private, no-store",
            "content-disposition": header,
        }
        assert check_safe(headers, "x") == name
        assert "\r" not in header
        assert "\n" not in header

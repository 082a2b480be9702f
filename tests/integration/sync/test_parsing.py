"""The parser pool with real processes: stopped, killed, starved, and there for the next mail."""

import asyncio
import os
import resource
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from app.core import faults
from app.mail.parse import MailUnreadable, parse
from app.mail.parsed import ParsedMail
from app.sync import parser_child, parsing
from app.sync.parsing import ParseFailed, ParserPool

MAIL = b"Subject: Printer\r\nMessage-ID: <a@example.com>\r\n\r\nIt is green."


@pytest.fixture
async def pool() -> AsyncIterator[ParserPool]:
    async with ParserPool(1) as pool:
        yield pool


def children() -> list[psutil.Process]:
    return [
        process
        for process in psutil.Process().children()
        if "app.sync.parser_child" in process.cmdline()
    ]


@contextmanager
def stopped() -> Iterator[psutil.Process]:
    """The one child, unable to run until we are through."""
    (process,) = children()
    process.suspend()
    yield process
    with suppress(psutil.NoSuchProcess):
        process.resume()


class TestParse:
    async def test_same_answer_as_in_process(self, pool: ParserPool) -> None:
        assert await pool.parse(MAIL) == parse(MAIL)

    async def test_unreadable(self, pool: ParserPool) -> None:
        with pytest.raises(MailUnreadable, match="empty") as caught:
            await pool.parse(b"\r\n")

        assert caught.value.fix
        assert (await pool.parse(MAIL)).subject == "Printer"

    async def test_failure_of_the_parser_names_its_kind(
        self, pool: ParserPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fails(*_: object) -> tuple[bytes, bytes]:
            return parser_child.FAILED, b"ValueError"

        monkeypatch.setattr(parsing._Running, "answer", fails)

        with pytest.raises(ParseFailed, match=r"The parser failed \(ValueError\)"):
            await pool.parse(MAIL)

    async def test_answer_that_makes_no_sense_costs_that_mail_only(
        self, pool: ParserPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def lies(_running: object) -> tuple[bytes, bytes]:
            return parser_child.PARSED, b"nonsense"

        with monkeypatch.context() as patch:
            patch.setattr(parsing._Running, "answer", lies)
            with pytest.raises(ParseFailed, match="makes no sense"):
                await pool.parse(MAIL)

        assert (await pool.parse(MAIL)).subject == parse(MAIL).subject

    async def test_of_what_a_reader_is_shown_is_the_same_too(self) -> None:
        raw = b"Content-Type: text/html\r\n\r\n<b>Hello</b><script>x</script>"

        async with ParserPool(1, late=True) as pool:
            assert children() == []
            found = await pool.show(raw, load_remote=False)
            with pytest.raises(MailUnreadable):
                await pool.show(b"\r\n", load_remote=False)

        assert found.html == "<b>Hello</b>"
        assert children() == []

    async def test_many_at_once_keep_their_answers(self) -> None:
        mails = [b"Subject: %d\r\n\r\n" % n + b"x" * (n * 997) for n in range(200)]

        async with ParserPool(2) as pool:
            found = await asyncio.gather(*(pool.parse(mail) for mail in mails))

        assert [mail.subject for mail in found] == [str(n) for n in range(200)]

    async def test_large_mail(self) -> None:
        body = b"Content-Type: image/png\r\n\r\n" + os.urandom(1024) * 32 * 1024

        async with ParserPool(1) as pool:
            found = await pool.parse(MAIL.replace(b"\r\n\r\nIt", b"\r\n" + body))

        assert found.attachments[0].size > 32 * 1024 * 1024


class TestOverstepping:
    async def test_time(self) -> None:
        async with ParserPool(1, seconds=1) as pool:
            with stopped() as process, pytest.raises(ParseFailed, match="longer than 1 seconds"):
                await pool.parse(MAIL)

            assert not process.is_running()
            assert (await pool.parse(MAIL)).subject == "Printer"

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux can limit memory")
    async def test_memory(self) -> None:
        mebibytes = 200
        async with ParserPool(1, memory=mebibytes * 1024 * 1024) as pool:
            with pytest.raises(ParseFailed, match="200 MB of memory"):
                await pool.parse(b"Subject: x\r\n\r\n" + b"a" * mebibytes * 1024 * 1024)

            assert (await pool.parse(MAIL)).subject == "Printer"

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells limits of others")
    async def test_limits_are_set(self, pool: ParserPool) -> None:
        await pool.parse(MAIL)
        (process,) = children()

        soft, _ = process.rlimit(psutil.RLIMIT_CPU)
        assert 10 < soft < 20
        assert process.rlimit(psutil.RLIMIT_AS)[0] == 512 * 1024 * 1024
        assert process.rlimit(psutil.RLIMIT_FSIZE)[0] == 0
        assert process.rlimit(psutil.RLIMIT_CORE)[0] == 0

    async def test_our_own_limits_are_as_before(self, pool: ParserPool) -> None:
        before = resource.getrlimit(resource.RLIMIT_CPU)

        await pool.parse(MAIL)

        assert resource.getrlimit(resource.RLIMIT_CPU) == before


class TestDeath:
    @pytest.mark.parametrize(
        ("number", "reason"),
        [
            (signal.SIGXCPU, "more than 10 seconds of processor time"),
            (signal.SIGKILL, "ended by SIGKILL"),
            (signal.SIGSEGV, "ended by SIGSEGV"),
        ],
    )
    async def test_while_reading(self, number: signal.Signals, reason: str) -> None:
        async with ParserPool(1) as pool:
            with stopped() as process:
                reading = asyncio.create_task(pool.parse(MAIL))
                await asyncio.sleep(0)
                process.send_signal(number)

            with pytest.raises(ParseFailed, match=reason):
                await reading

            assert (await pool.parse(MAIL)).subject == "Printer"

    async def test_while_idle_costs_no_mail(self, pool: ParserPool) -> None:
        running = pool._children[0]._running
        assert running is not None
        running.process.kill()
        await running.process.wait()

        assert (await pool.parse(MAIL)).subject == "Printer"

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux can limit memory")
    async def test_costs_none_of_the_mails_around_it(self) -> None:
        mails = [b"Subject: %d\r\n\r\nText" % n for n in range(12)]
        mails[7] = b"Subject: 7\r\n\r\n" + b"a" * 200 * 1024 * 1024

        async with ParserPool(1, memory=200 * 1024 * 1024) as pool:
            found = await pool.parse_many(mails)
            again = await pool.parse_many(mails[8:])

        assert isinstance(found[7], ParseFailed)
        del found[7]
        subjects = [one.subject for one in [*found, *again] if isinstance(one, ParsedMail)]
        assert subjects == [*"0123456", "8", "9", "10", "11", "8", "9", "10", "11"]

    async def test_again_and_again_lets_a_mail_of_others_pass(
        self, pool: ParserPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read, order = parsing._Child.read, list[int]()

        async def dies(
            child: parsing._Child, raws: Sequence[bytes], wanted: bytes
        ) -> list[parsing.Answer]:
            order.append(len(raws))
            await asyncio.sleep(0)
            return [ParseFailed("It died.")] if len(raws) > 1 else await read(child, raws, wanted)

        monkeypatch.setattr(parsing._Child, "read", dies)

        await asyncio.gather(pool.parse_many([MAIL] * 4), pool.parse(MAIL))

        assert order == [4, 1, 3, 2, 1]

    async def test_while_reading_is_told_of_the_mail_that_was_read(self, pool: ParserPool) -> None:
        with stopped() as process:
            reading = asyncio.create_task(pool.parse_many([MAIL, MAIL, b"\r\n"]))
            await asyncio.sleep(0)
            process.send_signal(signal.SIGKILL)

        killed, read, empty = await reading

        assert isinstance(killed, ParseFailed)
        assert read == parse(MAIL)
        assert isinstance(empty, MailUnreadable)


class TestCancelled:
    async def test_next_mail_gets_its_own_answer(self, pool: ParserPool) -> None:
        with stopped():
            reading = asyncio.create_task(pool.parse(MAIL))
            await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading

        assert (await pool.parse(b"Subject: next\r\n\r\n")).subject == "next"


class TestFaultPoint:
    async def test_is_passed_while_the_parser_runs(
        self, pool: ParserPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wanted = tmp_path / "fault"
        wanted.write_text("K08:raise:1")
        monkeypatch.setattr(faults, "_FILE", str(wanted))

        with pytest.raises(faults.InjectedFault):
            await pool.parse(MAIL)

        assert (await pool.parse(MAIL)).subject == "Printer"


class TestStarting:
    async def test_interpreter_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "/nowhere/python")

        with pytest.raises(ParseFailed, match=r"did not start: .*No such file"):
            await ParserPool(1).__aenter__()

    async def test_process_that_ends_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", shutil.which("true"))

        with pytest.raises(ParseFailed, match="did not start"):
            await ParserPool(1).__aenter__()

    async def test_a_mail_waits_for_a_host_that_has_no_process_to_spare(
        self, pool: ParserPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spawn, refusals = parsing._Child._spawn, iter([OSError("too many open files")] * 2)

        async def spawn_later(child: parsing._Child, descriptor: int) -> asyncio.subprocess.Process:
            if (refusal := next(refusals, None)) is not None:
                raise refusal
            return await spawn(child, descriptor)

        monkeypatch.setattr(parsing, "_AGAIN_SECONDS", 0.01)
        monkeypatch.setattr(parsing._Child, "_spawn", spawn_later)
        await pool._children[0].stop()

        assert (await pool.parse(MAIL)).subject == "Printer"
        assert next(refusals, None) is None

    async def test_process_that_answers_too_much(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parsing, "_MAX_ANSWER", 100)

        async with ParserPool(1) as pool:
            with pytest.raises(ParseFailed):
                await pool.parse(MAIL)


class TestLeaving:
    async def test_no_process_is_left(self) -> None:
        async with ParserPool(2) as pool:
            await pool.parse(MAIL)
            assert len(children()) == 2

        assert children() == []

    async def test_process_that_does_not_stop_is_killed(self) -> None:
        async with ParserPool(1):
            (process,) = children()
            process.suspend()

        assert not process.is_running()

    async def test_child_gets_none_of_our_secrets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHAREDBOX_SECRET_KEYS", "not for children")

        async with ParserPool(1):
            (process,) = children()
            assert "SHAREDBOX_SECRET_KEYS" not in process.environ()

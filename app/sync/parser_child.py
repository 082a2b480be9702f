"""The process that reads hostile mail. Started by `app.sync.parsing`, and by nothing else.

It has no secrets, may write no file, and ends when its parent does. A frame is a kind (one byte), a
length (four bytes) and that many bytes; a mail comes in on standard input, an answer goes out on
standard output, one after the other. What it may use up for one mail is set before each.
"""

import gc
import resource
import struct
import sys
from typing import BinaryIO, Final

from app.mail.packed import packed
from app.mail.parse import MailUnreadable, parse
from app.mail.shown import shown

HEAD: Final = struct.Struct(">cI")
MAIL: Final = b"m"
SHOW: Final = b"h"
SHOW_WITH_REMOTE: Final = b"H"
"""The HTML of a mail, for its reader: without the pictures elsewhere that it names, or with."""
SHOWN: Final = b"s"
PARSED: Final = b"p"
UNREADABLE: Final = b"u"
FAILED: Final = b"f"
READY: Final = b"r"

OUT_OF_MEMORY: Final = 71
"""The code with which the process ends when a mail needs more memory than it may have."""


def answer(raw: bytes, wanted: bytes = MAIL) -> tuple[bytes, bytes]:
    """The kind and the content of the answer to one mail. Raises `MemoryError` only."""
    try:
        if wanted in {SHOW, SHOW_WITH_REMOTE}:
            return SHOWN, packed(shown(raw, load_remote=wanted == SHOW_WITH_REMOTE))
        return PARSED, packed(parse(raw))
    except MailUnreadable as error:
        return UNREADABLE, packed((str(error), error.fix))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 -- no mail is worth a new process
        return FAILED, type(error).__name__.encode()


def serve(mails: BinaryIO, answers: BinaryIO, *, seconds: int) -> None:
    _send(answers, READY, b"")
    while head := mails.read(HEAD.size):
        wanted, length = HEAD.unpack(head)
        raw = mails.read(length)
        _limit_processor_time(seconds)
        kind, content = answer(raw, wanted)
        del raw
        _send(answers, kind, content)


def _send(answers: BinaryIO, kind: bytes, content: bytes) -> None:
    answers.write(HEAD.pack(kind, len(content)))
    answers.write(content)
    answers.flush()


def _limit_processor_time(seconds: int) -> None:
    """So many more seconds from now on; then the kernel ends us."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + seconds)


def _limit(what: int, amount: int) -> None:
    """As far as the system lets us: macOS knows no limit of memory."""
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        amount = min(amount, hard)
    try:
        resource.setrlimit(what, (amount, hard))
    except (ValueError, OSError):
        return


def main() -> None:
    seconds, memory = int(sys.argv[1]), int(sys.argv[2])
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    gc.freeze()
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer, seconds=seconds)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    main()

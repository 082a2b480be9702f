"""What we want of Python itself, beyond its version."""

import platform
from email.policy import Policy

from app.core.logging import get_logger

log = get_logger(__name__)


def check_python() -> None:
    """Warn where this Python lets a line break into a mail header (CVE-2024-6923).

    Some distributions mend older versions, so the attribute is asked for, and not the version.
    """
    if not hasattr(Policy, "verify_generated_headers"):
        log.warning(
            "python.outdated",
            version=platform.python_version(),
            detail="This Python does not check the mail headers it writes (CVE-2024-6923).",
            fix="Use Python 3.11.10, 3.12.5, 3.13 or a later release of these.",
        )

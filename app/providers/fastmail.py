"""Fastmail."""

from typing import Final

from app.providers.base import Facts, KnownProvider

FASTMAIL: Final = KnownProvider(
    key="fastmail",
    title="Fastmail",
    hosts=("fastmail.com", "messagingengine.com"),
    facts=Facts(
        # fastmail.com/help/technical/servernamesandports.html: “You cannot use your regular
        # Fastmail password.”
        login_hint="Fastmail takes no account password here: make an app password under "
        "Settings, Privacy & Security.",
    ),
)
"""Its servers are Cyrus and say so, hence it is told by name before Cyrus is."""

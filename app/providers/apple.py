"""iCloud Mail."""

from typing import Final

from app.providers.base import Facts, KnownProvider

APPLE: Final = KnownProvider(
    key="apple",
    title="iCloud Mail",
    hosts=("mail.me.com", "icloud.com"),
    facts=Facts(
        # support.apple.com/en-ca/102198: “The size of incoming and outgoing messages (20MB …)”.
        largest_sent=20_000_000,
        # Its SMTP has been seen to file a copy in Sent Messages (kellylford/QuickMail#150) and not
        # to (floatpane/matcha#496). So nothing is claimed: whoever files a copy looks first.
        roles={"Sent Messages": "sent", "Deleted Messages": "trash"},
        # missiveapp.com/docs, iCloud: “your regular Apple ID password won't work”.
        login_hint="iCloud takes no account password here: make an app-specific password at "
        "account.apple.com.",
    ),
)

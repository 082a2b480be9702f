"""NetEase: 163.com, 126.com and yeah.net. Their software is Coremail, which others run too."""

from typing import Final

from app.providers.base import Facts, KnownProvider

NETEASE: Final = KnownProvider(
    key="netease",
    title="NetEase Mail",
    hosts=("163.com", "126.com", "yeah.net", "188.com"),
    # OfflineIMAP/offlineimap3#71 shows both, and that there is no IDLE.
    id_name="^Coremail",
    greeting="Coremail System IMap Server",
    facts=Facts(
        # “SELECT Unsafe Login” until ID was sent (OfflineIMAP/offlineimap3#71).
        wants_id=True,
        # It ignores NOOP; EmailEngine's changelog names the remedy.
        status_keeps_alive=True,
        roles={"已发送": "sent", "已删除": "trash", "垃圾邮件": "junk"},
        login_hint="NetEase takes no account password here: enable IMAP in the web mail’s "
        "settings and use the authorisation code it shows.",
    ),
)

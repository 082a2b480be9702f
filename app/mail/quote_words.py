"""The words by which mail software of many languages announces what is quoted. All in lower case.

Data only; `app.mail.quotes` says what they mean. A missing language costs a line that could have
been left out, never a line that should have been shown.
"""

from typing import Final


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


WROTE: Final = (
    # English, German, French, Spanish, Portuguese, Italian, Dutch
    "wrote", "writes", "schrieb", "geschrieben", "a écrit", "a ecrit", "escribió", "escribio",
    "ha escrito", "escreveu", "ha scritto", "scrive", "schreef", "geschreven",
    # Swedish, Danish and Norwegian, Finnish, Estonian, Lithuanian, Latvian
    "skrev", "kirjoitti", "kirjutas", "rašė", "rakstīja",
    # Polish, Czech, Slovak, Slovene and Croatian, Hungarian, Romanian, Turkish
    "napisał", "napsal", "napísal", "je napisal", "je napisao", "ezt írta", "a scris", "yazdı",
    # Russian, Ukrainian, Bulgarian, Greek
    "написал", "пишет", "писал", "написав", "пише", "написа", "έγραψε",
    # Vietnamese, Indonesian, Chinese, Japanese, Korean, Hebrew, Arabic
    "đã viết", "menulis", "写道", "寫道", "寫到", "のメール", "書きました", "작성", "님이", "כתב",
    "كتب",
)  # fmt: skip
"""Somewhere in the line over a quote, at its end in most languages."""

SENT: Final = ("sent",)
"""The same, but too common a word to count anywhere but at the end."""

OPENERS: Final = _words(
    # The first word of such a line: "On Monday, …", "Am 3. Mai …"
    "on am le el op il em a den på w dnia dne dňa dana la pe ti pada vào в у от στις στο 在 于 ב في"
)

DAYS: Final = _words(
    "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday"
    " mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag"
    " man tir ons tor fre lør søn lör sön må ti on to pe la su"
    " pon wt śr czw pt sob niedz po út st čt pá ne h k sze cs p szo v"
    " lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche"
    " lunes martes miércoles jueves viernes sábado domingo mié jue vie seg ter qua qui sex sáb"
    " пн вт ср чт пт сб вс понедельник вторник среда четверг пятница суббота воскресенье"
)

ORIGINAL: Final = (
    # Between dashes, over the mail that is answered
    "original message", "original appointment", "reply message", "original email",
    "ursprüngliche nachricht", "original-nachricht", "originalnachricht", "antwort nachricht",
    "ursprünglicher termin", "message d'origine", "message d’origine", "message original",
    "message initial", "mensaje original", "mensagem original", "messaggio originale",
    "oorspronkelijk bericht", "originalmeddelande", "ursprungligt meddelande",
    "original meddelelse", "oprindelig meddelelse", "oprindelig besked", "opprinnelig melding",
    "alkuperäinen viesti", "oryginalna wiadomość", "wiadomość oryginalna", "původní zpráva",
    "pôvodná správa", "originalno sporočilo", "originalna poruka", "eredeti üzenet",
    "mesaj original", "orijinal mesaj", "orijinal ileti", "исходное сообщение",
    "оригинальное сообщение", "оригінальне повідомлення", "αρχικό μήνυμα", "原始邮件", "原始郵件",
    "邮件原件", "元のメッセージ", "원본 메시지", "הודעה מקורית", "الرسالة الأصلية",
)  # fmt: skip

FORWARDED: Final = (
    "forwarded message", "begin forwarded message", "forwarded by", "forwarded email",
    "weitergeleitete nachricht", "anfang der weitergeleiteten", "beginn der weitergeleiteten",
    "weitergeleitet von", "message transféré", "message transfere", "début du message",
    "mensaje reenviado", "inicio del mensaje reenviado", "mensagem encaminhada",
    "mensagem reencaminhada", "início da mensagem", "messaggio inoltrato",
    "inizio messaggio inoltrato", "doorgestuurd bericht", "begin doorgestuurd bericht",
    "vidarebefordrat meddelande", "vidarebefordrat brev", "videresendt meddelelse",
    "videresendt melding", "välitetty viesti", "edelleenlähetetty viesti",
    "wiadomość przekazana", "przekazana wiadomość", "přeposlaná zpráva", "preposlaná správa",
    "továbbított üzenet", "mesaj redirecționat", "iletilen mesaj", "yönlendirilmiş ileti",
    "пересылаемое сообщение", "переадресованное сообщение", "начало переадресованного",
    "переслане повідомлення", "προωθημένο μήνυμα", "转发的邮件", "轉寄的郵件", "转发邮件信息",
    "転送メッセージ", "転送されたメッセージ", "전달된 메시지",
)  # fmt: skip

_LABELS: Final = {
    "from": "from von de da van från fra lähettäjä od nadawca odesílatel odosielateľ feladó kimden"
    " gönderen от отправитель від από 发件人 寄件者 寄件人 差出人 送信者 보낸사람 từ dari מאת من",
    "sent": "sent gesendet envoyé envoye enviado inviato verzonden skickat sendt lähetetty wysłano"
    " wysłane odesláno odoslané elküldve trimis gönderildi gönderme отправлено надіслано 发送时间"
    " 寄件日期 送信日時 보낸날짜",
    "date": "date datum fecha data dato päivämäärä päiväys dátum tarih дата ημερομηνία 日期 日付"
    " 날짜 ngày tanggal",
    "to": "to an à a para aan till til vastaanottaja vastaanottajat do komu címzett către kime"
    " alıcı кому προς 收件人 宛先 받는사람 đến kepada אל إلى",
    "cc": "cc kopie kopia kopi kopio copie copia bcc másolatot kk копия копія κοιν 抄送 副本 참조",
    "subject": "subject betreff objet sujet asunto assunto oggetto onderwerp ämne emne aihe temat"
    " předmět predmet tárgy subiect konu тема θέμα 主题 主旨 件名 제목 subjek נושא الموضوع",
    "reply-to": "reply-to responder-a",
}
_PHRASES: Final = {
    "from": ("보낸 사람",),
    "sent": (
        "envoyé le", "date d'envoi", "enviado el", "enviada em", "enviado em", "message du",
        "data invio", "gesendet am", "sent on", "보낸 날짜",
    ),
    "to": ("받는 사람",),
    "cc": ("copie à",),
    "subject": ("chủ đề",),
    "reply-to": ("reply to", "antwort an"),
}  # fmt: skip
LABELS: Final[dict[str, str]] = {
    label: kind for kind, labels in _LABELS.items() for label in labels.split()
} | {label: kind for kind, labels in _PHRASES.items() for label in labels}
"""What mail software writes before each line of a short header over a quoted mail."""

SENT_FROM: Final = (
    "sent from", "sent via", "sent with", "sent using", "get outlook for", "gesendet von",
    "gesendet mit", "gesendet über", "envoyé de", "envoyé depuis", "envoyé à partir",
    "télécharger outlook", "obtenez outlook", "enviado desde", "enviado de", "enviado do",
    "enviado a partir", "obtener outlook", "obter o outlook", "inviato da", "inviato dal",
    "ottieni outlook", "scarica outlook", "verzonden vanaf", "verstuurd vanaf", "verzonden met",
    "outlook voor", "skickat från", "hämta outlook", "sendt fra", "hent outlook",
    "lähetetty iphone", "lähetetty android", "lähetetty puhelim", "hanki outlook", "wysłane z",
    "wysłano z", "pobierz outlook", "odesláno z", "odoslané z", "trimis de pe",
    "отправлено с", "отправлено из", "надіслано з", "надіслано із", "发自我的", "从我的",
    "傳送自我的", "从 windows 版", "iphoneから送信", "androidから送信", "outlook for ios を",
)  # fmt: skip
"""How the last line of a phone's signature begins."""

SENT_FROM_ENDINGS: Final = (
    "gesendet", "gönderildi", "küldve", "에서 보냄", "から送信", "傳送", "发送",
)  # fmt: skip
SENT_FROM_BEGINNINGS: Final = (
    "von meinem", "von meiner", "iphone", "ipad", "android", "az ", "samsung", "나의", "내 ",
    "從我的",
)  # fmt: skip
"""Languages in which the verb comes last: such a line has one of each."""

DEVICES: Final = _words(
    "iphone ipad android galaxy samsung blackberry mobile phone handy smartphone huawei xiaomi"
    " pixel outlook mail gmail yahoo proton windows"
)

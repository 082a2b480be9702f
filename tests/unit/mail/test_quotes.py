"""What is left of a mail once the mails it answers, and its signature, are taken off.

The samples are written for these tests, in the shapes that mail programs give to an answer.
"""

import time

import pytest

from app.mail.quotes import newly_written

ANSWER = "Thank you, that worked.\n\nBest, Ann"

QUOTED = "> Please try it again.\n> It should work now.\n>\n> Ben\n"
UNMARKED = "Please try it again.\nIt should work now.\n\nBen\n"

ATTRIBUTIONS = {
    "gmail": "On Fri, May 3, 2024 at 10:04 AM Ben Okri <ben@example.org> wrote:",
    "gmail, wrapped": "On Fri, May 3, 2024 at 10:04 AM Ben Okri from the Support Team\n"
    "<ben@example.org> wrote:",
    "gmail, wrapped within the address": "On Fri, May 3, 2024 at 10:04 AM Ben Okri <\n"
    "ben@example.org> wrote:",
    "apple": "On 3 May 2024, at 10:04, Ben Okri <ben@example.org> wrote:",
    "yahoo": "    On Friday, May 3, 2024 at 10:04:12 AM GMT+2, Ben Okri <ben@example.org> wrote: ",
    "thunderbird": "On 03.05.24 10:04, Ben Okri wrote:",
    "outlook for mac": 'On 5/3/24, 10:04 AM, "Ben Okri" <ben@example.org> wrote:',
    "zoho": "---- On Fri, 03 May 2024 10:04:12 +0200 Ben Okri <ben@example.org> wrote ---",
    "android": "-------- Ben Okri wrote --------",
    "german": "Am 03.05.24 um 10:04 schrieb Ben Okri:",
    "german gmail": "Am Fr., 3. Mai 2024 um 10:04 Uhr schrieb Ben Okri <\nben@example.org>:",
    "french": "Le ven. 3 mai 2024 à 10:04, Ben Okri <ben@example.org> a écrit :",
    "spanish": "El vie, 3 may 2024 a las 10:04, Ben Okri (<ben@example.org>) escribió:",
    "portuguese": "Em sex., 3 de mai. de 2024 às 10:04, Ben Okri <ben@example.org> escreveu:",
    "italian": "Il giorno ven 3 mag 2024 alle ore 10:04 Ben Okri <ben@example.org>\nha scritto:",
    "dutch": "Op vr 3 mei 2024 om 10:04 schreef Ben Okri <ben@example.org>:",
    "dutch, verb last": "Op 3 mei 2024 om 10:04 heeft Ben Okri <ben@example.org> het volgende"
    " geschreven:",
    "swedish": "Den fre 3 maj 2024 kl 10:04 skrev Ben Okri <ben@example.org>:",
    "danish": "Den fre. 3. maj 2024 kl. 10.04 skrev Ben Okri <ben@example.org>:",
    "norwegian": "fre. 3. mai 2024 kl. 10:04 skrev Ben Okri <ben@example.org>:",
    "finnish": "pe 3. toukok. 2024 klo 10.04 Ben Okri (ben@example.org) kirjoitti:",
    "polish": "pt., 3 maj 2024 o 10:04 Ben Okri <ben@example.org> napisał(a):",
    "polish, wrapped": "pt., 3 maj 2024 o 10:04 Ben Okri <ben@example.org>\nnapisał(a):",
    "czech": "pá 3. 5. 2024 v 10:04 odesílatel Ben Okri <ben@example.org> napsal:",
    "hungarian": "Ben Okri <ben@example.org> ezt írta (időpont: 2024. máj. 3., P, 10:04):",
    "romanian": "Pe vin., 3 mai 2024 la 10:04, Ben Okri <ben@example.org> a scris:",
    "turkish": "Ben Okri <ben@example.org>, 3 May 2024 Cum, 10:04 tarihinde şunu yazdı:",
    "russian": "пт, 3 мая 2024 г. в 10:04, Ben Okri <ben@example.org>:",
    "ukrainian": "пт, 3 трав. 2024 р. о 10:04 Ben Okri <ben@example.org> пише:",
    "indonesian, wrapped": "Ben Okri <ben@example.org> 3 Mei 2024 10.04\nmenulis:",
    "vietnamese": "Vào Th 6, 3 thg 5, 2024 vào lúc 10:04 Ben Okri <ben@example.org> đã viết:",
    "chinese": "Ben Okri <ben@example.org> 于2024年5月3日周五 10:04写道：",
    "japanese": "2024年5月3日(金) 10:04 Ben Okri <ben@example.org>:",
    "korean": "2024년 5월 3일 (금) 오전 10:04, Ben Okri <ben@example.org>님이 작성:",
}

HEADER_BLOCKS = {
    "outlook": "From: Ben Okri <ben@example.org>\nSent: Friday, May 3, 2024 10:04 AM\n"
    "To: Ann Lee <ann@example.com>\nSubject: Re: Printer",
    "outlook, without addresses": "From: Ben Okri\nSent: Friday, May 3, 2024 10:04 AM\n"
    "To: Ann Lee; Cy Twombly\nSubject: Re: Printer",
    "outlook, below a line": "________________________________\nFrom: Ben <ben@example.org>\n"
    "Sent: 03 May 2024 10:04\nTo: Ann\nSubject: Re: Printer",
    "bold": "*From:* Ben Okri <ben@example.org>\n*Sent:* Friday, May 3, 2024\n*To:* Ann",
    "new outlook": "From: Ben Okri <ben@example.org>\nDate: Friday, 3. May 2024 at 10:04\n"
    "To: Ann Lee <ann@example.com>\nSubject: Re: Printer",
    "blank lines between": "From: Ben <ben@example.org>\n\nSent: Friday\n\nTo: Ann\n\nSubject: x",
    "recipients over several lines": "From: Ben Okri <ben@example.org>\nTo: Ann <a@example.com>,\n"
    "  Cy <c@example.com>,\n  Di <d@example.com>\nSubject: Re: Printer\nDate: 3 May",
    "german": "Von: Ben Okri <ben@example.org>\nGesendet: Freitag, 3. Mai 2024 10:04\n"
    "An: Ann Lee\nBetreff: AW: Drucker",
    "gmx": "Gesendet: Freitag, 3. Mai 2024 um 10:04 Uhr\nVon: ben@example.org\nAn: ann@example.com",
    "french": "De : Ben Okri <ben@example.org>\nEnvoyé : vendredi 3 mai 2024 10:04\n"
    "À : Ann Lee\nObjet : RE: Imprimante",
    "spanish": "De: Ben Okri <ben@example.org>\nEnviado: viernes, 3 de mayo de 2024 10:04\n"
    "Para: Ann Lee\nAsunto: RE: Impresora",
    "italian": "Da: Ben Okri <ben@example.org>\nInviato: venerdì 3 maggio 2024 10:04\n"
    "A: Ann Lee\nOggetto: R: Stampante",
    "dutch": "Van: Ben Okri <ben@example.org>\nVerzonden: vrijdag 3 mei 2024 10:04\n"
    "Aan: Ann Lee\nOnderwerp: RE: Printer",
    "polish": "Od: Ben Okri <ben@example.org>\nWysłano: piątek, 3 maja 2024 10:04\n"
    "Do: Ann Lee\nTemat: RE: Drukarka",
    "russian": "От: Ben Okri <ben@example.org>\nОтправлено: 3 мая 2024 г. 10:04\n"
    "Кому: Ann Lee\nТема: RE: Принтер",
    "chinese": "发件人: Ben Okri <ben@example.org>\n发送时间: 2024年5月3日 10:04\n"
    "收件人: Ann\n主题: 打印机",
    "below original message": "-----Original Message-----\nFrom: Ben\nTo: Ann",
    "ursprüngliche nachricht": "-------- Ursprüngliche Nachricht --------\nVon: Ben",
}


class TestAttribution:
    @pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
    def test_over_a_marked_quote(self, attribution: str) -> None:
        assert newly_written(f"{ANSWER}\n\n{attribution}\n\n{QUOTED}") == ANSWER

    @pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
    def test_over_an_unmarked_quote(self, attribution: str) -> None:
        assert newly_written(f"{ANSWER}\n\n{attribution}\n\n{UNMARKED}") == ANSWER

    def test_within_the_line_of_the_answer(self) -> None:
        text = f"Yes, do it. On Fri, May 3, 2024 at 10:04 AM, ben@example.org wrote:\n{QUOTED}"

        assert newly_written(text) == "Yes, do it."

    def test_bracket_wrapped_to_the_next_line(self) -> None:
        text = (
            f"{ANSWER}\n\nOn 3 May 2024, at 10:04, Ben Okri <ben@example.org\n> wrote:\n\n{QUOTED}"
        )

        assert newly_written(text) == ANSWER

    @pytest.mark.parametrize(
        "text",
        [
            "On the one hand it works.\n\nOn the other hand it is slow.",
            "On Monday I will call you:\nplease be ready at 10.",
            "This is what she wrote:\nit does not work.",
            "As you wrote on 3 May:\nthe printer is green.",
            "My address is ann@example.com:\nuse it.",
            "Sometimes I think about what he wrote",
        ],
    )
    def test_sentence_that_begins_alike_is_kept(self, text: str) -> None:
        assert newly_written(text) == text


class TestHeaderBlock:
    @pytest.mark.parametrize("block", HEADER_BLOCKS.values(), ids=HEADER_BLOCKS)
    def test_cuts_what_follows(self, block: str) -> None:
        assert newly_written(f"{ANSWER}\n\n{block}\n\n{UNMARKED}") == ANSWER

    def test_is_kept_in_a_mail_that_passes_it_on(self) -> None:
        text = f"For you.\n\n{HEADER_BLOCKS['outlook']}\n\n{UNMARKED}"

        assert newly_written(text, forwarded=True) == text.strip()

    @pytest.mark.parametrize(
        "text",
        [
            "The plan:\n\nFrom: Berlin\nTo: Prague\nDate: 3 May 2024\n\nPlease book it.",
            "Interview\n\nDate: Friday, 3 May\nTime: 10:04\nAddress: 1 High Street",
            "Subject: to change without notice.",
            "To: be or not\nCc: nobody",
        ],
    )
    def test_letter_with_labels_is_kept(self, text: str) -> None:
        assert newly_written(text) == text


class TestForward:
    @pytest.mark.parametrize(
        "mark",
        [
            "---------- Forwarded message ---------",
            "Begin forwarded message:",
            "-------- Weitergeleitete Nachricht --------",
            "Anfang der weitergeleiteten Nachricht:",
            "---------- Message transféré ---------",
            "-------- Пересылаемое сообщение --------",
        ],
    )
    def test_is_news_and_kept(self, mark: str) -> None:
        text = f"For you.\n\n{mark}\nFrom: Ben <ben@example.org>\nTo: Ann\n\n{UNMARKED}".strip()

        assert newly_written(text) == text

    def test_within_what_is_quoted_is_not(self) -> None:
        text = f"{ANSWER}\n\n-----Original Message-----\nFYI\n\n--- Forwarded message ---\nFrom: x"

        assert newly_written(text) == ANSWER


class TestQuotedLines:
    def test_at_the_end_without_attribution(self) -> None:
        assert newly_written(f"{ANSWER}\n\n{QUOTED}") == ANSWER

    def test_above_the_answer(self) -> None:
        text = f"{ATTRIBUTIONS['thunderbird']}\n{QUOTED}\n{ANSWER}"

        assert newly_written(text) == ANSWER

    def test_between_greeting_and_answer(self) -> None:
        text = f"Hi Ben,\n\n{ATTRIBUTIONS['thunderbird']}\n{QUOTED}\n{ANSWER}"

        assert newly_written(text) == f"Hi Ben,\n\n{ANSWER}"

    def test_answers_between_quotes_keep_their_questions(self) -> None:
        text = (
            f"{ATTRIBUTIONS['gmail']}\n> Is it on?\n\nYes.\n\n> Is it green?\n\nNo, red.\n\n"
            "> Regards\n> Ben"
        )

        kept = newly_written(text)

        assert "> Is it on?\n\nYes.\n\n> Is it green?\n\nNo, red." in kept
        assert "Regards" not in kept

    def test_quoted_address_wrapped_to_an_unmarked_line(self) -> None:
        text = (
            f"{ANSWER}\n\n{ATTRIBUTIONS['gmail']}\n> See https://example.org/a/very/long\n"
            "/address?of=a&page\n> for more.\n"
        )

        assert newly_written(text) == ANSWER

    def test_long_quoted_line_wrapped_to_an_unmarked_line(self) -> None:
        long = "> This line was so long when it was quoted that the software broke it in\n"
        text = f"{ANSWER}\n\n{ATTRIBUTIONS['gmail']}\n{long}two without a mark.\n> Ben\n"

        assert newly_written(text) == ANSWER

    def test_nested(self) -> None:
        text = f"{ANSWER}\n\n{ATTRIBUTIONS['gmail']}\n> Yes.\n>\n> On Monday you wrote:\n>> No.\n"

        assert newly_written(text) == ANSWER

    def test_own_line_between_quoted_links_is_kept(self) -> None:
        text = "> Is it https://example.org/a\nyes\n> Is it on?\nNo it is\n> Or red?\nRed."

        assert "No it is" in newly_written(text)

    def test_link_in_brackets_between_quoted_lines(self) -> None:
        text = f"{ANSWER}\n\n{ATTRIBUTIONS['gmail']}\n> See\n(https://example.org/a)\n> there.\n"

        assert newly_written(text) == ANSWER

    def test_mark_within_the_text_is_kept(self) -> None:
        text = "Look here\n>>> Press this <<<\nand it works."

        assert newly_written(text) == text


class TestFooter:
    @pytest.mark.parametrize(
        "signature",
        [
            "-- \nAnn Lee\nExample Ltd\n+44 20 0000",
            "--\nAnn",
            "Sent from my iPhone",
            "Sent from my Galaxy S24, please excuse typos",
            "Sent from Outlook for iOS<https://example.com/ios>",
            "Get Outlook for Android<https://example.com/android>",
            "Sent with Proton Mail secure email.",
            "Von meinem iPhone gesendet",
            "Gesendet von Mail für Windows",
            "Envoyé de mon iPhone",
            "Enviado desde mi iPad",
            "Inviato da iPhone",
            "Verstuurd vanaf mijn iPad",
            "Skickat från min iPhone",
            "Wysłane z iPhone'a",
            "Отправлено с iPhone",
            "iPhoneから送信",
            "_____________________\nusers mailing list\nhttps://example.org/mailman/listinfo/users",
            "-- \nAnn\n\n\n____\nlist@example.org",
        ],
    )
    def test_is_taken_off(self, signature: str) -> None:
        assert newly_written(f"{ANSWER}\n\n{signature}\n") == ANSWER

    def test_above_the_quote_is_taken_off(self) -> None:
        text = f"{ANSWER}\n\n-- \nAnn Lee\n\n{ATTRIBUTIONS['gmail']}\n{QUOTED}"

        assert newly_written(text) == ANSWER

    def test_below_the_quote_is_taken_off(self) -> None:
        text = f"{ANSWER}\n\n{ATTRIBUTIONS['gmail']}\n{QUOTED}\n-- \nAnn Lee"

        assert newly_written(text) == ANSWER

    @pytest.mark.parametrize(
        "text",
        [
            "Sent from my desk, because the other one is broken.",
            "Yes.\n\nSent from here to there it took three days.",
            "A -- as you know -- B.",
            "Steps:\n\n----\n\n1. Open it.\n2. Close it.",
            "Name: ________\nDate: ________\nplease fill in",
        ],
    )
    def test_text_that_looks_alike_is_kept(self, text: str) -> None:
        assert newly_written(text) == text

    def test_long_text_below_two_dashes_is_no_signature(self) -> None:
        text = "First part\n--\n" + "\n".join(f"line {n}" for n in range(40))

        assert newly_written(text) == text


class TestNothingLeft:
    @pytest.mark.parametrize(
        "text",
        [QUOTED.strip(), "-- \nAnn".replace(" \n", "\n"), "Sent from my iPhone", "-----", ""],
    )
    def test_shows_the_whole(self, text: str) -> None:
        assert newly_written(text) == text

    def test_answer_without_own_words_shows_the_whole(self) -> None:
        text = f"{ATTRIBUTIONS['gmail']}\n\n{QUOTED}".strip()

        assert newly_written(text) == text


class TestBounds:
    @pytest.mark.parametrize(
        "line",
        [
            "", "On Mon,", "On 2024:", "a wrote:", "From: x", ">", "> a\nb", "--", "__", "-----",
            "On 3 May 2024 a@b.c <wrote:", "Sent from my", "On a " * 100, ">" * 500, "(http", "*",
        ],
    )  # fmt: skip
    def test_hundred_thousand_lines_take_no_time(self, line: str) -> None:
        text = f"Hi\n{line}\n" * 100_000

        started = time.process_time()
        newly_written(text)

        assert time.process_time() - started < 0.5

    def test_eight_thousand_words_on_a_line(self) -> None:
        started = time.process_time()
        newly_written("Hi\nOn " + "a " * 8_000 + "\n")

        assert time.process_time() - started < 0.1

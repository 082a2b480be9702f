"""Reading single responses, of servers that mean no good."""

from app.mailbox import responses


class TestStatus:
    def test_a_word_that_fills_it_is_read_once(self) -> None:
        assert responses.status(b"Sent (" + b"A" * 200_000 + b")") == (b"Sent", {})

    def test_numbers_have_the_names_before_them(self) -> None:
        said = responses.status(b"Sent (messages 3 UIDNEXT 4)")

        assert said == (b"Sent", {b"MESSAGES": 3, b"UIDNEXT": 4})


class TestOfFolder:
    def test_the_last_answer_counts_and_others_are_kept(self) -> None:
        told = [b"Sent (UIDNEXT 1)", b"Archive (UIDNEXT 7)", b"Sent (UIDNEXT 2)"]

        assert responses.of_folder(b"Sent", told) == ({b"UIDNEXT": 2}, [told[1]])

    def test_where_its_name_is_not_known_again_the_last_one_is_its_answer(self) -> None:
        told = [b"Archive (UIDNEXT 7)", b"&AOQ- (UIDNEXT 2)"]

        assert responses.of_folder("ä".encode(), told) == ({b"UIDNEXT": 2}, [told[0]])

    def test_of_nothing_is_nothing(self) -> None:
        assert responses.of_folder(b"Sent", []) == ({}, [])

import pytest

from app.mail.flowed import unflowed


class TestUnflowed:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("one \ntwo\nthree", "one two\nthree"),
            ("one \n", "one "),
            (" stuffed\n >no quote", "stuffed\n>no quote"),
            ("> one \n> two\nthree", "> one two\nthree"),
            ("> one \n>> two", "> one \n>> two"),
            ("one \n-- \nAnn", "one -- \nAnn"),
            ("one\n-- \nAnn", "one\n-- \nAnn"),
            ("one\n\ntwo", "one\n\ntwo"),
            ("one ", "one "),
            ("", ""),
        ],
    )
    def test_paragraphs(self, text: str, expected: str) -> None:
        assert unflowed(text, delete_space=False) == expected

    def test_space_that_only_marks_the_break(self) -> None:
        assert unflowed("soft \nware", delete_space=True) == "software"

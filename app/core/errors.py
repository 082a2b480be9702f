"""Errors that people read.

Each says what happened (`str(error)`) and what the reader can do about it (`fix`). The doors (REST,
Slack, CLI) translate them once each; nothing else catches them to turn them into words.
"""


class SharedBoxError(Exception):
    """Something we can explain. `fix` is a sentence that tells the reader what to do."""

    def __init__(self, what: str, *, fix: str = "") -> None:
        super().__init__(what)
        self.fix = fix

    @property
    def sentence(self) -> str:
        """What happened and what to do, ready to be shown."""
        return f"{self} {self.fix}".strip()


class InvalidInput(SharedBoxError):
    """The caller sent something we cannot use. `field` names it, in the caller's own words."""

    def __init__(self, what: str, *, field: str | None = None, fix: str = "") -> None:
        super().__init__(what, fix=fix)
        self.field = field


class KeyReused(InvalidInput):
    """The key that would make a repetition harmless was used for another request."""


class NotFound(SharedBoxError):
    """There is no such thing, or the caller may not know that there is."""


class NotAllowed(SharedBoxError):
    """We know who asks, and they may not."""


class Conflict(SharedBoxError):
    """The thing is not in a state in which this can be done."""


class Unavailable(SharedBoxError):
    """A part we depend on does not answer just now; the same request may work later."""

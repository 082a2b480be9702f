"""A wish that the mail server would not fulfil, told directly to whoever had it. Pure."""

from app.feed.blocks import section
from app.feed.port import Rendered
from app.feed.render import failure
from app.feed.render_rearranged import linked
from app.feed.view import FailedView


def failed(view: FailedView) -> Rendered:
    """What, why, and where the card is, which offers Retry."""
    text = failure(view.command)
    about = f"\n{linked(view.about)}" if view.about.address else ""
    how = "\n_Retry stands on the card._" if view.about.link else ""
    return Rendered(text, [section(f"{text}{about}{how}")])

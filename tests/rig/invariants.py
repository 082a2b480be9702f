"""The rules that must hold after every run, whatever was done to the system.

Each check answers the violations it found, in words. They are pure: history and findings in, words
out, so that the checks themselves can be tested with histories that break each rule.
"""

import itertools
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tests.rig.history import Delivery, Findings, History, Result, Shown

TWINS_LIVE_AT_MOST: Final = 60.0
"""Seconds for which a recovery may leave two posts of one mail in a channel."""
MOST_MEMORY: Final = 512 * 1024 * 1024
MORE_DESCRIPTORS: Final = 100
MORE_THREADS: Final = 60
"""How far above its first sample a process may be at the end of a run: pools fill, leaks grow."""
LEAST_DELAY: Final = 5.0
"""Seconds below which a delay is no proof of anything, on a machine with nothing else to do. On one
that is as busy as this run makes it they are as many times more as work was seen to take longer."""
FINAL: Final = frozenset({"done", "undone", "failed", "cancelled"})
_GOAL: Final = {"archive": "Archive", "delete": "Trash", "spam": "Junk"}


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    words: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.words}"


def check(history: History, findings: Findings) -> list[Violation]:
    """Everything that is wrong."""
    rules: dict[str, Callable[[History, Findings], Iterator[str]]] = {
        "INV-LOSS": loss,
        "INV-ONCE": once,
        "INV-ACT": act,
        "INV-PREFIX": prefix,
        "INV-BLAST": blast,
        "INV-BOUND": bound,
    }
    return [
        Violation(name, words) for name, rule in rules.items() for words in rule(history, findings)
    ]


def loss(history: History, findings: Findings) -> Iterator[str]:
    """Every mail a server accepted is stored and shown, or visibly in quarantine."""
    kept = {one.token: one for one in findings.kept}
    live = {one.post_id for one in findings.shown if one.gone is None}
    aside = _quarantined(findings)
    for delivery in history.deliveries:
        token = delivery.token
        if delivery.result is not Result.OK and token not in {one.token for one in findings.mails}:
            continue
        if token in kept:
            if not live.intersection(kept[token].post_ids):
                yield f"{token} of {delivery.account} is stored and stands nowhere in Slack"
        elif token in aside:
            if aside[token] not in live:
                yield f"{token} of {delivery.account} is in quarantine and nobody is told"
        elif token not in history.interferences:
            yield f"{token} of {delivery.account} is neither stored nor in quarantine"


def once(history: History, findings: Findings) -> Iterator[str]:
    """No mail has two posts, and no post stands twice in its channel, but briefly."""
    for token, count in Counter(one.token for one in findings.kept).items():
        if count > 1:
            yield f"{token} is {count} messages"
    for one in findings.kept:
        if len(one.post_ids) > 1:
            yield f"{one.token} has {len(one.post_ids)} posts"
    standing: dict[str, list[Shown]] = defaultdict(list)
    for shown in findings.shown:
        standing[shown.post_id].append(shown)
    for post_id, twins in standing.items():
        if sum(one.gone is None for one in twins) > 1:
            yield f"post {post_id} stands {len(twins)} times in {twins[0].channel}"
        elif (together := _longest_together(twins)) > TWINS_LIVE_AT_MOST:
            yield f"post {post_id} stood twice for {together:.0f} s"


def act(history: History, findings: Findings) -> Iterator[str]:
    """Each action was applied once, or failed and said so; the server is as it was left."""
    yield from _unsettled(history, findings)
    copies = Counter(one.token for one in findings.mails)
    where = {one.token: one.folder for one in findings.mails}
    interfered = history.interferences
    for delivery in history.deliveries:
        if copies[delivery.token] > 1:
            yield f"{delivery.token} lies {copies[delivery.token]} times on the server"
        elif (
            delivery.result is Result.OK
            and not copies[delivery.token]
            and delivery.token not in interfered
        ):
            yield f"{delivery.token} is no longer on the server, and nobody deleted it"
    for token, folder in _left_in(history, findings):
        if token not in interfered and where.get(token, folder) != folder:
            yield f"{token} should lie in {folder} and lies in {where[token]}"


def _unsettled(history: History, findings: Findings) -> Iterator[str]:
    commands = {one.id: one for one in findings.commands}
    for command in findings.commands:
        if command.state not in FINAL:
            yield f"command {command.id} ({command.what} {command.token}) is {command.state} still"
        if command.state == "failed" and not command.told:
            yield f"command {command.id} ({command.what} {command.token}) failed without a word"
    accepted = [one for one in history.asked if one.result is Result.OK]
    for asked in accepted:
        if asked.command_id and asked.command_id not in commands:
            yield f"{asked.what} of {asked.token} was accepted and there is no such command"
    asked_for = Counter((one.token, one.what) for one in history.asked)
    for key, count in Counter((one.token, one.what) for one in findings.commands).items():
        token, what = key
        if key in asked_for and count > asked_for[key]:
            yield f"{what} of {token}: {asked_for[key]} were asked for, {count} are there"


def _left_in(history: History, findings: Findings) -> Iterator[tuple[str, str]]:
    """Where each mail must lie by what was done with it; silent where that cannot be known."""
    moves: dict[str, list[str]] = defaultdict(list)
    for command in findings.commands:
        if command.what in _GOAL or command.what in {"move", "restore"}:
            moves[command.token].append(f"{command.what} {command.state}")
    for delivery in history.deliveries:
        match moves.get(delivery.token, []):
            case []:
                yield delivery.token, delivery.folder
            case [only] if only.endswith(" done"):
                if (goal := _GOAL.get(only.removesuffix(" done"))) is not None:
                    yield delivery.token, goal
            case [only] if only.endswith(" failed"):
                yield delivery.token, delivery.folder
            case [moved, "restore done"] if moved.endswith(" undone"):
                yield delivery.token, delivery.folder
            case _:
                continue


def prefix(history: History, findings: Findings) -> Iterator[str]:
    """No watermark was ever above a UID that was not settled."""
    for seen in history.aheads:
        yield (
            f"the watermark of {seen.folder} of {seen.account} was {seen.watermark} while UID "
            f"{seen.uid} was not settled"
        )
    settled = {
        (one.account, one.folder, one.uidvalidity, one.uid)
        for one in findings.entries
        if one.state != "pending"
    }
    for folder in findings.folders:
        if not folder.watched:
            continue
        for mail in findings.mails:
            place = (mail.account, mail.folder, mail.uidvalidity, mail.uid)
            is_here = place[:3] == (folder.account, folder.name, folder.uidvalidity)
            is_below = folder.first_uid <= mail.uid < folder.watermark
            if is_here and is_below and place not in settled:
                yield f"UID {mail.uid} of {folder.name} of {folder.account} was jumped over"


def blast(history: History, findings: Findings) -> Iterator[str]:
    """Trouble with one mailbox does not delay the mail of others to twice the usual."""
    delays = _delays(history, findings)
    struck = [one for one in history.troubles if one.local]
    everywhere = [one for one in history.troubles if not one.local]
    usual: list[float] = []
    beside: list[float] = []
    for delivery, delay in delays:
        span = (delivery.at, delivery.at + delay)
        if any(_overlap(span, (one.at, one.until)) for one in everywhere):
            continue
        is_beside = any(_overlap(span, (one.at, one.until)) for one in struck)
        (beside if is_beside else usual).append(delay)
    if usual and beside:
        least = LEAST_DELAY * max(slowness(history), 1)
        most = max(2 * _p95(usual), least)
        if _p95(beside) > most:
            yield (
                f"mail of others took {_p95(beside):.1f} s, usual are {_p95(usual):.1f} s (p95), "
                f"and {least:.1f} s are to be expected of this machine"
            )


def slowness(history: History) -> float:
    """Of the machine, in the middle of all that was seen of it; 1 where nothing was."""
    return statistics.median([one.slowness for one in history.paces] or [1.0])


def _delays(history: History, findings: Findings) -> Iterator[tuple[Delivery, float]]:
    """How long the mail of accounts that were never struck themselves took to be shown."""
    posts = {one.token: one.post_ids for one in findings.kept}
    first: dict[str, float] = {}
    for shown in findings.shown:
        first[shown.post_id] = min(shown.at, first.get(shown.post_id, shown.at))
    for delivery in history.deliveries:
        if not delivery.account.startswith("control"):
            continue
        seen = [first[post_id] for post_id in posts.get(delivery.token, ()) if post_id in first]
        if seen:
            yield delivery, min(seen) - delivery.at


def bound(history: History, findings: Findings) -> Iterator[str]:
    """No process grew beyond its limits or kept what it should have let go."""
    by_process = defaultdict(list)
    for usage in history.usages:
        by_process[usage.process].append(usage)
    for process, samples in by_process.items():
        first, last = samples[0], samples[-1]
        most = max(one.memory for one in samples)
        if most > MOST_MEMORY:
            yield f"{process} took {most // 1024 // 1024} MB"
        if last.descriptors - first.descriptors > MORE_DESCRIPTORS:
            yield f"{process} has {last.descriptors} descriptors open, {first.descriptors} at first"
        if last.threads - first.threads > MORE_THREADS:
            yield f"{process} has {last.threads} threads, {first.threads} at first"


def _quarantined(findings: Findings) -> dict[str, str]:
    """The posts that tell of mails in quarantine, by token: joined over the UID on the server."""
    places = {(one.account, one.folder, one.uidvalidity, one.uid): one for one in findings.mails}
    found = {}
    for entry in findings.entries:
        mail = places.get((entry.account, entry.folder, entry.uidvalidity, entry.uid))
        if entry.state == "quarantined" and mail is not None:
            found[mail.token] = entry.post_id
    return found


def _longest_together(twins: Iterable[Shown]) -> float:
    ordered = sorted(twins, key=lambda one: one.at)
    spans = itertools.pairwise(ordered)
    return max(((one.gone or other.at) - other.at for one, other in spans), default=0.0)


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _p95(values: list[float]) -> float:
    return sorted(values)[min(int(len(values) * 0.95), len(values) - 1)]

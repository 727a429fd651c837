"""What is said of what is kept: which rules are at work, what each took away, and what became of one trace."""

import time
from pathlib import Path
from typing import Any

from flask import current_app

from webapp.errors import NotFound, TraceNotHere
from webapp.loading.watching import Watching
from webapp.model import display
from webapp.model.display import plural
from webapp.model.retention import Policy
from webapp.settings import Settings
from webapp.store.retention import AGE, KEEP, SIZE
from webapp.views.present import ago, store

_WHY = {
    SIZE: "to keep the store below {size}",
    AGE: "for beginning longer ago than is kept",
    KEEP: "without being chosen by the keep policy",
}
_WHY_ONE = {
    SIZE: "was removed to keep the store below {size}",
    AGE: "was removed because it began longer ago than is kept",
    KEEP: "was received, but not chosen by the keep policy",
}


def rules() -> list[str]:
    """Those that are at work, one sentence each."""
    settings, found = _settings(), []
    if settings.policy:
        found.append(_policy(settings.policy))
    if settings.max_age:
        found.append(f"Received traces that began more than {settings.max_age} ago are removed.")
    if settings.max_size:
        used = display.size(store().retention.size())
        found.append(
            f"The oldest traces are removed when more than {settings.max_size} is in use; now it is {used}."
        )
    return found


def watched() -> list[str]:
    """Of each folder that is watched, and of files there that have to wait."""
    watching: Watching = current_app.config["watching"]
    read = store().watched.files()
    sentences = [
        f"{folder}: {plural(sum(Path(path).is_relative_to(folder) for path in read), 'file')} read"
        for folder in watching.folders
    ]
    if waiting := watching.waiting:
        sentences.append(f"{plural(len(waiting), 'file')} still being written, such as {waiting[0]}")
    return sentences


def losses() -> list[str]:
    """What went, by rule."""
    now_ns = time.time_ns()
    return [
        f"{plural(gone.traces, 'trace')} with {plural(gone.spans, 'span')} went {_why(gone.rule)}, "
        f"the last {ago(gone.last_ns, now_ns)}."
        for gone in store().retention.gone()
    ]


def kept_json() -> dict[str, Any]:
    return {"rules": rules(), "removed": store().retention.gone()}


def watched_json() -> dict[str, Any]:
    watching: Watching = current_app.config["watching"]
    return {"folders": watching.folders, "files": list(store().watched.files()), "waiting": watching.waiting}


def not_here(text: str) -> NotFound:
    """Of a trace that somebody asks for by its id, in whatever form."""
    digits = text.replace("-", "").lower()
    fate = store().retention.fate(digits) if _is_id(digits) else None
    if fate:
        rule, at_ns = fate
        why = _WHY_ONE.get(rule, "was removed").format(size=_settings().max_size or "its limit")
        return NotFound(
            f"The trace {text} is not here any more: it {why}, {ago(at_ns, time.time_ns())}.",
            hint="What is kept, and for how long, is told on /sources.",
        )
    if store().retention.gone():
        return TraceNotHere(text, "It may be older than what is kept; /sources tells what that is.")
    return TraceNotHere(text)


def _policy(policy: Policy) -> str:
    always = [
        *(["with an error"] if policy.errors else []),
        *([f"of {display.duration(policy.slow_ns)} or more"] if policy.slow_ns else []),
    ]
    others = f"{policy.others * 100:.6g}%" if policy.others else "none"
    whole = f"all {' and all '.join(always)}, and {others} of the others" if always else f"{others} of them"
    counts = f", each of which counts for {policy.factor:.6g}" if 0 < policy.others < 1 else ""
    return f"Of received traces stay {whole}{counts}."


def _why(rule: str) -> str:
    return _WHY.get(rule, "by an earlier rule").format(size=_settings().max_size or "its limit")


def _is_id(digits: str) -> bool:
    return len(digits) == 32 and all(digit in "0123456789abcdef" for digit in digits)


def _settings() -> Settings:
    settings: Settings = current_app.config["settings"]
    return settings

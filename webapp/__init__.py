"""Tailrace: a trace browser that shows where the time went."""

__version__ = "0.1.0"


def create_app(*args: object, **kwargs: object) -> object:
    """See `webapp.app.create_app`; imported late so that the rooms below need no Flask."""
    from webapp.app import create_app as create

    return create(*args, **kwargs)  # type: ignore[arg-type]

"""The picture of one line: counts over time as bars, for SVG. What is counted is said by who shows it."""

from collections.abc import Sequence


def bars_path(heights: Sequence[float], width: int, height: int, most: float = 0) -> str:
    """Bars side by side as one path of `width` by `height`; what is there is at least one pixel high.

    `most` is what fills the height: the greatest of them unless it is given.
    """
    most = most or max(heights, default=0) or 1
    step = width / max(1, len(heights))
    bar = f"h{max(0.8, step - 0.6):.1f}V{height}z"
    tops = (height - max(1.0, (height - 1) * each / most) for each in heights)
    return "".join(
        f"M{number * step:.1f} {height}V{top:.1f}{bar}"
        for number, (each, top) in enumerate(zip(heights, tops, strict=True))
        if each > 0
    )

# SPDX-License-Identifier: Apache-2.0
"""A curve over time as SVG that stands in a page, without a script and in the page's colours."""

from collections.abc import Sequence

from markupsafe import Markup, escape

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 12, 28
POINTS_MAX = 300
Points = Sequence[tuple[float, float]]


def thin(points: Points, most: int = POINTS_MAX) -> Points:
    """At most so many, the first and the last among them."""
    if len(points) <= most:
        return points
    step = (len(points) - 1) / (most - 1)
    return [points[round(step * n)] for n in range(most)]


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(text)}</text>'


def curve(points: Points, title: str, marks: Sequence[float] = ()) -> Markup:
    """`points`: seconds and values, not falling in seconds. `marks`: seconds at which something was
    found."""
    if not points:
        return Markup("")
    last = max(points[-1][0], 1.0)
    most = max((value for _, value in points), default=0.0) or 1.0
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(seconds: float, value: float) -> tuple[float, float]:
        return LEFT + wide * min(seconds / last, 1.0), TOP + high * (1 - value / most)

    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in thin(points)))
    base = TOP + high
    parts = [f'<line class="axis" x1="{LEFT}" y1="{base}" x2="{WIDTH - RIGHT}" y2="{base}"/>']
    for mark in marks:
        x, _ = at(mark, 0)
        parts.append(f'<line class="mark" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{base}"/>')
    parts.append(f'<polyline class="curve" points="{line}"/>')
    parts.append(_label(LEFT - 6, TOP + 12, f"{most:,.0f}", "end"))
    parts.append(_label(LEFT - 6, base, "0", "end"))
    parts.append(_label(LEFT, HEIGHT - 8, "0 s", "start"))
    parts.append(_label(WIDTH - RIGHT, HEIGHT - 8, f"{last:,.0f} s", "end"))
    inner = "".join(parts)
    name = escape(title)
    return Markup(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">'
        f"<title>{name}</title>{inner}</svg>"
    )

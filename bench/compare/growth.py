"""How throughput and memory grow with one thing at a time: the series, and their plots."""

import math
from dataclasses import dataclass, field

from .report import decades


@dataclass(frozen=True)
class Series:
    """bench_load with one option at several values, and all else as it is in `fixed`."""
    name: str
    title: str
    option: str
    values: tuple
    fixed: dict = field(default_factory=dict)
    durable: tuple = (False, True)

    def arguments(self, value: int) -> list:
        words = ["--inside", "--only", "put"]
        for option, setting in {"--clients": 64, **self.fixed, self.option: value}.items():
            words += [option] if setting is True else [option, str(setting)]
        return words


ALL = (
    Series("members", "members of the group", "--members", (1, 3, 5, 7)),
    Series("bytes", "bytes of a value", "--bytes", (16, 256, 4096, 65536, 1 << 20)),
    Series("clients", "clients", "--clients", (1, 4, 16, 64, 256, 1024, 4096)),
    Series("groups", "groups", "--groups", (1, 10, 100, 1000, 10000)),
    # In one process, whose three members hold each entry once.
    Series("entries", "entries in the log", "--entries", (10**3, 10**4, 10**5, 10**6, 10**7),
           {"--bytes": 16, "--one-process": True}, (False,)),
)


def table(series: Series, rows: dict) -> str:
    """Markdown; rows: {value: {durable: row}}."""
    text = [f"### By {series.title} (`{series.name}`)\n"]
    kinds = [kind for kind in (False, True) if kind in series.durable]
    heads = [f"{name}{'durable' if kind else 'memory'}" for kind in kinds
             for name in ("per second, ", "p50 µs, ", "MiB, ")]
    text.append("| " + " | ".join([series.title, *heads]) + " |")
    text.append("|" + "---|" * (len(heads) + 1))
    for value, found in sorted(rows.items()):
        cells = [f"{value:,}"]
        for kind in kinds:
            row = found.get(kind)
            cells += ["–"] * 3 if row is None else [
                f"{row['per_second']:,.0f}", f"{row['p50_us']:,.0f}", f"{row['mib']:,.0f}"]
        text.append("| " + " | ".join(cells) + " |")
    return "\n".join(text) + "\n"


def plot(series: Series, rows: dict) -> str:
    """Commands a second, and the leader's memory below, by orders of magnitude on both axes."""
    lines = []
    for top, key, title in ((40, "per_second", "per second"), (260, "mib", "MiB of the leader")):
        points = {kind: [(value, found[kind][key]) for value, found in sorted(rows.items())
                         if kind in found and found[kind][key] > 0] for kind in series.durable}
        lines += _panel(top, title, points)
    return "\n".join([
        '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="640" height="480" fill="white"/>',
        f'<text x="60" y="22" font-size="14">{series.title}</text>', *lines, "</svg>\n"])


def _panel(top: int, title: str, points: dict) -> list:
    left, right, height = 70, 600, 170
    across = [value for line in points.values() for value, _ in line]
    up = [figure for line in points.values() for _, figure in line]
    if not across:
        return []
    low_x, high_x = decades(across)
    low_y, high_y = decades(up)

    def x(value):
        return left + (math.log10(value) - low_x) / (high_x - low_x) * (right - left)

    def y(value):
        return top + height - (math.log10(value) - low_y) / (high_y - low_y) * height

    out = [f'<text x="{left}" y="{top - 4}">{title}</text>']
    for decade in range(low_x, high_x + 1):
        at = x(10 ** decade)
        out.append(f'<path d="M{at:.1f} {top}v{height}" stroke="#ddd"/>'
                   f'<text x="{at:.1f}" y="{top + height + 14}" text-anchor="middle">'
                   f'{10 ** decade:,}</text>')
    for decade in range(low_y, high_y + 1):
        at = y(10 ** decade)
        out.append(f'<path d="M{left} {at:.1f}H{right}" stroke="#ddd"/>'
                   f'<text x="{left - 4}" y="{at + 4:.1f}" text-anchor="end">'
                   f'{10 ** decade:,}</text>')
    for kind, line in points.items():
        colour = "#c03028" if kind else "#2060a0"
        path = " ".join(f"{x(value):.1f},{y(figure):.1f}" for value, figure in line)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}"/>')
        out += [f'<circle cx="{x(value):.1f}" cy="{y(figure):.1f}" r="3" fill="{colour}"/>'
                for value, figure in line]
        out.append(f'<text x="{right - 60}" y="{top + (28 if kind else 14)}" fill="{colour}">'
                   f'{"durable" if kind else "memory"}</text>')
    return out

"""What the rounds have given: medians, spreads, and ratios within a round; as text and as SVG.

A ratio is that of one round, in which both saw the same machine; the median over the rounds counts.
"""

import math
from statistics import median


def _value(row: dict) -> float:
    """What is better when it is larger."""
    return row["per_second"] if "per_second" in row else 1e9 / row["ns_per_entry"]


def summary(rounds: list) -> dict:
    """From [{case: {system: {n: row}}}] to {case: {n: {system: {...}}}}."""
    out = {}
    for case, n, system in sorted({(c, n, s) for r in rounds for c, systems in r.items()
                                   for s, rows in systems.items() for n in rows}):
        rows = [r[case][system][n] for r in rounds if n in r.get(case, {}).get(system, {})]
        line = {"rounds": len(rows)}
        for key in ("per_second", "p50_us", "p99_us", "ns_per_entry"):
            values = [row[key] for row in rows if key in row]
            if values:
                line[key] = {"median": median(values), "least": min(values), "most": max(values)}
        ratios = []
        for r in rounds:
            both = r.get(case, {})
            if n in both.get("rafted", {}) and n in both.get(system, {}) and system != "rafted":
                ours, theirs = both["rafted"][n], both[system][n]
                ratios.append((_value(ours) / _value(theirs),
                               ours["p50_us"] / theirs["p50_us"] if "p50_us" in ours else None))
        if ratios:
            line["rafted_to_this"] = median(ratio for ratio, _ in ratios)
            waits = [wait for _, wait in ratios if wait is not None]
            if waits:
                line["p50_of_rafted_to_this"] = median(waits)
        out.setdefault(case, {}).setdefault(n, {})[system] = line
    return out


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def _spread(line: dict, key: str) -> str:
    if key not in line:
        return ""
    of = line[key]
    return f"{_figure(of['median'])} ({_figure(of['least'])}..{_figure(of['most'])})"


def table(cases: list, found: dict) -> str:
    """Markdown: a table for each case."""
    text = []
    for case in cases:
        if case.name not in found:
            continue
        text.append(f"### {case.title} (`{case.name}`)\n")
        if case.per_entry:
            text.append("| batch | system | ns per entry (least..most) | rafted's cost to this |")
            text.append("|---|---|---|---|")
        else:
            text.append("| outstanding | system | per second (least..most) | p50 µs | p99 µs | "
                        "rafted to this | its p50 to this |")
            text.append("|---|---|---|---|---|---|---|")
        for n, systems in sorted(found[case.name].items()):
            for system, line in systems.items():
                ratio = line.get("rafted_to_this")
                if case.per_entry:
                    cost = f"{1 / ratio:.2f}" if ratio else ""
                    text.append(f"| {n} | {system} | {_spread(line, 'ns_per_entry')} | {cost} |")
                    continue
                wait = line.get("p50_of_rafted_to_this")
                ratios = " | ".join(f"{of:.2f}" if of else "" for of in (ratio, wait))
                text.append(f"| {n} | {system} | {_spread(line, 'per_second')} | "
                            f"{_figure(line['p50_us']['median'])} | "
                            f"{_figure(line['p99_us']['median'])} | {ratios} |")
        text.append("")
    return "\n".join(text)


COLOURS = {"rafted": "#c03028", "etcd": "#2060a0", "redis": "#008080", "libraft": "#308040",
           "hashicorp": "#806020", "nuraft": "#703090", "ra": "#c08000"}


def plot(case, found: dict) -> str:
    """Throughput against p99, both by orders of magnitude; a point for each number outstanding."""
    points = [(system, n, line["per_second"]["median"], line["p99_us"]["median"])
              for n, systems in sorted(found[case.name].items())
              for system, line in systems.items()]
    width, height, margin = 640, 420, 60
    low_x, high_x = decades([p[2] for p in points])
    low_y, high_y = decades([p[3] for p in points])

    def x(value):
        return margin + (math.log10(value) - low_x) / (high_x - low_x) * (width - 2 * margin)

    def y(value):
        return height - margin - (math.log10(value) - low_y) / (high_y - low_y) * (
            height - 2 * margin)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<text x="{margin}" y="24" font-size="14">{case.title}</text>',
           f'<text x="{width / 2}" y="{height - 14}" text-anchor="middle">per second</text>',
           f'<text x="16" y="{height / 2}" text-anchor="middle" '
           f'transform="rotate(-90 16 {height / 2})">p99, µs</text>']
    for decade in range(low_x, high_x + 1):
        at = x(10 ** decade)
        out.append(f'<path d="M{at:.1f} {margin}V{height - margin}" stroke="#ddd"/>'
                   f'<text x="{at:.1f}" y="{height - margin + 16}" text-anchor="middle">'
                   f'{10 ** decade:,}</text>')
    for decade in range(low_y, high_y + 1):
        at = y(10 ** decade)
        out.append(f'<path d="M{margin} {at:.1f}H{width - margin}" stroke="#ddd"/>'
                   f'<text x="{margin - 6}" y="{at + 4:.1f}" text-anchor="end">'
                   f'{10 ** decade:,}</text>')
    for number, system in enumerate(sorted({p[0] for p in points})):
        own = [p for p in points if p[0] == system]
        colour = COLOURS.get(system, "black")
        line = " ".join(f"{x(p[2]):.1f},{y(p[3]):.1f}" for p in own)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}"/>')
        for _, n, rate, wait in own:
            out.append(f'<circle cx="{x(rate):.1f}" cy="{y(wait):.1f}" r="4" fill="{colour}"/>'
                       f'<text x="{x(rate) + 6:.1f}" y="{y(wait) - 6:.1f}">{n}</text>')
        out.append(f'<text x="{width - margin - 90}" y="{margin + 16 * (number + 1)}" '
                   f'fill="{colour}">{system}</text>')
    return "\n".join(out) + "\n</svg>\n"


def decades(values: list) -> tuple:
    """The powers of ten between which the values lie; never the same one twice."""
    low = math.floor(math.log10(min(values)))
    return low, max(math.ceil(math.log10(max(values))), low + 1)

#!/usr/bin/env python3
"""Prints the busiest cells of the flights job from its result files."""

import csv
import glob
import os
import sys

COLUMNS = [("window_start", 0), ("origin", 0), ("city", 0), ("state", 0),
           ("flights", 1), ("delayed", 1), ("delay_max_min", 1)]


def read_rows(folder):
    """All rows of all parts; a cell that fired again keeps its last row."""
    cells = {}
    for path in sorted(glob.glob(os.path.join(folder, "part-*.csv"))):
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                key = (row["window_start"], row["origin"])
                old = cells.get(key)
                if old is None or int(row["flights"]) >= int(old["flights"]):
                    cells[key] = row
    return list(cells.values())


def busiest(rows, count=10):
    return sorted(rows, key=lambda row: (-int(row["flights"]),
                                         row["window_start"],
                                         row["origin"]))[:count]


def short(text):
    """Times without the seconds, which are zero at the start of a window."""
    return text.removesuffix(":00Z")


def table(rows):
    cells = [[name for name, _ in COLUMNS]]
    cells += [[short(row[name]) for name, _ in COLUMNS] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    lines = []
    for line in cells:
        fields = [text.rjust(width) if right else text.ljust(width)
                  for text, width, (_, right) in zip(line, widths, COLUMNS)]
        lines.append("  ".join(fields).rstrip())
    return "\n".join(lines)


def main(arguments):
    if len(arguments) != 1:
        print("usage: demo_table.py RESULTS_FOLDER", file=sys.stderr)
        return 2
    rows = read_rows(arguments[0])
    if not rows:
        print(f"error: no result rows in {arguments[0]}", file=sys.stderr)
        return 1
    print(table(busiest(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

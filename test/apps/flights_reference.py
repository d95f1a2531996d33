"""What the flights job has to write, computed one row after another.

Shares nothing with the job: times are datetimes, windows are dictionaries.
"""

import csv
import datetime

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = datetime.timedelta(milliseconds=1)
HEADER = ("window_start,origin,city,state,flights,delayed,delay_sum_min,"
          "delay_max_min,distance_sum_miles")
MINUTE = 60_000
HOUR = 60 * MINUTE


def milliseconds(text):
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")
    return (moment.replace(tzinfo=UTC) - EPOCH) // MILLISECOND


def iso(ms):
    moment = EPOCH + ms * MILLISECOND
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{ms % 1000:03}Z" if ms % 1000 else "Z")


def read(path):
    """The rows of a well-formed file, as dictionaries, with their times."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        result = list(csv.DictReader(file))
    known = {}
    for row in result:
        date = row["date"]
        if date not in known:
            known[date] = milliseconds(date)
        row["time"] = known[date]
    return result


def read_places(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        return {row["iata"]: (row["city"], row["state"])
                for row in csv.DictReader(file)}


def report(cell, members, places, delayed_after=15):
    """The result row of a cell (window start, origin) with these rows."""
    start, origin = cell
    delays = [int(row["delay"]) for row in members]
    city, state = places.get(origin, ("", ""))
    return (iso(start), origin, city, state, str(len(members)),
            str(sum(delay > delayed_after for delay in delays)),
            str(sum(delays)), str(max(delays)),
            str(sum(int(row["distance"]) for row in members)))


def cell_of(row, window=HOUR):
    return row["time"] // window * window, row["origin"]


def totals(all_rows, places, window=HOUR, delayed_after=15):
    """The final row of each cell when nothing is late."""
    cells = {}
    for row in all_rows:
        cells.setdefault(cell_of(row, window), []).append(row)
    return sorted(report(cell, members, places, delayed_after)
                  for cell, members in cells.items())


def could_be_late(all_rows, out_of_orderness, lateness, window=HOUR):
    """Per row: whether a watermark of the rows before it had closed it."""
    largest = None
    result = []
    for row in all_rows:
        last = cell_of(row, window)[0] + window - 1
        result.append(largest is not None and
                      last + lateness <= largest - out_of_orderness - 1)
        largest = row["time"] if largest is None else max(largest, row["time"])
    return result


def simulate(all_rows, places, out_of_orderness, lateness, window=HOUR,
             delayed_after=15):
    """Every firing, in order per origin, and the late rows in order, with a
    watermark after each row."""
    cells = {}
    waiting = set()
    firings = {}
    late = []
    watermark = largest = None

    def fire(cell):
        firings.setdefault(cell[1], []).append(
            report(cell, cells[cell], places, delayed_after))

    for row in all_rows:
        cell = cell_of(row, window)
        last = cell[0] + window - 1
        if watermark is not None and last + lateness <= watermark:
            late.append(row)
        else:
            cells.setdefault(cell, []).append(row)
            if watermark is not None and last <= watermark:
                fire(cell)
            else:
                waiting.add(cell)
        if largest is None or row["time"] > largest:
            largest = row["time"]
            watermark = largest - out_of_orderness - 1
            for done in sorted(each for each in waiting
                               if each[0] + window - 1 <= watermark):
                fire(done)
                waiting.discard(done)
    for cell in sorted(waiting):
        fire(cell)
    return firings, late

"""The queries of Nexmark once more, in SQL and Python, over a file of events.
Shares no code with the jobs."""

import itertools
import json
import re
import sqlite3

# Fields of each kind, and the names of their columns.
_FIELDS = {
    "person": ("id", "name", "emailAddress", "creditCard", "city", "state",
               "dateTime", "extra"),
    "auction": ("id", "itemName", "description", "initialBid", "reserve",
                "dateTime", "expires", "seller", "category", "extra"),
    "bid": ("auction", "bidder", "price", "channel", "url", "dateTime",
            "extra"),
}
_INDEXES = ("bid(auction)", "bid(bidder)", "auction(id)", "auction(seller)",
            "person(id)")

_VALID = """
  auction a join bid b on b.auction = a.id
    and b.dateTime between a.dateTime and a.expires"""
_RANKS = """
  count(*), sum(price < 10000), sum(price >= 10000 and price < 1000000),
  sum(price >= 1000000)"""
_DISTINCT = ", ".join(
    f"count(distinct {column}), count(distinct iif(price < 10000, {column}, "
    f"null)), count(distinct iif(price >= 10000 and price < 1000000, {column},"
    f" null)), count(distinct iif(price >= 1000000, {column}, null))"
    for column in ("bidder", "auction"))
_DAY = "date(dateTime / 1000, 'unixepoch')"
_EURO = "printf('%d.%03d', price * 908 / 1000, price * 908 % 1000)"
_HOUR = "cast(strftime('%H', dateTime / 1000, 'unixepoch') as integer)"
_WINDOW = "(dateTime / 10000 * 10000)"
_SALE = ("a.itemName, a.description, a.initialBid, a.reserve, a.dateTime, "
         "a.expires, a.seller, a.category, a.extra")

SQL = {
    "q0": "select auction, bidder, price, dateTime, extra from bid",
    "q1": f"select auction, bidder, {_EURO}, dateTime, extra from bid",
    "q2": "select auction, price from bid where auction % 123 = 0",
    "q3": """
        select p.name, p.city, p.state, a.id
        from auction a join person p on a.seller = p.id
        where a.category = 10 and p.state in ('OR', 'ID', 'CA')""",
    "q4": f"""
        select category, sum(final) / count(*) from (
          select a.category category, max(b.price) final from {_VALID}
          group by a.id, a.category)
        group by category""",
    "q5": """
        with recursive n(k) as (select 0 union select k + 1 from n where k < 4),
        counts as (
          select dateTime / 2000 * 2000 - k * 2000 start, auction, count(*) num
          from bid, n group by 1, 2),
        best as (select start, max(num) num from counts group by start)
        select c.start, c.start + 10000, auction, c.num
        from counts c join best b on b.start = c.start and b.num = c.num""",
    "q6": f"""
        with won as (
          select a.seller, b.price, b.dateTime, b.position, row_number() over (
            partition by a.id order by b.price desc, b.dateTime, b.position) r
          from {_VALID}),
        last as (
          select seller, price, row_number() over (
            partition by seller order by dateTime desc, position desc) n
          from won where r = 1)
        select seller, sum(price) / count(*) from last where n <= 10
        group by seller""",
    "q7": f"""
        select b.auction, b.bidder, b.price, b.dateTime, b.extra
        from bid b join (
          select max(price) price, {_WINDOW} + 10000 t from bid group by 2) m
        on b.price = m.price and b.dateTime between m.t - 10000 and m.t""",
    "q8": f"""
        select p.id, p.name, p.w from
          (select distinct id, name, {_WINDOW} w from person) p
          join (select distinct seller, {_WINDOW} w from auction) a
          on p.id = a.seller and p.w = a.w""",
    "q9": f"""
        select id, itemName, description, initialBid, reserve, dateTime,
          expires, seller, category, extra, auction, bidder, price, bid_time,
          bid_extra
        from (select a.*, b.auction, b.bidder, b.price, b.dateTime bid_time,
            b.extra bid_extra, row_number() over (
            partition by a.id order by b.price desc, b.dateTime, b.position) r
          from {_VALID})
        where r = 1""",
    "q11": """
        with marked as (
          select bidder, dateTime, dateTime > 10000 + lag(dateTime) over (
            partition by bidder order by dateTime, position) is not 0 fresh,
            position
          from bid),
        numbered as (
          select bidder, dateTime, sum(fresh) over (
            partition by bidder order by dateTime, position) n from marked)
        select bidder, count(*), min(dateTime), max(dateTime) + 10000
        from numbered group by bidder, n""",
    "q14": f"""
        select auction, bidder, {_EURO},
          case when {_HOUR} between 8 and 18 then 'dayTime'
            when {_HOUR} <= 6 or {_HOUR} >= 20 then 'nightTime'
            else 'otherTime' end,
          dateTime, extra, length(extra) - length(replace(extra, 'c', ''))
        from bid
        where price * 908 > 1000000000 and price * 908 < 50000000000""",
    "q15": f"""
        select {_DAY}, {_RANKS}, {_DISTINCT} from bid group by 1""",
    "q16": f"""
        select channel, {_DAY},
          max(strftime('%H:%M', dateTime / 1000, 'unixepoch')), {_RANKS},
          {_DISTINCT}
        from bid group by 1, 2""",
    "q17": f"""
        select auction, {_DAY}, {_RANKS}, min(price), max(price),
          sum(price) / count(*), sum(price)
        from bid group by 1, 2""",
    "q18": """
        select auction, bidder, price, channel, url, dateTime, extra from (
          select *, row_number() over (
            partition by bidder, auction
            order by dateTime desc, position desc) r from bid)
        where r = 1""",
    "q19": """
        select auction, bidder, price, channel, url, dateTime, extra, r from (
          select *, row_number() over (
            partition by auction order by price desc, position) r from bid)
        where r <= 10""",
    "q20": f"""
        select b.auction, b.bidder, b.price, b.channel, b.url, b.dateTime,
          b.extra, {_SALE}
        from bid b join auction a on b.auction = a.id
        where a.category = 10""",
    "q21": """
        select auction, bidder, price, channel, channel_id(channel, url) c
        from bid where c is not null""",
    "q22": """
        select auction, bidder, price, channel, piece(url, 3), piece(url, 4),
          piece(url, 5)
        from bid""",
    "q23": f"""
        select b.bidder, b.price, b.channel, b.url, b.extra, p.id, p.name,
          p.emailAddress, p.creditCard, p.city, p.state, p.extra, {_SALE}
        from bid b join person p on p.id = b.bidder
          join auction a on a.seller = b.bidder""",
}

CHANGELOGS = {"q4", "q6", "q9", "q15", "q16", "q17", "q18", "q19"}


def _channel_id(channel, url):
    known = {"apple": "0", "google": "1", "facebook": "2", "baidu": "3"}
    if channel.lower() in known:
        return known[channel.lower()]
    found = re.search(r"(?:&|^)channel_id=([^&]*)", url)
    return found.group(1) if found else None


def _piece(url, index):
    pieces = url.split("/")
    return pieces[index] if index < len(pieces) else None


class Events:
    """Events of a file as tables; `position` is an event's line."""

    def __init__(self, path):
        self._db = sqlite3.connect(":memory:")
        self._db.create_function("channel_id", 2, _channel_id)
        self._db.create_function("piece", 2, _piece)
        for kind, fields in _FIELDS.items():
            self._db.execute(f"create table {kind} ({', '.join(fields)}, "
                             "position integer)")
        rows = {kind: [] for kind in _FIELDS}
        with open(path, encoding="utf-8", newline="\n") as file:
            for position, line in enumerate(file):
                event = json.loads(line)
                kind = event["type"]
                rows[kind].append(
                    (*(event[field] for field in _FIELDS[kind]), position))
        for kind, fields in _FIELDS.items():
            self._db.executemany(
                f"insert into {kind} values "
                f"({', '.join('?' * (len(fields) + 1))})", rows[kind])
        for index, what in enumerate(_INDEXES):
            self._db.execute(f"create index i{index} on {what}")
        self._db.execute("analyze")

    def rows(self, query, side_input=None):
        """The query's final rows, one after the other, in no order."""
        if query != "q13":
            yield from self._db.execute(SQL[query])
            return
        self._db.execute("drop table if exists side")
        self._db.execute("create temp table side (key integer, value)")
        self._db.executemany(
            "insert into side values (?, ?)", side_input
            or [(i, str(i)) for i in range(10_000)])
        self._db.execute("create index side_key on side(key)")
        yield from self._db.execute(
            "select auction, bidder, price, dateTime, value from bid "
            "join side on auction % 10000 = key")

    def table(self, query, side_input=None):
        """The query's final rows as texts, sorted."""
        return sorted(tuple("" if value is None else str(value)
                            for value in row)
                      for row in self.rows(query, side_input))

    def bids_per(self, column):
        return dict(self._db.execute(
            f"select {column}, count(*) from bid group by 1").fetchall())

    def bids_by_minute(self):
        """Rows of q0 by (date, minute)."""
        found = self._db.execute(
            f"select {_DAY}, strftime('%H:%M', dateTime / 1000, 'unixepoch') m,"
            " auction, bidder, price, dateTime, extra from bid order by 1, 2")
        return {key: sorted(tuple(map(str, row[2:])) for row in rows)
                for key, rows in itertools.groupby(found,
                                                   lambda row: row[:2])}


def is_valid_changelog(changes):
    """Texts of what is wrong with a changelog, given (op, row) in the order of
    writing: a row is taken back only while it stands. Returns them and how
    often each row stands."""
    wrong = []
    standing = {}
    for op, row in changes:
        count = standing.pop(row, 0)
        if op in ("+I", "+U"):
            standing[row] = count + 1
        elif op not in ("-U", "-D"):
            wrong.append(f"no such op: {op}")
        elif count == 0:
            wrong.append(f"{op} of a row that does not stand: {row}")
        elif count > 1:
            standing[row] = count - 1
    return wrong, standing

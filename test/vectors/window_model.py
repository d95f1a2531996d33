#!/usr/bin/env python3
"""Random cases of windows, worked out by a plain model and run by flow-harness.

The model holds every element of every window in lists, scans all timers for
the earliest, and knows nothing of slices, batches or snapshots of state: it
says what windows mean, whatever libflow does to be fast.

    window_model.py HARNESS [--cases N] [--seed S] [--write FILE]

The seed is printed, and taken from FLOW_TEST_SEED when there is one."""

import argparse
import copy
import json
import os
import random
import subprocess
import sys
import tempfile

MIN = -2**63
MAX = 2**63 - 1
GLOBAL = "global"  # the one window for all times
CONTINUE, FIRE, PURGE, FIRE_AND_PURGE = range(4)  # bits: fire, purge


def bounded(number):
    return max(MIN, min(MAX, number))


def as_json(number):
    """Case files write numbers that JSON's readers round as text."""
    return str(number) if abs(number) > 2**53 - 1 else number


def last_of(window):
    return MAX if window == GLOBAL else bounded(window[1] - 1)


class Refused(Exception):
    """The operator has to refuse this description or element."""


class Context:
    """What a trigger sees: one key and window of the operator."""

    def __init__(self, operator, key, window):
        self.place = (key, window)
        self.operator = operator
        self.last = last_of(window)
        self.watermark = operator.watermark
        self.now = operator.now

    def register(self, domain, at):
        timers = self.operator.timers[domain]
        if (at, *self.place) not in timers:
            self.operator.registered += 1
            timers[(at, *self.place)] = self.operator.registered

    def delete(self, domain, at):
        self.operator.timers[domain].pop((at, *self.place), None)

    @property
    def state(self):
        return self.operator.trigger_state.setdefault(self.place, {})


class Trigger:
    """All triggers of the catalogue by the name of their type."""

    def __init__(self, described, domain, is_global):
        self.described = described
        self.type = described["type"]
        if self.type == "default":
            self.type = "never" if is_global else domain + "_time"
        if "inner" in described:
            self.inner = Trigger(described["inner"], domain, is_global)
        self.domain = ("processing" if "processing" in self.type else "event")

    def can_merge(self):
        if self.type == "purging":
            return self.inner.can_merge()
        return self.type not in ("delta", "processing_timeout",
                                 "end_of_stream")

    def on_element(self, element, context):
        if self.type == "purging":
            return self.purged(self.inner.on_element(element, context))
        return getattr(self, "element_" + self.type)(element, context)

    @staticmethod
    def element_custom(_element, _context):
        return FIRE

    @staticmethod
    def element_never(_element, _context):
        return CONTINUE

    @staticmethod
    def element_event_time(_element, context):
        if context.last <= context.watermark:
            return FIRE
        context.register("event", context.last)
        return CONTINUE

    @staticmethod
    def element_processing_time(_element, context):
        context.register("processing", context.last)
        return CONTINUE

    @staticmethod
    def element_end_of_stream(_element, context):
        context.register("event", MAX)
        return CONTINUE

    def element_count(self, _element, context):
        count = context.state.pop("count", 0) + 1
        if count >= self.described["n"]:
            return FIRE
        context.state["count"] = count
        return CONTINUE

    def element_delta(self, element, context):
        value = element["value"]
        last = context.state.setdefault("last", value)
        if value - last <= self.described["threshold"]:
            return CONTINUE
        context.state["last"] = value
        return FIRE

    def element_continuous_event_time(self, element, context):
        if context.last <= context.watermark:
            return FIRE
        context.register("event", context.last)
        if "next" not in context.state:
            self.plan(element["ts"] - element["ts"] % self.interval(), context)
        return CONTINUE

    def element_continuous_processing_time(self, _element, context):
        if "next" not in context.state:
            self.plan(context.now - context.now % self.interval(), context)
        return CONTINUE

    def element_processing_timeout(self, element, context):
        result = self.inner.on_element(element, context)
        if result & FIRE:
            self.clear(context)
            return result
        state = context.state
        if "timeout" in state and self.described["reset_on_element"]:
            context.delete("processing", state.pop("timeout"))
        if "timeout" not in state:
            state["timeout"] = context.now + self.described["timeout_ms"]
            context.register("processing", state["timeout"])
        return result

    def on_timer(self, domain, at, context):
        kind = self.type
        if kind == "custom":
            return FIRE
        if kind == "purging":
            return self.purged(self.inner.on_timer(domain, at, context))
        if kind == "processing_timeout":
            result = self.inner.on_timer(domain, at, context)
            if self.described["clear_on_timeout"]:
                self.clear(context)
            return FIRE | (result & PURGE)
        if domain != self.domain:
            return CONTINUE
        if kind == "end_of_stream":
            return FIRE_AND_PURGE if at == MAX else CONTINUE
        if kind.startswith("continuous"):
            return self.on_interval(at, context)
        if kind == "event_time":
            return FIRE if at == context.last else CONTINUE
        return FIRE if kind == "processing_time" else CONTINUE

    def on_interval(self, at, context):
        if self.domain == "event" and at == context.last:
            return FIRE
        if context.state.get("next") != at:
            return CONTINUE
        if at < context.last:
            self.plan(at, context)
        else:
            del context.state["next"]
        return FIRE

    def on_merge(self, sources, context):
        """`sources` are the states of the windows that were merged."""
        kind = self.type
        if kind == "purging":
            self.inner.on_merge(sources, context)
        elif kind == "event_time" and context.last > context.watermark:
            context.register("event", context.last)
        elif kind == "processing_time" and context.last > context.now:
            context.register("processing", context.last)
        elif kind == "count":
            count = sum(state.get("count", 0) for state in sources)
            if count:
                context.state["count"] = count
        elif kind.startswith("continuous"):
            planned = [s["next"] for s in sources if "next" in s]
            if planned:
                context.state["next"] = min(planned)
                context.register(self.domain, min(planned))

    def clear(self, context):
        kind, state = self.type, context.state
        if kind in ("event_time", "processing_time"):
            context.delete(self.domain, context.last)
        elif kind.startswith("continuous"):
            if self.domain == "event":
                context.delete("event", context.last)
            if "next" in state:
                context.delete(self.domain, state["next"])
        elif kind == "end_of_stream":
            context.delete("event", MAX)
        elif kind == "processing_timeout":
            if "timeout" in state:
                context.delete("processing", state["timeout"])
            self.inner.clear(context)
        elif kind == "purging":
            self.inner.clear(context)
        state.clear()

    @staticmethod
    def purged(result):
        return FIRE_AND_PURGE if result & FIRE else result

    def interval(self):
        return self.described["interval_ms"]

    def plan(self, since, context):
        context.state["next"] = min(bounded(since + self.interval()),
                                    context.last)
        context.register(self.domain, context.state["next"])


def evicted(evictor, elements):
    """What an evictor leaves of the elements, in the order of arrival."""
    if evictor["type"] == "count":
        return elements[max(0, len(elements) - evictor["n"]):]
    if not elements:
        return []
    if evictor["type"] == "time":
        if elements[0]["ts"] == MIN:
            return elements
        newest = max(each["ts"] for each in elements)
        return [each for each in elements
                if each["ts"] > newest - evictor["size_ms"]]
    last = elements[-1]["value"]
    return [each for each in elements
            if last - each["value"] < evictor["threshold"]]


class Windows:
    """The operator: keys, windows, timers."""

    def __init__(self, described):
        self.described = described
        self.assigner = described["assigner"]
        self.is_global = self.assigner["type"] == "global"
        self.domain = ("processing" if self.is_global
                       else self.assigner["time"])
        self.merges = "session" in self.assigner["type"]
        self.lateness = described["allowed_lateness_ms"]
        self.trigger = Trigger(described["trigger"], self.domain,
                               self.is_global)
        if self.merges and not self.trigger.can_merge():
            raise Refused
        self.watermark, self.now = MIN, 0
        self.timers = {"event": {}, "processing": {}}
        self.registered = 0
        self.trigger_state = {}
        self.contents = {}  # of key and state window
        self.sets = {}      # key -> window -> state window, where they merge
        self.firings = {}
        self.out, self.late, self.dropped = [], [], 0

    STATE = ("timers", "registered", "trigger_state", "contents", "sets",
             "firings")

    def snapshot(self):
        return {name: copy.deepcopy(getattr(self, name))
                for name in self.STATE}

    def restored(self, state):
        fresh = Windows(self.described)
        for name in self.STATE:
            setattr(fresh, name, copy.deepcopy(state[name]))
        return fresh

    # -- elements -------------------------------------------------------------

    def assign(self, element):
        assigner = self.assigner
        at = element["ts"] if self.domain == "event" else self.now
        kind = assigner["type"]
        if kind == "global":
            return [GLOBAL]
        if kind in ("tumbling", "sliding"):
            size = assigner["size_ms"]
            slide = assigner.get("slide_ms", size)
            start = at - (at - assigner["offset_ms"]) % slide
            starts = range(start, at - size, -slide)
            return [(each, each + size) for each in starts]
        if kind == "session_with_points":
            point = element["value"] == assigner["point_value"]
            return [(at, at if point else at + assigner["gap_ms"])]
        if kind == "session":
            return [(at, at + assigner["gap_ms"])]
        for rule in assigner["gap_rules"]:
            if all(element[name] == rule[name] for name in ("key", "value")
                   if name in rule):
                return [(at, at + rule["gap_ms"])]
        raise Refused

    def cleanup(self, window):
        last = last_of(window)
        return bounded(last + self.lateness) if self.domain == "event" else last

    def is_late(self, window):
        return self.domain == "event" and self.cleanup(window) <= self.watermark

    def push(self, element):
        key = element["key"] if self.described["keyed"] else None
        accepted = False
        for window in self.assign(element):
            if self.merges:
                window = self.merge_in(key, window)
            if self.is_late(window):
                self.sets.get(key, {}).pop(window, None)
                continue
            accepted = True
            self.contents.setdefault((key, self.state_window(key, window)),
                                     []).append(element)
            context = Context(self, key, window)
            self.obey(self.trigger.on_element(element, context), key, window)
            if self.cleanup(window) != MAX:
                context.register(self.domain, self.cleanup(window))
        if (not accepted and self.domain == "event"
                and bounded(element["ts"] + self.lateness) <= self.watermark):
            if self.described["late_side_output"]:
                self.late.append(element)
            else:
                self.dropped += 1

    def state_window(self, key, window):
        return self.sets[key][window] if self.merges else window

    def merge_in(self, key, window):
        """Adds a window to those of a key, and merges what touches it."""
        known = self.sets.setdefault(key, {})
        if window in known:
            return window
        # Windows of a key never touch each other: all that a new one touches
        # becomes one with it, whatever order one looks in.
        sources = sorted(each for each in known
                         if each[0] <= window[1] and each[1] >= window[0])
        if not sources:
            known[window] = window
            return window
        target = (min(window[0], sources[0][0]),
                  max(window[1], max(end for _, end in sources)))
        kept = known[sources[0]]
        if sources != [target]:
            self.join(key, sources, target, kept)
        for source in sources:
            del known[source]
        known[target] = kept
        return target

    def join(self, key, sources, target, kept):
        reached = self.watermark if self.domain == "event" else self.now
        if self.cleanup(target) <= reached:
            raise Refused
        states = [dict(self.trigger_state.get((key, source), {}))
                  for source in sources]
        self.trigger.on_merge(states, Context(self, key, target))
        for source in sources:
            context = Context(self, key, source)
            self.trigger.clear(context)
            context.delete(self.domain, self.cleanup(source))
            state_window = self.sets[key][source]
            if state_window != kept:
                more = self.contents.pop((key, state_window), [])
                self.contents.setdefault((key, kept), []).extend(more)

    # -- firing ---------------------------------------------------------------

    def obey(self, result, key, window):
        place = (key, self.state_window(key, window))
        if result & FIRE and self.contents.get(place):
            self.fire(key, window, place)
        if result & PURGE:
            self.contents.pop(place, None)

    def fire(self, key, window, place):
        seen = self.contents[place]
        evictor = self.described["evictor"]
        if evictor:
            left = evicted(evictor, seen)
            seen = seen if evictor.get("after") else left
            self.contents[place] = list(left)
        for record in self.results(key, window, seen):
            self.out.append({"record": record,
                             "ts": as_json(last_of(window))})

    def results(self, key, window, seen):
        function = self.described["function"]
        kind = function["kind"]
        if kind == "nothing":
            return []
        if kind == "pass_through":
            return [{"key": e["key"], "value": e["value"]} for e in seen]
        values = [each["value"] for each in seen]
        if kind == "collect":
            return [{"key": key, "values": sorted(values)}]
        if not seen and function["style"] != "process":
            return []  # nothing to reduce
        result = {"key": key, "value": sum(values)}
        if kind == "sum_window" and window != GLOBAL:
            result.update(start=window[0], end=window[1])
        if kind == "sum_with_global_count":
            self.firings[key] = self.firings.get(key, 0) + 1
            result["firing"] = self.firings[key]
        return [result]

    def fire_timers(self, domain, upto):
        while True:
            due = [(timer[0], order, timer)
                   for timer, order in self.timers[domain].items()
                   if timer[0] <= upto]
            if not due:
                return
            timer = min(due, key=lambda each: each[:2])[2]
            del self.timers[domain][timer]
            at, key, window = timer
            if self.merges and window not in self.sets.get(key, {}):
                continue
            context = Context(self, key, window)
            self.obey(self.trigger.on_timer(domain, at, context), key, window)
            if domain == self.domain and at == self.cleanup(window):
                self.contents.pop((key, self.state_window(key, window)), None)
                self.trigger.clear(context)
                self.sets.get(key, {}).pop(window, None)

    def advance_watermark(self, mark):
        if mark > self.watermark:
            self.watermark = mark
            self.fire_timers("event", mark)
            self.out.append({"watermark": as_json(mark)})

    def advance_clock(self, now):
        self.now = now
        self.fire_timers("processing", now)


class Cases:
    """Makes cases up."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def trigger(self, merges, nested=False):
        kinds = ["event_time", "processing_time", "count", "custom", "never",
                 "continuous_event_time", "continuous_processing_time"]
        if not nested:
            kinds += ["default", "default", "purging"]
        if not merges:
            kinds += ["delta", "end_of_stream"]
            kinds += [] if nested else ["processing_timeout"]
        number = self.random.randint
        result = {"type": self.random.choice(kinds)}
        kind = result["type"]
        if kind == "count":
            result["n"] = number(1, 4)
        elif kind == "custom":
            result["name"] = "fire_on_everything"
        elif kind == "delta":
            result["threshold"] = number(0, 4)
        elif kind.startswith("continuous"):
            result["interval_ms"] = number(1, 9)
        elif kind in ("purging", "processing_timeout"):
            result["inner"] = self.trigger(merges, True)
        if kind == "processing_timeout":
            result.update(timeout_ms=number(1, 12),
                          reset_on_element=self.random.random() < 0.5,
                          clear_on_timeout=self.random.random() < 0.5)
        return result

    def assigner(self, sliced):
        number = self.random.randint
        kinds = ["tumbling", "sliding"]
        if not sliced:
            kinds += ["session", "dynamic_session", "session_with_points",
                      "global"]
        result = {"type": self.random.choice(kinds)}
        kind = result["type"]
        if kind != "global":
            event = sliced or self.random.random() < 0.7
            result["time"] = "event" if event else "processing"
        if kind in ("tumbling", "sliding"):
            result["size_ms"] = number(1, 24)
            slide = result["size_ms"]
            if kind == "sliding":
                slide = result["slide_ms"] = number(1, 12)
            result["offset_ms"] = number(1 - slide, slide - 1)
        elif kind == "dynamic_session":
            result["gap_rules"] = [{"key": "a", "gap_ms": number(1, 9)},
                                   {"value": 2, "gap_ms": number(1, 15)},
                                   {"gap_ms": number(1, 6)}]
        elif kind != "global":
            result["gap_ms"] = number(1, 12)
            if kind == "session_with_points":
                result["point_value"] = number(0, 3)
        return result

    def evictor(self):
        number = self.random.randint
        result = self.random.choice([{"type": "count", "n": number(1, 4)},
                                     {"type": "time", "size_ms": number(1, 9)},
                                     {"type": "delta",
                                      "threshold": number(0, 3)}])
        if self.random.random() < 0.5:
            result["after"] = True
        return result

    def description(self):
        choose = self.random.choice
        sliced = self.random.random() < 0.35  # what runs over slices as well
        assigner = self.assigner(sliced)
        merges = "session" in assigner["type"]
        kind = choose(["sum", "sum_window"] if sliced else
                      ["sum", "sum_window", "pass_through", "collect",
                       "sum_with_global_count", "nothing"])
        style = choose(["reduce", "reduce_then_process"] if sliced else
                       ["reduce", "process", "reduce_then_process"])
        if kind in ("pass_through", "collect"):
            style = "process"
        evicts = not sliced and not merges and self.random.random() < 0.3
        in_event_time = assigner.get("time") == "event"
        trigger = {"type": "default"} if sliced else self.trigger(merges)
        # Timers of one time fire in any order: which of a key's windows was
        # the first is only known where they end one after the other.
        if kind == "sum_with_global_count" and trigger["type"] != "default":
            kind = "sum_window"
        return {
            "kind": "window",
            "keyed": sliced or self.random.random() < 0.85,
            "assigner": assigner,
            "trigger": trigger,
            "evictor": self.evictor() if evicts else None,
            "allowed_lateness_ms":
                choose([0, 0, 0, 3, 7, 25, MAX] if in_event_time else [0, 5]),
            "late_side_output": self.random.random() < 0.4,
            "function": {"kind": kind, "style": style}}

    def case(self, number):
        described = self.description()
        operator = Windows(described)
        # Timers without end: a continuous trigger of a window without end.
        endless = "continuous" in json.dumps(described["trigger"])
        steps, kept = [], None
        newest = self.random.choice([0, 0, -50, -7, 10**12])
        for _ in range(self.random.randint(5, 30)):
            what = self.random.random()
            if what < 0.55:
                newest = self.element(operator, newest, endless, steps)
            elif what < 0.75:
                mark = newest + self.random.randint(-15, 4)
                if self.random.random() < 0.02 and not endless:
                    mark = MAX
                operator.advance_watermark(mark)
                steps.append({"watermark": as_json(mark)})
            elif what < 0.82:
                operator.advance_clock(operator.now
                                       + self.random.randint(0, 9))
                steps.append({"processing_time": operator.now})
            elif what < 0.86:
                kept = operator.snapshot()
                steps.append({"snapshot": "s"})
            elif what < 0.88 and kept is not None:
                operator = operator.restored(kept)
                steps.append({"restore": "s"})
            else:
                self.look(operator, steps)
        self.look(operator, steps)
        written = dict(described, allowed_lateness_ms=as_json(
            described["allowed_lateness_ms"]))
        return {"id": f"case_{number}", "operator": written, "steps": steps}

    def element(self, operator, newest, endless, steps):
        at = newest + self.random.randint(-20, 12)
        newest = max(newest, at)
        unstamped = (operator.domain != "event" and not endless
                     and self.random.random() < 0.3)
        element = {"key": self.random.choice(["a", "b", None, 7]),
                   "value": self.random.randint(0, 5),
                   "ts": MIN if unstamped else at}
        operator.push(element)
        steps.append({"element": {name: what for name, what in element.items()
                                  if what not in (None, MIN)}})
        return newest

    @staticmethod
    def look(operator, steps):
        steps.append({"expect": operator.out})
        operator.out = []
        if operator.described["late_side_output"]:
            late = [{"record": {"key": each["key"], "value": each["value"]},
                     "ts": each["ts"]} for each in operator.late]
            steps.append({"expect_side": late, "tag": "late"})
            operator.late = []
        else:
            steps.append({"expect_dropped": operator.dropped})
        steps.append({"expect_timers": {
            domain: len(timers) for domain, timers in operator.timers.items()}})


def make_suite(seed, count):
    cases = Cases(seed)
    made = []
    while len(made) < count:
        try:
            made.append(cases.case(len(made)))
        except Refused:
            continue  # refusals have cases of their own
    return {"suite": "window_model", "source": f"seed {seed}", "cases": made}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("harness")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--write", help="keep the cases in this file")
    options = parser.parse_args(arguments)
    seed = options.seed
    if seed is None:
        seed = int(os.environ.get("FLOW_TEST_SEED")
                   or random.SystemRandom().randrange(2**32))
    print(f"window_model: FLOW_TEST_SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = options.write or os.path.join(folder, "cases.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(make_suite(seed, options.cases), file)
        run = subprocess.run([options.harness, "--rerun", "restore",
                              "--rerun", "batches", path],
                             capture_output=True, text=True, check=False)
    lines = run.stdout.splitlines()
    for line in [each for each in lines if not each.startswith("pass ")][:20]:
        print(line[:2000])
    print(run.stderr, end="")
    passed = bool(lines) and lines[-1].startswith(f"{options.cases} passed")
    return 0 if run.returncode == 0 and passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""The include rule: which folder may include which, and which library may be
included where. The table in ARCHITECTURE.md says the same in prose."""

import argparse
import os
import sys

import source_tree

_CORE = ["libflow/core"]
# Above core everything may count things.
_BASE = _CORE + ["libflow/metrics"]
_FUNCTIONS = _BASE + ["libflow/time", "libflow/state"]
_OPERATORS = _FUNCTIONS + ["libflow/functions",
                           "libflow/checkpoint/two_phase_commit"]
_WINDOWS = _OPERATORS + ["libflow/operators"]

# Folder: what it may include besides itself. An entry is a folder, or a file
# without its suffix.
LIBFLOW = {
    "libflow/core": [],
    "libflow/metrics": _CORE,
    "libflow/net": _BASE,
    "libflow/time": _BASE,
    "libflow/graph": _BASE,
    "libflow/state": _BASE + ["libflow/time"],
    "libflow/exchange": _BASE + ["libflow/time", "libflow/graph/partitioning"],
    "libflow/checkpoint": _BASE + ["libflow/state"],
    "libflow/functions": _FUNCTIONS,
    "libflow/operators": _OPERATORS,
    "libflow/windows": _WINDOWS,
    "libflow/job": _BASE + ["libflow/time", "libflow/graph",
                            "libflow/checkpoint"],
}
LIBFLOW["libflow/api"] = list(LIBFLOW)
LIBFLOW["libflow/connectors"] = _OPERATORS + ["libflow/api"]
# The umbrella headers, one with a folder of its own.
LIBFLOW["libflow/testing"] = list(LIBFLOW) + ["libflow/testing"]
LIBFLOW["libflow/flow"] = list(LIBFLOW)

_BACKENDS = [f"libflow/{part}" for part in
             ("core", "metrics", "time", "state", "checkpoint", "job")]
# The composition roots see every actor; the others meet through messages.
_ROOTS = ("actors/cluster", "actors/api", "actors/flow_actors")
# A supervisor knows the actors that it spawns; never the other way round.
_SPAWNS = {
    "actors/job_manager": ["actors/checkpoint_coordinator"],
    "actors/dispatcher": ["actors/job_manager"],
    "actors/task_manager": ["actors/subtask", "actors/source_coordinator"],
    "actors/worker": ["actors/task_manager", "actors/link"],
    "actors/remote_worker": ["actors/launcher", "actors/link"],
}
_DAEMONS = ("apps/flowd",)


def allowed(path):
    """What `path` may include besides its own folder; None: anything."""
    parts = path.split("/")
    stem = os.path.splitext(path)[0]
    folder = "/".join(parts[:2]) if len(parts) > 2 else stem
    if parts[0] == "libflow":
        return LIBFLOW.get(folder, [])
    if parts[0] == "actors":
        if folder in _ROOTS:
            return ["libflow", "actors", "backends/factory"]
        return (["libflow", "actors/messages", "actors/support"]
                + _SPAWNS.get(folder, []))
    if parts[0] == "backends":
        if folder in ("backends/factory", "backends/backend_factory"):
            return _BACKENDS + ["backends"]
        return _BACKENDS
    if parts[0] == "apps":
        entries = ["libflow/flow", "libflow/connectors", "actors/api",
                   "actors/flow_actors", "apps/support",
                   "libflow/core/fields", "libflow/core/json_writer",
                   "libflow/metrics/histogram"]
        if folder in _DAEMONS:
            entries += ["libflow/core", "actors/cluster", "backends/factory",
                        "backends/backend_factory"]
        return entries
    if parts[0] == "tools":
        # The bench runs the jobs that others are compared by.
        jobs = ["apps/nexmark", "apps/ysb"] if folder == "tools/bench" else []
        return ["libflow", "actors", "backends"] + jobs
    return None


def within(path, entry):
    return path == entry or path.startswith((entry + "/", entry + "."))


def own_folder(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else None


def check_own(path, name):
    """Why `path` must not include the own file `name`, or None."""
    entries = allowed(path)
    if entries is None:
        return None
    if within(name, "test"):
        return "nothing but test/ includes test/"
    if own_folder(path) and within(name, own_folder(path)):
        return None
    if any(within(name, entry) for entry in entries):
        return None
    return f"{own_folder(path) or path} may not include {name}"


# Library: prefixes of its includes, and the places that may include it.
LIBRARIES = [
    ("CAF", ("caf/",), ("actors", "test")),
    ("LevelDB", ("leveldb/",), ("backends/leveldb", "test/backends")),
    ("Cereal and boost::pfr", ("cereal/", "boost/pfr"),
     ("libflow/core/codec", "test/libflow/core", "test/fuzz")),
    ("Asio", ("boost/asio", "asio/"), ("actors/link", "actors/rest", "test")),
]
# Job code pays for what the umbrella header reaches.
UMBRELLA = "libflow/flow.hpp"
NOT_IN_UMBRELLA = ("caf/", "boost/asio", "CLI/", "nlohmann/", "spdlog/")


def uses_actor_api(text):
    return any(name.startswith(("actors/api/", "actors/flow_actors.hpp"))
               for _, _, name in source_tree.includes(text))


def check_library(path, name, text):
    for library, prefixes, places in LIBRARIES:
        if not name.startswith(prefixes):
            continue
        if library == "CAF" and path.startswith(("apps/", "tools/")):
            if uses_actor_api(text):
                return None
            return "only programs that use actors/api may include CAF"
        # A place may be a folder or the beginning of file names.
        if not any(path.startswith(place) for place in places):
            return f"{library} may only be included in {', '.join(places)}"
    return None


def check_file(root, path):
    text = source_tree.read(root, path)
    problems = []
    for line, quote, name in source_tree.includes(text):
        reason = None
        if source_tree.own(name):
            if not os.path.exists(os.path.join(root, name)):
                reason = f"{name} does not exist"
            elif quote == "<" and not path.startswith("apps/"):
                reason = f'own files are included as "{name}"'
            else:
                reason = check_own(path, name)
        elif quote == '"':
            reason = f"{name}: includes start at the root of the repository"
        else:
            reason = check_library(path, name, text)
        if reason:
            problems.append(f"{path}:{line}: {reason}")
    return problems


def check_umbrella(root):
    problems = []
    for path in sorted(source_tree.closure(root, [UMBRELLA])):
        for line, _, name in source_tree.includes(source_tree.read(root, path)):
            if name.startswith(NOT_IN_UMBRELLA):
                problems.append(f"{path}:{line}: {name} is reachable from "
                                f"{UMBRELLA}")
    return problems


def check(root):
    problems = []
    for path in source_tree.files(root):
        problems += check_file(root, path)
    return problems + check_umbrella(root)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=".")
    options = parser.parse_args(arguments)
    count = len(source_tree.files(options.root))
    return source_tree.finish("layers", check(options.root), f"{count} files")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

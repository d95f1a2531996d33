"""What the checks of the source tree share: which files there are, and what
they include."""

import os
import re

CODE_FOLDERS = ("libflow", "actors", "backends", "apps", "tools", "test")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def files(root, folders=CODE_FOLDERS, suffixes=(".hpp", ".cpp")):
    """Paths relative to `root`, sorted; build folders are left out."""
    found = []
    for top in folders:
        for folder, subfolders, names in os.walk(os.path.join(root, top)):
            subfolders[:] = [name for name in subfolders
                             if name not in ("build", "__pycache__")]
            found += [os.path.relpath(os.path.join(folder, name), root)
                      for name in names if name.endswith(suffixes)]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def includes(text):
    """A list of (line, quote, path) of the include directives in `text`."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            found.append((number, match.group(1), match.group(2)))
    return found


def own(path):
    """Whether an include names a file of this repository."""
    return path.split("/")[0] in CODE_FOLDERS


def closure(root, starts):
    """The own files that `starts` reach through includes, themselves too."""
    seen = set()
    waiting = list(starts)
    while waiting:
        path = waiting.pop()
        if path in seen or not os.path.exists(os.path.join(root, path)):
            continue
        seen.add(path)
        waiting += [name for _, _, name in includes(read(root, path))
                    if own(name)]
    return seen


def finish(name, problems, facts=""):
    """Prints the outcome of a check; the exit code of the program."""
    for problem in problems:
        print(problem)
    if problems:
        print(f"{name}: {len(problems)} problems")
        return 1
    print(f"{name}: ok" + (f", {facts}" if facts else ""))
    return 0

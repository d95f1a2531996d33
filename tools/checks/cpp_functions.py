"""Finds the functions of a C++ text and their lengths, without a compiler:
comments, literals and preprocessor lines are blanked, then braces counted."""

import re

_TOKENS = re.compile(
    r'//(?:\\\n|[^\n])*'                                 # line comment
    r'|/\*.*?\*/'                                        # block comment
    r'|(?:u8|[uUL])?R"(?P<mark>[^()\\ ]*)\(.*?\)(?P=mark)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'                              # string
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"              # not 1'000
    r'|^[ \t]*\#(?:\\\n|[^\n])*',                        # directive
    re.DOTALL | re.MULTILINE)
_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")
_INITIALISERS = re.compile(r"\)[^:?]*(?<!:):(?!:)")
_LABEL = re.compile(r"^\s*(public|private|protected)\s*:(?!:)")


def blank(text):
    """`text` with everything that is not code as spaces; lines stay."""
    def spaces(match):
        kept = re.sub(r"[^\n]", " ", match.group(0))
        # A string literal stays a value, for the shape of what is around it.
        return '""' + kept[2:] if '"' in match.group(0)[:4] else kept
    return _TOKENS.sub(spaces, text)


def _strip_nested(head, opening, closing):
    """`head` without what is between the outermost pairs."""
    depth, kept = 0, []
    for letter in head:
        if letter == opening:
            depth += 1
        elif letter == closing and depth:
            depth -= 1
        elif not depth:
            kept.append(letter)
    return "".join(kept)


def _kind(head):
    """What the brace after `head` opens: a scope, a function, the value of a
    member in a list of initialisers, or data."""
    head = head.strip()
    plain = _strip_nested(head.replace("->", ""), "<", ">")
    outside = _strip_nested(plain, "(", ")")
    if _SCOPE.search(outside) and not plain.endswith(")"):
        return "scope"
    if "(" not in head or head.endswith(("=", ",", "return")):
        return "data"
    if _INITIALISERS.search(plain) and re.search(r"[\w>]$", head):
        return "member"
    return "function"


def functions(text):
    """A list of (first line, number of lines, head) of all functions; what
    is defined inside a function counts as part of it."""
    code = blank(text)
    found, stack = [], []
    head_start = 0
    for position, letter in enumerate(code):
        inside = bool(stack) and stack[-1][0] != "scope"
        if letter == "{":
            if inside:
                stack.append(("nested", 0, ""))
                continue
            head = code[head_start:position]
            kind = _kind(head)
            stack.append((kind, head_start, head))
            if kind == "scope":
                head_start = position + 1
        elif letter == "}" and stack:
            kind, start, head = stack.pop()
            if kind == "function":
                start += len(head) - len(head.lstrip())
                first = code.count("\n", 0, start) + 1
                last = code.count("\n", 0, position) + 1
                found.append((first, last - first + 1,
                              " ".join(head.split())))
            if kind in ("function", "scope"):
                head_start = position + 1
        elif letter == ";" and not inside:
            head_start = position + 1
        elif letter == ":" and not inside:
            label = _LABEL.match(code[head_start:position + 1])
            if label and code[position + 1:position + 2] != ":":
                head_start = position + 1
    return found

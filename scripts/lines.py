"""Count the lines of the package, room by room, and of the scripts that a site loads.

Code is what is left without blank lines, comments and docstrings.
"""

from __future__ import annotations

import ast
import subprocess
from collections import Counter
from pathlib import Path

DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)


def code_lines(source: str) -> int:
    """Count lines of Python that are neither blank, comment nor docstring."""
    documentation: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            text = node.body[0]
            documentation.update(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    return sum(
        number not in documentation and line.strip() != "" and not line.strip().startswith("#")
        for number, line in enumerate(source.splitlines(), start=1)
    )


def tracked(*patterns: str) -> list[Path]:
    """Name the files of the repository that match."""
    listed = subprocess.run(
        ["git", "ls-files", *patterns], check=True, capture_output=True, text=True
    )
    return [Path(name) for name in listed.stdout.splitlines()]


def main() -> None:
    """Print a table: room, lines, code."""
    lines: Counter[str] = Counter()
    code: Counter[str] = Counter()
    for path in tracked("cartanalysis/*.py"):
        source = path.read_text(encoding="utf-8")
        for room in (path.parts[1], "Python in the package"):
            lines[room] += len(source.splitlines())
            code[room] += code_lines(source)
    for room in (*sorted(lines.keys() - {"Python in the package"}), "Python in the package"):
        print(f"{room:24}{lines[room]:7}{code[room]:7}")
    scripts = tracked("book/*.js", "cartanalysis/*.js")
    count = sum(len(p.read_text(encoding="utf-8").splitlines()) for p in scripts)
    print(f"{'JavaScript of a site':24}{count:7}")


if __name__ == "__main__":
    main()

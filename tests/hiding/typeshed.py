"""Make `lacking.py`: what a platform's standard library lacks, by typeshed's knowledge of it.

Run where mypy is installed, which brings typeshed: `python tests/hiding/typeshed.py`.
"""

from __future__ import annotations

import ast
import textwrap
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SYS_PLATFORMS: Final = {"windows": "win32", "macos": "darwin"}
LACKING: Final = Path(__file__).with_name("lacking.py")
HEAD: Final = '''\
"""What the standard library lacks on a platform and has on Linux: modules, and names of modules.

Made by typeshed.py of this folder. Runs on 2.7 too.
"""

'''


def text() -> str:
    """Give what belongs into the file."""
    stubs = Path(str(distribution("mypy").locate_file("mypy/typeshed/stdlib")))
    lines = [HEAD, "LACKING = {"]
    for platform, name in SYS_PLATFORMS.items():
        modules, names = _lacking(stubs, name)
        lines += [f'    "{platform}": {{', '        "modules": """']
        lines += [*_wrapped(modules), '        """.split(),', '        "names": {']
        for module, missing in names.items():
            lines.append(f'            "{module}": """')
            lines += [*_wrapped(missing), '            """.split(),']
        lines += ["        },", "    },"]
    return "\n".join([*lines, "}", ""])


def _wrapped(words: list[str]) -> list[str]:
    indent = " " * 16
    return textwrap.wrap(" ".join(words), 99, initial_indent=indent, subsequent_indent=indent)


def _lacking(stubs: Path, platform: str) -> tuple[list[str], dict[str, list[str]]]:
    """Give the modules that a platform lacks, and by module the names."""
    modules, names = [], {}
    for stub in sorted(stubs.rglob("*.pyi")):
        module = ".".join(stub.relative_to(stubs).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(stub.read_text("utf-8"))
        here, there = (set(_names(tree.body, each)) for each in ("linux", platform))
        missing = sorted(name for name in here - there if name[:1] not in "_*")
        if missing and not any(name[:1] != "_" for name in there):
            modules.append(module)
        elif missing and module[:1] != "_":
            names[module] = missing
    return modules, names


def _names(body: list[ast.stmt], platform: str) -> Iterator[str]:
    """Give the names that a module has on a platform, whatever the version of Python."""
    for statement in body:
        match statement:
            case ast.If(test=test, body=then, orelse=otherwise):
                holds = _holds(test, platform)
                if holds is not False:
                    yield from _names(then, platform)
                if holds is not True:
                    yield from _names(otherwise, platform)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) if name != "__all__":
                yield name
            case ast.ImportFrom(names=aliases):  # `from x import y as y` is one of its own
                yield from (each.name for each in aliases if each.asname == each.name)
                if any(each.name == "*" for each in aliases) and statement.module:
                    yield f"* of {statement.module}"
            case _:
                continue


def _holds(test: ast.expr, platform: str) -> bool | None:
    """Evaluate a condition on the platform; None if it depends on something else."""
    match test:
        case ast.BoolOp(op=op, values=values):
            decided = [_holds(each, platform) for each in values]
            strong = isinstance(op, ast.Or)  # one such value decides
            return strong if strong in decided else None if None in decided else not strong
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            held = _holds(operand, platform)
            return None if held is None else not held
        case ast.Compare(ops=[op], comparators=[ast.Constant(value=str(name))]) if (
            ast.unparse(test.left) == "sys.platform"
        ):
            return (platform == name) is isinstance(op, ast.Eq)
    return None


if __name__ == "__main__":
    LACKING.write_text(text(), "utf-8")

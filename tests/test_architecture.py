"""The house rules that a program can check, held against the source itself."""

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "allot"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: what each ring may import besides itself
RINGS = {
    "core": set(),
    "store": {"core"},
    "service": {"core", "store"},
    "engine": {"core", "store", "service"},
    "wire": {"core", "store", "service"},
    "api": {"core", "service", "wire"},
    "plane": {"core", "service", "wire", "api"},
    "client": {"core"},
    "bulk": {"core", "client"},
    "console": {"core", "service", "wire", "api", "bulk"},
    "cli": {"core", "store", "service", "engine", "wire", "api", "plane", "client", "bulk", "console"},
}
#: what each folder of bulk may import besides itself and the files beside it
FOLDERS = {
    "actual": set(),
    "desired": {"actual"},
    "decided": set(),
    "planned": {"actual", "desired", "decided"},
    "shown": {"actual", "desired", "planned"},
    "applied": {"actual", "desired", "planned", "shown"},
}
#: imports that nothing in core may have, although the standard library has them
IMPURE = {"asyncio", "datetime", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "time", "uuid"}
#: functions that import where they run: drivers and what a start seldom needs
LAZY = {"cli/databases.py": {"_connect", "_for_yoyo", "migrate"}, "cli/serving.py": {"_console", "_poster", "_traces"}}
#: what silences a warning
SILENCING = ("noqa", "type: ignore", "pragma:", "fmt: off")
#: suppressions by file; every other file has none
SUPPRESSIONS = {"service/writes.py": Counter({"noqa": 1})}
#: excepts that catch everything
BROAD = {
    "service/loops.py": 1,  # no fault ends what works in the background
    "service/writes.py": 1,  # whatever fails belongs to one request, not to the writer
    "engine/worker.py": 3,  # whatever fails belongs to one step, not to the worker; and no fault ends the worker
    "console/application.py": 1,  # the last one: a bug is logged, and a page says so
    "wire/endpoint.py": 1,  # the last one: a bug is logged and answered
    "cli/main.py": 1,  # the last one: whatever it is, a user reads a sentence
}
FUNCTION_LINES, FILE_LINES, NESTING, PARAMETERS = 40, 350, 3, 6
NESTS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
SQL = re.compile(r"^\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE)\s", re.DOTALL)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(node: ast.AST) -> list[ast.AST]:
    """All that is below a node."""
    return list(ast.walk(node))


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def ring(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def functions(node: ast.AST) -> Iterator[Function]:
    return (each for each in nodes(node) if isinstance(each, Function))


def imported(node: ast.AST) -> Iterator[str]:
    """The modules that the code below a node imports; of ``from a import b`` both ``a`` and ``a.b``."""
    for each in nodes(node):
        if isinstance(each, ast.Import):
            yield from (alias.name for alias in each.names)
        elif isinstance(each, ast.ImportFrom):
            assert each.level == 0, "imports are absolute"
            assert each.module is not None
            yield each.module
            yield from (f"{each.module}.{alias.name}" for alias in each.names)


def of_each(*, but: str = "", only: str = "") -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """Makes one test of a rule for modules, which names every module that breaks it: those of a ring, or of others."""
    paths = [path for path in MODULES if ring(path) != but and only in ("", ring(path))]
    assert paths

    def of(rule: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            broken = []
            for path in paths:
                try:
                    rule(path)
                except AssertionError as error:
                    broken.append(f"{name(path)}: {error}")
            assert not broken, "\n".join(broken)

        test.__doc__ = rule.__doc__
        return test

    return of


def test_there_are_no_other_rings():
    """Every folder of the package is a ring, or holds data."""
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - {"rulebooks"} == set(RINGS)


@of_each()
def test_imports_run_one_way(path: Path):
    """A module imports from its own ring and from those below it, never from a sibling ring."""
    if path.parent == PACKAGE:
        return
    allowed = RINGS[ring(path)] | {ring(path)}
    used = {module.split(".")[1] for module in imported(tree(path)) if module.startswith("allot.")}
    assert used <= allowed, f"{name(path)} imports from {sorted(used - allowed)}"


@of_each()
def test_folders_of_bulk_follow_one_another(path: Path):
    """A module of a folder of bulk imports from that folder, and from those that come before it."""
    parts = path.relative_to(PACKAGE).parts
    if parts[0] != "bulk" or len(parts) < 3:
        return
    used = {module.split(".")[2] for module in imported(tree(path)) if module.startswith("allot.bulk.")}
    assert used & FOLDERS.keys() <= FOLDERS[parts[1]] | {parts[1]}


def test_no_module_imports_itself_by_others():
    """There is no cycle among modules."""
    known = {".".join(("allot", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in MODULES}
    edges = {module: {each for each in imported(tree(path)) if each in known} for module, path in known.items()}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above, module))
        if module not in done:
            for each in edges[module]:
                visit(each, (*above, module))
            done.add(module)

    for module in edges:
        visit(module, ())


@of_each()
def test_imports_stand_at_the_top(path: Path):
    """No function imports anything, but for the listed ones that do so to start fast."""
    lazy = {each.name for each in functions(tree(path)) if any(imported(each))}
    assert lazy == LAZY.get(name(path), set())


@of_each()
def test_types_are_imported_like_everything_else(path: Path):
    """Nothing is imported for the type checker only."""
    assert "TYPE_CHECKING" not in path.read_text(encoding="utf-8")


@of_each(only="core")
def test_core_is_pure(path: Path):
    """Core needs the standard library only, and nothing of it that reads a clock, a file, a network or chance."""
    used = {module.split(".")[0] for module in imported(tree(path))} - {"allot"}
    assert used <= sys.stdlib_module_names
    assert not used & IMPURE
    calls = {
        each.func.id for each in nodes(tree(path)) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
    }
    assert not calls & {"open", "print", "input", "exec", "eval"}


@of_each()
def test_only_the_service_reads_the_clock(path: Path):
    """Nothing asks the machine for the time of day but `service/clock.py`; the rest is told."""
    if name(path) == "service/clock.py":
        return
    asked = [
        ast.unparse(each)
        for each in nodes(tree(path))
        if isinstance(each, ast.Attribute)
        and ast.unparse(each) in {"datetime.now", "datetime.utcnow", "time.time", "date.today"}
    ]
    assert not asked


@of_each(but="store")
def test_sql_is_in_the_store_only(path: Path):
    """No text outside of `store` begins as a statement does."""
    found = [
        each.value
        for each in nodes(tree(path))
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and SQL.match(each.value)
    ]
    assert not found


@of_each()
def test_suppressions_are_counted(path: Path):
    """Warnings are silenced only where this file says so."""
    found: Counter[str] = Counter()
    text = path.read_text(encoding="utf-8")
    if any(word in text for word in SILENCING):
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                found.update(word for word in SILENCING if word in token.string)
    assert found == SUPPRESSIONS.get(name(path), Counter())


@of_each()
def test_broad_excepts_are_counted(path: Path):
    """Everything is caught only where this file says so, with the reason; what is raised again is not caught."""
    broad = [
        each
        for each in nodes(tree(path))
        if isinstance(each, ast.ExceptHandler)
        and (each.type is None or ast.unparse(each.type) in {"Exception", "BaseException"})
        and ast.unparse(each.body[-1]) != "raise"
    ]
    assert len(broad) == BROAD.get(name(path), 0)


@of_each()
def test_files_are_short(path: Path):
    """A file has 350 lines at most."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@of_each()
def test_functions_are_small(path: Path):
    """A function has 40 lines, 6 parameters and 3 levels of nesting at most."""
    for each in functions(tree(path)):
        where = f"{name(path)}: {each.name}"
        assert each.end_lineno is not None
        assert each.end_lineno - each.lineno + 1 <= FUNCTION_LINES, where
        parameters = [*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs]
        assert len([one for one in parameters if one.arg != "self"]) <= PARAMETERS, where
        assert depth(each) <= NESTING, where


def depth(node: ast.AST) -> int:
    """How deep blocks are nested below a node; ``elif`` is no deeper than its ``if``."""
    deepest = 0
    for each in ast.iter_child_nodes(node):
        if isinstance(each, Function | ast.Lambda):
            continue
        chained = isinstance(node, ast.If) and node.orelse == [each] and isinstance(each, ast.If)
        deepest = max(deepest, depth(each) + (isinstance(each, NESTS) and not chained))
    return deepest


@of_each()
def test_everything_public_says_what_it_is(path: Path):
    """Modules with code, and their public classes and functions, have a docstring or are too plain to need one."""
    if path.read_text(encoding="utf-8").strip():
        assert ast.get_docstring(tree(path)), name(path)
    for each in tree(path).body:
        if isinstance(each, Function) and not each.name.startswith("_") and len(each.body) > 3:
            assert ast.get_docstring(each), f"{name(path)}: {each.name}"


def test_the_source_has_no_marks_of_work_to_do():
    """Nothing is left for later in a comment."""
    for path in MODULES:
        assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", path.read_text(encoding="utf-8")), name(path)

"""What each module of the project imports and touches, read from its source."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "nfc", "card_sim")


@dataclass(frozen=True)
class Module:
    """One source file."""

    name: str
    path: Path
    tree: ast.Module
    is_package: bool

    @property
    def unit(self) -> str:
        """The part of the house it belongs to: app.cards.finish -> app.cards, app.clock -> app.clock."""
        return ".".join(self.name.split(".")[:2])

    @property
    def lines(self) -> int:
        return len(self.path.read_text(encoding="utf-8").splitlines())


@dataclass(frozen=True)
class Import:
    """``module`` imported by ``by``; ``names`` are what it takes out of it, none for the module as a whole."""

    by: Module
    module: str
    names: tuple[str, ...]
    line: int

    def __str__(self) -> str:
        what = f" ({', '.join(self.names)})" if self.names else ""
        return f"{self.by.path.relative_to(ROOT)}:{self.line} imports {self.module}{what}"


@cache
def modules() -> dict[str, Module]:
    """Every module of the project by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            found[name] = Module(name, path, _tree(path), is_package)
    return found


def _tree(path: Path) -> ast.Module:
    """The module's syntax. Nothing is collected meanwhile: Python 3.11 counts the depth of a finalizer's calls as the
    tree's, and fails (SystemError) where an earlier test has left a connection to be closed."""
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"), str(path))
    finally:
        gc.enable()


def modules_of(package: str) -> list[Module]:
    """The package and everything below it."""
    return [m for name, m in modules().items() if name == package or name.startswith(package + ".")]


def imports_of(module: Module) -> Iterator[Import]:
    """Every import, also those inside functions and those for type checkers. Submodules are resolved as modules."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, (), node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            plain = tuple(alias.name for alias in node.names if f"{base}.{alias.name}" not in modules())
            if plain:
                yield Import(module, base, plain, node.lineno)
            for alias in node.names:
                if f"{base}.{alias.name}" in modules():
                    yield Import(module, f"{base}.{alias.name}", (), node.lineno)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    above = module.name.split(".")
    above = above[: len(above) - node.level + module.is_package]
    return ".".join([*above, *([node.module] if node.module else [])])


def public_names(package: str) -> set[str]:
    """What the ``__init__`` of a package lists in ``__all__``."""
    for node in modules()[package].tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return set(ast.literal_eval(node.value))
    raise LookupError(f"{package} has no __all__")


def attributes_used(module: Module) -> Iterator[tuple[str, str, int]]:
    """(package of app, attribute, line) for every ``payments.get_service`` where ``payments`` was imported whole."""
    bound = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and _absolute(module, node) == "app":
            for alias in node.names:
                name = f"app.{alias.name}"
                if name in modules() and modules()[name].is_package:
                    bound[alias.asname or alias.name] = name
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in bound:
            yield bound[node.value.id], node.attr, node.lineno


def calls_named(module: Module, *dotted: str) -> Iterator[tuple[str, int]]:
    """Where one of these dotted names (``time.time``, ``os.environ``) is used, however it was imported."""
    short = {name.rpartition(".")[2]: name for name in dotted}
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if f"{node.module}.{alias.name}" in dotted and alias.name in short
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if f"{owner}.{node.attr}" in dotted:
                yield f"{owner}.{node.attr}", node.lineno
        elif isinstance(node, ast.Name) and node.id in imported:
            yield imported[node.id], node.lineno

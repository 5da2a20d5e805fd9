"""Imports run downwards only: what CONTRIBUTING.md says of the layers holds."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "robustmoll"
# Upper ones first; what stands in one layer knows nothing of each other, but for packages, whose insides do.
LAYERS = (
    ("cli",),
    ("api",),
    ("runs", "export"),
    ("config",),
    ("training", "evaluate"),
    ("tasks",),
    ("data", "models"),
    ("integrations", "corruptions"),
    ("mollify",),
    ("anneal", "draw"),
    ("degradations", "labels", "times"),
    ("heat", "schedules"),
    ("counter_rng", "progress", "seeds"),
    ("storage",),
    ("checks", "kept"),
)
LEVEL = {name: level for level, layer in enumerate(LAYERS) for name in layer}
MODULES = sorted(ROOT.rglob("*.py"))


def layer_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The parts of robustmoll that a module imports, wherever in its code."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module} if node.module != "robustmoll" else {f"robustmoll.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
    return {module.split(".")[1] for module in modules if module.startswith("robustmoll.")} & LEVEL.keys()


def test_every_part_has_its_layer() -> None:
    assert {layer_of(path) for path in MODULES} - {"__init__"} == LEVEL.keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downwards(path: Path) -> None:
    here = layer_of(path)
    if here != "__init__":  # the package itself is above all
        assert not {name for name in imported(path) - {here} if LEVEL[name] <= LEVEL[here]}


@pytest.mark.parametrize(("half", "other"), [("classifiers", "densities"), ("densities", "classifiers")])
def test_the_halves_of_evaluate_do_not_know_each_other(half: str, other: str) -> None:
    for path in (ROOT / "evaluate" / half).rglob("*.py"):
        assert f"robustmoll.evaluate.{other}" not in path.read_text(), path

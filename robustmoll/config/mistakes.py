"""The mistakes in a config: unknown keys before jsonargparse sees them, and its own messages in one line."""

import difflib
import inspect
import pydoc
import re
from typing import Any

from robustmoll import data, degradations, schedules, times
from robustmoll.data import augment, tables

__all__ = ["check_level", "one_line"]

# Modules whose classes a config may name without their path.
CLASSES = (data, tables, augment, degradations, schedules, times)


def check_level(tree: dict[str, Any], known: set[str], where: str, prefix: str = "") -> None:
    """Raises a ValueError for the first key that nothing takes, and names those that are known.

    Args:
        tree: Keys and values of a config, or of a group in it.
        known: Keys of the parser, with dots between a group and what is below it.
        where: The file, for the message.
        prefix: The group, with a dot behind it.
    """
    groups = {name.split(".")[0] for name in known}
    for key, value in tree.items():
        if str(key) not in groups:
            raise ValueError(f"{where}: unknown key {prefix + str(key)!r}{_offer(str(key), groups)}")
        below = {name.partition(".")[2] for name in known if name.startswith(f"{key}.") and not name.endswith(".help")}
        if isinstance(value, dict) and below:
            check_level(value, below, where, f"{prefix}{key}.")
        else:
            _check_classes(value, where, f"{prefix}{key}")


def _check_classes(value: object, where: str, prefix: str) -> None:
    """Checks the arguments of every class that is named below."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            _check_classes(item, where, f"{prefix}[{number}]")
    if not isinstance(value, dict):
        return
    if "class_path" in value and isinstance(value.get("init_args"), dict):
        cls = _find_class(value["class_path"])
        if cls is not None:
            names = set(inspect.signature(cls).parameters)
            for name in value["init_args"]:
                if name not in names:
                    raise ValueError(
                        f"{where}: {cls.__name__} ({prefix}) has no argument {name!r}{_offer(name, names)}"
                    )
    for key, below in value.items():
        _check_classes(below, where, f"{prefix}.{key}")


def _find_class(name: str) -> type | None:
    """The class of that name or import path; None if there is none, which jsonargparse then says."""
    found = next((vars(module)[name] for module in CLASSES if name in vars(module)), None) or pydoc.locate(name)
    return found if inspect.isclass(found) else None


def _offer(name: str, names: set[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return (f"; did you mean {near[0]!r}?" if near else ";") + f" Known: {', '.join(sorted(names))}"


def one_line(message: str, options: list[str] | None = None) -> str:
    """Returns the telling part of one of jsonargparse's messages in one line.

    Example:
        >>> one_line("Parser key \\"epochs\\":\\n  Expected a <class 'int'>. Got value: x")
        "epochs: expected int, got 'x'"
    """
    message = re.sub(r"^Call to compute_fn of link .*? failed: ", "", message)
    if match := re.match(r"unrecognized arguments: (--[\w.+-]+)", message):
        return f"unknown option {match[1]}{_offer(match[1], set(options or []))}" if options else message
    if match := re.search(r"Option '(\w+)' is not accepted", message):
        return f"unknown key {match[1]!r}{_offer(match[1], _class_arguments())}"
    where = ".".join(re.findall(r'Parser key "([\w.]+)"', message))
    base = re.search(r"Subtypes: \[(?:<class '|list\[)([\w.]+)", message)
    given = re.findall(r"(?:Given value|Got value): (.*)", message)
    lines = [line.strip(" -") for line in message.splitlines() if "<class 'NoneType'>" not in line or base is None]
    telling = [line for line in lines if re.match(r"Expected (?!a path)|Group|[A-Z]\w* needs", line)] or lines
    text = re.sub(r"<class '(?:\w+\.)*(\w+)'>|typing\.", r"\1", telling[0]).split(". Got value")[0]
    if text.startswith("Expected a dot import path") and base:
        name = text.rpartition(": ")[2]
        return f"{where}: unknown {base[1].rpartition('.')[2]} {name!r}{_offer(name, _subclasses(base[1]))}"
    if text.startswith("Expected a ") and given:
        return f"{where}: expected {text.removeprefix('Expected a ')}, got {given[-1]!r}"
    return f"{where}: {text}" if where else text


def _class_arguments() -> set[str]:
    classes = [value for module in CLASSES for value in vars(module).values() if inspect.isclass(value)]
    ours = [cls for cls in classes if cls.__module__.startswith("robustmoll")]
    return {name for cls in ours for name in inspect.signature(cls).parameters} - {"args", "kwargs"}


def _subclasses(path: str) -> set[str]:
    found: set[str] = set()
    todo = [cls for cls in [_find_class(path)] if cls]
    while todo:
        cls = todo.pop()
        todo += cls.__subclasses__()
        if not inspect.isabstract(cls) and _find_class(cls.__name__) is cls:
            found.add(cls.__name__)
    return found

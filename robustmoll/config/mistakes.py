"""The mistakes in a config: unknown keys before jsonargparse sees them, and its own messages in one line."""

import inspect
import pydoc
import re
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from robustmoll import data, degradations, schedules, times
from robustmoll.checks import offer
from robustmoll.data import augment, tables

__all__ = ["cause_of", "check_level", "one_line"]

# Modules whose classes a config may name without their path.
CLASSES = (data, tables, augment, degradations, schedules, times)


def check_level(tree: dict[str, Any], known: Mapping[str, Any], where: str, prefix: str = "") -> None:
    """Raises a ValueError for the first key that nothing takes, and names those that are known, or that has no value.

    Args:
        tree: Keys and values of a config, or of a group in it.
        known: Keys of the parser, with dots between a group and what is below it, and their defaults.
        where: The file, for the message.
        prefix: The group, with a dot behind it.
    """
    groups = {name.split(".")[0] for name in known}
    for key, value in tree.items():
        if str(key) not in groups:
            raise ValueError(f"{where}: unknown key {prefix + str(key)!r}{offer(str(key), sorted(groups))}")
        below = {
            name.partition(".")[2]: default
            for name, default in known.items()
            if name.startswith(f"{key}.") and not name.endswith(".help")
        }
        if isinstance(value, dict) and below:
            check_level(value, below, where, f"{prefix}{key}.")
        elif below:
            held = ", ".join(sorted({name.split(".")[0] for name in below}))
            raise ValueError(f"{where}: {prefix}{key} holds keys ({held}), got {value!r}; leave it out for defaults")
        else:
            _check_value(value, known[key], where, f"{prefix}{key}")
            _check_classes(value, where, f"{prefix}{key}")


def _check_value(value: object, default: object, where: str, name: str) -> None:
    """Raises a ValueError for null, which jsonargparse takes for any type, where the default is something else."""
    if value is None and default not in (None, inspect.Parameter.empty):
        raise ValueError(f"{where}: {name} has no value; give one, or leave it out")


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
            names = inspect.signature(cls).parameters
            passes_on = any(names[name].kind is inspect.Parameter.VAR_KEYWORD for name in names)
            for name, given in value["init_args"].items():
                if name in names:
                    _check_value(given, names[name].default, where, f"{prefix}.{name}")
                elif not passes_on:  # where others go, jsonargparse knows
                    known = offer(name, sorted(names))
                    raise ValueError(f"{where}: {cls.__name__} ({prefix}) has no argument {name!r}{known}")
    for key, below in value.items():
        _check_classes(below, where, f"{prefix}.{key}")


def _find_class(name: str) -> type | None:
    """The class of that name or import path; None if there is none, which jsonargparse then says."""
    try:
        found = next((vars(module)[name] for module in CLASSES if name in vars(module)), None) or pydoc.locate(name)
    except pydoc.ErrorDuringImport:
        return None
    return found if inspect.isclass(found) else None


def cause_of(error: BaseException) -> BaseException:
    """Returns the error behind what jsonargparse made of it: that of a constructor, or of the innermost value."""
    while error.__cause__ and _raiser(error).startswith("jsonargparse."):
        error = error.__cause__
    return error


def _raiser(error: BaseException) -> str:
    """Returns the module that raised an error."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals["__name__"]) if frames else ""


def one_line(message: str, cause: str, names: Sequence[str] = ()) -> str:
    """Returns one of jsonargparse's messages in one line.

    Args:
        message: The whole of it.
        cause: What the error behind it says.
        names: Of the options that there are, without dashes.

    Example:
        >>> cause = "Expected a <class 'int'>. Got value: x"
        >>> one_line("Parser key \\"epochs\\":\\n  " + cause, cause)
        "epochs: expected int, got 'x'"
    """
    if match := re.match(r"unrecognized arguments: (--[\w.+-]+)", cause):
        return f"unknown option {match[1]}{offer(match[1], [f'--{name}' for name in names])}"
    if match := re.match(r"Option '(\w+)' is not accepted", cause):
        return f"unknown key {match[1]!r}{offer(match[1], names)}"
    if match := re.match(r'Linked "([\w.]+)" must be given via "(\w+)"', cause):
        return f"{match[1]} is told by {match[2]}; leave it out"
    if match := re.match(r'Parser key "(\w+)": Unable to load config (".*")', cause):
        flags = ", ".join(f"--{name}" for name in names if name.startswith(f"{match[1]}."))
        return f"--{match[1]} takes a file of its keys, got {match[2]}; for single ones there are {flags}"
    where = "".join(f"{key}." for key in re.findall(r'Parser key "([\w.]+)"', message))[:-1]
    wanted = re.search(r"Subtypes: \[(?:<class '|list\[)([\w.]+)", message)
    text = _said_of_class(cause, wanted[1]) if wanted else cause
    if match := re.match(r"Expected a (?:<class ')?(?:typing\.)?(.*?)(?:'>)?\. Got value: (.*)", text):
        wanted_type = "a list, such as [NAME]" if match[1] == "collections.abc.Sequence" else match[1]
        text = f"expected {wanted_type}, got {match[2]!r}"
    return f"{where}: {text}" if where else text


def _said_of_class(cause: str, wanted: str) -> str:
    """Returns what is wrong where a subclass of `wanted`, an import path, was to be named."""
    kind = wanted.rpartition(".")[2]
    if match := re.match(r"Expected a dot import path string: (.*)", cause):
        return f"unknown {kind} {match[1]!r}{offer(match[1], sorted(_subclasses(wanted)))}"
    if cause.endswith("is abstract") or cause.startswith("Not a valid subclass"):
        return f"expected a subclass of {kind}, such as {{class_path: NAME, init_args: {{...}}}}"
    return cause


def _subclasses(path: str) -> set[str]:
    found: set[str] = set()
    todo = [cls for cls in [_find_class(path)] if cls]
    while todo:
        cls = todo.pop()
        todo += cls.__subclasses__()
        if not inspect.isabstract(cls) and _find_class(cls.__name__) is cls:
            found.add(cls.__name__)
    return found

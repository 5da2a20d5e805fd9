"""Config files: YAML, each of them over the files it names as its `base`.

    base: [../base/cpu.yaml, ../augment/fcr.yaml]    # or one; paths are relative to the file; bases may have bases
    run: runs/fcr
    optimizer: {lr: 0.05}                            # over what the bases say; their other keys of `optimizer` stay

Later bases override earlier ones, and the file itself overrides them all, key by key. Lists are replaced as a whole,
and so are the weights of roles, `probabilities`, as on the command line. Where another class is named, the arguments of
the one before go with it.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

__all__ = ["ConfigSource", "merge", "read_config"]

WHOLE = frozenset({"probabilities"})  # who names some roles means no others

ConfigSource = str | Path | Mapping[str, Any]
Tree = dict[str, Any]


def read_config(
    sources: Sequence[ConfigSource],
    check: Callable[[Tree, str], None] = lambda tree, where: None,
) -> Tree:
    """Reads configs and their bases.

    Args:
        sources: Files, or keys and values; later ones override earlier ones.
        check: Is called with the keys of each file, alone and over its bases, and its name.

    Returns:
        What they say together, without `base`.

    Raises:
        ValueError: If a file cannot be read or is no YAML, or is a base of itself.
    """
    tree: Tree = {}
    for source in sources:
        tree = merge(tree, _read(source, check, ()))
    return tree


def merge(old: Tree, new: Tree) -> Tree:
    """Returns `old` with the keys of `new`; neither is changed.

    Example:
        >>> merge({"time": {"class_path": "Beta", "init_args": {"b": 4}}, "seed": 0}, {"time": "Uniform"})
        {'time': {'class_path': 'Uniform'}, 'seed': 0}
        >>> merge({"probabilities": {"clean": 1, "noise": 1}, "repeats": 2}, {"probabilities": {"blur": 1}})
        {'probabilities': {'blur': 1}, 'repeats': 2}
    """
    if new.get("class_path", old.get("class_path")) != old.get("class_path", new.get("class_path")):
        old = {}
    return old | {key: value if key in WHOLE else _over(old.get(key), value) for key, value in new.items()}


def _over(old: object, new: object) -> object:
    """Returns a value that takes the place of another; a class may be named with or without arguments."""
    if isinstance(old, str) and isinstance(new, dict) and "init_args" in new:
        old = {"class_path": old}
    if isinstance(old, dict) and "class_path" in old and isinstance(new, str):
        new = {"class_path": new}
    return merge(old, new) if isinstance(old, dict) and isinstance(new, dict) else new


def _read(source: ConfigSource, check: Callable[[Tree, str], None], above: tuple[Path, ...]) -> Tree:
    """Reads one config, which the files `above` have as their base."""
    if isinstance(source, Mapping):
        where, folder, own = "config", Path(), dict(source)
    else:
        path = Path(source).resolve()
        if path in above:
            raise ValueError(f"{above[-1]} has {source} as its base, which has it as a base itself: leave one out")
        where, folder, above = str(source), Path(source).parent, (*above, path)
        own = _load(Path(source), f", a base of {above[-2]}" if len(above) > 1 else "")
    bases = own.pop("base", None) or []
    bases = [bases] if isinstance(bases, str) else bases
    if not isinstance(bases, list) or not all(isinstance(base, str) for base in bases):
        raise ValueError(f"{where}: base must be a file or a list of files, got {bases!r}")
    check(own, where)
    tree: Tree = {}
    for base in bases:
        tree = merge(tree, _read(folder / base, check, above))
    tree = merge(tree, own)
    check(tree, where)  # a class may stand in one file, and its arguments in another
    return tree


class _Loader(yaml.SafeLoader):
    """Takes `no` as the word that it is in `precision: no`, as YAML 1.2 does; only true and false are not words."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own)
        first: [(tag, pattern) for tag, pattern in resolvers if first in "tTfF" or not tag.endswith(":bool")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    """Refuses a key that stands there twice, of which PyYAML would take the last, and what holds itself."""
    seen = []
    for name, _ in node.value:
        if name.value in seen:
            raise yaml.constructor.ConstructorError(
                problem=f"{name.value!r} is there twice", problem_mark=name.start_mark
            )
        seen.append(name.value)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _load(path: Path, whose: str) -> Tree:
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ValueError(f"cannot read config {path}{whose}: {reason}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(tree, dict):
        raise ValueError(f"{path} must hold keys and values, such as 'epochs: 30'")
    return tree

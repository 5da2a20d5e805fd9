"""The config that a run keeps: whether a training and its continuation were asked for the same."""

from pathlib import Path
from typing import Any

import yaml

__all__ = ["config_changes", "logged_config"]

# What may differ between a training and its continuation: nothing that the weights depend on.
FREE_KEYS = ("run", "resume", "imports", "workers", "trackers", "checkpoint_minutes", "bench")


def config_changes(path: Path, config: str | None) -> list[str]:
    """Returns what has changed since the config at `path` and weights depend on, each as "key (old -> new)"."""
    if config is None or not path.exists():
        return []
    old, new = (_flat(yaml.safe_load(text)) for text in (path.read_text(encoding="utf-8"), config))
    changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    changed = [key for key in changed if key.split(".")[0] not in FREE_KEYS]
    return [f"{key} ({old.get(key)} -> {new.get(key)})" for key in changed]


def logged_config(config: str | None) -> dict[str, str | int | float | bool]:
    """Returns a config as loggers take it: one level of keys, and values that are plain."""
    flat = _flat(yaml.safe_load(config)) if config else {}
    return {key: value if isinstance(value, str | int | float) else str(value) for key, value in flat.items()}


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) and value else {f"{prefix}{key}": value}
    return flat

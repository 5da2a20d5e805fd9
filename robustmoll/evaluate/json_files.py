"""JSON files that hold one object."""

import json
from pathlib import Path
from typing import Any

__all__ = ["read_object"]


def read_object(path: Path) -> dict[str, Any]:
    """Reads a file.

    Raises:
        ValueError: If it is damaged, or holds something else than an object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); restore it, or make it anew") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} should hold an object, got a {type(content).__name__}; restore it, or make it anew")
    return content

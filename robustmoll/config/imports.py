"""Modules of the user's that a config imports: they register networks, losses, label policies or corruptions."""

from importlib import import_module
from pathlib import Path
from typing import Any

from robustmoll.config.files import read_config
from robustmoll.storage.run_folder import RunFolder

__all__ = ["import_modules", "import_modules_of"]


def import_modules(modules: Any) -> None:  # noqa: ANN401 (of YAML)
    """Imports modules of the user's.

    Raises:
        ValueError: If that is no list of modules, or one cannot be imported.
    """
    if not isinstance(modules, list) or any(str(module)[:1] in ("", ".") for module in modules):
        raise ValueError(f"imports is a list of modules, such as [mypackage], got {modules!r}")
    for module in modules:
        try:
            import_module(str(module))
        except ImportError as error:
            raise ValueError(
                f"imports: {module!r} cannot be imported ({error}); install it, or put its folder into PYTHONPATH"
            ) from error


def import_modules_of(run: str | Path) -> None:
    """Imports what the config of a run imports, so that its model is known; errors as for `import_modules`."""
    if (path := RunFolder(run).config).exists():
        import_modules(read_config([path]).get("imports", []))

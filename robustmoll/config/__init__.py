"""Configs: from YAML files and flags to objects.

`files` reads them over their bases, `imports` brings in modules of the user's, `parser` makes objects of them,
`mistakes` words what is wrong in them, and `tasks` says which keys a task adds.
"""

from robustmoll.config.imports import import_modules_of
from robustmoll.config.parser import Parser, build_trainer, load_run, training_parser

__all__ = ["Parser", "build_trainer", "import_modules_of", "load_run", "training_parser"]

"""From a YAML file and flags to objects: every key is an argument of a constructor, and its docstring is the help.

A training config has the arguments of `Trainer` and of its task at the top, and below them the groups `data` (a class
of `robustmoll.data`, or of yours by import path), `model`, `optimizer`, `scheduler` and `bench`, and `mollify` (of
`task: classify`, the default) or `anneal` (of `task: density`); see `robustmoll.config.tasks`.
"""

import inspect
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path, PurePath
from typing import Any, NoReturn

import yaml
from jsonargparse import ArgumentParser, Namespace

from robustmoll.checks import Mistake, known_name
from robustmoll.config.files import ConfigSource, read_config
from robustmoll.config.imports import import_modules
from robustmoll.config.mistakes import cause_of, check_level, one_line
from robustmoll.config.tasks import LINKED, TASKS
from robustmoll.storage.run_folder import RunFolder
from robustmoll.training import Trainer

__all__ = ["Parser", "build_trainer", "load_run", "training_parser"]


class Parser(ArgumentParser):
    """jsonargparse's parser, whose errors are one line and exit with code 2, and whose config files may have bases."""

    def parse_args(self, args: Sequence[str]) -> Namespace:  # type: ignore[override]
        return self.parse_configs(*_files_and_flags(args))

    def parse_configs(self, configs: Sequence[ConfigSource], flags: Sequence[str] = ()) -> Namespace:
        """Parses files, or keys and values; later ones override earlier ones, and flags override all."""
        return super().parse_args([*(["--config", _read_text(configs, self)] if configs else []), *flags])

    def instantiate(self, *args: Any, **kwargs: Any) -> Namespace:  # noqa: ANN401 (jsonargparse's)
        """Makes the objects that a parsed config describes.

        Raises:
            ValueError: If a constructor refuses its arguments; what it says.
        """
        try:
            return super().instantiate(*args, **kwargs)
        except ValueError as error:
            raise ValueError(str(cause_of(error))) from error

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        options = [option for action in self._actions for option in action.option_strings]
        names = [option[2:] for option in options if re.fullmatch(r"--[\w.]+(?<!help)", option)]
        raise Mistake(one_line(message, str(cause_of(ex)) if ex else message, names))


class TrainingParser(Parser):
    """The parser of training configs, see `training_parser`.

    Attributes:
        task: Whose arguments it has; "" until configs or flags tell.
    """

    task: str | None = None  # as in the parsers that jsonargparse makes of this class for parts of a config

    def parse_configs(self, configs: Sequence[ConfigSource], flags: Sequence[str] = ()) -> Namespace:
        if self.task is None:
            return super().parse_configs(configs, flags)
        import_modules(_given("imports", configs, flags) or [])
        task = known_name("task", str(_given("task", configs, flags) or "classify"), TASKS)
        self._take(task)
        self._take_default_data(task, _given("data", configs, flags))
        config = super().parse_configs(configs, flags)
        import_modules(config.imports)  # more of them, where flags have added some
        return config

    def _take(self, task: str) -> None:
        """Adds the arguments of a task."""
        if not self.task:
            self.task = task
            TASKS[task].add_to(self)
        assert task == self.task, "a parser is for configs of one task"

    def _take_default_data(self, task: str, given: Any) -> None:  # noqa: ANN401 (of YAML)
        """Sets the task's data unless others are named: jsonargparse would pass their arguments on to these."""
        named = isinstance(given, str) or (isinstance(given, dict) and "class_path" in given)
        self.set_defaults({"data": None if named else TASKS[task].defaults.get("data")})


def training_parser() -> TrainingParser:
    """Returns a parser of training configs; it gets the arguments of their task once it sees which that is."""
    parser = TrainingParser(prog="robustmoll train", description="Train, benchmark and report.")
    parser.task = ""
    parser.add_argument(
        "--config", action="config", help="YAML file, or several of these flags; other flags override its keys."
    )
    parser.add_argument("--task", default="classify", help=f"What is trained: {' or '.join(TASKS)}.")
    parser.add_argument(
        "--imports",
        type=list[str],
        default=[],
        help="Modules of yours that are imported first, such as those that register networks, losses or corruptions.",
    )
    parser.add_class_arguments(Trainer, skip={"data", "task"})
    return parser


def build_trainer(parser: Parser, config: Namespace) -> Trainer[Any]:
    """Makes the objects that a parsed training config describes.

    Raises:
        ValueError: If a constructor refuses its arguments; one line.
    """
    kind = TASKS[config.task]
    kind.bench_args(config.bench)  # refuses what cannot be measured, before the training
    parts = parser.instantiate(config)
    names = inspect.signature(Trainer).parameters.keys() - {"data", "task"}
    return Trainer(parts.data, kind.build(parts), **{name: parts[name] for name in names if name in parts})


def load_run(run: str | Path, task: str = "classify", data: Namespace | None = None) -> tuple[Trainer[Any], Namespace]:
    """Reads the config of a run.

    Args:
        run: Its folder.
        task: What it must have trained.
        data: What stands in the place of its data, which then need not be here; None for its own.

    Returns:
        What trained it, and its config.

    Raises:
        ValueError: If the folder is no run, or one of another task, or its config is not readable.
    """
    path = RunFolder(run).config
    if not path.exists():
        raise ValueError(f"{run} is no run: {path} is missing; give the folder that `robustmoll train` wrote")
    parser = training_parser()
    other = {"data": data.as_dict()} if data else {}
    config = parser.parse_configs([path, {"run": str(run), **other}])
    if config.task != task:
        raise ValueError(f"{run} is a run of the task {config.task!r}, but this needs one of {task!r}")
    return build_trainer(parser, config), config


def _given(key: str, configs: Sequence[ConfigSource], flags: Sequence[str]) -> Any:  # noqa: ANN401 (of YAML)
    """What configs and flags say of a key, before there is a parser for the rest; the last flag counts."""
    value = read_config(configs).get(key)
    for flag, following in pairwise([*flags, ""]):
        name, given, after = flag.partition("=")
        if name == f"--{key}":
            value = after if given else following
    try:
        return yaml.safe_load(value) if isinstance(value, str) else value
    except yaml.YAMLError:
        return value


class _Dumper(yaml.SafeDumper):
    """Writes paths as their names."""


_Dumper.add_multi_representer(PurePath, lambda dumper, path: dumper.represent_str(str(path)))


def _read_text(sources: Sequence[ConfigSource], parser: ArgumentParser) -> str:
    """Returns what config files say together, as the text of one; see `robustmoll.config.files`.

    jsonargparse refuses unknown keys too, but says neither where they stand nor what it would have taken.

    Raises:
        ValueError: If a file cannot be read, or has a key that nothing takes.
    """
    none = {"help", "print_config", LINKED}
    known = {action.dest: action.default for action in parser._actions if action.dest not in none}

    def check(tree: dict[str, Any], where: str) -> None:
        check_level(tree, known, where)

    try:
        return yaml.dump(read_config(sources, check), Dumper=_Dumper, sort_keys=False)
    except yaml.representer.RepresenterError as error:
        raise ValueError(f"a config holds plain values, and classes by name, got {error.args[-1]!r}") from error


def _files_and_flags(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Divides a command line into the files that --config names, and what else there is."""
    files, flags = [], []
    rest = iter(args)
    for arg in rest:
        if arg.startswith("--config="):
            files.append(arg.removeprefix("--config="))
        elif arg == "--config" and (file := next(rest, None)) is not None:
            files.append(file)
        else:
            flags.append(arg)
    return files, flags

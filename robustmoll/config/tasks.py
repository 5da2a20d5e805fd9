"""The tasks that a config can be of: the arguments that each adds to those of `Trainer`, and how it is made of them."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from jsonargparse import ArgumentParser, Namespace

from robustmoll.anneal import Anneal
from robustmoll.data import Data
from robustmoll.data.examples import DataSource
from robustmoll.evaluate.classifiers.bench_args import BenchArgs
from robustmoll.evaluate.densities.measure import DensityBenchArgs
from robustmoll.mollify import Mollify
from robustmoll.tasks import Classify, Density, DensityArgs, ModelArgs, Task

__all__ = ["LINKED", "TASKS", "TaskConfig"]

# What the data tell, and no key does.
LINKED = "mollify.num_classes"


@dataclass(frozen=True)
class TaskConfig:
    """How a task stands in a config.

    Attributes:
        task: Its class, whose arguments are keys at the top.
        data: The class of which the group `data` names a subclass.
        groups: Those of its arguments that are groups of keys, by name.
        bench: The class of the group `bench`, which says what of the trained model is measured.
        defaults: Where they are not those of `Trainer`.
        links: Adds what keys tell of each other.
    """

    task: type[Task[Any, Any, Any]]
    data: type
    groups: Mapping[str, type]
    bench: type
    defaults: Mapping[str, Any]
    links: Callable[[ArgumentParser], None] = lambda parser: None

    def add_to(self, parser: ArgumentParser) -> None:
        """Adds the task's arguments to a parser that has those of `Trainer`."""
        parser.add_class_arguments(self.task, skip=set(self.groups))
        parser.add_subclass_arguments(self.data, "data", required=True)
        for name, cls in self.groups.items():
            parser.add_class_arguments(cls, name)
        self.links(parser)
        parser.add_class_arguments(self.bench, "bench")
        parser.set_defaults(dict(self.defaults))

    def build(self, parts: Namespace) -> Task[Any, Any, Any]:
        """Makes the task of instantiated arguments."""
        return self.task(**{name: parts[name] for name in inspect.signature(self.task).parameters})

    def asked(self, config: Namespace) -> dict[str, Any]:
        """Returns what the group `bench` of a config, or the whole of one, says of the measurement."""
        return {field.name: config[field.name] for field in fields(self.bench)}

    def bench_args(self, config: Namespace) -> Any:  # noqa: ANN401 (of the class `bench`)
        """Returns the same as an object.

        Raises:
            ValueError: If something cannot be measured like that.
        """
        return self.bench(**self.asked(config))


def _count_classes(data: Data) -> int:
    return len(data.classes())


def _link_classes(parser: ArgumentParser) -> None:
    parser.link_arguments("data", LINKED, compute_fn=_count_classes, apply_on="instantiate")


TASKS = {
    "classify": TaskConfig(
        task=Classify,
        data=Data,
        groups={"model": ModelArgs, "mollify": Mollify},
        bench=BenchArgs,
        defaults={},
        links=_link_classes,
    ),
    "density": TaskConfig(
        task=Density,
        data=DataSource,
        groups={"model": DensityArgs, "anneal": Anneal},
        bench=DensityBenchArgs,
        defaults={
            "data": {"class_path": "EmbeddedTable"},
            "optimizer.name": "adam",
            "optimizer.lr": 1e-3,
            "optimizer.weight_decay": 0.0,
            "scheduler.warmup_epochs": 0,
        },
    ),
}

"""Robust classification: what one training step computes.

The order is fixed: augment images, as they are read; standardise; mix images and targets; mollify images and targets;
compare predictions with targets. Each step maps soft targets to soft targets, so all of them combine.
"""

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy

from robustmoll.checks import known_name
from robustmoll.data import ImageSet
from robustmoll.data.augment import Augmentation, Augmentations, AugmentDraw, share_of
from robustmoll.degradations import Degradation
from robustmoll.labels import POLICIES, smooth, soft_targets
from robustmoll.models.origin import Origin, origin
from robustmoll.mollify import Draw, Mollify
from robustmoll.tasks.classifier import Classifier, ModelArgs, build_classifier, load_classifier
from robustmoll.tasks.losses import LOSSES, jensen_shannon
from robustmoll.tasks.task import Task

__all__ = ["Classify", "ClassifyDraw"]


@dataclass(frozen=True, eq=False)
class ClassifyDraw:
    """The random choices for a batch, or for a part of one.

    Attributes:
        n: Number of images.
        augment: Of the augmentations.
        mollify: Roles and times.
    """

    n: int
    augment: list[AugmentDraw]
    mollify: Draw

    def part(self, share: slice) -> "ClassifyDraw":
        """Returns the choices for some of the images, the same as in the whole."""
        each = len(self.mollify.t) // self.n
        mollify = self.mollify.part(slice(share.start * each, share.stop * each))
        return ClassifyDraw(share.stop - share.start, share_of(self.augment, self.n, share), mollify)


class Classify(Task[ImageSet, Classifier, ClassifyDraw]):
    """Classification: augment, mix and mollify images and labels, and compare with a soft-target loss.

    Args:
        model: The network.
        mollify: What happens to images and labels last.
        loss: "cross_entropy", "normalised_cross_entropy" or "binary_cross_entropy".
        augment: Augmentations in order, those of images first, then those that mix.
        label_smoothing: Share of every label that is spread over all classes, in [0, 1).
        jsd_weight: Weight of the Jensen-Shannon divergence between the predictions of an image's views, >= 0; it needs
            an augmentation with views (`AugMix` with views=3, weight 12, in Hendrycks et al., ICLR 2020). The
            loss proper is then that of the first view alone.

    Raises:
        ValueError: If there is no such loss, or a number is out of its range.
    """

    def __init__(
        self,
        model: ModelArgs,
        mollify: Mollify,
        loss: str = "cross_entropy",
        augment: list[Augmentation] | None = None,
        label_smoothing: float = 0.0,
        jsd_weight: float = 0.0,
    ) -> None:
        self.model = model
        self.mollify = mollify
        self.loss = known_name("loss", loss, LOSSES)
        self.augment = Augmentations(augment or ())
        self.label_smoothing = label_smoothing
        self.jsd_weight = jsd_weight
        if not (0 <= label_smoothing < 1 and jsd_weight >= 0):
            raise ValueError(
                f"training needs label_smoothing in [0, 1) and jsd_weight >= 0, got {label_smoothing=}, {jsd_weight=}"
            )
        if jsd_weight > 0 and self.augment.repeats == 1:
            raise ValueError("jsd_weight compares views of an image, but there is one only: add AugMix with views=3")
        if label_smoothing > 0 and POLICIES[mollify.policy].softens and len(mollify.drawn_roles) > 1:
            warnings.warn(
                f"labels are smoothed twice: by label_smoothing={label_smoothing}, and by mollify where an image is"
                " degraded",
                stacklevel=2,
            )

    def build(self, train: ImageSet) -> Classifier:
        """Returns a fresh classifier for that data; its weights come from PyTorch's global generator.

        Raises:
            ValueError: If the data has another number of classes than `mollify`, or the backbone is unknown.
        """
        if self.mollify.num_classes != len(train.classes):
            raise ValueError(
                f"mollify has num_classes={self.mollify.num_classes}, but {train.name} has {len(train.classes)} classes"
            )
        # As it is asked for: the config names the architecture that a source keeps, for the time without the source.
        asked = {"architecture": self.model.name, "model_args": self.model.args}
        return build_classifier(self.config(train) | asked)

    def config(self, train: ImageSet) -> dict[str, Any]:
        """Returns the architecture as plain values, in the words of timm's config.json.

        Raises:
            ValueError: If augmentations change the size of the images.
        """
        size = self.augment.output_size(train.size)
        if size != train.size:
            raise ValueError(
                f"augment makes images of {size[0]}x{size[1]} out of {train.name}'s {train.size[0]}x{train.size[1]},"
                " and they are tested as they are: read them at that size, or leave out the size of the crop"
            )
        source = origin(self.model.name)
        mean, std = self._moments(train, source)
        return {
            "architecture": source.architecture,
            "model_args": source.args | self.model.args,
            "num_classes": self.mollify.num_outputs,
            "label_names": list(train.classes),
            "pretrained_cfg": {
                "input_size": [train.channels, *train.size],
                "mean": mean,
                # A channel without any variation must not be divided by zero.
                "std": [max(s, 1 / 255) for s in std],
            },
        }

    def check_data(self, config: dict[str, Any], train: ImageSet) -> None:
        before, now = config["label_names"], list(train.classes)
        if before != now:
            raise ValueError(
                f"the classes of {train.name} have changed since the training began: they were {', '.join(before)}, and"
                f" are {', '.join(now)}; put the old data back, or choose another --run"
            )
        if (size := config["pretrained_cfg"]["input_size"]) != [train.channels, *train.size]:
            raise ValueError(
                f"the network was made for images of {size} (channels, height, width), {train.name} has"
                f" {[train.channels, *train.size]} now; put the old size back, or choose another --run"
            )

    def _moments(self, train: ImageSet, source: Origin) -> tuple[Sequence[float], Sequence[float]]:
        """By what images are standardised: as pretrained weights of 3 channels know them, or by the data's own."""
        if self.model.args.get("pretrained") and train.channels == 3 and source.mean and source.std:
            return source.mean, source.std
        return train.moments()

    def load(self, config: dict[str, Any], weights: dict[str, Tensor]) -> Classifier:
        return load_classifier(config, weights)

    def draw(self, n: int, size: tuple[int, int], generator: Generator, step: int) -> ClassifyDraw:
        """Returns the random choices for a batch of n images of that height and width.

        They are drawn for the whole batch, so they do not depend on the number of processes that share it. The views
        of an image have one role and t: one target fits them all.
        """
        mollify = self.mollify.draw(n, generator, step)
        augment, views = self.augment.draw(n, size, generator), self.augment.repeats
        if views > 1:
            # As `Mollify.apply` repeats images: (image, view, repeat).
            roles, t = (drawn.view(n, 1, -1).expand(-1, views, -1).flatten() for drawn in (mollify.roles, mollify.t))
            mollify = Draw(roles, t, mollify.seed)
        return ClassifyDraw(n, augment, mollify)

    def prepare(self, classifier: Classifier, x: Tensor, y: Tensor, draw: ClassifyDraw) -> tuple[Tensor, Tensor]:
        """Returns images and targets as the network meets them, in the order (image, view, repeat).

        Args:
            classifier: Which standardises.
            x: Images, shape (B, C, H, W), uint8.
            y: Class indices, shape (B,).
            draw: For B images.
        """
        targets = soft_targets(y, self.mollify.num_classes)
        if self.label_smoothing:
            targets = smooth(targets, torch.full_like(targets[:, 0], self.label_smoothing))
        x = classifier.standardise(self.augment.augment(x, draw.augment))
        x, targets = self.augment.mix(x, targets, draw.augment)
        return self.mollify.apply(x, targets.repeat_interleave(self.augment.repeats, 0), draw.mollify)

    def losses(self, classifier: Classifier, network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        """Returns the loss of each image that the network meets, or with `jsd_weight` of each but its further views."""
        logits = network(x)
        if self.jsd_weight == 0:
            return LOSSES[self.loss](logits, y)
        by_view = (-1, self.augment.repeats, self.mollify.repeats, y.shape[1])
        logits, y = (z.view(by_view).transpose(1, 2).flatten(0, 1) for z in (logits, y))
        return LOSSES[self.loss](logits[:, 0], y[:, 0]) + self.jsd_weight * jensen_shannon(logits)

    def figures(self, model: Classifier, batches: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
        """Returns error and negative log-likelihood of the labels in nats."""
        answers = [(model(x).float().cpu(), y.cpu()) for x, y in batches]
        logits, labels = (torch.cat(parts) for parts in zip(*answers, strict=True))
        wrong = logits.argmax(1) != labels
        return {"error": float(wrong.double().mean()), "nll": float(cross_entropy(logits.double(), labels))}

    def families(self) -> list[str]:
        """Returns the families of test-time corruptions that resemble what the training does to images."""
        parts: list[Degradation | Augmentation] = [*self.mollify.drawn_degradations, *self.augment.steps]
        return sorted({family for part in parts for family in part.families})

    def describe(self, draw: ClassifyDraw) -> str:
        """Returns the roles and times of a batch in one line, for an error message."""
        counts = Counter(self.mollify.roles[role] for role in draw.mollify.roles.tolist())
        roles = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        times = " ".join(f"{t:.3f}" for t in draw.mollify.t.tolist())
        return f"roles {roles}; t {times}"

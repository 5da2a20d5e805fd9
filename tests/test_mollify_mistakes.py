"""What a user may do wrong with `Mollify`."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from robustmoll import Draw, Mollify
from robustmoll.degradations import Noise

X, Y = torch.randn(4, 3, 8, 12, generator=torch.Generator().manual_seed(7)), torch.arange(4)

BAD: list[tuple[dict[str, Any], str]] = [
    ({"num_classes": 1}, "num_classes >= 2"),
    ({"num_classes": 10.0}, "whole num_classes.*got num_classes=10.0"),
    ({"repeats": 0}, "repeats >= 1"),
    ({"repeats": 1.5}, "whole .*repeats >= 1"),
    ({"time": 0.5}, "time must be a source of times.*got 0.5"),
    ({"policy": "smoth"}, "unknown label policy 'smoth'; did you mean 'smooth'"),
    ({"probabilities": {"nois": 1}}, "unknown role 'nois'; did you mean 'noise'"),
    ({"probabilities": {"noise": -1}}, "role 'noise' must be finite and not negative"),
    ({"probabilities": {"noise": 0}}, "at least one role needs a positive weight"),
    ({"probabilities": {"noise": float("nan")}}, "must be finite"),
    ({"probabilities": {}}, "at least one role"),
    ({"degradations": {"clean": Noise()}}, "'clean' leaves images as they are"),
    ({"degradations": {"train": Noise()}}, "PyTorch keeps the name 'train'"),
    ({"degradations": {"a.b": Noise()}}, "PyTorch keeps the name 'a.b'"),
    ({"degradations": {"mine": "noise"}}, "role 'mine' needs a degradation.*got 'noise'"),
    ({"degradations": {"mine": torch.nn.Identity()}}, "role 'mine' needs a degradation"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_arguments_out_of_range_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Mollify(**{"num_classes": 10} | arguments)


BAD_BATCHES: list[tuple[Any, Any, str]] = [
    (X.numpy(), Y, "needs tensors of images and labels, got ndarray and one of shape"),
    (X, Y.tolist(), "needs tensors .* and list"),
    (X[:1], Y[0], r"labels, got one of shape \(1, 3, 8, 12\) and one of shape \(\)"),
    (X[:, :0], Y, r"shape \(B, C, H, W\), got torch.float32 of shape \(4, 0, 8, 12\)"),
    (X.to(torch.uint8), Y, "float images .* got torch.uint8"),
    (X.to(torch.complex64), Y, "float images .* got torch.complex64"),
    (X[0], Y, r"shape \(B, C, H, W\)"),
    (X[:0], Y[:0], "is the batch empty"),
    (X, Y[:3], "4 images and 3 labels"),
    (X, Y + 10, r"labels must lie in 0\.\.9"),
    (X, torch.full((4, 9), 1 / 9), r"soft labels must have shape \(B, 10\)"),
    (X, torch.full((4, 10), 0.2), "sum to 1"),
]


@pytest.mark.parametrize(("x", "y", "message"), BAD_BATCHES)
def test_a_batch_that_does_not_fit_is_refused(x: Tensor, y: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Mollify(10)(x, y)


def test_a_draw_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"roles 0\.\.7, there are 0\.\.3"):
        Mollify(10).apply(X[:2], Y[:2], Draw(torch.tensor([0, 7]), torch.zeros(2), seed=0))
    with pytest.raises(ValueError, match="draw is for 3 images, the batch has 4"):
        Mollify(10).apply(X, Y, Mollify(10).draw(3))
    for t in (torch.tensor([0.5, 1.5]), torch.tensor([0.5, -0.1]), torch.tensor([0.5, math.nan]), torch.tensor([0, 1])):
        with pytest.raises(ValueError, match=rf"floats in \[0, 1\].*got {t.dtype} from"):
            Draw(torch.zeros(2, dtype=torch.int64), t, 0)
    with pytest.raises(ValueError, match=r"a role and a t for each image.*got \(3,\) and \(2,\)"):
        Draw(torch.zeros(3, dtype=torch.int64), torch.tensor([0.5, 0.5]), 0)
    with pytest.raises(ValueError, match=r"each of shape \(n,\)"):
        Draw(torch.zeros(2, 1, dtype=torch.int64), torch.zeros(2, 1), 0)

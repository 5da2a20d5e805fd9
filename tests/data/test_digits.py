from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from robustmoll.data import Digits


def test_digits_are_all_there_and_split_alike_for_every_size() -> None:
    (train, test), (small, _) = Digits(32).load(), Digits(8).load()
    assert len(train) + len(test) == 1797 and train.images.shape[1:] == (1, 32, 32)
    assert train.classes == Digits().classes() == tuple(str(name) for name in load_digits().target_names)
    assert torch.equal(train.labels, small.labels)
    shares = torch.bincount(test.labels) / len(test)
    assert ((shares - 0.1).abs() < 0.01).all()


def test_digits_at_their_own_size_are_the_scans() -> None:
    train, test = Digits(8).load()
    ours = {image.numpy().tobytes() for image in torch.cat([train.images, test.images])}
    scans = np.round(load_digits().images * 255 / 16).astype(np.uint8)
    assert ours == {scan.tobytes() for scan in scans}


@pytest.mark.parametrize("make", [lambda: Digits(4), lambda: Digits(test_fraction=1)])
def test_arguments_out_of_range_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="Digits needs size >= 8"):
        make()

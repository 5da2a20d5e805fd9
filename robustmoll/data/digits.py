"""The 1,797 scanned digits that scikit-learn carries: real images without a download."""

import torch
from torch.nn.functional import interpolate

from robustmoll.data.image_set import Data, ImageSet, split

__all__ = ["Digits"]


class Digits(Data):
    """Handwritten digits, 8 x 8 pixels of 17 grey levels, scaled up; one channel, 10 classes.

    E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI. The split is stratified and
    always the same, so runs with different seeds are tested on the same images.

    Args:
        size: Height and width in pixels, at least 8 (bicubic).
        test_fraction: Share of the images held out for the test, in (0, 1).

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, size: int = 32, test_fraction: float = 0.25) -> None:
        if size < 8 or not 0 < test_fraction < 1:
            raise ValueError(f"Digits needs size >= 8 and 0 < test_fraction < 1, got {size=}, {test_fraction=}")
        self.size, self.test_fraction = size, test_fraction

    def classes(self) -> tuple[str, ...]:
        return tuple("0123456789")

    def load(self) -> tuple[ImageSet, ImageSet]:
        from sklearn.datasets import load_digits  # takes two seconds, which few commands need to wait for

        bunch = load_digits()
        grey = torch.from_numpy(bunch.images).float()[:, None] * (255 / 16)
        grey = interpolate(grey, size=(self.size, self.size), mode="bicubic", align_corners=False)
        images, labels = grey.round().clamp(0, 255).to(torch.uint8), torch.from_numpy(bunch.target).long()
        return split(ImageSet("digits", "train", images, labels, self.classes()), self.test_fraction)

"""Cells of a whole benchmark, with figures that can be worked out by hand."""

from robustmoll.evaluate.classifiers.cells import Cell

# The 15 of ImageNet-C and the four extras, as Hendrycks and Dietterich (2019) name and order them.
FAMILIES = {
    "noise": ["gaussian_noise", "shot_noise", "impulse_noise"],
    "blur": ["defocus_blur", "glass_blur", "motion_blur", "zoom_blur"],
    "weather": ["snow", "frost", "fog", "brightness"],
    "digital": ["contrast", "elastic_transform", "pixelate", "jpeg_compression"],
}
STANDARD = [name for names in FAMILIES.values() for name in names]


def cell(corruption: str, severity: float, error: float) -> Cell:
    """A cell whose other figures follow from the error, each in its own way."""
    return Cell(
        model="wrn",
        dataset="set/test",
        preset="imagenet",
        mode="generated",
        seed=0,
        corruption=corruption,
        severity=severity,
        n=100,
        error=error,
        nll=3 * error,
        brier=error**2,
        ece=error / 4,
        error_low=error / 2,
        error_high=error * 2,
        ece_equal_mass=error / 3,
        ece_batch100=error / 2,
        nll_ts=2 * error,
        brier_ts=error**2 / 2,
        ece_ts=error / 8,
        temperature_a=1.25,
        temperature_b=1.5,
        resolution="224x224",
    )

r"""Schedules: pure functions of the degradation time t.

t runs from data to noise: t = 0 is the clean image and t = 1 the fully degraded one. Three kinds of schedule map t
to a strength:

- a *noise schedule* gives :math:`\alpha(t), \sigma(t)` of :math:`x_t = \alpha x + \sigma \epsilon`, with
  :math:`\epsilon \sim N(0, I)`, and the signal-to-noise ratio :math:`\mathrm{snr}(t) = \alpha^2 / \sigma^2`;
- a *blur schedule* gives the blur's standard deviation :math:`\sigma(t)` in pixels;
- a *label schedule* gives :math:`\gamma(t) \in [0, 1]`, the share of a label's certainty that is lost at t.

All are element-wise, keep shape, dtype and device of t, and meet their values at t = 0 and t = 1 exactly: where a
textbook form would leave a rounding error there (cos(pi/2) is not 0 in floating point), an equal form is used that does
not. They are differentiable in t; a root's slope at 0 is infinite, in the formula as in PyTorch.
"""

from robustmoll.schedules.blur import BlurSchedule, LogBlur
from robustmoll.schedules.label import FittedLabel, LabelSchedule, PowerLabel, SnrLabel
from robustmoll.schedules.noise import (
    VE,
    VP,
    ConstantNoise,
    CosineNoise,
    LinearNoise,
    NoiseSchedule,
    SigmoidNoise,
    SubVP,
)

__all__ = [
    "VE",
    "VP",
    "BlurSchedule",
    "ConstantNoise",
    "CosineNoise",
    "FittedLabel",
    "LabelSchedule",
    "LinearNoise",
    "LogBlur",
    "NoiseSchedule",
    "PowerLabel",
    "SigmoidNoise",
    "SnrLabel",
    "SubVP",
]

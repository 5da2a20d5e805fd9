"""Averages of the weights over the steps of a training, which are evaluated in place of the last weights."""

from timm.utils import ModelEmaV3
from torch import nn

__all__ = ["weight_average"]


def weight_average(model: nn.Module, ema: float | None, swa: float | None, steps: int) -> ModelEmaV3 | None:
    """Returns what keeps the average of a model's weights and statistics, a copy of the model; None for none.

    Args:
        model: At the beginning of its training.
        ema: Decay of a moving average, [0, 1), reached by a warm-up.
        swa: Share of the steps, the last ones, that are averaged with equal weights, (0, 1] (stochastic weight
            averaging; Izmailov et al., UAI 2018; here of every step, statistics of batch normalisation included).
        steps: Of the whole training.
    """
    if ema is not None:
        return ModelEmaV3(model, ema, use_warmup=True)
    if swa is not None:
        # This warm-up is the plain average: n steps behind the first one its decay is n / (n + 1).
        return ModelEmaV3(model, 1.0, update_after_step=round((1 - swa) * steps), use_warmup=True, warmup_power=1.0)
    return None

"""How a training went."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from robustmoll.evaluate.style import figure, picture

__all__ = ["training_curves"]


@picture
def training_curves(rows: Sequence[Mapping[str, str]]) -> Figure:
    """Draws loss, error and learning rate over epochs.

    Args:
        rows: Of metrics.csv, one an epoch, with at least the columns epoch, loss, lr, and error and NLL on the test or
            the validation images.
    """
    epochs = [int(row["epoch"]) for row in rows]
    seen = "validation" if "validation_nll" in rows[0] else "test"
    drawn = figure(9.5, 2.6)
    losses, errors, rates = drawn.subplots(1, 3)
    marker = {"marker": "o", "markersize": 3} if len(rows) < 40 else {}
    losses.plot(epochs, [float(row["loss"]) for row in rows], color="#b5b5b5", label="training loss", **marker)
    losses.plot(
        epochs, [float(row[f"{seen}_nll"]) for row in rows], color="#0072b2", label=f"clean {seen} NLL", **marker
    )
    losses.set_title("loss in nats")
    losses.legend()
    errors.plot(epochs, [100 * float(row[f"{seen}_error"]) for row in rows], color="#d55e00", **marker)
    errors.set_title(f"clean {seen} error in %")
    errors.set_ylim(bottom=0)
    rates.plot(epochs, [float(row["lr"]) for row in rows], color="#3c3c3c", **marker)
    rates.set_title("learning rate")
    for ax in (losses, errors, rates):
        ax.set_xlabel("epoch")
        ax.set_xlim(left=0)
    losses.set_ylim(bottom=0)
    rates.set_ylim(bottom=0)
    return drawn

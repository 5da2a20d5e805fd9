"""Tasks: what one training step computes from a batch, and how well the model does."""

from robustmoll.tasks.classifier import Classifier, ModelArgs, load_classifier
from robustmoll.tasks.classify import Classify, ClassifyDraw
from robustmoll.tasks.density import Density, DensityDraw
from robustmoll.tasks.likelihood import DensityArgs, Likelihood, load_likelihood
from robustmoll.tasks.task import Model, Task, load_weights

__all__ = [
    "Classifier",
    "Classify",
    "ClassifyDraw",
    "Density",
    "DensityArgs",
    "DensityDraw",
    "Likelihood",
    "Model",
    "ModelArgs",
    "Task",
    "load_classifier",
    "load_likelihood",
    "load_weights",
]

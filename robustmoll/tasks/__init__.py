"""Tasks: what one training step computes from a batch."""

from robustmoll.tasks.classifier import Classifier, ModelArgs, load_classifier, load_weights
from robustmoll.tasks.classify import Classify, StepDraw

__all__ = ["Classifier", "Classify", "ModelArgs", "StepDraw", "load_classifier", "load_weights"]

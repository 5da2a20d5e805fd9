"""Tasks: what one training step computes from a batch."""

from robustmoll.tasks.classify import Classifier, Classify, ModelArgs, load_classifier, load_weights

__all__ = ["Classifier", "Classify", "ModelArgs", "load_classifier", "load_weights"]

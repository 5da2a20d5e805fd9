"""Tasks: what one training step computes from a batch."""

from robustmoll.tasks.classify import Backbone, Classifier, Classify, load_classifier, load_weights

__all__ = ["Backbone", "Classifier", "Classify", "load_classifier", "load_weights"]

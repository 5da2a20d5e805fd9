"""Tasks: what one training step computes from a batch."""

from robustmoll.tasks.classify import Backbone, Classifier, Classify, build_classifier, load_weights

__all__ = ["Backbone", "Classifier", "Classify", "build_classifier", "load_weights"]

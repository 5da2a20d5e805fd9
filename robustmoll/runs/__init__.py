"""From a config to a report: a training and what follows it, by the task."""

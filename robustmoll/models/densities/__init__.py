"""Likelihood models: flows and variational auto-encoders, by name."""

from robustmoll.models.densities.base import DENSITIES, DensityModel, register

__all__ = ["DENSITIES", "DensityModel", "register"]

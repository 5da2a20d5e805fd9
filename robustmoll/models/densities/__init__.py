"""Likelihood models: flows and variational auto-encoders, by name."""

from robustmoll.models.densities import hvae, iaf, image_flows, table_flows, vae  # registers them
from robustmoll.models.densities.base import DENSITIES, DensityModel, register
from robustmoll.models.densities.latent import LatentModel

__all__ = ["DENSITIES", "DensityModel", "LatentModel", "hvae", "iaf", "image_flows", "register", "table_flows", "vae"]

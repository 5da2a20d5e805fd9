"""The one line in a loop as normflows has it, whose flows are trained by `forward_kld`: RealNVP on iris."""

import torch
from sklearn.datasets import load_iris

import robustmoll as rm
from robustmoll.models.densities import DENSITIES, DensityModel


def forward_kld(flow: DensityModel, x: torch.Tensor) -> torch.Tensor:  # a method of normflows.NormalizingFlow
    return -flow.log_prob(x).mean()


torch.manual_seed(0)
rows = torch.tensor(load_iris().data).float()[torch.randperm(150)]
rows = (rows - rows.mean(0)) / rows.std(0)
flow, anneal = DENSITIES["realnvp"]((4,), transforms=3, hidden=32), rm.Anneal(steps=300, fraction=0.5)
optimizer = torch.optim.Adam(flow.parameters(), lr=1e-3)
for step in range(300):
    loss = forward_kld(flow, anneal(rows[torch.randint(135, (64,))], step))  # the one line
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
log_likelihood = float(-forward_kld(flow.eval(), rows[135:]))

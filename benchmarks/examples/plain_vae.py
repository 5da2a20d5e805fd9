"""The one line in a plain VAE's loop: scanned digits, blurred less and less."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.distributions import Normal, kl_divergence

import robustmoll as rm

torch.manual_seed(0)
images = torch.tensor(load_digits().images).float()[:, None] / 8 - 1
encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 16))
decoder = nn.Sequential(nn.Linear(8, 128), nn.ReLU(), nn.Linear(128, 64), nn.Unflatten(1, (1, 8, 8)))
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)
anneal = rm.Anneal(steps=500, degradation="blur", fraction=0.5)
for step in range(500):
    x = anneal(images[torch.randint(1600, (128,))], step)  # the one line
    mean, log_std = encoder(x).chunk(2, 1)
    posterior = Normal(mean, log_std.exp())
    log_p = Normal(decoder(posterior.rsample()), 0.3).log_prob(x).sum((1, 2, 3))
    bound = (log_p - kl_divergence(posterior, Normal(0.0, 1.0)).sum(1)).mean()
    optimizer.zero_grad()
    (-bound).backward()
    optimizer.step()

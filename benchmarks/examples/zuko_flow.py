"""The one line in a plain zuko loop: a neural spline flow on two moons."""

import torch
import zuko
from sklearn.datasets import make_moons

import robustmoll as rm

torch.manual_seed(0)
points = torch.tensor(make_moons(2000, noise=0.05, random_state=0)[0]).float()
points = (points - points.mean(0)) / points.std(0)
train, test = points[:1800], points[1800:]

flow = zuko.flows.NSF(features=2, transforms=2, hidden_features=[32, 32])
optimizer = torch.optim.Adam(flow.parameters(), lr=5e-3)
anneal = rm.Anneal(steps=300, fraction=0.5)
for step in range(300):
    x = train[torch.randint(len(train), (256,))]
    loss = -flow().log_prob(anneal(x, step)).mean()  # the one line
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
log_likelihood = float(flow().log_prob(test).mean())
print(f"test log-likelihood {log_likelihood:.3f} nats")

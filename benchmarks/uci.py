"""What mollification does to the test likelihood of flows on UCI tables, in the published protocol and in a sound one.

    python -m benchmarks.uci published --data redwine whitewine parkinsons --flows maf realnvp glow --seeds 0 1 2 3
    python -m benchmarks.uci sound     --data redwine whitewine parkinsons --flows maf --seeds 0 1 2 3
    python -m benchmarks.uci schedules --data redwine --flows maf --seeds 0 1 2 3
    python -m benchmarks.uci --table

Each run leaves a file in benchmarks/results/uci/ and is not trained again; the tables are made from these files alone.

Published (Tran et al., 2023; the constants below): 150 epochs, the noise level is constant within an epoch
and above zero in the last one; the rows are rounded, and so is what is tested on. Batch normalisation takes its
statistics from all clean training rows after each epoch.

Sound: rounded columns get noise as wide as their last digit, in training anew for every batch, in validation and test
once and for all; a share of 100 epochs is mollified, step by step, and training goes on with clean data until the
likelihood of validation has not risen for 20 epochs. The best clean epoch on validation is tested. The likelihoods of
the two protocols are of different densities (points on a grid can be given any density, a jittered grid cannot) and
must not be compared.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.uci_table import RESULTS, tables
from robustmoll import Anneal
from robustmoll.data.tables.table_set import TableSet
from robustmoll.data.tables.uci import Parkinsons, RedWine, WhiteWine
from robustmoll.evaluate.classifiers.judge import evaluating
from robustmoll.evaluate.densities.gaussian import gaussian_nll
from robustmoll.models.densities.table_flows import TableFlow, glow, maf, realnvp
from robustmoll.schedules import ConstantNoise, CosineNoise, LinearNoise, NoiseSchedule, SigmoidNoise
from robustmoll.seeds import generator_at
from robustmoll.storage.files import csv_text, write_whole

TABLES = {"redwine": RedWine, "whitewine": WhiteWine, "parkinsons": Parkinsons}
FLOWS: dict[str, Callable[[tuple[int, ...]], TableFlow]] = {"maf": maf, "realnvp": realnvp, "glow": glow}
SCHEDULES: dict[str, NoiseSchedule] = {
    "sigmoid": SigmoidNoise(),
    "cosine": CosineNoise(),
    "linear": LinearNoise(),
    "constant": ConstantNoise(0.1),
}
ARMS = {
    "published": ("vanilla", "sigmoid"),
    "sound": ("0", "0.25", "0.5", "0.75"),  # the mollified share of LENGTH epochs
    "schedules": ("vanilla", *SCHEDULES),
}
LR = 1e-4
WEIGHT_DECAY = 1e-6
BATCH = 100
EPOCHS = 150  # of the published protocol
EVERY = 5  # epochs, the published protocol's tests
LENGTH = 100  # epochs, of which the sound protocol's share is taken
PATIENCE = 20  # clean epochs


@dataclass(frozen=True)
class Split:
    """A table's rows for one run, standardised; `train` yields the batches of an epoch."""

    rows: Tensor
    train: Callable[[int], Iterator[Tensor]]
    validation: Tensor
    test: Tensor


Row = dict[str, object]


def split(table: TableSet, test: TableSet, seed: int, jitter: bool) -> Split:
    """The last tenth of the file is the test, the tenth before it validation."""
    train, validation = table.hold_out(0.1)

    def jittered(x: Tensor, *address: int | str) -> Tensor:
        return table.domain.enter(x, torch.rand(x.shape, generator=generator_at(*address))) if jitter else x

    def batches(epoch: int) -> Iterator[Tensor]:
        order = torch.randperm(len(train), generator=generator_at(seed, "order", epoch))
        yield from jittered(train.inputs[order], seed, "jitter", epoch).split(BATCH)

    return Split(
        jittered(train.inputs, "train"),
        batches,
        jittered(validation.inputs, "validation"),
        jittered(test.inputs, "test"),
    )


def gaussian(data: Split) -> Row:
    """The mean test log-likelihood of a Gaussian with the mean and covariance of the training rows."""
    nll = gaussian_nll(data.rows, data.test)
    assert nll is not None, "the columns of these tables are no linear functions of each other"
    return {"test": f"{-nll.mean():.4f}"}


def epochs_of(model: TableFlow, data: Split, noisy: Callable[[Tensor, int, int], Tensor]) -> Iterator[int]:
    """Trains the model, epoch by epoch; yields the number of epochs done, for ever."""
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, weight_decay=WEIGHT_DECAY, fused=True)
    step = epoch = 0
    while True:
        for x in data.train(epoch):
            optimizer.zero_grad()
            (-model(noisy(x, epoch, step)).mean()).backward()
            optimizer.step()
            step += 1
        model.calibrate(data.rows)
        epoch += 1
        yield epoch


def measured(model: TableFlow, data: Split) -> dict[str, float]:
    """Mean log-likelihoods of the two held-out parts."""
    held_out = {"validation": data.validation, "test": data.test}
    with evaluating(model):
        return {part: float(model.log_prob(rows).mean()) for part, rows in held_out.items()}


def published(model: TableFlow, data: Split, arm: str, seed: int) -> list[Row]:
    """The published protocol; arms are "vanilla" and the names of schedules."""
    noise, rows = generator_at(seed, "noise"), []
    anneal = Anneal(EPOCHS, SCHEDULES.get(arm))

    def noisy(x: Tensor, epoch: int, step: int) -> Tensor:
        return x if arm == "vanilla" else anneal(x, epoch, noise)

    for epoch in epochs_of(model, data, noisy):
        if epoch % EVERY == 0:
            t = 0.0 if arm == "vanilla" else anneal.at(epoch - 1)
            rows.append({"epoch": epoch, "t": f"{t:.4f}", **measured(model, data)})
        if epoch == EPOCHS:
            return rows
    raise AssertionError("epochs never end")


def sound(model: TableFlow, data: Split, arm: str, seed: int) -> list[Row]:
    """The sound protocol; an arm is the share of `LENGTH` epochs that are mollified."""
    noise, rows, best, since = generator_at(seed, "noise"), [], -float("inf"), 0
    per_epoch = -(-len(data.rows) // BATCH)
    anneal = Anneal(LENGTH * per_epoch, fraction=float(arm))
    for epoch in epochs_of(model, data, lambda x, epoch, step: anneal(x, step, noise)):
        t = anneal.at(epoch * per_epoch - 1)
        figures = measured(model, data)
        rows.append({"epoch": epoch, "t": f"{t:.4f}", **figures})
        if t == 0:
            since = 0 if figures["validation"] > best else since + 1
            best = max(best, figures["validation"])
        if since == PATIENCE:
            return rows
    raise AssertionError("epochs never end")


def write(name: str, rows: list[Row]) -> None:
    """Writes a run to results/uci/<name>.csv, whole or not at all."""
    values = ([f"{v:.4f}" if isinstance(v, float) else v for v in row.values()] for row in rows)
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_whole(RESULTS / f"{name}.csv", csv_text(rows[0], values).encode())


def study(protocol: str, tables: list[str], flows: list[str], arms: list[str], seeds: list[int], root: str) -> None:
    """Trains what is not there yet, in the order asked for."""
    kind = "sound" if protocol == "sound" else "published"  # the schedules are compared in the published protocol
    train = sound if kind == "sound" else published
    for table in tables:
        loaded = TABLES[table](root).load()
        write(f"{kind}-{table}-gaussian", [gaussian(split(*loaded, seed=0, jitter=kind == "sound"))])
        for flow in flows:
            for seed in seeds:
                for arm in arms:
                    name = f"{kind}-{table}-{flow}-{arm}-{seed}"
                    if (RESULTS / f"{name}.csv").exists():
                        continue
                    start = time.thread_time()
                    torch.manual_seed(seed)
                    data = split(*loaded, seed=seed, jitter=kind == "sound")
                    rows = train(FLOWS[flow](tuple(data.rows.shape[1:])), data, arm, seed)
                    write(name, rows)
                    print(f"{name}: {rows[-1]}, {time.thread_time() - start:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol", nargs="?", choices=list(ARMS), help="which part of the study to train")
    parser.add_argument("--data", nargs="+", choices=list(TABLES), default=list(TABLES))
    parser.add_argument("--flows", nargs="+", choices=list(FLOWS), default=list(FLOWS))
    parser.add_argument("--arms", nargs="+", help="all of the protocol, unless named")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3])
    parser.add_argument("--root", type=str, default="data/uci", help="folder of the tables (.npy)")
    parser.add_argument("--table", action="store_true", help="only make the tables again")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.protocol and not args.table:
        arms = args.arms or list(ARMS[args.protocol])
        if unknown := set(arms) - set(ARMS[args.protocol]):
            parser.error(f"{args.protocol} has the arms {', '.join(ARMS[args.protocol])}, not {', '.join(unknown)}")
        study(args.protocol, args.data, args.flows, arms, args.seeds, args.root)
    text = tables(RESULTS)
    (RESULTS / "table.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()

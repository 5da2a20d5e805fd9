"""The configs that come with the library: every one is readable, and the studies are complete."""

from itertools import product
from pathlib import Path

import pytest
import yaml
from accelerate.commands.config.config_args import load_config_from_file
from PIL import Image
from sklearn.datasets import load_sample_images

from robustmoll.cli import main
from robustmoll.config import build_trainer, training_parser
from robustmoll.models.densities import DENSITIES
from robustmoll.models.origin import check_name

CONFIGS = Path(__file__).parents[2] / "configs"
MACHINES = CONFIGS / "accelerate-two-machines.yaml"
FILES = {path: yaml.safe_load(path.read_text()) for path in sorted(CONFIGS.rglob("*.yaml")) if path != MACHINES}
WHOLE = [path for path, tree in FILES.items() if "run" in tree]
FOLDERS = sorted({path.parent for path in WHOLE})

PAPER = ("none", "fcr", "fcr-randaug", "fcr-autoaug", "fcr-augmix", "fcr-trivaug", "fcr-mixup", "fcr-cutmix")
BOTH_WAYS = ("", "-mollified")


def bases(path: Path) -> list[Path]:
    named = FILES[path].get("base", [])
    return [(path.parent / base).resolve() for base in ([named] if isinstance(named, str) else named)]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(CONFIGS)))
def test_every_config_describes_a_training_named_by_its_place(folder: Path) -> None:
    for path in [path for path in WHOLE if path.parent == folder]:
        parser = training_parser()
        config = parser.parse_args(["--config", str(path)])
        assert config.run == f"runs/{path.relative_to(CONFIGS).with_suffix('')}"
        if config.task == "density":
            assert config.model.name in DENSITIES
        else:
            check_name(config.model.name)
            here = ["--data", "tests.tiny_data.FewDigits"]  # what a config names may not be there
            build_trainer(parser, parser.parse_args(["--config", str(path), *here]))


def test_every_part_is_of_use() -> None:
    used = {base for path in FILES for base in bases(path)}
    assert {path for path in FILES if path not in WHOLE} <= used


@pytest.mark.parametrize("data", ["cifar10", "cifar100", "tiny-imagenet"])
def test_the_papers_grid_is_complete(data: str) -> None:
    folder = CONFIGS / "paper" / data
    expected = {f"{augment}{way}" for augment, way in product(PAPER, BOTH_WAYS)}
    assert {path.stem for path in folder.glob("*.yaml")} == expected
    for name in expected:
        augment, way = (name.removesuffix("-mollified"), name.endswith("-mollified"))
        parts = ["base/paper.yaml", f"data/{data}.yaml", f"augment/{augment}.yaml"]
        parts += ["mollify/mollified.yaml" if way else "mollify/plain.yaml"]
        assert bases(folder / f"{name}.yaml") == [CONFIGS / part for part in parts]


def test_the_papers_training_is_the_published_one() -> None:
    config = training_parser().parse_args(["--config", str(CONFIGS / "paper" / "tiny-imagenet" / "none.yaml")])
    optimizer, scheduler = config.optimizer, config.scheduler
    assert (config.model.name, config.epochs, config.batch_size, config.precision) == (
        "preact_resnet50",
        300,
        128,
        "bf16",
    )
    assert (optimizer.name, optimizer.lr, optimizer.momentum, optimizer.weight_decay) == ("momentum", 0.01, 0.9, 5e-4)
    assert (scheduler.name, scheduler.warmup_epochs, config.augment) == ("cosine", 0, [])


def test_ablations_differ_from_their_cell_in_what_their_name_says() -> None:
    parser, folder = training_parser(), CONFIGS / "paper" / "cifar100"
    whole = yaml.safe_load(parser.dump(parser.parse_args(["--config", str(folder / "fcr-trivaug-mollified.yaml")])))
    for path in sorted((folder / "ablations").glob("*.yaml")):
        other = yaml.safe_load(parser.dump(parser.parse_args(["--config", str(path)])))
        changed = {key for key in whole if whole[key] != other[key]} - {"run"}
        assert changed == ({"loss"} if path.stem.startswith("loss") else {"mollify"}), path
    roles = parser.parse_args(["--config", str(folder / "ablations" / "noise.yaml")]).mollify.probabilities
    assert roles == {"clean": 1, "noise": 1}


def test_the_machines_are_described_as_accelerate_reads_them() -> None:
    machines = load_config_from_file(str(MACHINES))
    assert (machines.num_machines, machines.num_processes, machines.main_process_port) == (2, 8, 29500)


def test_photographs_of_mixed_sizes_train_at_224_pixels(tmp_path: Path) -> None:
    for name, picture in zip(("temple", "flower"), load_sample_images().images, strict=True):
        for number in range(6):
            path = tmp_path / "photos" / ("test" if number == 5 else "train") / name / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            side = 200 + 40 * number
            Image.fromarray(picture[10 * number : 10 * number + side, 20 * number : 20 * number + side + 30]).save(path)
    data = ["--data.root", str(tmp_path / "photos"), "--workers", "1", "--model.args.pretrained", "false"]
    short = ["--epochs", "1", "--batch_size", "8", "--accumulate", "2", "--run", str(tmp_path / "run")]
    cells = ["--bench.corruptions", "[contrast]", "--bench.severities", "[5]"]
    assert main(["train", "--config", str(CONFIGS / "folder-224.yaml"), *data, *short, *cells]) == 0
    assert (tmp_path / "run" / "report.html").exists()

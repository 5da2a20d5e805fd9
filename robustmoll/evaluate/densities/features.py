"""Feature vectors of images, for distances between sets of images: of the usual Inception network, or of ours."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from urllib.error import URLError

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.inception import Inception3

from robustmoll.checks import reason_of
from robustmoll.data.images import Images
from robustmoll.evaluate.finished import Run
from robustmoll.progress import ProgressBar
from robustmoll.storage.files import sha256

__all__ = ["INCEPTION_FILE", "Extractor", "classifier_features", "inception_features"]

INCEPTION_FILE = "pt_inception-2015-12-05-6726825d.pth"
"""The usual weights: TensorFlow's network of 2015, ported for pytorch-fid (M. Seitzer); the name ends in their hash."""
INCEPTION_URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{INCEPTION_FILE}"


@dataclass(frozen=True)
class Extractor:
    """A network that tells features of images, and all that a distance in its features depends on.

    Attributes:
        name: Of the network.
        resize: How images get to its size.
        sha256: Of its weights' file.
        size: Length of a feature vector.
        network: Float images in [0, 1], shape (B, C, H, W), to features (B, size); in eval mode.
        shape: C, H, W of the images that it takes; None takes any, grey or RGB.
    """

    name: str
    resize: str
    sha256: str
    size: int
    network: Callable[[Tensor], Tensor]
    shape: tuple[int, ...] | None = None

    def check(self, images: Images) -> None:
        """Raises a ValueError unless they are uint8 images of a kind that the network takes."""
        shape = tuple(images.shape[1:])
        if images.dtype != torch.uint8 or len(shape) != 3 or shape[0] not in (1, 3):
            raise ValueError(
                f"features need uint8 images of shape (N, C, H, W), 1 or 3 channels, got {images.dtype} of shape"
                f" {tuple(images.shape)}; bring samples in [-1, 1] to whole grey levels first"
            )
        if self.shape is not None and shape != self.shape:
            raise ValueError(f"{self.name} was trained on images of shape {self.shape}, but these have {shape}")

    def __call__(self, images: Images, batch_size: int = 64, device: str | torch.device = "cpu") -> Tensor:
        """Returns the features of images, float32, shape (N, size), on the device; errors as for `check`."""
        self.check(images)
        found = []
        with torch.inference_mode(), ProgressBar(len(images)) as bar:
            for start in range(0, len(images), batch_size):
                batch = images[start : start + batch_size].to(device)
                found.append(self.network(batch.float() / 255).float())
                bar.advance(len(batch), self.name)
        return torch.cat(found)


def classifier_features(run: str | Path, device: str | torch.device = "cpu") -> Extractor:
    """Returns the pooled features, before the last layer, of the classifier that a run of ours ended in.

    Args:
        run: Its folder, such as runs/cifar10.
        device: Where to compute.

    Raises:
        ValueError: If it holds no checkpoint of a classifier.
    """
    finished = Run(run)
    saved, classifier = finished.saved, finished.classifier.to(device)
    backbone: nn.Module = classifier.backbone

    def features(x: Tensor) -> Tensor:
        maps = backbone.forward_features(classifier.standardise(x))  # type: ignore[operator]
        return backbone.forward_head(maps, pre_logits=True)  # type: ignore[operator]

    shape = tuple(saved.config["pretrained_cfg"]["input_size"])
    with torch.inference_mode():
        size = features(torch.zeros(1, *shape, device=device)).shape[1]
    name = f"{saved.config['architecture']} ({run})"
    return Extractor(name, "none", sha256(safetensors.torch.save(saved.weights)), size, features, shape)


def inception_features(weights: str | Path | None = None, device: str | torch.device = "cpu") -> Extractor:
    """Returns the 2,048 pooled features of the Inception network that the field's FID is computed with.

    Images are scaled to 299 x 299 pixels bilinearly, without antialiasing, as pytorch-fid does; grey ones become RGB.

    Args:
        weights: File of the weights (.pth or .safetensors). None looks for `INCEPTION_FILE` where PyTorch keeps
            downloads, and downloads it there if it is missing.
        device: Where to compute.

    Raises:
        ValueError: If the weights cannot be had, or are those of another network; the message says what to put where.
    """
    file = Path(weights).expanduser() if weights else _downloaded()
    network = fid_inception(_state(file)).to(device)

    def features(x: Tensor) -> Tensor:
        x = F.interpolate(x.expand(-1, 3, -1, -1), (299, 299), mode="bilinear", align_corners=False)
        return network(2 * x - 1)

    with open(file, "rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Extractor("inception-2015-12-05", "bilinear to 299 x 299, no antialiasing", digest, 2048, features)


def fid_inception(state: dict[str, Tensor]) -> Inception3:
    """Returns torchvision's Inception v3 with the pooling of the network of 2015, ending in its features.

    That network's average pooling leaves the padding out of the average, and its last block takes the maximum.

    Args:
        state: Weights, by torchvision's names, for 1,008 classes.

    Raises:
        ValueError: If they belong to another network.
    """
    network = Inception3(num_classes=1008, aux_logits=False, init_weights=False).eval()
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        first = shorten(str(error).splitlines()[1], 120, placeholder=" ...")
        raise ValueError(f"these are not the weights {INCEPTION_FILE}: {first}") from error
    network.fc = nn.Identity()
    for name, block in network.named_children():
        if hasattr(block, "branch_pool"):
            _repool(block, _maximum if name == "Mixed_7c" else _average)
    return network


def _repool(block: nn.Module, pool: Callable[[Tensor], Tensor]) -> None:
    branches: Callable[[Tensor], list[Tensor]] = block._forward  # type: ignore[assignment]
    block._forward = lambda x: [*branches(x)[:-1], block.branch_pool(pool(x))]  # type: ignore[assignment,operator]


def _average(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def _maximum(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, 1, 1)


def _downloaded() -> Path:
    file = Path(torch.hub.get_dir()) / "checkpoints" / INCEPTION_FILE
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(INCEPTION_URL, str(file), hash_prefix="6726825d")
        except (OSError, URLError, RuntimeError) as error:
            raise ValueError(
                f"the Inception weights cannot be downloaded ({reason_of(error)}); get {INCEPTION_URL} in another way"
                f" and put it at {file}, or take a classifier of yours in its place"
            ) from error
    return file


def _state(file: Path) -> dict[str, Tensor]:
    """Reads weights; nothing in the file can run."""
    if not file.is_file():
        raise ValueError(f"there is no {file}: put the Inception weights there ({INCEPTION_URL})")
    try:
        if file.suffix == ".safetensors":
            return safetensors.torch.load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # text taken for a pickle fails in any way
        raise ValueError(f"{file} holds no weights, or more than weights; get it from {INCEPTION_URL}") from error
    if not isinstance(state, dict) or not all(isinstance(a, str) and isinstance(b, Tensor) for a, b in state.items()):
        raise ValueError(f"{file} holds no weights by name; get it from {INCEPTION_URL}")
    return state

"""Data sets by name, clean and corrupted; a new one is a subclass of `Data` in a file here, and an import below."""

from robustmoll.data.cifar import CIFAR10, CIFAR100
from robustmoll.data.corrupted import CorruptedSet, open_corrupted
from robustmoll.data.digits import Digits
from robustmoll.data.fashion_mnist import FashionMNIST
from robustmoll.data.image_folder import ImageFolder
from robustmoll.data.image_set import Data, ImageSet, SplitData
from robustmoll.data.imagenet import ImageNet
from robustmoll.data.tiny_imagenet import TinyImageNet

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "CorruptedSet",
    "Data",
    "Digits",
    "FashionMNIST",
    "ImageFolder",
    "ImageNet",
    "ImageSet",
    "SplitData",
    "TinyImageNet",
    "open_corrupted",
]

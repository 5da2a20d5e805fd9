"""CIFAR-10."""

from robustmoll.data.cifar import Cifar

__all__ = ["CIFAR10"]


class CIFAR10(Cifar):
    """60,000 photographs of 10 classes, 32 x 32 pixels, 10,000 of them for the test. A. Krizhevsky (2009)."""

    NAME = "cifar10"
    ARCHIVE = "cifar-10-python.tar.gz"
    FOLDER = "cifar-10-batches-py"
    TRAIN = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
    TEST = ("test_batch",)
    META = "batches.meta"
    LABELS = b"labels"
    LABEL_NAMES = b"label_names"
    CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    STANDARD = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))

    def classes(self) -> tuple[str, ...]:
        return self.CLASSES

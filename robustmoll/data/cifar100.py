"""CIFAR-100."""

from robustmoll.data.cifar import Cifar

__all__ = ["CIFAR100"]


class CIFAR100(Cifar):
    """60,000 photographs of 100 classes, 32 x 32 pixels, 10,000 of them for the test. A. Krizhevsky (2009).

    The labels are the fine ones.
    """

    NAME = "cifar100"
    ARCHIVE = "cifar-100-python.tar.gz"
    FOLDER = "cifar-100-python"
    TRAIN = ("train",)
    TEST = ("test",)
    META = "meta"
    LABELS = b"fine_labels"
    LABEL_NAMES = b"fine_label_names"
    CLASSES = (
        *("apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle"),
        *("bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle"),
        *("chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur"),
        *("dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard"),
        *("lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain"),
        *("mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck"),
        *("pine_tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road"),
        *("rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider"),
        *("squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television"),
        *("tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf"),
        *("woman", "worm"),
    )
    STANDARD = ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762))

    def classes(self) -> tuple[str, ...]:
        return self.CLASSES

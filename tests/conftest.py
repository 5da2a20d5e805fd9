import pytest
import torch


def pytest_configure() -> None:
    # The tensors of tests are small: more threads only wait for each other, most of all on a busy machine.
    torch.set_num_threads(1)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)

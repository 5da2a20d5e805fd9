import pytest
import torch

from robustmoll.checks import check_t, known_name, require
from robustmoll.seeds import generator_at, seed_at


def test_a_known_name_is_returned_and_near_ones_are_offered() -> None:
    assert known_name("thing", "fog", ["fog", "frost"]) == "fog"
    with pytest.raises(ValueError, match=r"unknown thing 'frots'; did you mean 'frost' or 'fog'\? Known: fog, frost"):
        known_name("thing", "frots", ["fog", "frost"])
    with pytest.raises(ValueError, match=r"unknown thing 'zzz'\. 100 names are known\."):
        known_name("thing", "zzz", map(str, range(100)))


def test_a_requirement_on_the_cpu_is_checked_at_once() -> None:
    require(torch.tensor(True), "never")
    with pytest.raises(ValueError, match="always"):
        require(torch.tensor(False), "always")
    require(torch.empty((), dtype=torch.bool, device="meta"), "cannot be looked at")


def test_t_is_returned_or_refused() -> None:
    t = torch.tensor([0.0, 0.5, 1.0])
    assert check_t(t) is t
    for bad in (torch.tensor([1.0001]), torch.tensor([-1e-9]), torch.tensor([float("nan")]), torch.tensor([1])):
        with pytest.raises(ValueError, match="t must"):
            check_t(bad)


def test_addresses_give_seeds_that_stay_the_same_everywhere() -> None:
    assert seed_at(0, "order", 3) == 8244215730568551301
    seeds = {seed_at(a, name, b) for a in range(30) for name in ("order", "draw") for b in range(30)}
    assert len(seeds) == 1800 and all(0 <= seed < 2**63 for seed in seeds)
    assert torch.equal(torch.rand(3, generator=generator_at(1)), torch.rand(3, generator=generator_at(1)))

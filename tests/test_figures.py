"""Every figure of an experiment can be drawn from its results, and every claim be decided."""

from functools import cache
from importlib import import_module
from inspect import signature
from typing import Any

import pytest

from dlbook import contents
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import summary


@cache
def few_seeds_of(chapter, name):
    """Run an experiment of a chapter with a tenth of its seeds, once for all tests."""
    module = import_module(chapter.module)
    experiment = next(
        one for one in vars(module).values() if isinstance(one, Experiment) and one.name == name
    )
    seeds: Any = experiment.seeds
    few = min(len(seeds), max(2, len(seeds) // 10))
    return experiment.run(seeds=few, progress=False)


def figures():
    """Yield the chapter and the name of every experiment that has a figure."""
    for chapter in contents.chapters():
        module = import_module(chapter.module)
        for experiment in vars(module).values():
            if isinstance(experiment, Experiment) and hasattr(module, f"plot_{experiment.name}"):
                name = experiment.name
                yield pytest.param(chapter, name, id=f"{chapter.name}-{name}")


@pytest.mark.parametrize(("chapter", "name"), list(figures()))
def test_an_experiment_can_be_summed_up_and_drawn_from_few_seeds(chapter, name):
    results = few_seeds_of(chapter, name)
    assert str(summary(results)), "`dlbook run` prints it"
    drawn = getattr(import_module(chapter.module), f"plot_{name}")(results).svg()
    assert 'role="img"' in drawn
    assert "<path" in drawn


def claims():
    """Yield every claim of every chapter."""
    for chapter in contents.chapters():
        for claim in import_module(chapter.module).CLAIMS:
            yield pytest.param(chapter, claim, id=claim.id)


@pytest.mark.parametrize(("chapter", "claim"), list(claims()))
def test_a_claim_can_be_decided_from_few_seeds(chapter, claim):
    found = claim.decide(*(few_seeds_of(chapter, one.name) for one in claim.experiments))
    assert len({one.condition for one in found.evidence}) == len(found.evidence)
    assert all(one.rule for one in found.evidence)


def illustrations():
    """Yield every other figure that can be drawn without being given anything."""
    for chapter in contents.chapters():
        module = import_module(chapter.module)
        experiments = {one.name for one in vars(module).values() if isinstance(one, Experiment)}
        for name, function in vars(module).items():
            if name.startswith("plot_") and name.removeprefix("plot_") not in experiments:
                parameters = signature(function).parameters.values()
                if all(one.default is not one.empty for one in parameters):
                    yield pytest.param(function, id=f"{chapter.name}-{name}")


@pytest.mark.parametrize("draw", list(illustrations()))
def test_an_illustration_can_be_drawn(draw):
    assert 'role="img"' in draw().svg()

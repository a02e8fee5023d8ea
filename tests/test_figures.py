"""Every figure of an experiment can be drawn from its results."""

from importlib import import_module
from inspect import signature

import pytest

from dlbook import contents
from dlbook.lab.experiment import Experiment
from dlbook.lab.results import summary


def figures():
    """Yield the module and the name of every experiment that has a figure."""
    for chapter in contents.chapters():
        module = import_module(chapter.module)
        for experiment in vars(module).values():
            if isinstance(experiment, Experiment) and hasattr(module, f"plot_{experiment.name}"):
                yield pytest.param(module, experiment, id=f"{chapter.name}-{experiment.name}")


@pytest.mark.parametrize(("module", "experiment"), list(figures()))
def test_an_experiment_can_be_summed_up_and_drawn_from_two_seeds(module, experiment):
    num_seeds = min(2, len(tuple(experiment.seeds)))
    results = experiment.run(seeds=num_seeds, progress=False)
    assert str(summary(results)), "`dlbook run` prints it"
    drawn = getattr(module, f"plot_{experiment.name}")(results).svg()
    assert 'role="img"' in drawn
    assert "<path" in drawn


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

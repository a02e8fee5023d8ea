"""Every figure of an experiment can be drawn from its results."""

from importlib import import_module

import pytest

from dlbook import contents
from dlbook.lab.experiment import Experiment


def figures():
    """Yield the module and the name of every experiment that has a figure."""
    for chapter in contents.chapters():
        module = import_module(chapter.module)
        for experiment in vars(module).values():
            if isinstance(experiment, Experiment) and hasattr(module, f"plot_{experiment.name}"):
                yield pytest.param(module, experiment, id=f"{chapter.name}-{experiment.name}")


@pytest.mark.parametrize(("module", "experiment"), list(figures()))
def test_the_figure_of_an_experiment_can_be_drawn_from_two_seeds(module, experiment):
    num_seeds = min(2, len(tuple(experiment.seeds)))
    results = experiment.run(seeds=num_seeds, progress=False)
    drawn = getattr(module, f"plot_{experiment.name}")(results).svg()
    assert 'role="img"' in drawn
    assert "<path" in drawn

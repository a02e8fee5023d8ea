"""What experiments cost, and what carries over from one network to another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlbook.lab.claims import judge
from dlbook.science import limits_of_experiments as chapter
from dlbook.science.limits_of_experiments import (
    build_network,
    num_conditions,
    num_multiply_adds,
    num_parameters,
    pass_back_and_forth,
    regret,
)

sizes = st.lists(st.integers(1, 12), min_size=2, max_size=5)


# Laws


@given(sizes, st.integers(1, 20))
def test_the_formula_counts_what_a_real_pass_multiplies(layer_sizes, num_examples):
    counted = pass_back_and_forth(layer_sizes, num_examples, seed=0)
    assert num_multiply_adds(layer_sizes, num_examples) == counted


@given(sizes, st.integers(1, 9), st.integers(1, 9))
def test_epochs_and_examples_cost_alike(layer_sizes, num_examples, epochs):
    both = num_multiply_adds(layer_sizes, num_examples, epochs)
    assert both == num_multiply_adds(layer_sizes, num_examples * epochs)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(2, 9))
def test_one_variable_more_multiplies_the_conditions(levels, more):
    assert num_conditions([*levels, more]) == more * num_conditions(levels)


@given(arrays(float, (3, 5), elements=st.floats(0, 1)), st.integers(0, 4))
def test_regret_is_never_negative_and_0_at_the_best(accuracies, chosen):
    assert np.all(regret(accuracies, chosen) >= 0)
    assert regret(accuracies[0], int(accuracies[0].argmax())) == 0


# Cases worked by hand


def test_the_network_of_the_exercise_has_2410_parameters():
    assert num_parameters([64, 32, 10]) == 2410


def test_the_grid_of_the_experiment():
    assert num_conditions([5, 11]) == 55 == chapter.TRANSFER.num_runs // 20


# Independent oracles


@pytest.mark.parametrize(
    ("network", "layer_sizes"),
    [
        (chapter.SMALL, [64, 8, 10]),
        (chapter.SIGMOID, [64, 64, 10]),
        (chapter.DEEP, [64, 32, 32, 32, 32, 10]),
        (chapter.ADAM, [64, 64, 10]),
    ],
)
def test_parameters_are_those_that_keras_counts(network, layer_sizes):
    assert build_network(network).count_params() == num_parameters(layer_sizes)


# Errors


@pytest.mark.parametrize("levels", [[3, 0], [2.5]])
def test_levels_that_are_no_counts_are_refused(levels):
    with pytest.raises(ValueError, match=r"levels_per_variable must be .*Received: "):
        num_conditions(levels)


@pytest.mark.parametrize("layer_sizes", [[64], [64, 0, 10]])
def test_sizes_that_make_no_network_are_refused(layer_sizes):
    with pytest.raises(ValueError, match=r"layer_sizes must .*Received: "):
        num_parameters(layer_sizes)


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r"`chosen` must be one of 3 settings.*Received: 3"):
        regret([0.1, 0.2, 0.3], chosen=3)


# The claims of the experiments


@pytest.fixture(scope="module")
def transfer():
    levels = {"network": chapter.NETWORKS, "learning_rate": (0.0001, 0.01, 1.0, 10.0)}
    return chapter.TRANSFER.run(independent=levels, seeds=3, progress=False)


def test_the_best_rate_of_sgd_breaks_adam(transfer):
    accuracy = transfer["test_accuracy"].mean("seed").sel(learning_rate=1.0)
    assert accuracy.sel(network=chapter.RELU) > 0.9
    assert accuracy.sel(network=chapter.ADAM) < 0.4


def test_every_network_falls_on_both_sides(transfer):
    accuracy = transfer["test_accuracy"].mean("seed")
    best = accuracy.max("learning_rate")
    for end in (0, -1):
        assert (best - accuracy.isel(learning_rate=end) > 0.1).all()


def test_the_claims_are_judged_from_the_results(transfer):
    cost = chapter.COST.run(progress=False)
    verdicts = [str(finding.verdict) for finding in judge(chapter.CLAIMS, cost, transfer)]
    assert verdicts[:3] == ["holds", "holds", "fails"]

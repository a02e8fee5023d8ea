"""Where a thing is matters or not, according to what stands between the maps and the answer."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from dlbook.architectures import cnn as chapter
from dlbook.architectures.cnn import CLAIMS
from dlbook.lab.claims import Verdict
from dlbook.lab.moved_images import padded_digits

# Laws


@given(st.floats(0, 0.9), st.floats(0, 0.9))
def test_what_an_mlp_loses_the_convolutional_network_gains_in_the_comparison(flatten, dense):
    finding = CLAIMS[4].decide(made_up(flatten=flatten, MLP=dense))
    effects = [one.effect for one in finding.evidence]
    assert effects == pytest.approx([1 - dense, flatten - dense, 0])


# Cases worked by hand


def test_the_networks_of_the_comparison_are_about_equally_large():
    sizes = {name: chapter.digit_network(name).count_params() for name in chapter.NETWORKS}
    assert sizes == {"MLP": 3730, "flatten": 3730, "pool, global": 2130, "global": 2130}


def test_a_dense_layer_stands_before_the_prediction_where_it_is_asked_for():
    without, with_one = (chapter.gaussian_network("flatten", units) for units in (0, 7))
    assert without.count_params() == 60 + 220 + 144 * 2 + 2
    assert with_one.count_params() == 60 + 220 + 144 * 7 + 7 + 7 * 2 + 2


class Corner:
    """A network that answers 1 if the top row is empty, and 0 if not."""

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        empty = ~np.asarray(pictures)[:, 0].any(axis=(1, 2))
        return np.stack([~empty, empty], axis=1).astype(float)


def test_accuracy_is_measured_on_moved_images_in_eight_directions():
    data = padded_digits(0)
    found = chapter.accuracy_by_shift(Corner(), data, seed=0)  # type: ignore[arg-type]
    ones = float(np.mean(data.y_test == 1))
    assert found["shift_0"] == found["shift_1"] == pytest.approx(ones)
    ink = data.x_test[:, 2].any(axis=(1, 2))
    guesses = np.where(ink, 0, 1)
    expected = (3 * np.mean(guesses == data.y_test) + 5 * ones) / 8
    assert found["shift_2"] == pytest.approx(expected, abs=0.02)


def made_up(**accuracies: float) -> xr.Dataset:
    """Results of `shift_and_scramble` in which every network is perfect but where told."""
    experiment = chapter.SHIFT
    levels = {name: list(values) for name, values in experiment.independent.items()}
    seeds = range(5)
    shape = [*map(len, levels.values()), len(seeds)]
    names = [f"shift_{size}" for size in chapter.SHIFTS]
    results = xr.Dataset(
        {name: ((*levels, "seed"), np.ones(shape)) for name in names},
        coords={**levels, "seed": list(seeds)},
        attrs={"name": experiment.name},
    )
    for network, accuracy in accuracies.items():
        results["shift_2"].loc[{"network": network, "training": "intact"}] = accuracy
    return results


def test_the_first_claim_looks_at_each_network_and_shift():
    verdicts = [CLAIMS[0].decide(made_up(**case)).verdict for case in ({}, {"flatten": 0.5})]
    assert verdicts == [Verdict.HOLDS, Verdict.DEPENDS]


def test_the_fifth_claim_compares_equal_with_unequal_training():
    finding = CLAIMS[4].decide(made_up(MLP=0.3))
    effects = [one.effect for one in finding.evidence]
    assert effects == pytest.approx([0.7, 0.7, 0])


# Independent oracle


def test_filters_and_error_are_correlated_as_scipy_does():
    from scipy.stats import spearmanr

    levels = chapter.CHANNELS.independent
    errors = np.random.default_rng(0).uniform(size=(2, 2, 5))
    dims = ("first_filters", "second_filters", "epochs", "seed")
    results = xr.Dataset(
        {"test_accuracy": (dims, 1 - errors[:, :, np.newaxis])},
        coords={name: list(values) for name, values in levels.items()} | {"seed": range(5)},
    )
    first, second = chapter.error_by_filters(results)
    expected = [
        float(np.asarray(spearmanr([2, 2, 8, 8], errors[..., seed].ravel()))[0])
        for seed in range(5)
    ]
    assert first.effect == pytest.approx(np.mean(expected))
    expected = [
        float(np.asarray(spearmanr([4, 16, 4, 16], errors[..., seed].ravel()))[0])
        for seed in range(5)
    ]
    assert second.effect == pytest.approx(np.mean(expected))


# Errors


def test_a_network_that_is_too_small_for_its_poolings_is_refused():
    with pytest.raises(ValueError, match=r"`input_shape` must be 4 pixels high.*Received: "):
        chapter.small_cnn((3, 3, 1), 10)


# The claims of the experiments


@pytest.fixture(scope="module")
def shift() -> xr.Dataset:
    levels = {"network": ("MLP", "flatten", "global"), "training": ("intact",), "epochs": (8,)}
    return chapter.SHIFT.run(independent=levels, seeds=1, progress=False)


def test_what_a_shift_of_two_pixels_costs(shift):
    runs = chapter.by_shift(shift).sel(training="intact").mean("seed")
    assert float(runs.sel(shift=0).min()) > 0.85
    assert float(runs.sel(network="MLP", shift=2)) < 0.3
    assert float(runs.sel(network="flatten", shift=2)) < 0.5
    assert float(runs.sel(network="global", shift=2)) > 0.8


def test_a_narrow_and_a_wide_dense_layer_tell_spots_apart():
    results = chapter.DENSE_WIDTH.run(independent={"dense_units": (30,)}, seeds=1, progress=False)
    assert float(results["test_accuracy"].item()) > 0.93


def test_a_global_head_knows_the_place_of_spots_at_the_border_only():
    levels = {"network": ("global",)}
    results = chapter.PLACES.run(independent=levels, seeds=1, progress=False).squeeze()
    assert float(results["place"].sel(spot="cut off")) > 0.7
    assert abs(float(results["place"].sel(spot="whole"))) < 0.2


def test_the_claims_are_numbered_and_belong_to_the_experiments():
    assert [claim.id for claim in CLAIMS] == [f"C-cnn-{number}" for number in range(1, 6)]


# The figures


def test_maps_and_correlations_are_drawn():
    model = chapter.small_cnn((12, 12, 1), 10)
    image = padded_digits(0).x_test[0]
    assert "map 5" in chapter.plot_maps(model, image, "convolution_1").svg()
    maps = chapter.feature_maps(model, "convolution_1", image[np.newaxis])
    tables = {"one": chapter.map_correlations(maps)}
    assert "one" in chapter.plot_correlations(tables).svg()
    assert "pooling" in chapter.plot_layers().svg()

"""Pairs that learn to draw digits whose pixels the discriminator sees on one scale or another."""

import numpy as np
import pytest

from dlbook import Experiment
from dlbook.lab import forged_digits
from dlbook.lab.forged_digits import FORGED, SCALES, forge, scaled_discriminator, setup_of

SHORT = {"digits": {"steps": (40, 20), "moments": (0, 2)}}


@pytest.fixture(scope="module")
def found():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forged_digits, "SCHEDULES", SHORT)
        levels = {"data_set": ("digits",), "pixels": tuple(SCALES)}
        return Experiment("short", "Which?", levels, FORGED, seeds=2).run(progress=False)


def test_the_discriminator_sees_pixels_on_the_scale_that_is_asked_for():
    setup = setup_of("digits")._replace(hidden_units=(3,))
    one, other = (scaled_discriminator(4, setup, scale) for scale in SCALES)
    other.set_weights(one.get_weights())
    images = np.random.default_rng(0).random((5, 4)).astype("float32")
    np.testing.assert_allclose(other(images), one(2 * images - 1), rtol=1e-5)
    assert not np.allclose(other(images), one(images))


def test_a_run_tells_what_was_seen_at_each_look(found):
    assert found["step"].values[0, 0, 0].tolist() == [0, 20, 40]
    assert found["shown"].values[0, 0, 0].tolist() == [0, 40]
    assert (found["counts"].sum("kind") == found["real_counts"].sum("kind")).all()
    assert found["samples"].values.min() >= 0
    assert found["samples"].values.max() <= forged_digits.INK
    both = found[["real_probability", "fake_probability"]].to_array()
    assert float(both.min()) >= 0
    assert float(both.max()) <= 1


def test_scales_begin_with_the_same_generator_and_part_ways(found):
    first, last = (found["distance"].isel(checkpoint=at, data_set=0).values for at in (0, -1))
    np.testing.assert_allclose(first[0], first[1])
    assert not np.any(last[0] == last[1])


def test_real_pictures_are_nearer_than_what_an_untrained_generator_draws(found):
    start = found["distance"].isel(checkpoint=0)
    assert float((found["real_distance"] / start).max()) < 0.2


def test_the_same_seed_gives_the_same_run(found, monkeypatch):
    monkeypatch.setattr(forged_digits, "SCHEDULES", SHORT)
    again = forge(1, "digits", "-1 to 1")
    once = found.sel(data_set="digits", pixels="-1 to 1", seed=1)
    for name in ("distance", "generator_loss", "samples"):
        np.testing.assert_allclose(again[name], once[name].values, rtol=1e-5)


def lines_of(axes):
    """Heights of the lines, those of runs and those to compare with."""
    heights = [np.asarray(line.get_ydata()) for line in axes.lines]
    return [one for one in heights if one.size == 3], [one for one in heights if one.size == 2]


def test_the_figures_show_every_moment_and_every_seed(found):
    runs = found.isel(data_set=0)
    assert len(forged_digits.plot_moments(runs.isel(pixels=0, seed=0)).axes) == 2
    panels = [lines_of(axes)[0] for axes in forged_digits.plot_runs(runs).axes]
    assert [len(lines) for lines in panels] == [4, 4]
    np.testing.assert_allclose(panels[1][-1], runs["distance"].values[1, 1])


def test_losses_of_a_discriminator_that_cannot_tell_are_drawn(found):
    levels = lines_of(forged_digits.plot_runs(found.isel(data_set=0)).axes[0])[1]
    np.testing.assert_allclose([one[0] for one in levels], [np.log(2), 2 * np.log(2)])


def test_a_scale_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r"`pixels` must be one of.*Received: 'none'"):
        scaled_discriminator(4, setup_of("digits"), "none")


def test_the_setup_of_the_course_keeps_its_sizes_and_rate():
    setup = setup_of("MNIST")
    assert (setup.latent_units, setup.hidden_units, setup.batch_size) == (64, (256, 256), 100)
    assert setup.learning_rate == pytest.approx(0.0003)

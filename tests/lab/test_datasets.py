"""Data are split without a leak, drawn the same way twice, and say where they come from."""

import inspect
import os
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn import datasets as oracle
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from dlbook.lab import datasets
from dlbook.lab.characters import read_text
from dlbook.lab.datasets import CATALOGUE, Data, MissingDataError, downloaded
from dlbook.lab.datasets.core import PARTS, stratified_order

seeds = st.integers(0, 2**32)
REAL = (
    datasets.digits,
    datasets.iris,
    datasets.wine,
    datasets.breast_cancer,
    datasets.diabetes_high,
)
GENERATED = (
    datasets.clusters,
    datasets.doughnuts,
    datasets.xor,
    datasets.spirals,
    partial(datasets.gaussian_blobs, num_examples=20, size=12),
    partial(datasets.blob_places, num_examples=20, size=12),
    datasets.bars,
    partial(datasets.glyphs, num_examples=8, num_test=4),
    datasets.sine_waves,
    datasets.alternating,
    partial(datasets.adding_problem, num_examples=30, num_test=20),
)
KERAS = (datasets.mnist, datasets.fashion_mnist, datasets.cifar10)


def parts(data: Data):
    pairs = ((getattr(data, f"x_{part}"), getattr(data, f"y_{part}")) for part in PARTS)
    return [(x, y) for x, y in pairs if x is not None]


def rows(inputs):
    return {row.tobytes() for row in np.ascontiguousarray(inputs)}


def name_of(loader):
    return getattr(loader, "func", loader).__name__


def equal(a: Data, b: Data):
    pairs = zip(parts(a), parts(b), strict=True)
    return all(np.array_equal(x, u) and np.array_equal(y, v) for (x, y), (u, v) in pairs)


# Data


def test_inputs_need_an_answer_each():
    with pytest.raises(ValueError, match=r"one answer per input.*Received: 2 inputs and 1 answers"):
        Data(np.zeros((2, 1)), np.zeros((1, 1)))


@pytest.mark.parametrize("given_part", ["x_test", "y_validation"])
def test_a_part_needs_inputs_and_answers(given_part):
    with pytest.raises(ValueError, match=r"partner. Received: None"):
        Data(np.zeros((2, 1)), np.zeros((2, 1)), **{given_part: np.zeros((2, 1))})


def test_data_cannot_be_changed_by_an_experiment():
    inputs = np.zeros((2, 1), np.float32)
    data = Data(inputs, np.zeros((2, 1)))
    with pytest.raises(ValueError, match="read-only"):
        data.x_train[0] = 1
    inputs[0] = 1  # the reader's own array stays writable


def test_double_precision_becomes_single():
    data = Data(np.zeros((2, 1)), np.zeros((2, 1)))
    assert data.x_train.dtype == data.y_train.dtype == np.float32


def test_whole_numbers_stay_whole():
    assert Data(np.zeros((2, 3), int), np.zeros(2, np.int32)).y_train.dtype == np.int32


def test_data_show_their_shapes_not_their_numbers():
    assert (
        repr(datasets.iris(validation=0)) == "Data(train=(120, 4) -> (120,), test=(30, 4) -> (30,))"
    )


@pytest.mark.parametrize(
    ("scaling", "scaler"), [("standard", StandardScaler), ("min_max", MinMaxScaler)]
)
def test_scaling_is_fitted_on_the_training_part_alone(scaling, scaler):
    raw, scaled = datasets.wine(3, scaling="none"), datasets.wine(3, scaling=scaling)
    fitted = scaler().fit(raw.x_train.astype(float))
    for (x, _), (z, _) in zip(parts(raw), parts(scaled), strict=True):
        np.testing.assert_allclose(z, fitted.transform(x.astype(float)), atol=1e-4)


def test_test_data_never_change_the_scaling():
    data = datasets.iris(scaling="none")
    spoiled = Data(data.x_train, data.y_train, x_test=data.x_test + 1000, y_test=data.y_test)
    np.testing.assert_array_equal(data.scaled().x_train, spoiled.scaled().x_train)


def test_a_constant_feature_is_only_shifted():
    data = Data(np.full((3, 1), 7.0), np.zeros((3, 1))).scaled()
    np.testing.assert_array_equal(data.x_train, 0)


def test_an_unknown_scaling_names_the_known_ones():
    with pytest.raises(ValueError, match=r"none, standard, min_max. Received: 'z'"):
        datasets.iris(scaling="z")


def test_a_function_reaches_the_inputs_of_every_part():
    data = datasets.clusters(num_examples=3)
    for (x, _), (shifted, _) in zip(
        parts(data), parts(data.with_inputs(lambda x: x + 1)), strict=True
    ):
        np.testing.assert_array_equal(shifted, x + 1)


@given(st.integers(1, 20))
def test_a_smaller_set_is_contained_in_a_larger_one(per_class):
    smaller, larger = (
        datasets.digits().take(per_class=count) for count in (per_class, per_class + 1)
    )
    assert np.bincount(smaller.y_train).tolist() == [per_class] * 10
    assert rows(smaller.x_train) <= rows(larger.x_train)
    assert len(smaller.x_test) == 357


def test_fewer_examples_can_be_taken_without_regard_to_class():
    data = datasets.diabetes()
    np.testing.assert_array_equal(data.take(7).x_train, data.x_train[:7])


@pytest.mark.parametrize("wanted", [{"num_examples": 1081}, {"per_class": 500}, {"per_class": 0}])
def test_more_examples_than_there_are_cannot_be_taken(wanted):
    with pytest.raises(ValueError, match=rf"{next(iter(wanted))} must be between 1 and .*Received"):
        datasets.digits().take(**wanted)


# All loaders


@pytest.mark.parametrize("loader", [*GENERATED, *REAL, datasets.diabetes], ids=name_of)
def test_one_seed_gives_one_data_set(loader):
    assert equal(loader(5), loader(5))
    assert not equal(loader(5), loader(6))


@pytest.mark.parametrize("loader", GENERATED, ids=name_of)
def test_generated_data_have_three_parts_with_nothing_in_common(loader):
    (train, _), (validation, _), (test, _) = parts(loader(1))
    assert not rows(train) & rows(test)
    assert not rows(train) & rows(validation)
    assert not rows(validation) & rows(test)


@pytest.mark.parametrize("loader", [*GENERATED, *REAL, datasets.diabetes], ids=name_of)
def test_inputs_are_finite_floats_and_answers_fit_their_loss(loader):
    for x, y in parts(loader(2)):
        assert x.dtype == np.float32
        assert np.isfinite(x).all()
        assert (y.dtype, y.ndim) in ((np.float32, 2), (np.int32, 1))


@pytest.mark.parametrize("loader", [*GENERATED, *REAL], ids=name_of)
@pytest.mark.parametrize("seed", [-1, 1.5, "a"])
def test_a_seed_is_a_non_negative_integer(loader, seed):
    with pytest.raises(ValueError, match=r"seed must be a non-negative integer. Received"):
        loader(seed)


# Generated points


@given(seeds, st.integers(2, 30))
def test_more_training_examples_extend_the_sample_and_leave_the_test_part_alone(seed, count):
    smaller, larger = (
        datasets.clusters(seed, num_examples=number, num_test=5) for number in (count, count + 7)
    )
    np.testing.assert_array_equal(smaller.x_train, larger.x_train[: 2 * count])
    np.testing.assert_array_equal(smaller.x_test, larger.x_test)


@given(seeds, st.floats(0, 5))
def test_blur_moves_the_same_points_away_from_their_centers(seed, blur):
    sharp, blurred = (datasets.clusters(seed, blur=width) for width in (1.0, blur))
    centers = np.where(sharp.y_train == 0, [1, 1], [5, 1])
    expected = centers + blur * (sharp.x_train - centers)
    np.testing.assert_allclose(blurred.x_train, expected, atol=1e-4)


def test_a_line_separates_the_clusters_as_well_as_it_can():
    data = datasets.clusters(num_examples=5000)
    line = LogisticRegression().fit(data.x_train, data.y_train[:, 0])
    assert line.score(data.x_test, data.y_test[:, 0]) == pytest.approx(norm.cdf(2), abs=0.005)


def test_three_clusters_have_whole_number_labels():
    data = datasets.clusters(
        centers=((1, 1), (5, 1), (3, -2)), num_examples=(10, 20, 30), num_test=0
    )
    assert np.bincount(data.y_train).tolist() == [10, 20, 30]
    assert data.x_test is data.x_validation is None


def test_doughnuts_are_rings_that_no_line_separates():
    data = datasets.doughnuts(num_examples=2000)
    labels = data.y_train[:, 0]
    distance = np.linalg.norm(data.x_train, axis=1)
    assert distance[labels == 1].mean() / distance[labels == 0].mean() == pytest.approx(1.5, 0.01)
    line = LogisticRegression().fit(data.x_train, labels)
    assert 0.4 < line.score(data.x_test, data.y_test[:, 0]) < 0.6


@pytest.mark.parametrize("loader", [datasets.doughnuts, datasets.spirals])
def test_curved_shapes_are_scaled_by_their_training_part(loader):
    data = loader(3)
    np.testing.assert_allclose(data.x_train.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(data.x_train.std(axis=0), 1, atol=1e-4)
    assert np.abs(data.x_test.mean(axis=0)).max() > 1e-4


@pytest.mark.parametrize("gate", ["and", "or", "xor"])
def test_gates_follow_their_truth_table(gate):
    data = datasets.xor(gate=gate, noise=0, num_examples=3)
    a, b = data.x_train.T.astype(int)
    truth = {"and": a & b, "or": a | b, "xor": a ^ b}[gate]
    np.testing.assert_array_equal(data.y_train[:, 0], truth)


def test_gates_share_their_points():
    np.testing.assert_array_equal(datasets.xor(gate="or").x_test, datasets.xor(gate="and").x_test)


def test_the_arms_of_a_spiral_lie_between_each_other():
    data = datasets.spirals(turns=1, num_examples=500, noise=0, num_test=0)
    line = LogisticRegression().fit(data.x_train, data.y_train[:, 0])
    assert line.score(data.x_train, data.y_train[:, 0]) < 0.8


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: datasets.clusters(blur=-1), "blur must be 0 or larger. Received: -1"),
        (lambda: datasets.clusters(blur=float("nan")), "blur must be 0 or larger. Received: nan"),
        (lambda: datasets.clusters(num_examples=0), "num_examples must be .* Received: 0"),
        (lambda: datasets.clusters(num_examples=(1, 2, 3)), r"or 2 of them. Received: \(1, 2, 3\)"),
        (lambda: datasets.doughnuts(noise=-1), "noise must be 0 or larger. Received: -1"),
        (lambda: datasets.xor(gate="nor"), "gate must be one of and, or, xor. Received: 'nor'"),
        (lambda: datasets.spirals(arms=1), "arms must be 2 or more. Received: 1"),
        (lambda: datasets.glyphs(characters="AA"), "different ones. Received: 'AA'"),
        (lambda: datasets.windows([1, 2], 2), "timesteps must be between 1 and .* Received: 2"),
        (lambda: datasets.adding_problem(timesteps=1), "timesteps must be 2 or more. Received: 1"),
        (lambda: datasets.iris(test=150), "0 examples that .* leave. Received: None"),
        (lambda: datasets.iris(num_examples=91), "the 90 examples that .* Received: 91"),
        (lambda: datasets.iris(test=-0.1), "test must be a share or a number.* Received: -0.1"),
        (lambda: datasets.photograph("cat"), "one of china, flower. Received: 'cat'"),
    ],
)
def test_errors_name_the_argument_and_what_was_received(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Generated pictures


def test_a_blob_is_as_wide_as_its_label_says():
    data = datasets.gaussian_blobs(num_examples=50, noise=0, widths=(0.6, 1.2), num_test=0)
    ink = data.x_train.sum(axis=(1, 2, 3))
    assert ink[data.y_train[:, 0] == 1].mean() > 2 * ink[data.y_train[:, 0] == 0].mean()


def test_the_brightest_pixel_lies_where_the_target_says():
    data = datasets.blob_places(num_examples=40, size=81, noise=0, num_test=0)
    brightest = data.x_train[..., 0].reshape(40, -1).argmax(axis=1)
    line = np.linspace(-4, 4, 81)
    np.testing.assert_allclose(line[brightest % 81], data.y_train[:, 0], atol=0.051)
    np.testing.assert_allclose(line[brightest // 81], data.y_train[:, 1], atol=0.051)
    assert data.y_train[:, 2].min() >= 1


def test_level_bars_fill_a_row_and_upright_bars_a_column():
    data = datasets.bars(noise=0, num_test=0)
    pictures = data.x_train[..., 0]
    upright = data.y_train[:, 0] == 1
    assert (pictures[~upright].sum(axis=2).max(axis=1) == 8).all()
    assert (pictures[upright].sum(axis=1).max(axis=1) == 8).all()


def test_printed_digits_can_be_told_apart_and_have_ink_between_0_and_1():
    data = datasets.glyphs(num_examples=60)
    flat = data.x_train.reshape(len(data.x_train), -1)
    assert flat.min() == 0
    assert flat.max() <= 1
    line = LogisticRegression(max_iter=200).fit(flat, data.y_train)
    assert line.score(data.x_test.reshape(len(data.x_test), -1), data.y_test) > 0.9


def test_a_classifier_of_printed_digits_knows_some_written_ones():
    printed, written = datasets.glyphs(num_examples=60), datasets.digits()
    line = LogisticRegression(max_iter=200).fit(printed.x_train.reshape(600, -1), printed.y_train)
    assert line.score(written.x_test, written.y_test) > 0.3


def test_more_glyphs_extend_the_sample():
    few, many = (datasets.glyphs(characters="AB", num_examples=count) for count in (3, 5))
    np.testing.assert_array_equal(few.x_train, many.x_train[:6])


def test_strokes_are_colours_and_smoother_along_the_field_than_noise():
    picture = datasets.stroke_textures(size=64, num_images=2)
    assert picture.shape == (2, 64, 64, 3)
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1
    steps = np.abs(np.diff(picture.mean(axis=-1), axis=2)).mean()
    assert steps < 0.5 * picture.std()
    assert not np.array_equal(picture[0], picture[1])


# Series


@given(st.lists(st.floats(-10, 10, width=32), min_size=3, max_size=30), st.data())
def test_windows_are_stretches_with_the_value_that_follows(series, data):
    timesteps = data.draw(st.integers(1, len(series) - 1))
    inputs, targets = datasets.windows(series, timesteps)
    assert inputs.shape == (len(series) - timesteps, timesteps, 1)
    for start in range(len(inputs)):
        assert inputs[start, :, 0].tolist() == series[start : start + timesteps]
        assert targets[start, 0] == series[start + timesteps]


def test_a_sine_wave_is_split_by_time():
    data = datasets.sine_waves(num_points=100, timesteps=5)
    joined = [np.append(x[:, 0, 0], [*x[-1, 1:, 0], y[-1, 0]]) for x, y in parts(data)]
    assert [len(series) for series in joined] == [60, 20, 20]
    assert np.concatenate(joined).max() <= 1


def test_the_signs_of_alternating_numbers_take_turns():
    data = datasets.alternating(3)
    assert (np.sign(data.y_train[:, 0]) == -np.sign(data.x_train[:, -1, 0])).all()
    assert np.abs(data.x_train).max() <= 1


@given(seeds, st.integers(2, 40))
def test_the_adding_problem_marks_one_number_in_each_half(seed, timesteps):
    data = datasets.adding_problem(seed, num_examples=5, timesteps=timesteps, num_test=2)
    for x, y in parts(data):
        marks = x[..., 1]
        assert (marks[:, : timesteps // 2].sum(1) == 1).all()
        assert (marks[:, timesteps // 2 :].sum(1) == 1).all()
        np.testing.assert_allclose((x[..., 0] * marks).sum(1), y[:, 0], rtol=1e-5)


def test_always_answering_one_has_an_error_of_a_sixth():
    data = datasets.adding_problem(num_examples=20_000, timesteps=10, num_test=0)
    assert np.mean((data.y_train - 1) ** 2) == pytest.approx(1 / 6, abs=0.005)


# Measured data


@pytest.mark.parametrize(
    ("loader", "load"),
    [
        (datasets.digits, oracle.load_digits),
        (partial(datasets.iris, scaling="none"), oracle.load_iris),
        (partial(datasets.wine, scaling="none"), oracle.load_wine),
        (partial(datasets.breast_cancer, scaling="none"), oracle.load_breast_cancer),
    ],
    ids=["digits", "iris", "wine", "breast_cancer"],
)
def test_every_row_of_scikit_learns_table_is_in_exactly_one_part(loader, load):
    x, y = load(return_X_y=True)
    x = (x / 16 if load is oracle.load_digits else x).astype(np.float32)
    data = parts(loader(4))
    found = np.concatenate([np.column_stack([x, np.ravel(y)]) for x, y in data])
    expected = np.column_stack([x, y]).astype(np.float32)
    np.testing.assert_array_equal(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)])


@given(seeds)
def test_every_part_has_the_class_shares_of_the_whole(seed):
    data = datasets.breast_cancer(seed)
    whole = np.concatenate([y for _, y in parts(data)]).mean()
    for _, y in parts(data):
        assert abs(y.sum() - whole * len(y)) <= 1.01


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), seeds)
def test_a_stratified_order_is_a_permutation_whose_stretches_are_balanced(labels, seed):
    order = stratified_order(labels, np.random.default_rng(seed))
    assert sorted(order) == list(range(len(labels)))
    shown = np.asarray(labels)[order]
    for label in set(labels):
        share = np.cumsum(shown == label) - np.arange(1, len(labels) + 1) * np.mean(shown == label)
        assert np.abs(share).max() < len(set(labels))


@pytest.mark.parametrize("loader", REAL, ids=name_of)
def test_fewer_training_examples_leave_the_test_part_alone(loader):
    few, all_of_them = loader(7, num_examples=40), loader(7, num_examples=60)
    assert len(few.x_train) == 40
    np.testing.assert_array_equal(few.y_test, all_of_them.y_test)


@given(seeds, st.integers(1, 15))
def test_few_digits_are_as_many_of_each(seed, shots):
    data = datasets.digits(seed, num_examples=10 * shots, validation=0, test=400)
    assert np.bincount(data.y_train, minlength=10).tolist() == [shots] * 10


def test_scaling_sees_only_the_examples_that_are_kept():
    data = datasets.wine(2, num_examples=20)
    np.testing.assert_allclose(data.x_train.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(data.x_train.std(axis=0), 1, atol=1e-4)


def test_digits_are_split_as_the_book_says():
    assert [len(x) for x, _ in parts(datasets.digits())] == [1080, 360, 357]
    assert datasets.digits(images=True).x_train.shape == (1080, 8, 8, 1)


def test_diabetes_uses_raw_measures_scaled_by_the_training_part():
    raw = datasets.diabetes(scaling="none", target_scaling="none")
    assert raw.y_train.max() > 200
    assert raw.x_train.max() > 100
    data = datasets.diabetes()
    np.testing.assert_allclose(data.y_train.mean(), 0, atol=1e-5)
    assert abs(data.y_test.mean()) > 1e-3


def test_half_of_the_patients_are_above_the_median():
    y = np.concatenate([y for _, y in parts(datasets.diabetes_high())])
    assert y.mean() == pytest.approx(0.5, abs=0.01)


def test_photographs_carry_the_credit_of_their_photographer():
    assert datasets.photograph("flower").shape == (427, 640, 3)
    assert datasets.photograph("china").dtype == np.uint8
    assert "danielbuechele" in datasets.PHOTOGRAPHS["china"]
    assert all("CC BY 2.0" in credit for credit in datasets.PHOTOGRAPHS.values())


def test_features_and_classes_have_names():
    assert len(datasets.feature_names("breast_cancer")) == 30
    assert datasets.class_names("iris") == ("setosa", "versicolor", "virginica")


# Downloaded data


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """An empty cache folder for Keras, and no network."""
    from keras.src.backend import config
    from keras.src.utils import file_utils

    def no_network(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))
    monkeypatch.setattr(file_utils, "urlretrieve", no_network)
    return tmp_path


@pytest.fixture(scope="session")
def shared_data(root: Path) -> Path:
    """The folder with MNIST and Fashion-MNIST, laid out like KERAS_HOME."""
    folder = Path(os.environ.get("DLBOOK_TEST_DATA", root.parent / "shared" / "data"))
    if not (folder / "datasets" / "mnist.npz").is_file():
        pytest.skip(f"MNIST is not in {folder} (set DLBOOK_TEST_DATA to a copy of KERAS_HOME)")
    return folder


def copied(files: downloaded.KerasFiles, source: Path, home: Path) -> None:
    for path in files.hashes:
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / path, home / path)
        (home / path).chmod(0o644)


@pytest.mark.parametrize("loader", KERAS, ids=name_of)
def test_without_a_network_the_error_names_file_folder_and_what_to_use_instead(loader, keras_home):
    with pytest.raises(MissingDataError) as caught:
        loader()
    message = str(caught.value)
    assert str(keras_home / "datasets") in message
    assert "datasets.digits" in message
    assert "no network" in message.split("Received: ")[1]
    if loader is datasets.mnist:
        assert "mnist.npz" in message


def test_a_file_with_another_content_is_refused_and_left_alone(keras_home):
    path = keras_home / "datasets" / "mnist.npz"
    path.parent.mkdir()
    path.write_bytes(b"something else")
    with pytest.raises(MissingDataError, match=r"mnist.npz in .* must be the published file"):
        datasets.mnist()
    assert path.read_bytes() == b"something else"
    assert not downloaded.present(downloaded.MNIST)


def test_a_text_comes_from_the_same_cache_under_the_same_rules(keras_home):
    with pytest.raises(MissingDataError, match=r"needs timemachine.txt.*use the text 'descriptio"):
        read_text("time machine")
    path = keras_home / "datasets" / "timemachine.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text("Another machine.")
    with pytest.raises(MissingDataError, match=r"timemachine.txt in .* must be the published file"):
        read_text("time machine")
    assert path.read_text() == "Another machine."


def test_a_cache_that_cannot_be_written_is_refused(keras_home, monkeypatch):
    monkeypatch.setattr(downloaded.os, "access", lambda *_: False)
    with pytest.raises(MissingDataError, match=r"KERAS_HOME must be writable.*Received: "):
        datasets.mnist()


def test_the_cache_folder_follows_the_environment_until_keras_is_loaded(monkeypatch, tmp_path):
    monkeypatch.delitem(downloaded.sys.modules, "keras.src.backend.config", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert downloaded.keras_home() == tmp_path
    monkeypatch.delenv("KERAS_HOME")
    assert downloaded.keras_home() == Path.home() / ".keras"


@pytest.mark.parametrize(
    ("loader", "files"),
    [(datasets.mnist, downloaded.MNIST), (datasets.fashion_mnist, downloaded.FASHION_MNIST)],
    ids=["mnist", "fashion_mnist"],
)
def test_cached_pictures_are_split_and_lie_between_0_and_1(loader, files, keras_home, shared_data):
    copied(files, shared_data, keras_home)
    assert downloaded.present(files)
    data = loader(3, num_examples=1000, images=True)
    assert [x.shape for x, _ in parts(data)] == [(n, 28, 28, 1) for n in (1000, 10_000, 10_000)]
    shares = np.bincount(np.concatenate([y for _, y in parts(data)[1:]])) / 20_000
    assert np.abs(np.bincount(data.y_train) / 1000 - shares).max() < 0.01
    assert (data.x_train.min(), data.x_train.max()) == (0, 1)
    assert not rows(data.x_train) & rows(data.x_validation)
    flat = loader(3, num_examples=1000, validation=0)
    assert flat.x_validation is None
    assert flat.x_train.shape == (1000, 784)


def test_colour_pictures_keep_their_channels(monkeypatch):
    pictures = np.arange(60 * 32 * 32 * 3).reshape(60, 32, 32, 3).astype(np.uint8)
    table = pictures, np.tile(np.arange(10, dtype=np.int32), 6)
    monkeypatch.setattr(downloaded, "_load", lambda _: (table, table))
    assert datasets.cifar10(validation=10).x_train.shape == (50, 32, 32, 3)
    assert datasets.cifar10(validation=10, images=False).x_test.shape == (60, 3072)


# The catalogue


def test_the_catalogue_lists_every_loader_with_source_and_licence():
    names = [entry.name for entry in CATALOGUE]
    loaders = {
        name
        for name in datasets.__all__
        if inspect.isfunction(getattr(datasets, name))
        and name not in ("windows", "feature_names", "class_names")
    }
    assert sorted(names) == sorted(loaders)
    assert all(entry.source and entry.licence and entry.size for entry in CATALOGUE)


def test_only_what_keras_fetches_can_be_absent(keras_home):
    for entry in CATALOGUE:
        assert entry.needs_download == (entry.name in {loader.__name__ for loader in KERAS})
        assert entry.present() == (not entry.needs_download)


def test_importing_the_data_loads_nothing_heavy(python):
    code = (
        "import sys; from dlbook.lab import datasets; "
        "print(sorted({'keras', 'tensorflow', 'sklearn', 'matplotlib', 'xarray', 'PIL'} "
        "& set(sys.modules)))"
    )
    assert python("-c", code).stdout.strip() == "[]"

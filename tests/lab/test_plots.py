"""Figures can be read aloud, follow the page's colours, and are the same every time."""

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.patches import Circle
from PIL import Image

from dlbook.lab import datasets, plots
from dlbook.lab.plots import COLORS, CYCLE
from dlbook.lab.plots.paths import short_path
from dlbook.lab.plots.svg import tidy
from dlbook.lab.plots.text import apart, in_equal_ratios, number

ALT = "Accuracy against epochs: both networks reach 0.97."
SVG = "{http://www.w3.org/2000/svg}"


def parsed(drawing):
    return ElementTree.fromstring(drawing.svg())


def texts(drawing):
    return [text.text for text in parsed(drawing).iter(f"{SVG}text")]


def every(drawing, tag):
    return list(parsed(drawing).iter(f"{SVG}{tag}"))


def hexes(drawing):
    return set(re.findall(r"#[0-9a-f]{6}\b", drawing.svg()))


def rows_of(drawing):
    """Text -> its height in the drawing."""
    return {text.text: float(text.get("y", 0)) for text in every(drawing, "text")}


@pytest.fixture
def sheet():
    return plots.figure(ALT)


@pytest.fixture
def blank():
    return plots.diagram("A drawing of boxes and arrows for a test.", height=3)


@pytest.fixture
def results():
    rate, seed = [0.01, 0.03, 0.1, 0.3], range(5)
    values = np.random.default_rng(0).normal(0.9, 0.02, (4, 2, 5))
    sweep = xr.Dataset(
        {"accuracy": (("learning_rate", "activation", "seed"), values)},
        coords={"learning_rate": rate, "activation": ["relu", "tanh"], "seed": seed},
    )
    sweep["accuracy"].attrs["label"] = "accuracy (share)"
    return sweep


# The figure


@pytest.mark.parametrize("alt", ["", "short", " " * 30, None])
def test_a_figure_without_a_description_is_refused(alt):
    with pytest.raises(ValueError, match=r"alt must say in a sentence.*Received: "):
        plots.figure(alt)


def test_a_figure_can_be_read_aloud_and_takes_its_size_from_the_page(sheet):
    root = ElementTree.fromstring(sheet[0].svg())
    assert root.get("role") == "img"
    assert root.get("aria-label") == ALT
    assert root.get("viewBox") == "0 0 460.8 259.2"
    assert root.get("width") is root.get("height") is root.get("style") is None


def test_text_is_text_in_the_font_of_the_page(sheet):
    drawing, axes = sheet
    axes.set_title("Größe & <Maß>", fontstyle="italic")
    assert "Größe & <Maß>" in texts(drawing)
    title = next(text for text in every(drawing, "text") if text.text == "Größe & <Maß>")
    assert title.get("font-weight") in ("bold", "700")
    assert title.get("font-style") == "italic"
    assert title.get("style") == "--size: 13px"
    assert "DejaVu" not in drawing.svg()


def test_the_same_input_gives_the_same_bytes():
    def draw():
        drawing, axes = plots.figure(ALT)
        plots.dots(axes, [1, 2], np.arange(8.0).reshape(2, 4), label="seeds")
        axes.plot([1, 2], [3, 5], label="mean")
        plots.label_lines(axes)
        return drawing

    first, second = draw(), draw()
    assert first.svg() == second.svg()
    assert first.svg() == second.svg() == first._repr_svg_()
    assert not re.search(r"\d{4}-\d\d-\d\d|matplotlib", first.svg())


def test_two_figures_of_a_page_share_no_names():
    names = []
    for alt in (ALT, ALT + " Another."):
        drawing, axes = plots.figure(alt)
        axes.plot([0, 1], [0, 1])
        names.append({element.get("id") for element in parsed(drawing).iter()} - {None})
    assert names[0]
    assert not names[0] & names[1]


def test_everything_referred_to_is_there(sheet):
    drawing, axes = sheet
    plots.points(axes, np.arange(8.0).reshape(4, 2), [0, 1, 2, 1])
    found = {element.get("id") for element in parsed(drawing).iter()} - {None}
    wanted = set(re.findall(r"(?:href=\"|url\()#([\w-]+)", drawing.svg()))
    assert wanted == found


def test_nothing_in_a_figure_reaches_the_rest_of_the_page(sheet):
    drawing, axes = sheet
    axes.plot([0, 1], [0, 1])
    tags = {element.tag.removeprefix(SVG) for element in parsed(drawing).iter()}
    assert tags <= {"svg", "g", "path", "use", "text", "defs", "clipPath", "rect"}
    assert "xlink" not in drawing.svg()


def test_a_figure_is_transparent_and_frameless_at_top_and_right(sheet):
    drawing, axes = sheet
    assert not axes.spines["top"].get_visible()
    assert not axes.spines["right"].get_visible()
    fills = {element.get("fill") for element in every(drawing, "path")}
    assert COLORS["ground"] not in fills
    assert "#ffffff" not in drawing.svg()


def test_notebooks_get_svg_and_the_description(sheet):
    bundle = sheet[0]._repr_mimebundle_()
    assert bundle["text/plain"] == ALT
    assert bundle["image/svg+xml"].startswith("<svg")


def test_a_figure_is_saved_as_svg_or_as_pixels(sheet, tmp_path):
    drawing, axes = sheet
    axes.plot([0, 1], [0, 1])
    drawing.savefig(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == drawing.svg() + "\n"
    drawing.savefig(tmp_path / "a.png")
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
    assert pixels.shape == (720, 1280, 3)
    assert "#" + pixels[0, 0].tobytes().hex() == COLORS["ground"]


def test_a_figure_can_do_without_a_layout(sheet):
    drawing, axes = sheet
    drawing.set_layout_engine("none")
    axes.set_position((0.2, 0.2, 0.5, 0.5))
    drawing.svg()
    assert axes.get_position().bounds == pytest.approx((0.2, 0.2, 0.5, 0.5))


def test_panels_can_share_the_names_of_their_axes():
    drawing, axes = plots.figure(ALT, rows=2, columns=2, height=5, sharex=True)
    assert axes.shape == (2, 2)
    plots.share_labels(drawing, "epoch", "loss")
    assert {"epoch", "loss"} <= set(texts(drawing))
    plots.share_labels(drawing)


def test_the_vertical_axis_is_named_above_it_and_below_the_title(sheet):
    drawing, axes = sheet
    axes.set(title="a title", ylabel="accuracy", xlabel="epoch")
    heights = rows_of(drawing)
    assert heights["a title"] < heights["accuracy"] < heights["epoch"]
    name = next(text for text in every(drawing, "text") if text.text == "accuracy")
    assert "rotate" not in name.get("transform", "")


def test_titles_in_a_row_are_level_even_if_only_one_axis_has_a_name():
    drawing, axes = plots.figure(ALT, columns=2)
    axes[0].set(title="left", ylabel="loss")
    axes[1].set_title("right")
    heights = rows_of(drawing)
    assert heights["left"] == heights["right"]


def test_the_readers_own_matplotlib_is_not_restyled(sheet):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    drawing, axes = sheet
    axes.plot([0, 1], [0, 1])
    drawing.svg()
    assert dict(mpl.rcParams) == before


def test_importing_plots_loads_no_matplotlib(python):
    code = "import sys; from dlbook.lab import plots; print('matplotlib' in sys.modules)"
    assert python("-c", code).stdout.strip() == "False"


def test_the_book_figure_is_public_and_others_are_not():
    assert plots.BookFigure.__name__ == "BookFigure"
    with pytest.raises(AttributeError, match="no attribute 'Figure'"):
        _ = plots.Figure
    assert callable(plots.figure)  # not hidden by a module of that name


# Colours


def luminance(color):
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_every_hex_occurs_once_so_that_a_page_can_swap_it():
    assert len(set(COLORS.values())) == len(COLORS)
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in COLORS.values())


@pytest.mark.parametrize("name", ["ink", "muted", *CYCLE])
def test_text_and_lines_stand_out_from_the_ground(name):
    contrast = (luminance(COLORS["ground"]) + 0.05) / (luminance(COLORS[name]) + 0.05)
    assert contrast >= (4.5 if name in ("ink", "muted") else 3)


# Machado, Oliveira and Fernandes (2009): what people without red, green or blue cones see
BLINDNESS = {
    "red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "blue": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


@pytest.mark.parametrize("cones", BLINDNESS)
def test_colour_blind_readers_can_tell_the_cycle_apart(cones):
    values = np.array([[int(COLORS[n][i : i + 2], 16) for i in (1, 3, 5)] for n in CYCLE]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(BLINDNESS[cones]).T, 0, 1) ** (1 / 2.2)
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    assert distances[~np.eye(len(seen), dtype=bool)].min() > 0.1


def test_the_style_file_uses_the_books_colours(root):
    style = (root / "dlbook" / "lab" / "book.mplstyle").read_text(encoding="utf-8")
    used = set(re.findall(r"\b[0-9a-f]{6}\b", re.sub(r"(?m)^#.*", "", style)))
    assert {f"#{color}" for color in used} <= set(COLORS.values())
    assert ", ".join(f"'{COLORS[name][1:]}'" for name in CYCLE) in style


def test_a_colour_has_a_name(sheet):
    drawing, axes = sheet
    axes.plot([0, 1], [0, 1], color="purple")
    assert COLORS["purple"] in hexes(drawing)
    assert plots.hex_of(COLORS["blue"]) == plots.hex_of("blue")


def test_fonts_are_understood_however_matplotlib_writes_them():
    text = "<text style=\"font: italic 700 12px 'DejaVu Sans', sans-serif; fill: #23262d\">a</text>"
    written = tidy(f'<svg xmlns="{SVG[1:-1]}" viewBox="0 0 1 1">{text}</svg>', ALT)
    (found,) = ElementTree.fromstring(written)
    assert (found.get("font-size"), found.get("font-weight")) == ("12", "bold")
    assert found.get("font-style") == "italic"
    assert "DejaVu" not in written


@pytest.mark.parametrize("color", ["white", "#123456", "tab:blue"])
def test_a_colour_that_is_not_the_books_is_refused(sheet, color):
    drawing, axes = sheet
    axes.plot([0, 1], [0, 1], color=color)
    with pytest.raises(ValueError, match=r"book's colours only: ink.*Received: #[0-9a-f]{6}$"):
        drawing.svg()


def test_helpers_name_the_colours_they_know(sheet):
    with pytest.raises(ValueError, match=r"one of the book's colours: ink.*Received: 'pink'"):
        plots.dots(sheet[1], [1], [[1.0]], color="pink")


# Curves


def test_a_band_is_a_line_between_its_bounds(sheet):
    drawing, axes = sheet
    mean = np.array([1.0, 2.0, 3.0])
    line = plots.band(axes, [1, 2, 3], {"mean": mean, "low": mean - 1, "high": mean + 1})
    np.testing.assert_array_equal(line.get_ydata(), mean)
    (area,) = axes.collections
    heights = area.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0, 4)
    assert line.get_color() == COLORS["blue"]
    assert 'fill-opacity="0.2"' in drawing.svg()


def test_curves_draw_one_labelled_line_per_level(results):
    drawing, axes = plots.curves(results, "accuracy", "learning_rate", "activation")
    assert axes.get_xscale() == "log"
    np.testing.assert_allclose(
        [line.get_ydata() for line in axes.get_lines()], results["accuracy"].mean("seed").T
    )
    assert {"relu", "tanh", "activation", "learning rate", "accuracy (share)"} <= set(
        texts(drawing)
    )
    assert "mean of 5 seeds" in drawing.alt


def test_curves_along_names_and_without_across(results):
    chosen = results.isel(learning_rate=0)
    drawing, axes = plots.curves(chosen, "accuracy", "activation", alt=ALT)
    assert drawing.alt == ALT
    assert [text.get_text() for text in axes.get_xticklabels()] == ["relu", "tanh"]


def test_curves_along_even_steps_have_a_plain_axis(results):
    even = results.assign_coords(learning_rate=[1, 2, 3, 4])
    assert plots.curves(even, "accuracy", "learning_rate", "activation")[1].get_xscale() == "linear"


def test_curves_need_every_dimension_but_two_to_be_chosen(results):
    with pytest.raises(ValueError, match=r"at most one more.*Received: learning_rate, activation"):
        plots.curves(results, "accuracy", "learning_rate")


def test_labels_at_line_ends_keep_their_order_and_their_distance(sheet):
    drawing, axes = sheet
    ends = {"a": 1.0, "b": 1.001, "c": 1.002, "d": 0.2}
    for name, end in ends.items():
        axes.plot([0, 1], [0, end], label=name)
    axes.plot([0, 1], [0, 0.5])  # no label
    plots.label_lines(axes, title="rate")
    heights = rows_of(drawing)
    assert heights["rate"] < heights["c"] < heights["b"] < heights["a"] < heights["d"]
    assert heights["a"] - heights["b"] >= 14.9
    assert heights["b"] - heights["c"] >= 14.9


def test_a_line_that_ends_early_is_labelled_where_it_ends(sheet):
    _, axes = sheet
    axes.plot([0, 1, 2], [1, 3, np.nan], label="diverged")
    axes.plot([0, 1], [np.nan, np.nan], label="never there")
    ended, never = plots.label_lines(axes)
    assert ended.xy == (1, 3)
    assert never.xy[0] == 1


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8), st.floats(1, 10))
def test_labels_moved_apart_keep_order_gap_and_room(places, gap):
    moved = apart(places, gap, 0, 100)
    order = np.argsort(places, kind="stable")
    assert (np.diff(moved[order]) >= gap - 1e-9).all()
    assert moved.min() >= -1e-9
    assert moved.max() <= 100 + 1e-9
    if (np.diff(np.sort(places)) > gap).all():
        np.testing.assert_allclose(moved, places, atol=1e-9)


def test_logarithmic_axes_show_plain_numbers_or_powers(sheet):
    drawing, axes = sheet
    plots.log_axis(axes, "both")
    axes.plot([1, 100], [1e-9, 1])
    shown = texts(drawing)
    assert {"1", "10", "100"} <= set(shown)
    assert any(text and text.startswith("10⁻") for text in shown)


def test_matplotlibs_own_logarithmic_axes_are_written_alike(sheet):
    drawing, axes = sheet
    axes.semilogy([0, 1], [1e-9, 1])
    shown = [text for text in texts(drawing) if text]
    assert "10⁻⁸" in shown
    assert not [text for text in shown if "mathdefault" in text]


def test_a_logarithmic_axis_is_x_or_y(sheet):
    with pytest.raises(ValueError, match="Received: 'z'"):
        plots.log_axis(sheet[1], "z")


# Comparisons


@given(st.integers(2, 40))
@settings(max_examples=10)
def test_no_dot_hides_another_or_leaves_its_condition(count):
    _, axes = plots.figure(ALT)
    positions = plots.dots(axes, [1.0, 2.0, 4.0], np.ones((3, count)), spread=0.4)
    places = axes.collections[0].get_offsets()[:, 0].reshape(3, count)
    assert positions.tolist() == [1, 2, 4]
    assert np.abs(places - positions[:, None]).max() <= 0.2 + 1e-9
    assert len(np.unique(places.round(9))) == 3 * count


def test_dots_on_a_logarithmic_axis_spread_by_ratios(sheet):
    _, axes = sheet
    plots.log_axis(axes)
    plots.dots(axes, [0.01, 0.1], np.ones((2, 9)))
    low, high = axes.collections[0].get_offsets()[:, 0].reshape(2, 9)
    np.testing.assert_allclose(high / low, 10)


def test_conditions_with_names_stand_side_by_side(sheet):
    drawing, axes = sheet
    assert plots.dots(axes, ["SGD", "Adam"], [[1.0, 2.0], [3.0, 4.0]]).tolist() == [0, 1]
    assert {"SGD", "Adam"} <= set(texts(drawing))


def test_a_strip_has_a_dot_per_seed_and_the_mean_of_each_group(sheet):
    drawing, axes = sheet
    groups = {"none": [0.1, 0.2, 0.3], "a long name of a remedy": [0.8, 0.9, 1.0]}
    plots.strip(axes, groups)
    offsets = [collection.get_offsets()[:, 0] for collection in axes.collections[::3]]
    for drawn, values in zip(offsets, groups.values(), strict=True):
        np.testing.assert_allclose(drawn, values)
    means = [float(collection.get_offsets()[0, 0]) for collection in axes.collections[2::3]]
    assert means == pytest.approx([0.2, 0.9])
    heights = rows_of(drawing)
    assert heights["none"] < heights["a long name of a remedy"]


def test_a_strip_can_leave_the_mean_out(sheet):
    plots.strip(sheet[1], {"none": [0.1, 0.2]}, mean=False)
    assert len(sheet[1].collections) == 1


def test_bars_carry_their_names_and_values(sheet):
    drawing, axes = sheet
    interval = {"low": [0.8, -3.5], "high": [1.0, -2.5]}
    plots.bars(axes, ["dot", "cosine"], [0.9, -3], interval=interval, highlight="cosine")
    assert {"dot", "cosine", "0.9", "−3"} <= set(texts(drawing))
    assert {COLORS["blue"], COLORS["accent"]} <= hexes(drawing)
    assert [patch.get_width() for patch in axes.patches] == [0.9, -3]


def test_bars_need_no_interval(sheet):
    plots.bars(sheet[1], ["a"], [1])
    assert not sheet[1].collections


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=50))
@settings(max_examples=10)
def test_a_histogram_counts_every_number_once(values):
    _, axes = plots.figure(ALT)
    assert plots.histogram(axes, [*values, np.nan], bins=[-5, -1, 2, 5]).sum() == len(values)


# Marks


def test_a_reference_says_what_it_is_and_stays_inside(sheet):
    drawing, axes = sheet
    axes.plot([0, 1], [0, 1])
    axes.set_ylim(0, 1)
    plots.reference(axes, 0.99, "best possible")
    plots.reference(axes, 0.1, "chance")
    drawing.svg()
    above, below = (text.get_verticalalignment() for text in axes.texts)
    assert (above, below) == ("top", "bottom")
    plots.reference(axes, 0.5)
    assert len(axes.texts) == 2


@pytest.mark.parametrize(("ylabel", "expected"), [("", "bottom"), ("count", "top")])
def test_an_upright_reference_makes_room_for_the_name_of_the_axis(sheet, ylabel, expected):
    drawing, axes = sheet
    axes.set_ylabel(ylabel)
    plots.reference(axes, 0.5, "mean", along="y")
    drawing.svg()
    assert axes.texts[0].get_verticalalignment() == expected


@pytest.mark.parametrize("along", ["x", "y"])
def test_a_shaded_stretch_covers_what_it_names(sheet, along):
    drawing, axes = sheet
    plots.shade(axes, 0.2, 0.4, "training range", along=along)
    (patch,) = axes.patches
    start, length = (
        (patch.get_x(), patch.get_width()) if along == "x" else (patch.get_y(), patch.get_height())
    )
    assert (start, length) == pytest.approx((0.2, 0.2))
    assert "training range" in texts(drawing)


@pytest.mark.parametrize(
    ("offset", "side", "level"),
    [((30, 5), "left", "center"), ((-30, 40), "right", "bottom"), ((0, -20), "center", "top")],
)
def test_a_note_stands_on_the_side_it_is_moved_to(sheet, offset, side, level):
    drawing, axes = sheet
    text = plots.note(axes, "every dot is a seed", (0.5, 0.5), offset)
    assert (text.get_horizontalalignment(), text.get_verticalalignment()) == (side, level)
    written = next(t for t in every(drawing, "text") if t.text == "every dot is a seed")
    assert written.get("paint-order") == "stroke"
    assert written.get("stroke") == COLORS["ground"]


# Planes


def test_classes_differ_in_colour_and_shape(sheet):
    drawing, axes = sheet
    data = datasets.clusters(num_examples=10)
    plots.points(axes, data.x_train, data.y_train, names=["A", "B"])
    axes.legend()
    shapes = {len(collection.get_paths()[0].vertices) for collection in axes.collections}
    assert len(shapes) == 2
    assert {COLORS["blue"], COLORS["orange"]} <= hexes(drawing)
    assert {"A", "B"} <= set(texts(drawing))
    assert axes.get_aspect() == 1


@pytest.mark.parametrize("column", [False, True])
def test_the_boundary_lies_where_the_probability_is_a_half(sheet, column):
    def predict(places):
        probabilities = 1 / (1 + np.exp(-(places[:, 0] - 1)))
        return probabilities[:, None] if column else probabilities

    _, axes = sheet
    plots.decision_regions(axes, predict, (-2, 4), (-1, 1))
    line = axes.collections[-1].get_paths()[0].vertices
    np.testing.assert_allclose(line[:, 0], 1, atol=1e-3)
    assert len(axes.collections) == 3


def test_every_class_that_wins_somewhere_has_a_region(sheet):
    drawing, axes = sheet

    def predict(places):
        return np.stack([places[:, 0], -places[:, 0], np.full(len(places), -9.0)], axis=1)

    plots.decision_regions(axes, predict, (-1, 1), (-1, 1))
    assert {COLORS["blue"], COLORS["orange"]} <= hexes(drawing)
    assert COLORS["green"] not in hexes(drawing)


def test_a_landscape_has_lines_of_equal_height_that_are_closer_at_the_bottom(sheet):
    drawing, axes = sheet
    steps = plots.landscape(axes, lambda x, y: x**2 + y**2, (-2, 2), (-2, 2), levels=6)
    assert len(steps) == 6
    assert (np.diff(np.diff(steps)) > 0).all()
    assert 0 < steps[0] < steps[-1] < 8
    assert axes.get_xlim() == (-2, 2)
    assert COLORS["blue"] in hexes(drawing)


def test_a_path_shows_where_it_begins_and_ends(sheet):
    _, axes = sheet
    places = [[0, 0], [1, 2], [2, 3]]
    plots.path(axes, places, label="descent")
    np.testing.assert_array_equal(axes.get_lines()[0].get_xydata(), places)
    start, end = (collection.get_offsets()[0].tolist() for collection in axes.collections)
    assert (start, end) == ([0, 0], [2, 3])


# Tables and pictures


def test_the_tint_of_a_cell_grows_with_its_number(sheet):
    drawing, axes = sheet
    plots.heatmap(axes, [[0.0, 0.25], [0.5, 1.0]], ["a", "b"], ["c", "d"])
    opacity = sorted(patch.get_alpha() for patch in axes.patches)
    assert opacity == [3 / 24, 6 / 24, 11 / 24], "ink stays readable on the strongest tint"
    assert {"0.00", "0.25", "0.50", "1.00", "a", "b", "c", "d"} <= set(texts(drawing))
    assert 'shape-rendering="crispEdges"' in drawing.svg()
    assert rows_of(drawing)["0.00"] > rows_of(drawing)["1.00"]  # the first row is at the bottom


def test_negative_numbers_have_a_colour_of_their_own(sheet):
    drawing, axes = sheet
    plots.heatmap(axes, [[-10, 0, 10]], limits=(-10, 10))
    assert {COLORS["blue"], COLORS["accent"]} <= hexes(drawing)
    assert {"−10", "0", "10"} <= set(texts(drawing))


@pytest.mark.parametrize(("scale", "shown"), [(1.5, "1.50"), (15.5, "15.5"), (1500.5, "1,500")])
def test_numbers_in_cells_have_few_digits(sheet, scale, shown):
    plots.heatmap(sheet[1], [[0.0, scale]])
    assert shown in texts(sheet[0])


def test_what_is_not_a_number_is_crossed_out(sheet):
    drawing, axes = sheet
    plots.heatmap(axes, [[1.0, np.nan], [3.0, 2.0]])
    assert len(axes.get_lines()) == 2
    assert "nan" not in texts(drawing)


def test_a_table_brings_its_names_and_many_cells_get_a_key(sheet, results):
    drawing, axes = sheet
    rate, width = np.geomspace(0.001, 0.1, 12), np.arange(1, 21)
    table = xr.DataArray(
        np.outer(rate, width), {"learning_rate": rate, "width": width}, name="val_loss"
    )
    plots.heatmap(axes, table)
    shown = set(texts(drawing))
    assert {"learning rate", "width", "validation loss", "0.001", "0.01", "0.1", "5", "2"} <= shown
    ticks = axes.get_yticks()
    np.testing.assert_allclose(ticks[[0, -1]], [0, 11])


def test_levels_in_no_order_are_named_as_they_are(sheet):
    plots.heatmap(sheet[1], np.ones((1, 100)), [f"n{index}" for index in range(100)])
    assert "n0" in texts(sheet[0])


def test_levels_over_many_powers_of_ten_show_powers_only(sheet):
    plots.heatmap(sheet[1], np.ones((2, 90)), np.geomspace(1e-6, 1, 90))
    assert not {"0.003", "0.3"} & set(texts(sheet[0]))
    assert {"10⁻⁶", "0.01", "1"} <= set(texts(sheet[0]))


def test_a_heatmap_needs_a_table(sheet):
    with pytest.raises(ValueError, match=r"two axes. Received: shape \(3,\)"):
        plots.heatmap(sheet[1], [1, 2, 3])


def test_a_matrix_shows_its_numbers_and_what_is_pointed_at(blank):
    drawing, axes = blank
    middle = plots.matrix(axes, [[1, 2], [3, 4]], corner=(1, 1), highlight=[(0, 1)], title="A")
    assert middle == (1.5, 1.5)
    assert {"1", "2", "3", "4", "A"} <= set(texts(drawing))
    tinted = [patch for patch in axes.patches if patch.get_alpha()]
    assert [patch.get_xy() for patch in tinted] == [(1.5, 1.5)]


def test_small_grey_pictures_are_drawn_in_ink(sheet):
    drawing, axes = sheet
    plots.image(axes, datasets.digits().x_train[0].reshape(8, 8, 1), "a digit")
    assert not every(drawing, "image")
    assert COLORS["ink"] in hexes(drawing)
    assert "a digit" in texts(drawing)


def test_the_first_row_of_a_picture_is_on_top(sheet):
    _, axes = sheet
    plots.image(axes, np.eye(2))
    assert axes.get_ylim() == (1.5, -0.5)


def test_negative_weights_are_shown_in_another_colour(sheet):
    plots.image(sheet[1], np.array([[-1.0, 1.0]]), limits=(-1, 1))
    assert {COLORS["blue"], COLORS["ink"]} <= hexes(sheet[0])


def test_photographs_are_embedded_small(sheet):
    drawing, axes = sheet
    plots.image(axes, datasets.photograph("china"))
    (picture,) = every(drawing, "image")
    kind, code = picture.get("href", "").split(",")
    assert kind == "data:image/jpeg;base64"
    assert max(Image.open(io.BytesIO(base64.b64decode(code))).size) == 320
    assert len(drawing.svg()) < 90_000


def test_pictures_of_few_colours_keep_every_pixel(sheet):
    drawing, axes = sheet
    pixels = np.zeros((64, 64))
    pixels[10, 20] = 1
    plots.image(axes, pixels)
    (picture,) = every(drawing, "image")
    kind, code = picture.get("href", "").split(",")
    assert kind == "data:image/png;base64"
    assert np.argwhere(
        np.asarray(Image.open(io.BytesIO(base64.b64decode(code))))[..., 0]
    ).tolist() == [[10, 20]]


def test_a_picture_has_two_or_three_axes(sheet):
    with pytest.raises(ValueError, match=r"height, width, 3\). Received: shape \(2, 2, 4\)"):
        plots.image(sheet[1], np.zeros((2, 2, 4)))


def test_a_gallery_shows_every_picture_with_its_title():
    drawing, axes = plots.gallery([np.eye(4)] * 3, ALT, titles=["a", "b", "c"], columns=2)
    assert axes.shape == (2, 2)
    assert {"a", "b", "c"} <= set(texts(drawing))


# Diagrams


def test_a_network_has_a_circle_per_unit_and_a_line_per_weight(blank):
    drawing, axes = blank
    labels = [["x₁", "x₂"], [], ["ŷ"]]
    places = plots.network(axes, (2, 3, 1), labels=labels, titles=["in", "hidden", "out"])
    assert len(places) == 6
    assert len(axes.get_lines()) == 2 * 3 + 3 * 1
    assert {"x₁", "x₂", "ŷ", "in", "hidden", "out"} <= set(texts(drawing))
    assert places[0, 0][0] < places[1, 0][0] < places[2, 0][0]
    assert places[1, 0][1] > places[1, 2][1]


def test_a_wide_layer_is_cut_short_with_dots(blank):
    drawing, axes = blank
    places = plots.network(axes, (64, 2), max_units=5)
    assert sorted(unit for layer, unit in places if layer == 0) == [0, 1, 2, 62, 63]
    assert "⋮" in texts(drawing)


def test_the_sign_and_size_of_weights_can_be_seen(blank):
    _, axes = blank
    plots.network(axes, (1, 2), weights=[np.array([[2.0, -1.0]])])
    strong, weak = axes.get_lines()
    assert (strong.get_color(), weak.get_color()) == (COLORS["blue"], COLORS["orange"])
    assert strong.get_linewidth() > weak.get_linewidth()


def test_weights_that_are_all_zero_can_be_drawn(blank):
    plots.network(blank[1], (1, 1), weights=[np.zeros((1, 1))])
    assert len(blank[1].get_lines()) == 1


@settings(max_examples=8)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=4))
def test_circles_stay_on_the_sheet_and_off_each_other(layers):
    _, axes = plots.diagram("A network of any size on a sheet.", height=3)
    places = np.array(list(plots.network(axes, layers).values()))
    radius = max(patch.get_width() / 2 for patch in axes.patches if isinstance(patch, Circle))
    assert (places - radius >= 0).all()
    assert (places + radius <= [6.4, 3]).all()
    gaps = np.linalg.norm(places[:, None] - places[None], axis=-1)[~np.eye(len(places), dtype=bool)]
    assert gaps.min() >= 2 * radius


def test_a_flow_goes_there_and_back(blank):
    drawing, axes = blank
    centers = plots.flow(
        axes,
        ["owner", "kitchen"],
        forward=["plan"],
        backward=["too sweet"],
        colors={"owner": "red"},
    )
    assert len(centers) == 2
    assert {"owner", "kitchen", "plan", "too sweet"} <= set(texts(drawing))
    assert {COLORS["red"], COLORS["accent"]} <= hexes(drawing)


def test_a_flow_can_go_one_way_without_words(blank):
    plots.flow(blank[1], ["a", "b", "c"])
    assert COLORS["accent"] not in hexes(blank[0])


@pytest.mark.parametrize(("bend", "level"), [(0.3, "top"), (-0.3, "bottom"), (0, "bottom")])
def test_the_text_of_an_arrow_stands_outside_its_bend(blank, bend, level):
    _, axes = blank
    plots.arrow(axes, (1, 1), (3, 1), "blame", bend=bend)
    assert axes.texts[0].get_verticalalignment() == level


def test_coordinates_of_a_diagram_are_inches(blank):
    drawing, axes = blank
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 6.4), (0, 3))
    assert plots.box(axes, (3, 1), "box") == (3, 1)
    assert plots.circle(axes, (1, 1), "x") == (1, 1)
    assert {"box", "x"} <= set(texts(drawing))


# Numbers and paths


@given(st.floats(-1e12, 1e12).filter(lambda value: abs(value) > 1e-12))
def test_a_written_number_is_the_number_to_three_digits(value):
    text = number(value).replace(",", "").replace("−", "-")
    superscripts = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    factor, _, power = text.translate(superscripts).partition("·10")
    if not power and text.lstrip("-")[:3] in ("10⁻", *(f"10{digit}" for digit in "⁰¹²³⁴⁵⁶⁷⁸⁹")):
        factor, power = (
            ("-1" if text[0] == "-" else "1"),
            text.translate(superscripts).split("10")[1],
        )
    assert float(factor) * 10.0 ** int(power or 0) == pytest.approx(value, rel=6e-3)


@pytest.mark.parametrize("value", [0.0, float("inf"), float("nan")])
def test_special_numbers_are_written(value):
    assert number(value) == f"{value:g}"


def test_levels_that_are_not_positive_are_not_in_equal_ratios():
    assert not in_equal_ratios([0, 1, 10])
    assert not in_equal_ratios([1, 10])


def walked(path):
    """Places that a path visits, by the rules of SVG."""
    place, places, command, numbers = np.zeros(2), [], "", []
    for word in re.findall(r"[A-Za-z]|-?[\d.]+", path):
        if word.isalpha():
            command, numbers = word, []
            continue
        numbers.append(float(word))
        if len(numbers) < (1 if command in "hv" else 2):
            continue
        step = {"h": [*numbers, 0], "v": [0, *numbers]}.get(command, numbers)
        place = np.array(step) + (0 if command in "ML" else place)
        places.append(place)
        command, numbers = {"M": "L"}.get(command, command), []
    return np.array(places)


@given(st.lists(st.tuples(st.integers(-9999, 9999), st.integers(-9999, 9999)), min_size=2))
def test_a_short_path_visits_the_same_places(places):
    long = " ".join(
        f"{'L' if index else 'M'} {x / 100} {y / 100}" for index, (x, y) in enumerate(places)
    )
    short = short_path(f"{long} z")
    np.testing.assert_allclose(walked(short), np.array(places) / 100, atol=1e-6)
    assert len(short) <= len(long) + 2
    assert short.endswith("z")


def test_curved_paths_are_only_rounded():
    assert short_path("M 0.001 2.5 C 1.2345 0 1 1 2 2") == "M0 2.5 C1.23 0 1 1 2 2"

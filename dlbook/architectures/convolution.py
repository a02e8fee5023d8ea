"""Convolution: one small kernel slides over a picture, and pooling sums up what it found."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dlbook.lab import datasets, map_shapes, plots
from dlbook.lab.checks import check_count, numbers
from dlbook.lab.claims import Claim, Evidence
from dlbook.lab.experiment import Experiment
from dlbook.lab.map_shapes import map_difference, output_size, receptive_field, transposed_size
from dlbook.lab.results import mean_interval, paired

if TYPE_CHECKING:
    import xarray as xr

# The idea


def cross_correlate(
    image: ArrayLike, kernel: ArrayLike, stride: int = 1, padding: int | str = 0
) -> np.ndarray:
    r"""Lay a kernel on every place of a picture: multiply in pairs and add.

    $$y_{ij} = \sum_a \sum_b x_{si+a,\;sj+b}\,k_{ab}$$

    This is what deep learning calls convolution. With channels the sum also runs over them, and
    each filter gives one channel of the result.

    Args:
        image: $x$, shape (height, width) or (height, width, channels).
        kernel: $k$, shape (rows, columns) or (rows, columns, channels, filters), as Keras has it.
        stride: $s$, pixels from one place to the next.
        padding: Zeros around the picture: how many on each side, `"valid"` (none), or `"same"`
            (so many that stride 1 keeps the size; see `same_padding`).

    Returns:
        The feature map $y$, shape (rows, columns) or (rows, columns, filters).

    Raises:
        ValueError: Shapes that do not fit, a kernel larger than the padded picture, or an
            impossible stride or padding.

    Example:
        >>> cross_correlate([[1, 2, 3], [4, 5, 6]], [[-1, 1]])
        array([[1., 1.],
               [1., 1.]])
    """
    pixels, weights = map_shapes.pixels_and_weights(image, kernel)
    size = weights.shape[:2]
    sides = zip(pixels.shape, size, strict=False)
    zeros = [map_shapes.margins(n, k, stride, padding) for n, k in sides]
    padded = np.pad(pixels, zeros + [(0, 0)] * (pixels.ndim - 2))
    rows, columns = (output_size(padded.shape[axis], size[axis], stride) for axis in (0, 1))
    flat = weights.reshape(-1, *weights.shape[3:])
    result = np.empty((rows, columns, *flat.shape[1:]))
    for row, column in np.ndindex(rows, columns):
        top, left = row * stride, column * stride
        window = padded[top : top + size[0], left : left + size[1]]
        result[row, column] = window.ravel() @ flat
    return result


def convolve(
    image: ArrayLike, kernel: ArrayLike, stride: int = 1, padding: int | str = 0
) -> np.ndarray:
    """Convolve as mathematics does: cross-correlate with the kernel turned by half a turn.

    Args:
        image: Shape (height, width) or (height, width, channels).
        kernel: Shape (rows, columns) or (rows, columns, channels, filters).
        stride: Pixels from one place to the next.
        padding: As for `cross_correlate`.

    Returns:
        The same shape as `cross_correlate` gives.

    Example:
        >>> convolve([[1, 2, 3], [4, 5, 6]], [[-1, 1]])
        array([[-1., -1.],
               [-1., -1.]])
    """
    _, weights = map_shapes.pixels_and_weights(image, kernel)
    return cross_correlate(image, weights[::-1, ::-1], stride, padding)


def dilate(kernel: ArrayLike, rate: int) -> np.ndarray:
    """Spread a kernel: put `rate - 1` zeros between neighbours.

    Args:
        kernel: Shape (rows, columns) or (rows, columns, channels, filters).
        rate: Distance of neighbours afterwards; 1 changes nothing.

    Returns:
        The spread kernel, sides `(side - 1) * rate + 1`.

    Example:
        >>> dilate([[1, 2, 3]], rate=2)
        array([[1., 0., 2., 0., 3.]])
    """
    weights, _ = numbers(kernel, "kernel"), check_count("`rate`", rate)
    rows, columns = ((side - 1) * rate + 1 for side in weights.shape[:2])
    result = np.zeros((rows, columns, *weights.shape[2:]))
    result[::rate, ::rate] = weights
    return result


def max_pool(image: ArrayLike, size: int = 2, stride: int | None = None) -> np.ndarray:
    """Keep the largest value of every window.

    Args:
        image: Shape (height, width) or (height, width, channels).
        size: Side of the window.
        stride: From one window to the next; `None`: windows touch and do not overlap.

    Returns:
        The smaller picture; rows and columns that fill no window are dropped.

    Example:
        >>> max_pool([[1, 2, 5], [4, 3, 6]])
        array([[4.]])
    """
    return _pool(image, size, stride, np.max)


def mean_pool(image: ArrayLike, size: int = 2, stride: int | None = None) -> np.ndarray:
    """Keep the mean of every window (a cross-correlation with equal weights).

    Args:
        image: Shape (height, width) or (height, width, channels).
        size: Side of the window.
        stride: From one window to the next; `None`: windows touch and do not overlap.

    Returns:
        The smaller picture.

    Example:
        >>> mean_pool([[1, 2, 5], [4, 3, 6]])
        array([[2.5]])
    """
    return _pool(image, size, stride, np.mean)


def transpose_convolve(
    image: ArrayLike, kernel: ArrayLike, stride: int = 1, padding: int = 0
) -> np.ndarray:
    """Stamp the kernel at every pixel, as strong as the pixel, and add where stamps overlap.

    It is the way back of `cross_correlate`: the same wires, walked from the map to the picture.

    Args:
        image: Shape (height, width) or (height, width, channels).
        kernel: Shape (rows, columns) or (rows, columns, filters, channels), as Keras has it.
        stride: Pixels from one stamp to the next.
        padding: Pixels that are cut off at each side.

    Returns:
        The larger picture, sides as `transposed_size` says.

    Example:
        >>> transpose_convolve([[1, 10]], [[1, 2, 3]], stride=2)
        array([[ 1.,  2., 13., 20., 30.]])
    """
    pixels, weights = map_shapes.pixels_and_weights(image, kernel, channels=3)
    height, width = weights.shape[:2]
    sides = zip(pixels.shape[:2], (height, width), strict=True)
    rows, columns = (transposed_size(n, k, stride, padding) for n, k in sides)
    result = np.zeros((rows + 2 * padding, columns + 2 * padding, *weights.shape[2:3]))
    for row, column in np.ndindex(*pixels.shape[:2]):
        top, left = row * stride, column * stride
        stamp = np.dot(weights, pixels[row, column])
        result[top : top + height, left : left + width] += stamp
    return result[padding : padding + rows, padding : padding + columns]


def _pool(image: ArrayLike, size: int, stride: int | None, summary: Callable) -> np.ndarray:
    pixels, step = map_shapes.pixels_of(image), size if stride is None else stride
    rows, columns = (output_size(side, size, step) for side in pixels.shape[:2])
    result = np.empty((rows, columns, *pixels.shape[2:]))
    for row, column in np.ndindex(rows, columns):
        top, left = row * step, column * step
        result[row, column] = summary(pixels[top : top + size, left : left + size], axis=(0, 1))
    return result


# The experiment

KERNELS = {
    "horizontal edges": np.array([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]]),
    "vertical edges": np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "blur": np.full((3, 3), 1 / 9),
    "sharpen": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
}
AFTER: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "nothing": lambda maps: maps,
    "every second": lambda maps: maps[::2, ::2],
    "mean pool": mean_pool,
    "max pool": max_pool,
}


@cache
def photograph(step: int = 1) -> np.ndarray:
    """Return the grey photograph of a palace, 0 to 1, every `step` pixels made one."""
    grey = datasets.photograph("china").mean(axis=-1) / 255
    return mean_pool(grey, step) if step > 1 else grey


def crop(seed: int, height: int, width: int) -> np.ndarray:
    """Cut a piece out of the grey photograph, at a random place."""
    picture, generator = photograph(), np.random.default_rng(seed)
    top = generator.integers(0, picture.shape[0] - height + 1)
    left = generator.integers(0, picture.shape[1] - width + 1)
    return picture[top : top + height, left : left + width]


def kernel_named(name: str, seed: int) -> np.ndarray:
    """Return one of `KERNELS`, or a random kernel."""
    if name == "random":
        return np.random.default_rng([seed, 1]).normal(size=(3, 3))
    return KERNELS[name]


def measure_kernel(seed: int, kernel: str) -> dict[str, float]:
    """Return how much a kernel varies over a piece of the photograph, upright and turned."""
    piece, weights = crop(seed, 48, 48), kernel_named(kernel, seed)
    upright, turned = (cross_correlate(one, weights).var() for one in (piece, np.rot90(piece)))
    return {"share": float(upright / piece.var()), "turned": float(turned / upright)}


def compare_with_keras(seed: int, formula: str) -> dict[str, float]:
    """Return how far the feature map of a Keras layer is from ours, for a random kernel."""
    import keras

    generator = np.random.default_rng(seed)
    picture, kernel = generator.normal(size=(9, 9, 2)), generator.normal(size=(3, 3, 2, 4))
    ours = {"cross-correlation": cross_correlate, "convolution": convolve}[formula]
    theirs = keras.ops.conv(picture[None].astype("float32"), kernel.astype("float32"))
    theirs = np.asarray(theirs)[0]
    return {"difference": map_difference(ours(picture, kernel), theirs)}


def stack(seed: int, widened_by: str, depth: int) -> list[tuple[np.ndarray, int]]:
    """Draw random 3x3 kernels, one per level, and say their strides.

    Args:
        seed: The same seed gives the same kernels.
        widened_by: `"nothing"`; `"pool"`: a mean pool of 2 behind every kernel; `"stride"`:
            stride 2; `"dilation"`: rates 1, 2, 4, ...
        depth: Number of kernels.

    Returns:
        Kernel and stride of every layer.
    """
    generator, layers = np.random.default_rng(seed), []
    for level in range(depth):
        rate = 2**level if widened_by == "dilation" else 1
        kernel = dilate(generator.normal(size=(3, 3)), rate)
        layers.append((kernel, 2 if widened_by == "stride" else 1))
        layers += [(np.full((2, 2), 0.25), 2)] if widened_by == "pool" else []
    return layers


def seen_by_one_unit(layers: Sequence[tuple[np.ndarray, int]]) -> np.ndarray:
    """Return the gradient of one unit after all layers: how strongly it feels every pixel."""
    gradient = np.ones((1, 1))
    for kernel, stride in reversed(layers):
        gradient = transpose_convolve(gradient, kernel, stride)
    return gradient


def measure_field(seed: int, widened_by: str, depth: int) -> dict[str, float]:
    """Compare the formula of the receptive field with the gradient of one unit."""
    layers = stack(seed, widened_by, depth)
    gradient = seen_by_one_unit(layers)
    side = int(np.ptp(np.nonzero(gradient)[0])) + 1
    return {
        "formula": receptive_field([(len(kernel), stride) for kernel, stride in layers]),
        "side": side,
        "area": int(np.count_nonzero(gradient)),
        "effective": map_shapes.effective_side(gradient),
    }


def measure_shift(seed: int, after: str, shift: int) -> dict[str, float]:
    """Move the camera over the photograph and compare the feature maps before and after."""
    scene, kernel = crop(seed, 28, 28 + shift), kernel_named("random", seed)
    first, second = (
        AFTER[after](np.maximum(cross_correlate(one, kernel, padding=1), 0))
        for one in (scene[:, :28], scene[:, shift:])
    )
    step = 28 // len(first)
    fits = [moved_back(first, second, places) for places in {shift // step, -(-shift // step)}]
    return {
        "in_place": map_difference(first, second),
        "moved_back": min(map_difference(*pair) for pair in fits),
        "inside": min(map_difference(*(one[1:-1, 1:-1] for one in pair)) for pair in fits),
    }


def moved_back(first: np.ndarray, second: np.ndarray, places: int) -> tuple[np.ndarray, ...]:
    """Return the parts of two maps that show the same scene, if it moved by `places` columns."""
    return first[:, places:], second[:, : second.shape[1] - places]


KERNEL_RESPONSES = Experiment(
    name="kernel_responses",
    question="What does each kernel respond to?",
    independent={"kernel": (*KERNELS, "random")},
    trial=measure_kernel,
    units={"share": "variance of the map / variance of the picture",
           "turned": "the same after a quarter turn / before"},
)  # fmt: skip
DEFINITION = Experiment(
    name="definition",
    question="Which formula does a convolutional layer compute?",
    independent={"formula": ("cross-correlation", "convolution")},
    trial=compare_with_keras,
    units={"difference": "difference from Keras (0: same, 1: unrelated)"},
)
RECEPTIVE_FIELDS = Experiment(
    name="receptive_fields",
    question="How many pixels can one unit see?",
    independent={"widened_by": ("nothing", "pool", "stride", "dilation"), "depth": range(1, 6)},
    trial=measure_field,
    units={"depth": "number of 3×3 kernels", "side": "pixels of a side that one unit sees"},
)
SHIFTS = Experiment(
    name="shifts",
    question="What happens to the feature map when the picture moves?",
    independent={"after": tuple(AFTER), "shift": (1, 2, 3, 4)},
    trial=measure_shift,
    units={"shift": "shift of the picture (pixels)"},
)

# The claims


def convolution_against_keras(results: "xr.Dataset") -> Evidence:
    """Largest difference between the flipped formula and Keras, 20 random kernels."""
    largest = float(results["difference"].sel(formula="convolution").max())
    return Evidence.exact("largest difference", largest, results.sizes["seed"], at_most=1e-5)


def field_added_by_pooling(results: "xr.Dataset") -> list[Evidence]:
    """Pixels of a side that pooling adds to the measured field, at every depth."""
    sides, runs = results["side"], results.sizes["seed"]
    gains = (sides.sel(widened_by="pool") - sides.sel(widened_by="nothing")).min("seed")
    return [
        Evidence.exact(f"depth {int(gain['depth'])}: least gain", float(gain), runs, at_least=1)
        for gain in gains
    ]


def change_after_pooling(results: "xr.Dataset") -> list[Evidence]:
    """What one pixel of shift changes after max pooling, and whether that is less than before."""
    change = results["in_place"].sel(shift=1)
    exactly = change.sel(after="max pool")
    less = paired(change.sel(after="nothing"), exactly)
    return [
        Evidence.from_mean("exactly: difference", exactly, at_most=1e-6),
        Evidence.from_comparison("roughly: how much less than unpooled", less, at_least=0),
    ]


def difference_when_moved_back(results: "xr.Dataset") -> list[Evidence]:
    """Largest difference between the moved map and the map of the moved picture."""
    plain, runs = results.sel(after="nothing"), results.sizes["seed"]
    return [
        Evidence.exact(where, float(plain[name].max()), runs, at_most=1e-6)
        for where, name in (("inside", "inside"), ("with the border", "moved_back"))
    ]


CLAIMS = (
    Claim(
        "C-convolution-1",
        "A convolutional layer computes the convolution of mathematics.",
        DEFINITION,
        convolution_against_keras,
        note="asymmetric kernels, against keras.ops.conv",
    ),
    Claim(
        "C-convolution-2",
        "Pooling increases the receptive field size.",
        RECEPTIVE_FIELDS,
        field_added_by_pooling,
        note="measured by the gradient; pixels of a side, of the same kernels without pooling",
    ),
    Claim(
        "C-convolution-3",
        "Pooling makes a network invariant to shifts.",
        SHIFTS,
        change_after_pooling,
        note="shift of one pixel; 0: same map, 1: unrelated maps",
    ),
    Claim(
        "C-convolution-4",
        "Convolution is equivariant: if the picture moves, its feature map moves with it.",
        SHIFTS,
        difference_when_moved_back,
        note="largest difference over all shifts and seeds, padded with zeros",
    ),
)

# The figure


def plot_sliding(image: ArrayLike, kernel: ArrayLike, place: tuple[int, int]) -> "plots.BookFigure":
    """Draw a kernel on one place of a 5x5 picture, and the number that comes out."""
    drawing, axes = plots.diagram(
        "A picture of 5 by 5 numbers, a kernel of 3 by 3 and the feature map of 3 by 3. Nine "
        "numbers of the picture are tinted, and the one number of the map that they make.",
        height=3.2,
    )
    row, column = place
    window = [(row + down, column + right) for down in range(3) for right in range(3)]
    plots.matrix(axes, image, corner=(0.05, 0.2), highlight=window, title="picture")
    plots.matrix(axes, kernel, corner=(2.9, 0.7), highlight=[*np.ndindex(3, 3)], color="blue",
                 title="kernel")  # fmt: skip
    plots.matrix(axes, cross_correlate(image, kernel), corner=(4.85, 0.7), highlight=[place],
                 title="feature map")  # fmt: skip
    axes.text(2.72, 1.45, "∗", ha="center", va="center", fontsize=16)
    axes.text(4.62, 1.45, "=", ha="center", va="center", fontsize=16)
    return drawing


def plot_feature_maps(step: int = 5) -> "plots.BookFigure":
    """Show the photograph and its maps; in maps of edges, grey is 0."""
    picture = photograph(step)
    drawing, axes = plots.figure(
        "A grey photograph of a palace and five feature maps of it: the rims of its roofs "
        "stand out with horizontal edges, its columns with vertical ones; also blurred, sharpened "
        "and random.",
        rows=3,
        columns=2,
        height=7.0,
    )
    maps = {"photograph": picture}
    for name in (*KERNELS, "random"):
        maps[name] = cross_correlate(picture, kernel_named(name, seed=3))
    for place, (name, values) in zip(axes.ravel(), maps.items(), strict=True):
        if "edges" in name or name == "random":
            values = 0.5 + values / (8 * values.std())
        plots.image(place, values, name)
    return drawing


def plot_kernel_responses(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw how much stronger each kernel answers to the picture after a quarter turn."""
    drawing, axes = plots.figure(
        "Variance of each kernel's map after a quarter turn of the picture, over that before, one "
        "dot per piece: at 1 for blur and sharpen, scattered for the kernels of edges.",
    )
    turned = results["turned"].transpose("kernel", "seed")
    groups = {str(name): np.log2(turned.sel(kernel=name)) for name in turned["kernel"].values}
    plots.strip(axes, groups)
    plots.reference(axes, 0, along="y")
    axes.set(xlabel="variance after a quarter turn / before")
    axes.set_xticks([-2, -1, 0, 1, 2], ["1/4", "1/2", "1", "2", "4"])
    return drawing


def plot_receptive_fields(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the measured field as growing squares, and its side against the depth."""
    drawing, (squares, lines) = plots.figure(
        "Left: the squares that one unit sees after 1 to 5 kernels; with pooling they grow so "
        "fast that those without look tiny. Right: the side against the depth: a slow straight "
        "line without pooling, doubling with pooling, stride or dilation.",
        columns=2,
        height=3.3,
    )
    sides = results["side"].mean("seed")
    for name, color in (("pool", "accent"), ("nothing", "blue")):
        for side in sides.sel(widened_by=name).values:
            corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * side / 2
            squares.plot(*corners.T, color=color, linewidth=1.3)
    squares.set(title="what one unit sees", aspect="equal")
    squares.set_axis_off()
    styles = (("pool", "accent", "-"), ("stride", "green", "-"), ("dilation", "orange", "--"),
              ("nothing", "blue", "-"))  # fmt: skip
    for name, color, style in styles:
        values = sides.sel(widened_by=name)
        lines.plot(sides["depth"], values, style, color=color, label=name)
    lines.set(xlabel="number of 3×3 kernels", ylabel="side (pixels)")
    plots.label_lines(lines)
    return drawing


def plot_shifts(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw the difference of maps against the shift, moved back and in place."""
    drawing, (back, place) = plots.figure(
        "Difference of the maps before and after a shift of 1 to 4 pixels. Above, moved back: "
        "the plain convolution stays at 0, the smaller maps zigzag between odd and even shifts. "
        "Below, in place, as the gain or loss against the plain map.",
        rows=2,
        height=5.6,
    )
    compared = results["in_place"] - results["in_place"].sel(after="nothing", drop=True)
    colors = dict(zip(AFTER, ("blue", "orange", "green", "accent"), strict=True))
    for after, color in colors.items():
        for axes, values in ((back, results["inside"]), (place, compared)):
            interval = mean_interval(values.sel(after=after))
            plots.band(axes, results["shift"], interval, label=after, color=color)
    back.set(title="moved back, without the border", ylabel="difference of the maps")
    place.set(title="in place, compared with no pooling", ylabel="difference, more or less",
              xlabel="shift of the picture (pixels)")  # fmt: skip
    for axes in (back, place):
        axes.set_xticks(results["shift"].values)
        plots.label_lines(axes)
    return drawing

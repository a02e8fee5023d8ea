"""Style transfer: the pixels of a picture are trained, and the network stays as it is."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlbook.lab import datasets, painting, plots, style_networks
from dlbook.lab.claims import Claim
from dlbook.lab.conditions import evidence_of_each
from dlbook.lab.experiment import Experiment
from dlbook.lab.open_picture import SMALLEST_SIDE, as_picture, resized
from dlbook.lab.painting import STEPS, Transferred, scales
from dlbook.lab.picture_judges import JUDGES
from dlbook.lab.style_networks import BANK, SMALL, TRAINED, filter_bank, small_vgg

if TYPE_CHECKING:
    import keras
    import xarray as xr

    from dlbook.lab.claims import Evidence

# The idea

STYLE_WEIGHT_OF_BANK = 30.0
SMOOTHNESS = 0.05


def gram(maps: Any) -> Any:
    r"""Multiply every feature map with every other, and add over all positions.

    $$G_{ij} = \frac{1}{PC} \sum_{p=1}^{P} F_{pi} F_{pj}$$

    It tells which features occur together, and forgets where.

    Args:
        maps: $F$, shape (height, width, channels) or (1, height, width, channels): $P$ positions,
            $C$ channels.

    Returns:
        $G$, a tensor of shape (channels, channels).

    Raises:
        ValueError: `maps` has another number of axes, or an empty one.

    Example:
        >>> np.asarray(gram([[[1.0, 0.0], [1.0, 2.0]]]))
        array([[0.5, 0.5],
               [0.5, 1. ]], dtype=float32)
    """
    import keras

    values: Any = keras.ops.convert_to_tensor(maps, "float32")
    shape = tuple(values.shape)
    if len(shape) not in (3, 4) or 0 in shape or (len(shape) == 4 and shape[0] not in (1, None)):
        raise ValueError(
            "`maps` must have shape (height, width, channels), of one picture. "
            f"Received: shape {shape}"
        )
    flat: Any = keras.ops.reshape(values, (-1, shape[-1]))
    numbers: Any = keras.ops.size(flat)
    return keras.ops.matmul(keras.ops.transpose(flat), flat) / keras.ops.cast(numbers, "float32")


def content_loss(maps: Sequence[Any], wanted: Sequence[Any]) -> Any:
    """Say how far feature maps are from the content's, place by place (`relative_error`).

    Args:
        maps: Feature maps of the target, one tensor for each layer.
        wanted: Those of the content picture.

    Returns:
        A scalar tensor.

    Example:
        >>> float(content_loss([np.ones((1, 2, 2, 1))], [np.ones((1, 2, 2, 1))]))
        0.0
    """
    return painting.relative_error(maps, wanted)


def style_loss(maps: Sequence[Any], grams: Sequence[Any]) -> Any:
    """Say how far the Gram matrices of feature maps are from the style's (`relative_error`).

    Args:
        maps: Feature maps of the target, one tensor for each layer.
        grams: Gram matrices of the style picture's maps.

    Returns:
        A scalar tensor.

    Example:
        >>> maps = [np.arange(8.0).reshape(2, 2, 2)]
        >>> round(float(style_loss([maps[0][::-1]], [gram(maps[0])])), 6)
        0.0
    """
    return painting.relative_error([gram(one) for one in maps], grams)


def transfer(
    content: ArrayLike,
    style: ArrayLike,
    network: "keras.Model | None" = None,
    style_weight: float = STYLE_WEIGHT_OF_BANK,
    start: int | str = 0,
    steps: Sequence[int] = STEPS,
) -> Transferred:
    """Paint the content of one picture in the style of another, coarse to fine.

    Args:
        content: A picture (as `dlbook.lab.open_picture.as_picture` takes it). The result has its
            size.
        style: Another picture, of any size.
        network: Gives a dictionary of lists of maps, `"content"` and `"style"`; by default the
            untrained `filter_bank` of the two pictures. It is not changed.
        style_weight: What the style loss is multiplied by, 0 or larger.
        start: A whole number: begin with random pixels of that seed; `"content"`: with the
            content itself.
        steps: Steps at each scale. The last scale is the full size, each one before it half.

    Returns:
        The picture and the losses.

    Raises:
        ValueError: A setting is impossible, or the picture too small for so many scales.

    Example:
        >>> flat, stripes = np.zeros((16, 24)), np.tile([0.0, 1.0], (16, 8))
        >>> transfer(flat, stripes, steps=(2,)).picture.shape
        (16, 24, 3)
    """
    pictures = as_picture(content, "content"), as_picture(style, "style")
    painting.check_settings(style_weight, start, steps, pictures[0])
    network = network or filter_bank(pictures)
    target: Any = None
    losses = []
    for scale, count in zip(reversed(range(len(steps))), steps, strict=True):
        sizes = [max(SMALLEST_SIDE, max(one.shape) // 2**scale) for one in pictures]
        small = [resized(one, size) for one, size in zip(pictures, sizes, strict=True)]
        target = (
            painting.begin(small[0], start)
            if target is None
            else painting.enlarged(target, small[0])
        )
        target, found = painting.paint(
            target, objective(small[0], small[1], network, style_weight), count
        )
        losses.append(found)
    return Transferred(target, np.concatenate(losses))


def objective(
    content: NDArray, style: NDArray, network: "keras.Model", style_weight: float
) -> Callable[[Any], tuple[Any, Any, Any]]:
    """Extract what is wanted, and return the function that a target has to minimize.

    Args:
        content: The content picture.
        style: The style picture.
        network: As in `transfer`.
        style_weight: As in `transfer`.

    Returns:
        A function from a target of shape (1, height, width, 3) to its content loss, its style
        loss, and all that is to be minimized.

    Example:
        >>> stripes = np.tile([0.0, 1.0], (16, 8))[..., None].repeat(3, -1)
        >>> losses = objective(stripes, stripes, filter_bank([stripes]), 30)
        >>> [round(float(one), 6) for one in losses(stripes[None].astype("float32"))[:2]]
        [0.0, 0.0]
    """
    maps = network(content[None])["content"]
    grams = [gram(one) for one in network(style[None])["style"]]

    def losses(target: Any) -> tuple[Any, Any, Any]:
        found = network(target)
        parts = content_loss(found["content"], maps), style_loss(found["style"], grams)
        return *parts, parts[0] + style_weight * parts[1] + SMOOTHNESS * painting.total_variation(
            target
        )

    return losses


def restyle(content: NDArray, style: NDArray) -> Transferred:
    """Transfer between a reader's own pictures: ``dlbook run style_transfer --content --style``.

    Args:
        content: A picture.
        style: Another one.

    Returns:
        The result in the content's size, begun at about 64 pixels.

    Example:
        >>> flat, stripes = np.zeros((16, 24)), np.tile([0.0, 1.0], (16, 8))
        >>> restyle(flat, stripes).losses.shape
        (200, 2)
    """
    return transfer(content, style, steps=scales(*as_picture(content).shape[:2]))


# The experiment

SUMS = ("sum of errors", "sum of relative errors", "style counted 30 times")
UNTOUCHED = "untouched"
OFFLINE = (UNTOUCHED, BANK, SMALL, f"{TRAINED} digits")
EVERY = (UNTOUCHED, *style_networks.NETWORKS_FOR_STYLE)


def study_pictures(seed: int, size: int, name: str = "flower") -> tuple[NDArray, NDArray]:
    """Return a photograph and strokes of one of three palettes, both at most `size` long.

    Args:
        seed: Of the strokes.
        size: Longer side in pixels.
        name: Of the photograph.

    Returns:
        Content and style.

    Example:
        >>> [one.shape for one in study_pictures(0, 48)]
        [(32, 48, 3), (48, 48, 3)]
    """
    strokes = datasets.stroke_textures(seed, num_images=2, size=128)[1]
    return resized(datasets.photograph(name), size), resized(strokes, size)


def weigh(seed: int, style_weight: float, start: str, size: int) -> dict[str, float]:
    """Transfer once at one scale, and return both errors at the end and at a random start."""
    content, style = study_pictures(seed, size)
    network = filter_bank((content, style), seed)
    begin = seed if start == "noise" else start
    found = transfer(content, style, network, style_weight, begin, STEPS[:1]).losses[-1]
    begun = objective(content, style, network, 0)(painting.begin(content, seed)[None])
    names = ("content", "style", "content_at_start", "style_at_start")
    return dict(zip(names, map(float, (*found, *begun[:2])), strict=True))


def add_up(seed: int, loss: str, size: int) -> dict[str, float]:
    """Transfer from noise with one way of adding the errors; return which part of each is gone."""
    content, style = study_pictures(seed, size)
    weight = {SUMS[0]: weight_of_plain_sum(content, style, seed), SUMS[1]: 1.0, SUMS[2]: 30.0}[loss]
    found = weigh(seed, weight, "noise", size)
    gone = {f"{p}_gone": 1 - found[p] / found[f"{p}_at_start"] for p in ("content", "style")}
    return {**gone, "style_weight": weight}


def weight_of_plain_sum(content: NDArray, style: NDArray, seed: int = 0) -> float:
    """Say which weight on *relative* errors equals a plain sum of the two mean squared errors."""
    network = filter_bank((content, style), seed)
    maps, styled = network(content[None])["content"][0], network(style[None])["style"][0]
    return float(np.mean(np.square(gram(styled))) / np.mean(np.square(maps)))


def shuffle_positions(seed: int, photograph: str) -> dict[str, float]:
    """Move all positions of feature maps about; return the changes of Gram matrix and content."""
    picture = resized(datasets.photograph(photograph), 48)
    maps = np.asarray(small_vgg()(picture[None])["style"][0])[0]
    flat = maps.reshape(-1, maps.shape[-1])
    moved = np.random.default_rng(seed).permutation(flat).reshape(maps.shape)
    change = painting.relative_error([gram(moved)], [gram(maps)])
    return {"gram": float(change) ** 0.5, "content": float(content_loss([moved], [maps]))}


def schedule_scales(seed: int, schedule: str, size: int) -> dict[str, float]:
    """Transfer with steps such as "60, 60, 80"; return errors and the mean span of the colours."""
    content, style = study_pictures(seed, size, "china")
    steps = tuple(int(one) for one in schedule.split(", "))
    result = transfer(content, style, filter_bank((content, style), seed), 30.0, seed, steps)
    span = float(np.ptp(result.picture, axis=-1).mean())
    return {"content": result.losses[-1, 0], "style": result.losses[-1, 1], "color": span}


@cache
def painted(network: str, seed: int, size: int) -> NDArray:
    """Transfer with one of `style_networks.NETWORKS_FOR_STYLE`, or leave the content untouched."""
    content, style = study_pictures(seed, size)
    if network == UNTOUCHED:
        return content
    chosen = style_networks.NETWORKS_FOR_STYLE[network]((content, style), seed)
    return transfer(content, style, chosen, 30.0, seed, scales(size, size)).picture


def compare_networks(seed: int, network: str, judge: str, size: int) -> dict[str, float]:
    """Let a judge that optimized nothing compare one network's picture with style and content."""
    content, style = study_pictures(seed, size)
    return JUDGES[judge](painted(network, seed, size), style, content)


STYLE_WEIGHT = Experiment(
    name="style_weight",
    question="What does the weight of the style do, from random pixels and from the content?",
    independent={"style_weight": (0, 30), "start": ("noise", "content"), "size": (48,)},
    trial=weigh,
    seeds=(0,),
    full_independent={"style_weight": (0, 3, 30, 300), "size": (64,)},
    full_seeds=range(5),
)
PLAIN_SUM = Experiment(
    name="plain_sum",
    question="Does a loss that adds content and style without a weight serve both?",
    independent={"loss": SUMS, "size": (48,)},
    trial=add_up,
    seeds=(0,),
    full_independent={"size": (64,)},
    full_seeds=range(5),
)
GRAM_PROPERTY = Experiment(
    name="gram_property",
    question="What does a Gram matrix know of the places of features?",
    independent={"photograph": ("flower", "china")},
    trial=shuffle_positions,
)
SCALE_SCHEDULE = Experiment(
    name="scale_schedule",
    question="Is it better to begin small?",
    independent={"schedule": ("50, 50", "100"), "size": (64,)},
    trial=schedule_scales,
    seeds=(0,),
    full_independent={"schedule": ("60, 60, 80", "200"), "size": (256,)},
    full_seeds=range(5),
)
NETWORKS = Experiment(
    name="networks",
    question="Whose pictures does a judge like that no network has optimized?",
    independent={"network": OFFLINE, "judge": ("patches",), "size": (48,)},
    trial=compare_networks,
    seeds=(0,),
    full_independent={"network": EVERY, "judge": tuple(JUDGES), "size": (96,)},
    full_seeds=range(5),
)

# The claims


def both_served(results: "xr.Dataset") -> "list[Evidence]":
    """Return the part of each error that a plain sum removes."""
    plain = results[["content_gone", "style_gone"]].sel(loss=SUMS[0]).squeeze("size")
    parts = plain.to_array("part").assign_coords(part=["content", "style"])
    return evidence_of_each(parts, "{part}", at_least=0.5)


def random_start(results: "xr.Dataset") -> "list[Evidence]":
    """Return by how much the final loss from noise exceeds that from the content."""
    loss = results["content"] + results["style_weight"] * results["style"]
    lost = (loss.sel(start="noise") - loss.sel(start="content")).squeeze("size")
    return evidence_of_each(lost, "style weight {style_weight}", at_most=0.05)


def texture_without_place(results: "xr.Dataset") -> "list[Evidence]":
    """Return what shuffling changes: nothing of the Gram matrix, much of the content."""
    gram_change, content = results["gram"], results["content"]
    return [
        *evidence_of_each(gram_change, "Gram matrix, {photograph}", at_most=1e-5),
        *evidence_of_each(content, "content, {photograph}", at_least=0.1),
    ]


def left_by_the_bank(results: "xr.Dataset") -> "list[Evidence]":
    """Return which part of the style error an untrained bank leaves."""
    runs = results[["texture", "structures"]].squeeze("size")
    left = (runs.sel(network=BANK) / runs.sel(network=UNTOUCHED)).to_array("part")
    return evidence_of_each(left, "{part} (judge: {judge})", at_least=0.5)


def trained_minus_untrained(results: "xr.Dataset") -> "list[Evidence]":
    """Return the texture error of each trained network minus that of the small untrained one."""
    runs = results["texture"].squeeze("size")
    trained = [name for name in runs["network"].values if "trained on" in str(name)]
    added = runs.sel(network=trained) - runs.sel(network=SMALL)
    return evidence_of_each(added, "{network} (judge: {judge})", at_most=0)


CLAIMS = (
    Claim(
        "C-style_transfer-1",
        "The loss is content error plus style error.",
        PLAIN_SUM,
        both_served,
        note="part of each error at the start that is gone at the end; holds from one half up",
    ),
    Claim(
        "C-style_transfer-2",
        "Make the target from random numbers.",
        STYLE_WEIGHT,
        random_start,
        note="final loss from random pixels minus from the content, equal steps; holds up to .05",
    ),
    Claim(
        "C-style_transfer-3",
        "The Gram matrix keeps the texture and loses the place.",
        GRAM_PROPERTY,
        texture_without_place,
        note="change when positions are shuffled; holds up to 10⁻⁵ (Gram), from .1 up (content)",
    ),
    Claim(
        "C-style_transfer-4",
        "Import a pretrained network: an untrained one will not do.",
        NETWORKS,
        left_by_the_bank,
        note="style error that an untrained bank leaves, as a part of all; holds from .5 up",
    ),
    Claim(
        "C-style_transfer-5",
        "Any pretrained network will do.",
        NETWORKS,
        trained_minus_untrained,
        note="texture error by a trained network minus by the small untrained one; holds up to 0",
    ),
)

# The figure


def plot_style_weight(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw both errors at the end against the weight of the style, one dot per run."""
    drawing, panels = plots.figure(
        "Two panels against the style weight: the content error rises with the weight and the "
        "style error falls, from random pixels and from the content.",
        rows=2,
        height=5,
        sharex=True,
    )
    names = [plots.number(one) for one in results["style_weight"].values]
    places = np.arange(len(names), dtype=float)
    for panel, part in zip(panels, ("content", "style"), strict=True):
        for start, color in zip(results["start"].values, ("blue", "orange"), strict=True):
            runs = results[part].sel(start=start).squeeze("size").transpose("style_weight", "seed")
            plots.dots(panel, places, runs.values, color=color)
            panel.plot(places, runs.mean("seed"), color=color, label=str(start))
        panel.set(ylabel=f"{part} error at the end")
    plots.log_axis(panels[1], "y")
    panels[0].legend(title="start")
    panels[1].set(xlabel="style weight", xticks=places, xticklabels=names)
    return drawing


def short_name(network: str) -> str:
    """Abbreviate the name of a network, for a figure on a phone.

    Args:
        network: One of `dlbook.lab.style_networks.NETWORKS_FOR_STYLE`.

    Returns:
        At most 12 letters.

    Example:
        >>> short_name("small VGG, trained on digits")
        'VGG, digits'
    """
    short = network.replace(TRAINED, "VGG,").replace("MobileNet", "MN")
    return short.replace("untrained", "random").replace(" trained on", "")


def plot_networks(results: "xr.Dataset") -> "plots.BookFigure":
    """Draw what the last judge says of each network's picture, one dot per seed."""
    runs = results.isel(judge=-1).squeeze("size")
    names = [short_name(str(name)) for name in runs["network"].values]
    drawing, panels = plots.figure(
        "Three panels of dots, a row for each network: texture error, error of large structures "
        "and content error of its pictures, by a judge that none of them optimized.",
        rows=3,
        height=1.2 + 1.2 * len(names),
        sharey=True,
    )
    for panel, part in zip(panels, ("texture", "structures", "content"), strict=True):
        values = runs[part].transpose("network", "seed").values
        plots.strip(panel, dict(zip(names, values, strict=True)))
        panel.set(xlabel=f"{part}: error", xlim=(0, None))
    return drawing


def plot_losses(losses: NDArray, steps: Sequence[int] = STEPS) -> "plots.BookFigure":
    """Draw content loss and style loss against the steps; dashed: where the picture grows."""
    drawing, axes = plots.figure(
        "Content loss and style loss against steps: both fall; the style loss jumps up where the "
        "picture is enlarged, and falls again."
    )
    plots.log_axis(axes, "y")
    for part, name in enumerate(("content", "style")):
        axes.plot(np.arange(1, len(losses) + 1), losses[:, part], label=name)
    for end in np.cumsum(steps)[:-1]:
        plots.reference(axes, float(end), along="y")
    axes.set(xlabel="step", ylabel="relative error")
    plots.label_lines(axes)
    return drawing


def gram_pictures(pictures: Sequence[NDArray]) -> list[NDArray]:
    """Return, as pictures, the Gram matrices of the 32 widest filters of the first two's bank."""
    network = filter_bank(pictures[:2])
    maps = [network(one[None])["style"][0][..., -32:] for one in pictures]
    matrices = [np.sqrt(np.asarray(gram(one))) for one in maps]
    largest = max(one.max() for one in matrices)
    return [np.kron(1 - one / largest, np.ones((8, 8))).clip(0, 1) for one in matrices]

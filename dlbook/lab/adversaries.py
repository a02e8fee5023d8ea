"""A generator and a discriminator of a generative adversarial network, and their training."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import keras

Sizes = Sequence[int]
Seeds = Sequence[int] | None


def build_generator(
    latent_units: int,
    output_units: int,
    hidden_units: Sizes = (64, 64),
    *,
    activation: str | None = None,
    seeds: Seeds = None,
) -> "keras.Sequential":
    """Build a network that turns random numbers into samples.

    Args:
        latent_units: How many random numbers it gets for one sample.
        output_units: How many numbers a sample has.
        hidden_units: Units of each hidden layer (leaky ReLU).
        activation: Of the output, such as `"sigmoid"` for pixels; `None`: any number may come out.
        seeds: `None`: one network. Otherwise one copy per seed, side by side: inputs of shape
            (examples, copies, latent_units).

    Returns:
        The generator.

    Raises:
        ValueError: A size is not a whole number above 0.

    Example:
        >>> build_generator(16, 64).count_params()
        9408
    """
    return _network((latent_units, *hidden_units, output_units), activation, seeds, 0)


def build_discriminator(
    input_units: int, hidden_units: Sizes = (64, 64), *, seeds: Seeds = None
) -> "keras.Sequential":
    """Build a network that gives the logit of "this sample is real".

    Args:
        input_units: How many numbers a sample has.
        hidden_units: Units of each hidden layer (leaky ReLU).
        seeds: As in `build_generator`.

    Returns:
        The discriminator.

    Raises:
        ValueError: A size is not a whole number above 0.

    Example:
        >>> build_discriminator(64).output_shape
        (None, 1)
    """
    return _network((input_units, *hidden_units, 1), None, seeds, 50)


def _network(sizes: Sizes, activation: str | None, seeds: Seeds, stream: int) -> Any:
    if not all(isinstance(units, int | np.integer) and units > 0 for units in sizes):
        raise ValueError(f"sizes of layers must be whole numbers above 0. Received: {sizes}")
    import keras

    layers: list[Any] = [keras.Input((sizes[0],) if seeds is None else (len(seeds), sizes[0]))]
    for at, units in enumerate(sizes[1:], start=1):
        last = activation if at == len(sizes) - 1 else "leaky_relu"
        layers.append(_dense(units, last, seeds, stream + at))
    return keras.Sequential(layers)


def _dense(units: int, activation: str | None, seeds: Seeds, stream: int) -> Any:
    import keras

    if seeds is None:
        return keras.layers.Dense(units, activation)

    def draw(shape: Any, dtype: Any = None) -> Any:
        draws = [keras.initializers.GlorotUniform(100 * seed + stream) for seed in seeds]
        return keras.ops.stack([one(shape[1:], dtype) for one in draws])

    options: dict[str, Any] = {"bias_axes": "co", "kernel_initializer": draw}
    return keras.layers.EinsumDense(
        "bci,cio->bco", (len(seeds), units), activation=activation, **options
    )


def cross_entropy(logits: Any, is_real: bool) -> Any:
    r"""Average the loss of a discriminator over samples that are all real, or all generated.

    $$-\ln D \;\text{ for real samples}, \qquad -\ln(1 - D) \;\text{ for generated ones}$$

    Args:
        logits: What the discriminator says, shape (examples, ...); $D$ is its sigmoid.
        is_real: What it should say.

    Returns:
        The mean over the examples, shape (...).

    Example:
        >>> round(float(cross_entropy(np.zeros(3, "float32"), True)), 3)
        0.693
    """
    from keras import ops

    return ops.mean(ops.softplus(-logits if is_real else logits), axis=0)


class Adversaries:
    """A generator and a discriminator that learn from each other.

    Args:
        generator: Any Keras model from random numbers to samples.
        discriminator: Any Keras model from samples to one logit.
        learning_rate: Of Adam, for both.
        saturating: Whether the generator minimizes ln(1 - D) instead of -ln D.
        freeze: Whether the generator's phase leaves the discriminator alone.
        seeds: One for each copy in the models; they decide the random numbers of training.

    Raises:
        ValueError: The output of the generator does not fit the input of the discriminator, or
            the seeds do not fit the copies.

    Example:
        >>> pair = Adversaries(build_generator(2, 1), build_discriminator(1))
        >>> pair.train(np.ones((10, 1)), steps=3)["generator"].shape
        (1,)
    """

    def __init__(
        self,
        generator: "keras.Model",
        discriminator: "keras.Model",
        learning_rate: float = 0.001,
        *,
        saturating: bool = False,
        freeze: bool = True,
        seeds: Sequence[int] = (0,),
    ) -> None:
        import keras
        import tensorflow as tf

        _check_pair(generator, discriminator, seeds)
        self.generator, self.discriminator, self.seeds = generator, discriminator, tuple(seeds)
        self.saturating, self.steps_done = saturating, 0
        held = [] if freeze else discriminator.trainable_variables
        self.moved = [*generator.trainable_variables, *held]
        self.optimizers = [keras.optimizers.Adam(learning_rate, beta_1=0.5) for _ in range(2)]
        self.optimizers[0].build(discriminator.trainable_variables)
        self.optimizers[1].build(self.moved)
        self._compiled = tf.function(self._stretch, jit_compile=True)

    def discriminator_step(self, real: Any, latent: Any) -> Any:
        """Phase one: teach the discriminator to tell real from generated samples."""
        import tensorflow as tf

        weights = self.discriminator.trainable_variables
        fake = self.generator(latent)
        with tf.GradientTape() as tape:
            loss = cross_entropy(self.discriminator(real), True)
            loss += cross_entropy(self.discriminator(fake), False)
        self.optimizers[0].apply(tape.gradient(loss, weights), weights)
        return loss

    def generator_step(self, latent: Any) -> Any:
        """Phase two: teach the generator to make samples that the discriminator takes for real."""
        import tensorflow as tf

        with tf.GradientTape() as tape:
            logits = self.discriminator(self.generator(latent))
            loss = cross_entropy(logits, True)
            if self.saturating:
                loss = -cross_entropy(logits, False)
        self.optimizers[1].apply(tape.gradient(loss, self.moved), self.moved)
        return loss

    def train(
        self,
        real: ArrayLike,
        steps: int,
        *,
        batch_size: int = 64,
        discriminator_steps: int = 1,
        generator_steps: int = 1,
    ) -> dict[str, np.ndarray]:
        """Repeat both phases, all steps in one compiled program.

        Args:
            real: The real samples, shape (examples, ...).
            steps: How often.
            batch_size: Real samples, and generated ones, in a phase.
            discriminator_steps: Phases of the discriminator in a step; 0: it never moves.
            generator_steps: Likewise of the generator.

        Returns:
            `"discriminator"` and `"generator"`: the last loss of each copy.

        Raises:
            ValueError: Real samples have another shape than generated ones, or there are no steps
                or no examples in a batch.
        """
        if min(steps, batch_size) < 1 or min(discriminator_steps, generator_steps) < 0:
            raise ValueError(
                "`steps` and `batch_size` must be 1 or more, and phases 0 or more. "
                f"Received: {steps}, {batch_size}, {discriminator_steps} and {generator_steps}"
            )
        table, copies = self._table(real), self.generator.input_shape[1:-1]
        turns = (steps, discriminator_steps, batch_size)
        streams = [np.random.default_rng((seed, self.steps_done)) for seed in self.seeds]
        picks = np.stack([one.integers(len(table), size=turns) for one in streams], axis=-1)
        phases = discriminator_steps + generator_steps
        latent = self._latent(streams, (steps, phases, batch_size))
        self.steps_done += steps
        losses = self._compiled(table, picks.reshape(*turns, *copies), latent)
        return {name: np.asarray(loss) for name, loss in losses.items()}

    def generate(self, num_samples: int, *, stream: int = 0) -> np.ndarray:
        """Make samples, from the same random numbers each time.

        Args:
            num_samples: How many, of each copy.
            stream: Another number gives other samples.

        Returns:
            Shape (num_samples, ...).
        """
        streams = [np.random.default_rng((seed, stream, 1)) for seed in self.seeds]
        return np.asarray(self.generator(self._latent(streams, (num_samples,))))

    def measure(self, real: np.ndarray, fake: Any) -> dict[str, np.ndarray]:
        """Measure both losses, and what the discriminator says, on given samples.

        Args:
            real: Real samples, shape (examples, ...).
            fake: Generated samples, as `generate` gives them, of copies side by side.

        Returns:
            `discriminator_loss`, `generator_loss`, and the mean probability of being real for real
            and for generated samples, each with one number per copy.
        """
        copies = np.repeat(real[:, None], len(self.seeds), axis=1)
        logits = [np.asarray(self.discriminator(one), dtype=float) for one in (copies, fake)]
        first, second = (np.asarray(cross_entropy(one, at == 0)) for at, one in enumerate(logits))
        return {
            "discriminator_loss": (first + second)[:, 0],
            "generator_loss": np.asarray(cross_entropy(logits[1], True))[:, 0],
            "real_probability": probabilities(logits[0]).mean(axis=1),
            "fake_probability": probabilities(logits[1]).mean(axis=1),
        }

    def _table(self, real: ArrayLike) -> np.ndarray:
        table = np.asarray(real, dtype=np.float32)
        shape = self.generator.output_shape[len(self.generator.input_shape) - 1 :]
        if table.shape[1:] != shape or not len(table):
            raise ValueError(
                f"`real` must have shape (examples, {', '.join(map(str, shape))}), as the "
                f"generated samples have. Received: shape {table.shape}"
            )
        return table

    def _latent(self, streams: Sequence[np.random.Generator], shape: Sizes) -> np.ndarray:
        units = self.generator.input_shape[-1]
        draws = [one.standard_normal((*shape, units), dtype=np.float32) for one in streams]
        return np.stack(draws, axis=-2).reshape(*shape, *self.generator.input_shape[1:])

    def _stretch(self, real: Any, picks: Any, latent: Any) -> dict[str, Any]:
        import tensorflow as tf

        turns, copies = picks.shape[1], self.discriminator.output_shape[1:]
        first = second = tf.zeros(copies)
        phases = (range(turns), range(turns, latent.shape[1]))
        one, two = (tf.range(each.start, each.stop) if each else () for each in phases)
        for step in tf.range(picks.shape[0]):
            for turn in one:
                batch = tf.gather(real, picks[step, turn])
                first = self.discriminator_step(batch, latent[step, turn])
            for turn in two:
                second = self.generator_step(latent[step, turn])
        return {"discriminator": first, "generator": second}


def _check_pair(generator: Any, discriminator: Any, seeds: Sequence[int]) -> None:
    made, taken = generator.output_shape[1:], discriminator.input_shape[1:]
    if made != taken:
        raise ValueError(
            f"`discriminator` must take what `generator` makes, shape {made}. "
            f"Received: a discriminator for shape {taken}"
        )
    copies = int(np.prod(generator.input_shape[1:-1]))
    if len(seeds) != copies:
        raise ValueError(f"`seeds` must hold one seed per copy, {copies}. Received: {seeds}")


def probabilities(logits: Any) -> np.ndarray:
    """Turn logits of shape (examples, copies, 1) into probabilities (copies, examples)."""
    return 1 / (1 + np.exp(-np.asarray(logits, dtype=float)[..., 0].T))

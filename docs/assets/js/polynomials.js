/* The polynomials of degree 0, 1, 2, ... that fit examples best, by least squares.
 *
 * One basis serves all degrees: each column is x times the last one, made orthogonal on the examples
 * to those before. So a degree more only adds a term, and large powers of x are never formed (the
 * "Vandermonde with Arnoldi" of Brubeck, Nakatsukasa and Trefethen, 2021).
 */

/** What they answer at the places: one row per degree, as `numpy.polynomial.Polynomial.fit` says.
 *  There must be more examples, at different x, than the highest degree.
 */
export function polynomialFits({ x, y }, places, highest) {
  const inputs = [...x, ...places];
  const product = (a, b) => x.reduce((sum, _, i) => sum + a[i] * b[i], 0); // over the examples alone
  const basis = [];
  const fits = [inputs.map(() => 0)];
  for (let degree = 0; degree <= highest; degree += 1) {
    const column = orthogonal(degree === 0 ? inputs.map(() => 1) : inputs.map((value, i) => value * basis.at(-1)[i]), basis, product);
    const fit = fits.at(-1);
    const errors = y.map((value, i) => value - fit[i]);
    const weight = product(column, errors);
    basis.push(column);
    fits.push(fit.map((value, i) => value + weight * column[i]));
  }
  return fits.slice(1).map((fit) => ({ examples: fit.slice(0, x.length), places: fit.slice(x.length) }));
}

/** A column of length 1 on the examples, without what others have; done twice, against rounding. */
function orthogonal(column, others, product) {
  let rest = column;
  for (const other of [...others, ...others]) {
    const share = product(rest, other);
    rest = rest.map((value, i) => value - share * other[i]);
  }
  const length = Math.sqrt(product(rest, rest));
  return rest.map((value) => value / length);
}

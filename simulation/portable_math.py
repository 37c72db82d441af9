"""Logarithm, exponential, cosine and the normal quantile, the same to the last bit on every machine.

`numpy.log` and `numpy.exp` pick a routine by processor (AVX512, AVX2, the C library), whose last bits
differ; one such bit can move a rounded microsecond, and with it a whole event trace. IEEE 754 defines sums,
products, quotients, square roots and scaling by powers of two exactly. So only those are used here, each in
its own ufunc, which leaves nothing to contract into a fused multiply-add. Relative error is a few units in
the last place.
"""

from math import factorial
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LN2_HIGH: Final = float.fromhex("0x1.62e42feep-1")
"""The leading 32 bits of ln 2: its product with an exponent is exact."""
_LN2_LOW: Final = float.fromhex("0x1.a39ef35793c76p-33")
_INVERSE_LN2: Final = float.fromhex("0x1.71547652b82fep+0")
_HALF_SQRT2: Final = float.fromhex("0x1.6a09e667f3bcdp-1")

_ATANH: Final = tuple(2.0 / (2 * n + 1) for n in range(12))
_EXP: Final = tuple(1.0 / factorial(n) for n in range(15))


def polynomial(x: Floats, coefficients: tuple[float, ...]) -> Floats:
    """c0 + c1 x + c2 x² + … by Horner's rule."""
    total = x * coefficients[-1]
    total += coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        total *= x
        total += coefficient
    return total


def log(x: Floats) -> Floats:
    """Natural logarithm of positive normal numbers.

    x = m 2^e with m near 1, and ln m = 2 atanh((m - 1) / (m + 1)), a series whose argument is within ±0.172.
    """
    mantissa, exponent = np.frexp(x)
    low = mantissa < _HALF_SQRT2
    mantissa = np.where(low, mantissa + mantissa, mantissa)
    power = (exponent - low).astype(np.float64)
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    small = polynomial(ratio * ratio, _ATANH)
    small *= ratio
    small += power * _LN2_LOW
    power *= _LN2_HIGH
    power += small
    return power


def exp(x: Floats) -> Floats:
    """e to the x, for |x| < 700: e^x = 2^k e^r, |r| <= ln 2 / 2, e^r by its Taylor series."""
    power = np.rint(x * _INVERSE_LN2)
    rest = (x - power * _LN2_HIGH) - power * _LN2_LOW
    return np.ldexp(polynomial(rest, _EXP), power.astype(np.int32))


_COSINE: Final = tuple((-1.0) ** n / factorial(2 * n) for n in range(13))
_TWO_PI: Final = float.fromhex("0x1.921fb54442d18p+2")


def cosine_of_turns(turns: Floats) -> Floats:
    """cos 2πx, folded to |x| <= 1/4 by the exact reflections and summed as a Taylor series there."""
    x = np.abs(turns - np.rint(turns))
    folded = x > 0.25
    angle = np.where(folded, 0.5 - x, x) * _TWO_PI
    value = polynomial(angle * angle, _COSINE)
    return np.where(folded, -value, value)


_CENTRE_TOP: Final = (
    3.3871328727963666080e0,
    1.3314166789178437745e2,
    1.9715909503065514427e3,
    1.3731693765509461125e4,
    4.5921953931549871457e4,
    6.7265770927008700853e4,
    3.3430575583588128105e4,
    2.5090809287301226727e3,
)
_CENTRE_BOTTOM: Final = (
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
)
_MIDDLE_TOP: Final = (
    1.42343711074968357734e0,
    4.63033784615654529590e0,
    5.76949722146069140550e0,
    3.64784832476320460504e0,
    1.27045825245236838258e0,
    2.41780725177450611770e-1,
    2.27238449892691845833e-2,
    7.74545014278341407640e-4,
)
_MIDDLE_BOTTOM: Final = (
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
)
_FAR_TOP: Final = (
    6.65790464350110377720e0,
    5.46378491116411436990e0,
    1.78482653991729133580e0,
    2.96560571828504891230e-1,
    2.65321895265761230930e-2,
    1.24266094738807843860e-3,
    2.71155556874348757815e-5,
    2.01033439929228813265e-7,
)
_FAR_BOTTOM: Final = (
    1.0,
    5.99832206555887937690e-1,
    1.36929880922735805310e-1,
    1.48753612908506148525e-2,
    7.86869131145613259100e-4,
    1.84631831751005468180e-5,
    1.42151175831644588870e-7,
    2.04426310338993978564e-15,
)


def normal_quantile(p: Floats) -> Floats:
    """The z with Φ(z) = p, 0 < p < 1, relative error about 1e-16.

    Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37
    (1988), routine PPND16.
    """
    centred = p - 0.5
    square = 0.180625 - centred * centred
    z = centred * (polynomial(square, _CENTRE_TOP) / polynomial(square, _CENTRE_BOTTOM))
    outside = np.flatnonzero(square < 0.0)
    if outside.size:
        tail = p[outside]
        below = tail < 0.5
        root = np.sqrt(-log(np.where(below, tail, 1.0 - tail)))
        near = root - 1.6
        far = root - 5.0
        size = polynomial(near, _MIDDLE_TOP) / polynomial(near, _MIDDLE_BOTTOM)
        if (root > 5.0).any():
            farther = polynomial(far, _FAR_TOP) / polynomial(far, _FAR_BOTTOM)
            size = np.where(root > 5.0, farther, size)
        z[outside] = np.where(below, -size, size)
    return z

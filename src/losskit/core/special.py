"""Special functions of the vocabulary's own: one text for every framework, and for programs.

What frameworks have of them differs in what it takes, in how exact it is and in its derivatives,
and NumPy has none. These are within 3 ULP in float64 and 5 in float32, but for the 8 that a
square's rounding leaves in the normal density far from 0. Each is finite, with finite derivatives,
wherever its true value is: both sides of every choice are computed of numbers that lie on their
side. Sources: NIST's Digital Library of Mathematical Functions, 5.4, 5.5, 5.11, 7.2 and 10.25; the
polynomials are fitted by scripts/fit_special.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from losskit.core.namespaces import Array, Vocabulary

_FEW = 8.0
"""From here on the series in 1 / x are exact."""


def polynomial(c: Sequence[float], x: Array) -> Array:
    """c[0] + c[1] x + c[2] x^2 + ..."""
    found = x * c[-1] + c[-2]
    for a in c[-3::-1]:
        found = found * x + a
    return found


def _parted(m: Vocabulary, x: Array) -> tuple[Array, Array, Array]:
    """Whether x is below the series' range; x where it is; x where it is not."""
    few = x < _FEW
    return few, m.where(few, x, 2.0), m.where(few, _FEW, x)


def log_gamma(m: Vocabulary, x: Array) -> Array:
    """log(gamma(x)) for x >= 0: exact in its zeros, 1 and 2, and beside them; infinite at 0."""
    few, low, high = _parted(m, x)
    # Brought to 2 + v with v from -1/2 to 1/2, by factors whose logarithm makes up for it.
    least, below = low < 0.5, low < 1.5
    v = m.where(least, low, m.where(below, low - 1.0, low - 2.0))
    up = m.where(least, low * (low + 1.0), low)
    down = 0.0 * v + 1.0
    for _ in range(int(_FEW) - 2):
        over = v > 0.5
        down = down * m.where(over, v + 1.0, 1.0)
        v = m.where(over, v - 1.0, v)
    logarithm = m.log(m.where(below, up, down))
    near = v * polynomial(LOG_GAMMA, 2.0 * v)
    near = m.where(below, near - logarithm, near + logarithm)
    far = (high - 0.5) * (m.log(high) - 1.0)
    far = far + (polynomial(_STIRLING, 1.0 / m.square(high)) / high + (0.5 * _LOG_2_PI - 0.5))
    return m.where(few, near, far)


def digamma(m: Vocabulary, x: Array) -> Array:
    """The derivative of log_gamma, for x > 0."""
    few, low, high = _parted(m, x)
    below = low < 1.0
    y = m.where(below, low + 1.0, low)
    # The sum of 1 / (y - 1), 1 / (y - 2), ... as one fraction.
    above, under = m.where(below, -1.0, 0.0 * low), m.where(below, low, 1.0)
    for _ in range(int(_FEW) - 2):
        over = y >= 2.0
        y = m.where(over, y - 1.0, y)
        above = m.where(over, above * y + under, above)
        under = m.where(over, under * y, under)
    from_root = ((y - _ROOT[0]) - _ROOT[1]) - _ROOT[2]
    near = from_root * polynomial(DIGAMMA, 2.0 * y - 3.0) + above / under
    inverse = 1.0 / high
    square = m.square(inverse)
    far = m.log(high) - (0.5 * inverse + square * polynomial(_OF_DIGAMMA, square))
    return m.where(few, near, far)


def trigamma(m: Vocabulary, x: Array) -> Array:
    """The derivative of digamma, for x > 0."""
    few, low, high = _parted(m, x)
    y = low + 1.0
    above, under = 0.0 * y, 0.0 * y + 1.0
    for _ in range(int(_FEW) - 1):
        more = y < _FEW
        by = m.square(m.where(more, y, 1.0))
        above = m.where(more, above * by + under, above)
        under = under * by
        y = m.where(more, y + 1.0, y)
    first = m.square(1.0 / low) + above / under
    y = m.where(few, y, high)
    inverse = 1.0 / y
    square = m.square(inverse)
    far = inverse + square * (0.5 + inverse * polynomial(_OF_TRIGAMMA, square))
    return far + m.where(few, first, 0.0)


def erfcx(m: Vocabulary, z: Array) -> Array:
    """exp(z^2) erfc(z) for z >= 0."""
    return polynomial(ERFCX, 1.0 - 8.0 / (z + 4.0)) / (1.0 + 2.0 * z)


def log_ndtr(m: Vocabulary, x: Array) -> Array:
    """The logarithm of the normal distribution function."""
    scaled, tail = erfcx(m, m.abs(x) * sqrt(0.5)), -0.5 * m.square(x)
    below = x < 0.0
    beyond = 0.5 * scaled * m.exp(tail)
    return m.where(
        below,
        m.where(below, tail, 0.0) + m.log(0.5 * scaled),
        m.log1p(-m.where(below, 0.0, beyond)),
    )


def log_ndtr_slope(m: Vocabulary, x: Array) -> Array:
    """Its derivative: the normal density over the distribution function."""
    scaled, size = erfcx(m, m.abs(x) * sqrt(0.5)), m.exp(-0.5 * m.square(x))
    below = x < 0.0
    above = size / (1.0 - 0.5 * scaled * size)
    return m.where(below, sqrt(2 / pi) / scaled, sqrt(0.5 / pi) * above)


def i0e(m: Vocabulary, x: Array) -> Array:
    """exp(-|x|) I_0(x), of the modified Bessel function."""
    few, low, high = _parted(m, m.abs(x))
    return m.where(
        few,
        polynomial(I0_SMALL, 0.25 * low - 1.0),
        polynomial(I0_LARGE, 16.0 / high - 1.0) / m.sqrt(high),
    )


def i1e(m: Vocabulary, x: Array) -> Array:
    """exp(-|x|) I_1(x): the derivative of I_0, and odd."""
    few, low, high = _parted(m, m.abs(x))
    size = m.where(
        few,
        low * polynomial(I1_SMALL, 0.25 * low - 1.0),
        polynomial(I1_LARGE, 16.0 / high - 1.0) / m.sqrt(high),
    )
    return m.where(x < 0.0, -size, size)


# --- series in 1 / x^2, by Bernoulli's numbers --------------------------------------------------

_LOG_2_PI = 1.8378770664093453
_BERNOULLI = (
    1 / 6,
    -1 / 30,
    1 / 42,
    -1 / 30,
    5 / 66,
    -691 / 2730,
    7 / 6,
    -3617 / 510,
    43867 / 798,
    -174611 / 330,
    854513 / 138,
    -236364091 / 2730,
)
_STIRLING = tuple([b / ((2 * k) * (2 * k - 1)) for k, b in enumerate(_BERNOULLI[:9], 1)])
_OF_DIGAMMA = tuple([b / (2 * k) for k, b in enumerate(_BERNOULLI[:10], 1)])
_OF_TRIGAMMA = _BERNOULLI

_ROOT = (1.4616321325302124, 1.2438149938918909e-08, 4.341643069426251e-25)
"""Where digamma is 0: as much as float32 keeps, and the rest."""

# --- polynomials, from the lowest coefficient, as printed by scripts/fit_special.py -------------

LOG_GAMMA = (
    0.42278433509846713,
    0.1612335167120566,
    -0.016838075263298908,
    0.0025726010534729226,
    -0.00046159693930847154,
    9.03284478395594e-05,
    -1.8636779703098573e-05,
    3.981793122286463e-06,
    -8.716991307145595e-07,
    1.94253158049944e-07,
    -4.38708276994606e-08,
    1.0012704932493954e-08,
    -2.3086641882572558e-09,
    5.350164231426595e-10,
    -1.2050236137952312e-10,
    2.8206946487921987e-11,
    -8.867306165956492e-12,
    2.0962059060600024e-12,
)

DIGAMMA = (
    0.951055876031833,
    -0.21181371064073026,
    0.06013562106019355,
    -0.018550615381738605,
    0.005936795278433826,
    -0.0019350666647832667,
    0.000636888028319074,
    -0.00021074841215733007,
    6.995020484160625e-05,
    -2.325823828431376e-05,
    7.741156881253708e-06,
    -2.578107848270217e-06,
    8.591324222417666e-07,
    -2.8628755280038686e-07,
    9.500926192924096e-08,
    -3.166618072027162e-08,
    1.10370884388543e-08,
    -3.6788868183645545e-09,
    8.668257373761658e-10,
    -2.889363639216111e-10,
    2.4765474440031764e-10,
    -8.25512972008104e-11,
)

ERFCX = (
    1.2329951186255526,
    -0.13962111684056228,
    0.015379652102619974,
    0.06809705425466839,
    -0.10103906603631811,
    0.09373283499911264,
    -0.06633036581186058,
    0.037167515526338006,
    -0.01619773406293477,
    0.005031970069102256,
    -0.0007577732435942576,
    -0.0001992571524726518,
    0.00015062142608651945,
    -2.4397731143023292e-05,
    -1.1221135665965907e-05,
    5.70657829924074e-06,
    2.9173425573089733e-07,
    -8.210647933297337e-07,
    7.771943241086912e-08,
    1.0631817593818149e-07,
    -2.0725802488181963e-08,
    -1.2338731403798444e-08,
    3.2323973445082033e-09,
    9.297625263709659e-10,
    -2.764120233734578e-10,
)

I0_SMALL = (
    0.2070019212239867,
    -0.11300432688620549,
    0.09451562853995103,
    -0.08904344136075991,
    0.08734341617552291,
    -0.08496338091615124,
    0.07927522590716898,
    -0.06954119561742342,
    0.056777032019843215,
    -0.04298594945226738,
    0.03017791202356886,
    -0.019682654708082413,
    0.011960077903963348,
    -0.006792399792271578,
    0.0036171264596770616,
    -0.0018118870527295522,
    0.0008563152483951447,
    -0.0003829015089457559,
    0.0001624054672701359,
    -6.550956130635514e-05,
    2.5202271984440893e-05,
    -9.25059710625537e-06,
    3.2293850630678377e-06,
    -1.0891964284507317e-06,
    3.675592893288293e-07,
    -1.1339523685907105e-07,
    2.6273368345256394e-08,
    -7.860369707508212e-09,
    4.469372581856615e-09,
    -1.1662904878442954e-09,
)

I0_LARGE = (
    0.4021765094450081,
    0.0033605519836678913,
    0.00013621607438951463,
    1.114303378845176e-05,
    1.4838476780922646e-06,
    2.9735992084667734e-07,
    8.872014585661555e-08,
    3.932512321137824e-08,
    2.156780676115673e-08,
    7.559364098665437e-09,
    -6.856484545962442e-09,
    -1.3427511481900905e-08,
    -5.0175940345046716e-09,
    7.600254486433509e-09,
    6.522264862032271e-09,
    -3.5862834111582305e-09,
    -4.5305710768621196e-09,
    1.6084886155781772e-09,
    2.163681278413876e-09,
    -6.327909921997027e-10,
    -6.494591114401118e-10,
    1.7698085539456536e-10,
    9.114760157514253e-11,
    -2.4421972688131832e-11,
)

I1_SMALL = (
    0.044687709875608835,
    -0.06112433802966629,
    0.0680575999095116,
    -0.0684826062058255,
    0.0637674037134072,
    -0.05528003922705058,
    0.044674572621255064,
    -0.03367135551994034,
    0.023686016957724227,
    -0.01557130925657511,
    0.00958396215077406,
    -0.005534567760544582,
    0.003005762419557192,
    -0.0015388749636515487,
    0.000744512345281566,
    -0.0003411747437353928,
    0.00014842124144631648,
    -6.142651349494123e-05,
    2.4233756432468166e-05,
    -9.131846315273642e-06,
    3.2938951625746042e-06,
    -1.1380759138279984e-06,
    3.759400376008922e-07,
    -1.2000364861910367e-07,
    3.8028049651067336e-08,
    -1.1191257727176943e-08,
    2.6037822441041467e-09,
    -7.379291130374042e-10,
    3.727630409237771e-10,
    -9.365751909742237e-11,
)

I1_LARGE = (
    0.38939845902587233,
    -0.009749577193235765,
    -0.00021923576383137776,
    -1.5038547198221758e-05,
    -1.8349102493990178e-06,
    -3.4838563464253135e-07,
    -1.0001075046243961e-07,
    -4.3128498031006734e-08,
    -2.3394122958362557e-08,
    -8.432168972932417e-09,
    6.84757829926934e-09,
    1.4051746928735543e-08,
    5.5720183980930355e-09,
    -7.687251308765992e-09,
    -6.9444186339873875e-09,
    3.501765193290176e-09,
    4.763780078020254e-09,
    -1.5218214060680734e-09,
    -2.2624401109204446e-09,
    5.870664618471487e-10,
    6.7727478454462e-10,
    -1.6283264322621244e-10,
    -9.491890392992048e-11,
    2.2421768596847442e-11,
)

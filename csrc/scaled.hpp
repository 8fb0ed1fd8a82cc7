// Numbers of any size, many at once: each has its digits in float64 and an exponent of its own.
#pragma once

#include <cmath>

#include "vocabulary.hpp"

namespace losskit::LOSSKIT_ISA {
namespace alignments {

using V = Lanes<double>;
inline constexpr int w = width<double>;

// The exponent of 0: sums and differences of it are numbers.
inline constexpr double no_exponent = -1e300;
// What lies further below the largest logit is ruled out: `NONE` in core/logarithms.py.
inline constexpr double ruled_out = -1e30;

// m 2^e: m is 0, or from 1 to 2 (of what is said in a frame, about 1).
struct Scaled {
  V m, e;
};

// 2^x for a whole x up to 1023; from below -1022 as there.
LOSSKIT_INLINE V power(V x) {
  using namespace vocabulary;
  return power_of_two<V>(at_least(x, -1022.0) + (rounder<double> + bias<double>));
}

// With m from 1 to 2 again.
LOSSKIT_INLINE Scaled normal(Scaled x) {
  using Words = vocabulary::unsigned_lanes<double>::Type;
  constexpr std::uint64_t fraction = (std::uint64_t{1} << 52) - 1;
  const Words i = (Words)bits(x.m);
  const V exponent = (V)((i >> 52) | (Words)bits(splat(0x1p52))) - (0x1p52 + 1023);
  const V m = (V)((i & fraction) | (Words)bits(splat(1.0)));
  const Bits<V> there = x.m > V{};
  return {where<V>(there, m), select<V>(there, x.e + exponent, splat(no_exponent))};
}

LOSSKIT_INLINE Scaled sum(Scaled a, Scaled b) {
  const V top = greater(a.e, b.e);
  return {a.m * power(a.e - top) + b.m * power(b.e - top), top};
}

LOSSKIT_INLINE Scaled sum(Scaled a, Scaled b, Scaled c) {
  const V top = greater(greater(a.e, b.e), c.e);
  return {(a.m * power(a.e - top) + b.m * power(b.e - top)) + c.m * power(c.e - top), top};
}

LOSSKIT_INLINE Scaled times(Scaled a, Scaled b) { return {a.m * b.m, a.e + b.e}; }

// exp(x + low) of any size.
inline void exp_of_far(double x, double low, double& m, double& e) {
  m = e = 0.0;
  if (!(x > ruled_out)) return;
  constexpr double ln2 = 0x1.62e42fefa39efp-1, ln2_rest = 0x1.abc9e3b39803fp-56;
  e = std::nearbyint(x * vocabulary::log2_e<double>);
  double r = 0.0;
  if (std::abs(e) < 0x1p52) {
    const double high = e * ln2, rest = std::fma(e, ln2, -high);
    r = (((x - high) - rest) - e * ln2_rest) + low;
  }
  m = std::exp(r);
}

// exp(x + low): the digits of a large x are those of its result.
LOSSKIT_INLINE Scaled exp_of(V x, V low) {
  using namespace vocabulary;
  constexpr double most = 0x1p21;
  if (any<V>(absolute(x) > most)) {
    Scaled far;
    for (int i = 0; i < w; ++i) {
      double m, e;
      exp_of_far(x[i], low[i], m, e);
      far.m[i] = m;
      far.e[i] = e;
    }
    return far;
  }
  // ln(2) in three parts, so that the products of the first two with n are exact.
  constexpr double first = 0x1.62e42fe8p-1, second = 0x1.e8e7bcdp-31, third = 0x1.793c7673007e6p-61;
  const V shifted = x * log2_e<double> + rounder<double>;
  const V n = shifted - rounder<double>;
  const V r = (((x - n * first) - n * second) - n * third) + low;
  return {(polynomial<V>(exp_tail<double>, r) * r + 1.0) * r + 1.0, n};
}

}  // namespace alignments
}  // namespace losskit::LOSSKIT_ISA

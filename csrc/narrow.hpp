// Cheaper forms of functions of the vocabulary on a part of their domain; scripts/write_kernels.py
// uses one where it can show that an argument lies there. NaN stays NaN in all of them.
#pragma once

#include "vocabulary.hpp"

namespace losskit::LOSSKIT_ISA {

// exp(x) for x <= 0.
template <class V>
LOSSKIT_INLINE V exp_negative(V x) {
  using T = Element<V>;
  return exp_scaled(x) * (T(1) / exp_scale<T>);
}

// expm1(x) for x <= 0.
template <class V>
LOSSKIT_INLINE V expm1_negative(V x) {
  using namespace vocabulary;
  using T = Element<V>;
  constexpr T digits = std::numeric_limits<T>::digits;
  constexpr T offset = rounder<T> + bias<T>;
  const V y = at_least(x, -(digits + 2) * ln2<T>);  // -1
  const V z = y * log2_e<T> + offset;
  const V n = z - offset;
  const V high = y - n * ln2_high<T>;
  const V r = high - n * ln2_low<T>;
  const V rest = (high - r) - n * ln2_low<T>;  // as in expm1
  const V tail = r * r * polynomial<V>(exp_tail<T>, r) + rest;
  const V scale = power_of_two(z);
  const V result = scale * tail + (scale * r + (scale - T(1)));
  return from_bits<V>(bits(result) | (bits(x) & sign_bit<T>));  // -0 stays -0
}

// log(1 + x) for -0.6 <= x <= 0.4: the exponent is -1 or 0.
template <class V>
LOSSKIT_INLINE V log1p_near(V x) {
  using T = Element<V>;
  const Bits<V> down = x < splat(T(-0.2928932188134524));
  const V f = select<V>(down, x * T(2) + T(1), x);
  return vocabulary::log_of_parts<V>(f, where<V>(down, splat(T(1))));
}

// log(x) for normal x > 0, infinity included.
template <class V>
LOSSKIT_INLINE V log_normal(V x) {
  using namespace vocabulary;
  using T = Element<V>;
  using Integer = typename lanes_of<T>::Integer;
  V minus_k, scale;
  split<V>(x, minus_k, scale);
  // The mantissa by its bits: the scale of a very small x would be infinite.
  constexpr Integer one = Integer(bias<T>) << fraction<T>;
  constexpr Integer root = sizeof(T) == 4 ? Integer(0x3f3504f3) : Integer(0x3fe6a09e667f3bcd);
  const Bits<V> exponent = (bits(x) + (one - root)) & ~((Integer(1) << fraction<T>) - 1);
  const V f = from_bits<V>(bits(x) - (exponent - one)) - T(1);
  return select<V>(x < splat(std::numeric_limits<T>::infinity()),
                   log_of_parts<V>(f, minus_k), x);
}

// exp(x) - y for x from -104 on, as `expm1` computes exp(x) - 1: the sums are exact where they cancel.
template <class V>
LOSSKIT_INLINE V exp_less_above(V x, V y) {
  using namespace vocabulary;
  using T = Element<V>;
  constexpr T offset = rounder<T> + bias<T> - 1;
  x = at_least(x, T(-104));
  x = at_most(x, (bias<T> + T(1.4)) * ln2<T>);
  const V z = x * log2_e<T> + offset;
  const V n = z - offset;
  const V high = x - n * ln2_high<T>;
  const V r = high - n * ln2_low<T>;
  const V rest = (high - r) - n * ln2_low<T>;
  const V tail = r * r * polynomial<V>(exp_tail<T>, r) + rest;
  const V scale = power_of_two(z);
  return (scale * tail + (scale * r + (scale - y * T(0.5)))) * T(2);
}

// exp(x) - y, in float64 also where the lanes hold float32: where the two are nearly equal, the
// rounding of the exponential would be all that is left. Of float64 itself no wider number is at hand,
// and all digits are kept near x = 0 alone.
template <class V>
LOSSKIT_INLINE V exp_less(V x, V y) {
  using T = Element<V>;
  if constexpr (sizeof(T) == 4) {
    // Below -104 it is the least float32 subnormal or nothing.
    const Wide a = widened(x), b = widened(y);
    const V more = narrowed({exp_less_above(a.low, b.low), exp_less_above(a.high, b.high)});
    return select<V>(x < T(-104), -y, more);
  } else {
    return select<V>(x > T(-0.5), exp_less_above(x, y), exp(x) - y);
  }
}

// log(x) - y, for x > 0, likewise. No float32 is subnormal in float64.
template <class V>
LOSSKIT_INLINE V log_less(V x, V y) {
  if constexpr (sizeof(Element<V>) == 4) {
    const Wide a = widened(x), b = widened(y);
    return narrowed({log_normal(a.low) - b.low, log_normal(a.high) - b.high});
  } else {
    return log(x) - y;
  }
}

}  // namespace losskit::LOSSKIT_ISA

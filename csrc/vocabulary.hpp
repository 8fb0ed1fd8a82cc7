// Elementary functions of a vector of float or double: at most 2 ULP off on all of their domain,
// with the right limits at +-inf, NaN, +-0 and for subnormal numbers; csrc/tests/vocabulary.cpp
// measures.
//
// Without branches or tables, so that the lanes stay together. The reductions are the classic ones
// (Cody and Waite, Software Manual for the Elementary Functions, 1980; Tang, Table-driven
// implementation of the logarithm function, 1990, and of the expm1 function, 1992); the polynomials
// are minimax fits by scripts/fit_polynomials.py.
//
// All of it holds whether or not the compiler contracts a * b + c to a fused multiply-add, and
// relies on it not reordering sums otherwise (no -ffast-math).
#pragma once

#include <cstddef>
#include <iterator>

#include "lanes.hpp"

namespace losskit::LOSSKIT_ISA {

// exp_scaled(x) is exp(x) times this: what shifts the least subnormal number to a normal one.
template <class T>
inline constexpr T exp_scale = T(std::int64_t(1) << std::numeric_limits<T>::digits);

namespace vocabulary {

// --- the numbers behind a format

template <class T>
inline constexpr int fraction = std::numeric_limits<T>::digits - 1;  // bits of it that are stored
template <class T>
inline constexpr T bias = std::numeric_limits<T>::max_exponent - 1;  // of the stored exponent

// Added to a number of small magnitude, it rounds that to an integer, which then stands in the low
// bits: cheaper than a conversion, which AVX2 lacks for 64 bits.
template <class T>
inline constexpr T rounder = T(std::int64_t(3) << (fraction<T> - 1));

template <class T>
inline constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T>
inline constexpr T log2_e = T(1.4426950408889634);

// ln(2) as a sum. The high part has so few bits that its product with any exponent is exact (Cody
// and Waite), also without a fused multiply-add.
template <class T>
inline constexpr T ln2 = T(0.6931471805599453);
template <class T>
inline constexpr T ln2_high = 0;
template <>
inline constexpr float ln2_high<float> = 0x1.62e4p-1f;  // 16 bits
template <>
inline constexpr double ln2_high<double> = 0x1.62e42fefa38p-1;  // 42 bits
template <class T>
inline constexpr T ln2_low = 0;
template <>
inline constexpr float ln2_low<float> = 0x1.7f7d1cp-20f;
template <>
inline constexpr double ln2_low<double> = 0x1.ef35793c7673p-45;

// --- polynomials, from the lowest coefficient, as printed by scripts/fit_polynomials.py

// expm1(r) = r + r^2 p(r) for |r| <= ln(2) / 2

// worst relative error 2^-26.13
inline constexpr float exp_tail_float[] = {
    0x1.fffffep-2f, 0x1.5554b4p-3f, 0x1.5556f6p-5f, 0x1.122536p-7f, 0x1.6b97d8p-10f};

// worst relative error 2^-55.59
inline constexpr double exp_tail_double[] = {
    0x1.0000000000005p-1, 0x1.555555555554fp-3, 0x1.5555555552276p-5, 0x1.1111111114e2dp-7,
    0x1.6c16c17ec69e2p-10, 0x1.a01a0186c5dc1p-13, 0x1.a019a7d29c5c2p-16, 0x1.71de67684e04p-19,
    0x1.28a171d67c91ep-22, 0x1.ae97519fe71cfp-26};

// log(1 + f) = f - f^2 p(f) for 1 + f from sqrt(1/2) to sqrt(2)

// worst relative error 2^-24.98
inline constexpr float log_tail_float[] = {
    0x1.fffffap-2f, -0x1.5556fp-2f, 0x1.0004a8p-2f, -0x1.98d3ap-3f, 0x1.535c2ep-3f,
    -0x1.317cb2p-3f, 0x1.250582p-3f, -0x1.65f01ep-4f};

// log(1 + x) = x - x^2 p(x - 1/2) for x from 0 to 1: about its middle a polynomial rounds least

// worst relative error 2^-27.0
inline constexpr float log1p_tail_float[] = {
    0x1.833704p-2f, -0x1.6f0d78p-3f, 0x1.7de15ap-4f, -0x1.a28484p-5f, 0x1.d958e4p-6f,
    -0x1.10e2f4p-6f, 0x1.506e88p-7f, -0x1.c7d5bcp-8f, 0x1.9fd574p-9f};

// 2 atanh(s) = 2 s + s z p(z), z = s^2, for the s = f / (2 + f) of those f

// worst relative error 2^-59.5
inline constexpr double atanh_tail_double[] = {
    0x1.5555555555592p-1, 0x1.999999997ff64p-2, 0x1.24924941db35bp-2, 0x1.c71c521a2a685p-3,
    0x1.74663b9fccc75p-3, 0x1.39a20bfaa8a36p-3, 0x1.2f024e686bd9dp-3};

// tanh(x) = x + x z p(z), z = x^2, for x up to 0.55, where it has passed 1/2

// worst relative error 2^-29.71
inline constexpr float tanh_tail_float[] = {
    -0x1.55554ap-2f, 0x1.110ceep-3f, -0x1.b91e7ep-5f, 0x1.58e518p-6f, -0x1.9921a2p-8f};

// worst relative error 2^-60.58
inline constexpr double tanh_tail_double[] = {
    -0x1.555555555554fp-2, 0x1.111111111078fp-3, -0x1.ba1ba1b97c9afp-5, 0x1.664f485939484p-6,
    -0x1.226e2f0d24f29p-7, 0x1.d6d29a64f8064p-9, -0x1.7d8fc3d359da6p-10, 0x1.3483286b8cc6dp-11,
    -0x1.e96a4bad8c158p-13, 0x1.5d643e8d4bd37p-14, -0x1.46e846be14983p-16};

// The one of two arrays that is for T.
template <class T, class A, class B>
constexpr auto& of_type(A& for_float, B& for_double) {
  if constexpr (sizeof(T) == 4)
    return for_float;
  else
    return for_double;
}

template <class T>
inline constexpr auto& exp_tail = of_type<T>(exp_tail_float, exp_tail_double);
template <class T>
inline constexpr auto& tanh_tail = of_type<T>(tanh_tail_float, tanh_tail_double);

// (c0 + c1 x) + x^2 ((c2 + c3 x) + x^2 (...)): half as many steps that wait for each other as in
// Horner's rule, for one product more.
template <class V, std::size_t count>
LOSSKIT_INLINE V polynomial(const Element<V> (&c)[count], V x) {
  const V square = x * x;
  V p = splat(c[count - 1]);
  int i = int(count) - 2;
  if constexpr (count % 2 == 0) p = p * x + c[i--];
  for (; i > 0; i -= 2) p = p * square + (x * c[i] + c[i - 1]);
  return p;
}

// --- bits

template <class T>
struct unsigned_lanes {
  using Integer = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  typedef Integer Type __attribute__((vector_size(LOSSKIT_VECTOR_BYTES)));
};

template <class T>
inline constexpr auto sign_bit = std::numeric_limits<typename lanes_of<T>::Integer>::min();

template <class V>
LOSSKIT_INLINE V minus_absolute(V x) {
  return from_bits<V>(bits(x) | sign_bit<Element<V>>);
}

// 2^n from the rounded sum z = rounder + bias + n: the low bits move to the exponent's place.
template <class V>
LOSSKIT_INLINE V power_of_two(V z) {
  return from_bits<V>(bits(z) << fraction<Element<V>>);
}

// --- parts that several functions share

// u = m 2^k with m from sqrt(1/2) to sqrt(2); gives -k (so that k = 0 is +0) and 4 / 2^k. The 4
// keeps it normal at the largest k.
template <class V>
LOSSKIT_INLINE void split(V u, V& minus_k, V& scale) {
  using T = Element<V>;
  using Word = typename unsigned_lanes<T>::Integer;
  using Words = typename unsigned_lanes<T>::Type;
  constexpr Word one = Word(bias<T>) << fraction<T>;
  constexpr Word root = sizeof(T) == 4 ? Word(0x3f3504f3) : Word(0x3fe6a09e667f3bcd);  // sqrt(1/2)
  constexpr T above = T(std::int64_t(1) << fraction<T>);
  // The exponent goes up by one where m would be above sqrt(2).
  const Words i = (Words)bits(u) + (one - root);
  // In the low bits of 2^23 (2^52) an integer is a number, as for `rounder`.
  const V biased = (V)((i >> fraction<T>) | (Words)bits(splat(above)));
  minus_k = (above + bias<T>) - biased;
  // Exponents bias + k and bias + 2 - k; 2 bias + 2 is the sign bit, from which the rest is taken.
  scale = (V)(Word(sign_bit<T>) - (i & ~((Word(1) << fraction<T>) - 1)));
}

// k ln(2) + log(1 + f) for 1 + f from sqrt(1/2) to sqrt(2), f exact. Keeps the sign of f = 0.
template <class V>
LOSSKIT_INLINE V log_of_parts(V f, V minus_k) {
  using T = Element<V>;
  if constexpr (sizeof(T) == 4) {
    const V tail = f * f * polynomial<V>(log_tail_float, f);
    return (f - (tail + minus_k * ln2_low<T>)) - minus_k * ln2_high<T>;
  } else {
    // log(1 + f) = 2 atanh(s), s = f / (2 + f), needs far fewer coefficients. As 2 s = f - s f and
    // s f = f^2 / 2 - s f^2 / 2, it is f, which is exact, and smaller terms (Tang 1990).
    const V s = f / (f + T(2)), z = s * s, half = f * f * T(0.5);
    const V tail = half + z * polynomial<V>(atanh_tail_double, z);
    return (f - (half - (s * tail - minus_k * ln2_low<T>))) - minus_k * ln2_high<T>;
  }
}

template <class T, std::size_t count>
constexpr bool odd_ones_negative(const T (&c)[count]) {
  for (std::size_t i = 1; i < count; i += 2)
    if (c[i] >= 0) return false;
  return count % 2 == 0;
}

// The limits of log(u), u = x or 1 + x.
template <class V>
LOSSKIT_INLINE V log_limits(V result, V u) {
  using T = Element<V>;
  if constexpr (sizeof(T) == 4)
    // An infinite f has come through as +inf: every term of an odd power is -inf there.
    static_assert(odd_ones_negative(log_tail_float));
  else
    result = select<V>(u < infinity<T>, result, u);  // inf / inf above; NaN stays
  result = select<V>(u == T(0), splat(-infinity<T>), result);
  return from_bits<V>(bits(result) | (u < T(0)));  // all ones are a NaN
}

}  // namespace vocabulary

// exp(x) * exp_scale for x <= 0, or NaN. Where exp(x) is subnormal, this is a normal number, in
// full precision and at full speed; 0 from about where exp(x) would round to it.
template <class V>
LOSSKIT_INLINE V exp_scaled(V x) {
  using namespace vocabulary;
  using T = Element<V>;
  constexpr T digits = std::numeric_limits<T>::digits;
  constexpr T offset = rounder<T> + bias<T> + digits;
  // At the lower end the exponent's bits are all 0, and so is the scale: no mask for the limit.
  x = at_least(x, -(bias<T> + digits) * ln2<T>);
  const V z = x * log2_e<T> + offset;
  const V n = z - offset;
  const V r = (x - n * ln2_high<T>) - n * ln2_low<T>;
  const V p = (polynomial<V>(exp_tail<T>, r) * r + T(1)) * r + T(1);
  // A product, not a sum of exponents: NaN stays NaN whatever its bits.
  return p * power_of_two(z);
}

template <class V>
LOSSKIT_INLINE V exp(V x) {
  using namespace vocabulary;
  using T = Element<V>;
  constexpr T digits = std::numeric_limits<T>::digits;
  constexpr T offset = rounder<T> + 2 * bias<T>;
  x = at_least(x, -(bias<T> + digits) * ln2<T>);
  x = at_most(x, (bias<T> + T(1.4)) * ln2<T>);
  const V z = x * log2_e<T> + offset;
  const V n = z - offset;
  const V r = (x - n * ln2_high<T>) - n * ln2_low<T>;
  const V p = (polynomial<V>(exp_tail<T>, r) * r + T(1)) * r + T(1);
  // 2^n may be neither normal nor finite where exp(x) is: take it as 2^half 2^(n - half). Only the
  // last product rounds.
  const V half = n * T(0.5) + (rounder<T> + bias<T>);
  const V other = power_of_two(from_bits<V>(bits(z) - bits(half)));
  return p * power_of_two(half) * other;
}

template <class V>
LOSSKIT_INLINE V expm1(V x) {
  using namespace vocabulary;
  using T = Element<V>;
  constexpr T digits = std::numeric_limits<T>::digits;
  // 2^(n - 1), not 2^n, which would overflow where the result does not.
  constexpr T offset = rounder<T> + bias<T> - 1;
  V y = at_least(x, -(digits + 2) * ln2<T>);  // -1
  y = at_most(y, (bias<T> + T(1.4)) * ln2<T>);
  const V z = y * log2_e<T> + offset;
  const V n = z - offset;
  const V high = y - n * ln2_high<T>;  // exact
  const V r = high - n * ln2_low<T>;
  // What rounding took from r (Tang 1992): it would count twice where 2 exp(r) - 1 cancels.
  const V rest = (high - r) - n * ln2_low<T>;
  const V tail = r * r * polynomial<V>(exp_tail<T>, r) + rest;  // expm1(r) = r + tail
  const V scale = power_of_two(z);
  // The sum with r is exact where 2^n exp(r) - 1 cancels most.
  const V result = (scale * tail + (scale * r + (scale - T(0.5)))) * T(2);
  // Half of a subnormal number would be rounded; and here -0 stays -0.
  return select<V>(absolute(x) < 4 * std::numeric_limits<T>::min(), x, result);
}

template <class V>
LOSSKIT_INLINE V log(V x) {
  using namespace vocabulary;
  using T = Element<V>;
  V minus_k, scale;
  // So that a subnormal x becomes normal, and the scale of a small one is finite.
  const Bits<V> below_one = x < T(1);
  const V y = select<V>(below_one, x * exp_scale<T>, x);
  split<V>(y, minus_k, scale);
  minus_k += where<V>(below_one, splat(T(std::numeric_limits<T>::digits)));
  const V f = y * scale * T(0.25) - T(1);
  return log_limits<V>(log_of_parts<V>(f, minus_k), x);
}

template <class V>
LOSSKIT_INLINE V log1p(V x) {
  using namespace vocabulary;
  using T = Element<V>;
  V minus_k, scale;
  const V u = x + T(1);
  split<V>(u, minus_k, scale);
  // (1 + x) / 2^k - 1, but from x, which u has rounded; in the order that keeps the sign of x = 0.
  const V f = x * scale * T(0.25) - (T(1) - scale * T(0.25));
  return log_limits<V>(log_of_parts<V>(f, minus_k), u);
}

// 1 - 2 e / (1 + e), e = exp(-2 |x|), where that is above 1/2; below it cancels: a polynomial.
template <class V>
LOSSKIT_INLINE V tanh(V x) {
  using namespace vocabulary;
  using T = Element<V>;
  const V a = absolute(x), z = x * x;
  const V e = exp_scaled<V>(a * T(-2));
  const V large = T(1) - (e + e) / (e + exp_scale<T>);
  const V small = a + a * z * polynomial<V>(tanh_tail<T>, z);
  const V result = select<V>(a < T(0.55), small, large);
  return from_bits<V>(bits(result) | (bits(x) & sign_bit<T>));
}

// With e = exp(-|x|), which does not overflow, and g = e / (1 + e): 1 - g, or g = e - e g, where
// rounding of 1 + e counts less.
template <class V>
LOSSKIT_INLINE V sigmoid(V x) {
  using namespace vocabulary;
  using T = Element<V>;
  const V e = exp_scaled<V>(minus_absolute(x)) * (T(1) / exp_scale<T>);
  const V g = e / (e + T(1)), from = select<V>(x >= T(0), splat(T(1)), e);
  return from - from * g;
}

// log(1 + x) for 0 <= x <= 1.
template <class V>
LOSSKIT_INLINE V log1p_unit(V x) {
  using namespace vocabulary;
  using T = Element<V>;
  if constexpr (sizeof(T) == 4) {
    return x - x * x * polynomial<V>(log1p_tail_float, x - T(0.5));
  } else {
    // The exponent of 1 + x is 0 or 1.
    const Bits<V> up = x > splat(T(0.41421356237309503));
    const V f = select<V>(up, x * T(0.5) - T(0.5), x);
    return log_of_parts<V>(f, where<V>(up, splat(T(-1))));
  }
}

// max(x, 0) + log(1 + exp(-|x|))
template <class V>
LOSSKIT_INLINE V softplus(V x) {
  using namespace vocabulary;
  using T = Element<V>;
  const V e = exp_scaled<V>(minus_absolute(x)) * (T(1) / exp_scale<T>);
  return at_least(x, T(0)) + log1p_unit(e);
}

}  // namespace losskit::LOSSKIT_ISA

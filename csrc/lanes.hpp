// Lanes: a short vector of float or double, and what a formula may do with one.
//
// Written with the vector extension of GCC and Clang, so that one text serves every instruction set:
// LOSSKIT_VECTOR_BYTES says how wide a vector is, the compiler picks the instructions. Everything
// lives in a namespace of its own per instruction set (LOSSKIT_ISA); without it the linker would keep
// just one of the versions of an inline function, perhaps one that this machine cannot run.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#ifndef LOSSKIT_ISA
#define LOSSKIT_ISA baseline
#endif
#ifndef LOSSKIT_VECTOR_BYTES
#define LOSSKIT_VECTOR_BYTES 16
#endif

#define LOSSKIT_INLINE [[gnu::always_inline]] inline
#define LOSSKIT_INLINE_LAMBDA __attribute__((always_inline))

namespace losskit::LOSSKIT_ISA {

template <class T>
struct lanes_of {
  using Integer = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef T Type __attribute__((vector_size(LOSSKIT_VECTOR_BYTES)));
  typedef Integer Mask __attribute__((vector_size(LOSSKIT_VECTOR_BYTES)));
};

// A vector of T, and the integers of the same width: bits, and the result of a comparison (-1 or 0).
template <class T>
using Lanes = typename lanes_of<T>::Type;
template <class T>
using Integers = typename lanes_of<T>::Mask;

template <class V>
struct element_of;
template <>
struct element_of<Lanes<float>> {
  using Type = float;
};
template <>
struct element_of<Lanes<double>> {
  using Type = double;
};
template <class V>
using Element = typename element_of<V>::Type;
template <class V>
struct bits_of {
  using Type = Integers<Element<V>>;
};
template <class V>
using Bits = typename bits_of<V>::Type;

template <class T>
inline constexpr int width = LOSSKIT_VECTOR_BYTES / sizeof(T);

template <class T>
LOSSKIT_INLINE Lanes<T> splat(T x) {
  return x - Lanes<T>{};  // x - 0, and not 0 + x, which would lose the sign of -0
}

template <class T>
LOSSKIT_INLINE Lanes<T> load(const T* from) {
  Lanes<T> v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

template <class T>
LOSSKIT_INLINE void store(T* to, Lanes<T> v) {
  std::memcpy(to, &v, sizeof v);
}

// Writes past the caches, for results that are larger than they are; `to` must be aligned to a vector.
template <class T>
LOSSKIT_INLINE void stream(T* to, Lanes<T> v) {
#if defined(__clang__)
  __builtin_nontemporal_store(v, reinterpret_cast<Lanes<T>*>(to));
#elif defined(__AVX512F__) && LOSSKIT_VECTOR_BYTES == 64
  _mm512_stream_si512(reinterpret_cast<__m512i*>(to), (__m512i)v);
#elif defined(__AVX__) && LOSSKIT_VECTOR_BYTES == 32
  _mm256_stream_si256(reinterpret_cast<__m256i*>(to), (__m256i)v);
#elif defined(__SSE2__) && LOSSKIT_VECTOR_BYTES == 16
  _mm_stream_si128(reinterpret_cast<__m128i*>(to), (__m128i)v);
#else
  store(to, v);
#endif
}

// Asks for the cache line at an address that will be needed soon; any address will do.
LOSSKIT_INLINE void prefetch(const void* address) { __builtin_prefetch(address); }

// Streamed stores are seen by other threads only after this.
LOSSKIT_INLINE void finish_streaming() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

template <class V>
LOSSKIT_INLINE Bits<V> bits(V x) {
  return (Bits<V>)x;
}

template <class V>
LOSSKIT_INLINE V from_bits(Bits<V> x) {
  return (V)x;
}

template <class V>
  requires(sizeof(V) == LOSSKIT_VECTOR_BYTES)
LOSSKIT_INLINE V select(Bits<V> condition, V yes, V no) {
  return condition ? yes : no;
}

// x where the condition holds, else 0: one instruction, where a select takes more.
template <class V>
  requires(sizeof(V) == LOSSKIT_VECTOR_BYTES)
LOSSKIT_INLINE V where(Bits<V> condition, V x) {
  return from_bits<V>(condition & bits(x));
}

template <class V>
LOSSKIT_INLINE V absolute(V x) {
  return from_bits<V>(bits(x) & std::numeric_limits<typename lanes_of<Element<V>>::Integer>::max());
}

// NaN if either is, as NumPy has it.
template <class V>
LOSSKIT_INLINE V maximum(V a, V b) {
  return select<V>((a >= b) | (a != a), a, b);
}

template <class V>
LOSSKIT_INLINE V minimum(V a, V b) {
  return select<V>((a <= b) | (a != a), a, b);
}

// a > b ? a : b, and so b where either is NaN: one instruction on x86, which GCC does not find.
template <class V>
LOSSKIT_INLINE V greater(V a, V b) {
#if defined(__AVX512F__) && LOSSKIT_VECTOR_BYTES == 64
  if constexpr (sizeof(Element<V>) == 4) return (V)_mm512_max_ps((__m512)a, (__m512)b);
  if constexpr (sizeof(Element<V>) == 8) return (V)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif defined(__AVX__) && LOSSKIT_VECTOR_BYTES == 32
  if constexpr (sizeof(Element<V>) == 4) return (V)_mm256_max_ps((__m256)a, (__m256)b);
  if constexpr (sizeof(Element<V>) == 8) return (V)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif defined(__SSE2__) && LOSSKIT_VECTOR_BYTES == 16
  if constexpr (sizeof(Element<V>) == 4) return (V)_mm_max_ps((__m128)a, (__m128)b);
  if constexpr (sizeof(Element<V>) == 8) return (V)_mm_max_pd((__m128d)a, (__m128d)b);
#else
  return a > b ? a : b;
#endif
}

// a < b ? a : b.
template <class V>
LOSSKIT_INLINE V lesser(V a, V b) {
#if defined(__AVX512F__) && LOSSKIT_VECTOR_BYTES == 64
  if constexpr (sizeof(Element<V>) == 4) return (V)_mm512_min_ps((__m512)a, (__m512)b);
  if constexpr (sizeof(Element<V>) == 8) return (V)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif defined(__AVX__) && LOSSKIT_VECTOR_BYTES == 32
  if constexpr (sizeof(Element<V>) == 4) return (V)_mm256_min_ps((__m256)a, (__m256)b);
  if constexpr (sizeof(Element<V>) == 8) return (V)_mm256_min_pd((__m256d)a, (__m256d)b);
#elif defined(__SSE2__) && LOSSKIT_VECTOR_BYTES == 16
  if constexpr (sizeof(Element<V>) == 4) return (V)_mm_min_ps((__m128)a, (__m128)b);
  if constexpr (sizeof(Element<V>) == 8) return (V)_mm_min_pd((__m128d)a, (__m128d)b);
#else
  return a < b ? a : b;
#endif
}

// Against a number that is not NaN; NaN stays NaN.
template <class V>
LOSSKIT_INLINE V at_least(V a, Element<V> b) {
  return greater<V>(splat(b), a);
}

template <class V>
LOSSKIT_INLINE V at_most(V a, Element<V> b) {
  return lesser<V>(splat(b), a);
}

template <class V>
LOSSKIT_INLINE V sign(V x) {
  const V one = splat(Element<V>(1)), zero = {};
  // x itself where it is 0 or NaN.
  return select<V>(x > zero, one, select<V>(x < zero, -one, x));
}

template <class V>
LOSSKIT_INLINE V square_root(V x) {
  V r;
  for (int i = 0; i < width<Element<V>>; ++i) r[i] = __builtin_sqrt(x[i]);
  return r;
}

// Whether a comparison holds in any lane: all bits of a lane of its result are alike.
template <class V>
LOSSKIT_INLINE bool any(Bits<V> mask) {
#if defined(__AVX512F__) && LOSSKIT_VECTOR_BYTES == 64
  return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(__AVX__) && LOSSKIT_VECTOR_BYTES == 32
  return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#elif defined(__SSE2__) && LOSSKIT_VECTOR_BYTES == 16
  return _mm_movemask_epi8((__m128i)mask) != 0;
#else
  using Integer = typename lanes_of<Element<V>>::Integer;
  Integer found = 0;
  for (int i = 0; i < width<Element<V>>; ++i) found |= mask[i];
  return found != 0;
#endif
}

// The lanes turned by h.
template <int h, class V, std::size_t... i>
LOSSKIT_INLINE V rotated(V x, std::index_sequence<i...>) {
  return __builtin_shufflevector(x, x, ((i + h) % sizeof...(i))...);
}

// All lanes put together by f, halves at a time.
template <class V, class F>
LOSSKIT_INLINE Element<V> folded(V x, F&& f) {
  constexpr int w = width<Element<V>>;
  constexpr auto all = std::make_index_sequence<w>();
  if constexpr (w >= 16) x = f(x, rotated<8>(x, all));
  if constexpr (w >= 8) x = f(x, rotated<4>(x, all));
  if constexpr (w >= 4) x = f(x, rotated<2>(x, all));
  if constexpr (w >= 2) x = f(x, rotated<1>(x, all));
  return x[0];
}

template <class V>
LOSSKIT_INLINE Element<V> largest(V x) {
  return folded(x, [](V a, V b) LOSSKIT_INLINE_LAMBDA { return greater(a, b); });
}

template <class V>
LOSSKIT_INLINE Element<V> sum_of_lanes(V x) {
  return folded(x, [](V a, V b) LOSSKIT_INLINE_LAMBDA { return V(a + b); });
}

// The first n elements, the others as given.
template <class T>
LOSSKIT_INLINE Lanes<T> load_part(const T* from, std::int64_t n, T others) {
  Lanes<T> v = splat(others);
  std::memcpy(&v, from, n * sizeof(T));
  return v;
}

// True in the first n lanes.
template <class T>
LOSSKIT_INLINE Integers<T> first_lanes(std::int64_t n) {
  Integers<T> index;
  for (int i = 0; i < width<T>; ++i) index[i] = i;
  return index < static_cast<typename lanes_of<T>::Integer>(n);
}

// True in the lanes whose byte is not 0.
template <class T>
LOSSKIT_INLINE Integers<T> true_bytes(const std::uint8_t* from) {
#if defined(__AVX512F__) && LOSSKIT_VECTOR_BYTES == 64
  if constexpr (sizeof(T) == 4)
    return (Integers<T>)_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))) !=
           Integers<T>{};
  else
    return (Integers<T>)_mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))) !=
           Integers<T>{};
#elif defined(__AVX2__) && LOSSKIT_VECTOR_BYTES == 32
  if constexpr (sizeof(T) == 4) {
    return (Integers<T>)_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))) !=
           Integers<T>{};
  } else {
    std::int32_t four;
    std::memcpy(&four, from, sizeof four);
    return (Integers<T>)_mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four)) != Integers<T>{};
  }
#else
  Integers<T> found;
  for (int i = 0; i < width<T>; ++i) found[i] = from[i] != 0 ? -1 : 0;
  return found;
#endif
}

// Calls f(i, k, part) for n elements in vectors: k is one of four chains of sums; `part` is how many
// elements the last, unfinished vector has, and a constant 0 for the others.
template <class T, class F>
LOSSKIT_INLINE void in_vectors(std::int64_t n, F&& f) {
  constexpr int w = width<T>;
  using Whole = std::integral_constant<int, 0>;
  std::int64_t i = 0;
  for (; i + 4 * w <= n; i += 4 * w) {
    f(i, std::integral_constant<int, 0>(), Whole());
    f(i + w, std::integral_constant<int, 1>(), Whole());
    f(i + 2 * w, std::integral_constant<int, 2>(), Whole());
    f(i + 3 * w, std::integral_constant<int, 3>(), Whole());
  }
  for (; i + w <= n; i += w) f(i, std::integral_constant<int, 0>(), Whole());
  if (i < n) f(i, std::integral_constant<int, 1>(), static_cast<int>(n - i));
}

template <class Part>
inline constexpr bool is_whole = !std::is_same_v<Part, int>;

// --- float32 as float64, in halves, and back

struct Wide {
  Lanes<double> low, high;
};

LOSSKIT_INLINE Wide widened(Lanes<float> x) {
#if defined(__AVX512F__) && LOSSKIT_VECTOR_BYTES == 64
  const __m512 v = (__m512)x;
  const __m256d high = _mm512_extractf64x4_pd(_mm512_castps_pd(v), 1);
  return {(Lanes<double>)_mm512_cvtps_pd(_mm512_castps512_ps256(v)),
          (Lanes<double>)_mm512_cvtps_pd(_mm256_castpd_ps(high))};
#elif defined(__AVX__) && LOSSKIT_VECTOR_BYTES == 32
  // GCC would take the halves through memory.
  const __m256 v = (__m256)x;
  return {(Lanes<double>)_mm256_cvtps_pd(_mm256_castps256_ps128(v)),
          (Lanes<double>)_mm256_cvtps_pd(_mm256_extractf128_ps(v, 1))};
#else
  typedef float Half __attribute__((vector_size(LOSSKIT_VECTOR_BYTES / 2)));
  Half low, high;
  std::memcpy(&low, &x, sizeof low);
  std::memcpy(&high, reinterpret_cast<const char*>(&x) + sizeof low, sizeof high);
  return {__builtin_convertvector(low, Lanes<double>), __builtin_convertvector(high, Lanes<double>)};
#endif
}

LOSSKIT_INLINE Lanes<float> narrowed(Wide x) {
#if defined(__AVX512F__) && LOSSKIT_VECTOR_BYTES == 64
  const __m256 low = _mm512_cvtpd_ps((__m512d)x.low), high = _mm512_cvtpd_ps((__m512d)x.high);
  return (Lanes<float>)_mm512_castpd_ps(_mm512_insertf64x4(
      _mm512_castps_pd(_mm512_castps256_ps512(low)), _mm256_castps_pd(high), 1));
#elif defined(__AVX__) && LOSSKIT_VECTOR_BYTES == 32
  const __m128 low = _mm256_cvtpd_ps((__m256d)x.low), high = _mm256_cvtpd_ps((__m256d)x.high);
  return (Lanes<float>)_mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1);
#else
  typedef float Half __attribute__((vector_size(LOSSKIT_VECTOR_BYTES / 2)));
  const Half low = __builtin_convertvector(x.low, Half);
  const Half high = __builtin_convertvector(x.high, Half);
  Lanes<float> v;
  std::memcpy(&v, &low, sizeof low);
  std::memcpy(reinterpret_cast<char*>(&v) + sizeof low, &high, sizeof high);
  return v;
#endif
}

// --- sums in float64, whatever the lanes hold

// A number that is to be added, as it is. A product that were contracted with the sum in one loop and
// not in another would give the same loss two values.
LOSSKIT_INLINE Lanes<double> as_rounded(Lanes<double> x) {
#if defined(__AVX512F__)
  asm("" : "+v"(x));
#elif defined(__x86_64__)
  asm("" : "+x"(x));
#elif defined(__aarch64__)
  asm("" : "+w"(x));
#endif
  return x;
}

struct Sum {
  static constexpr int parts = 2;
  Lanes<double> part[parts] = {};

  LOSSKIT_INLINE void add(Lanes<double> x) { part[0] += as_rounded(x); }

  LOSSKIT_INLINE void add(Lanes<float> x) {
    const Wide wide = widened(x);
    part[0] += wide.low;
    part[1] += wide.high;
  }

  // In a fixed order, so that equal inputs give equal bits.
  double total() const {
    return sum_of_lanes<Lanes<double>>(part[0] + part[1]);
  }
};

}  // namespace losskit::LOSSKIT_ISA

// Views: NumPy arrays of any type, strides and alignment, read and written block by block.
//
// A block that already lies there as the computation wants it is used in place; any other is gathered
// or converted into a small buffer, so nothing of the size of the input is ever copied.
#pragma once

#include <algorithm>
#include <cstring>

#include "lanes.hpp"
#include "request.hpp"

namespace losskit::LOSSKIT_ISA {

// --- half precision, by integers and one float operation, so that the compiler can use vectors

LOSSKIT_INLINE float from_float16(std::uint16_t h) {
  // The exponent's bias is changed by a multiplication, which also normalises subnormal numbers.
  const std::uint32_t rest = (h & 0x7fffu) << 13;
  float x;
  std::memcpy(&x, &rest, 4);
  x *= 0x1p112f;
  std::uint32_t y;
  std::memcpy(&y, &x, 4);
  y |= (h & 0x7c00u) == 0x7c00u ? 0x7f800000u : 0u;  // infinite or NaN
  y |= (h & 0x8000u) << 16;
  std::memcpy(&x, &y, 4);
  return x;
}

LOSSKIT_INLINE std::uint16_t to_float16(float x) {
  std::uint32_t u;
  std::memcpy(&u, &x, 4);
  const std::uint32_t sign = (u >> 16) & 0x8000u;
  u &= 0x7fffffffu;
  // Ties to even: half of the last place kept, less one where the last bit kept is 0.
  const std::uint32_t normal = (u + 0xfffu + ((u >> 13) & 1u) - 0x38000000u) >> 13;
  // Added to 0.5, a number below 2^-14 has its last place where float16 has it.
  float a;
  std::memcpy(&a, &u, 4);
  a += 0.5f;
  std::uint32_t small;
  std::memcpy(&small, &a, 4);
  small -= 0x3f000000u;
  std::uint32_t h = u < 0x38800000u ? small : normal;
  h = u >= 0x477ff000u ? 0x7c00u : h;  // from 65520 on
  h = u > 0x7f800000u ? 0x7e00u : h;   // NaN
  return static_cast<std::uint16_t>(h | sign);
}

LOSSKIT_INLINE float from_bfloat16(std::uint16_t h) {
  const std::uint32_t u = static_cast<std::uint32_t>(h) << 16;
  float x;
  std::memcpy(&x, &u, 4);
  return x;
}

LOSSKIT_INLINE std::uint16_t to_bfloat16(float x) {
  std::uint32_t u;
  std::memcpy(&u, &x, 4);
  const std::uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return static_cast<std::uint16_t>((u & 0x7fffffffu) > 0x7f800000u ? (u >> 16) | 0x40u : rounded);
}

// The same of whole vectors.
typedef std::uint16_t Halves __attribute__((vector_size(LOSSKIT_VECTOR_BYTES / 2)));
typedef std::uint32_t Words __attribute__((vector_size(LOSSKIT_VECTOR_BYTES)));

LOSSKIT_INLINE Lanes<float> from_bfloat16(Halves h) {
  return (Lanes<float>)(__builtin_convertvector(h, Words) << 16);
}

LOSSKIT_INLINE Halves to_bfloat16(Lanes<float> x) {
  const Words u = (Words)x, rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  const Words nan = (u >> 16) | 0x40u;
  return __builtin_convertvector((u & 0x7fffffffu) > 0x7f800000u ? nan : rounded, Halves);
}

LOSSKIT_INLINE Lanes<float> from_float16(Halves h) {
#if defined(__AVX512F__) && LOSSKIT_VECTOR_BYTES == 64
  return (Lanes<float>)_mm512_cvtph_ps((__m256i)h);
#elif defined(__F16C__) && LOSSKIT_VECTOR_BYTES == 32
  return (Lanes<float>)_mm256_cvtph_ps((__m128i)h);
#else
  Lanes<float> x;
  for (int i = 0; i < width<float>; ++i) x[i] = from_float16(h[i]);
  return x;
#endif
}

LOSSKIT_INLINE Halves to_float16(Lanes<float> x) {
#if defined(__AVX512F__) && LOSSKIT_VECTOR_BYTES == 64
  return (Halves)_mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__F16C__) && LOSSKIT_VECTOR_BYTES == 32
  return (Halves)_mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
  Halves h;
  for (int i = 0; i < width<float>; ++i) h[i] = to_float16(x[i]);
  return h;
#endif
}

// Types that C++ lacks: their bits, with a name.
struct Float16 {
  std::uint16_t bits;
  LOSSKIT_INLINE operator float() const { return from_float16(bits); }
  LOSSKIT_INLINE static Float16 of(float x) { return {to_float16(x)}; }
  LOSSKIT_INLINE static Lanes<float> widened(Halves h) { return from_float16(h); }
  LOSSKIT_INLINE static Halves narrowed(Lanes<float> x) { return to_float16(x); }
};
struct Bfloat16 {
  std::uint16_t bits;
  LOSSKIT_INLINE operator float() const { return from_bfloat16(bits); }
  LOSSKIT_INLINE static Bfloat16 of(float x) { return {to_bfloat16(x)}; }
  LOSSKIT_INLINE static Lanes<float> widened(Halves h) { return from_bfloat16(h); }
  LOSSKIT_INLINE static Halves narrowed(Lanes<float> x) { return to_bfloat16(x); }
};

// A truth value as another program may have written it: any byte but 0 is true.
struct Boolean {
  std::uint8_t byte;
  LOSSKIT_INLINE operator std::uint8_t() const { return byte != 0; }
};

template <class S>
inline constexpr bool is_half = std::is_same_v<S, Float16> || std::is_same_v<S, Bfloat16>;

// Calls f with a value of the C++ type that an array holds.
template <class F>
inline void with_type(Type type, F&& f) {
  switch (type) {
    case Type::float32: return f(float{});
    case Type::float64: return f(double{});
    case Type::float16: return f(Float16{});
    case Type::bfloat16: return f(Bfloat16{});
    case Type::uint8: return f(std::uint8_t{});
    case Type::int8: return f(std::int8_t{});
    case Type::uint16: return f(std::uint16_t{});
    case Type::int16: return f(std::int16_t{});
    case Type::uint32: return f(std::uint32_t{});
    case Type::int32: return f(std::int32_t{});
    case Type::uint64: return f(std::uint64_t{});
    case Type::int64: return f(std::int64_t{});
    case Type::boolean: return f(Boolean{});
  }
}

template <class T>
inline constexpr Type type_of = std::is_same_v<T, float>    ? Type::float32
                                : std::is_same_v<T, double> ? Type::float64
                                                            : Type::int64;

// --- walking

// Calls f(address, step in bytes, how many) for each evenly spaced run of the elements
// begin <= i < begin + n, counted in C order.
template <class F>
inline void for_each_run(const View& v, std::int64_t begin, std::int64_t n, F&& f) {
  if (v.dimensions <= 1) {
    const std::int64_t step = v.dimensions ? v.strides[0] : 0;
    return f(v.data + begin * step, step, n);
  }
  const int last = v.dimensions - 1;
  std::int64_t index[View::most_dimensions];
  std::int64_t rest = begin;
  char* at = v.data;
  for (int k = last; k >= 0; --k) {
    index[k] = rest % v.shape[k];
    rest /= v.shape[k];
    at += index[k] * v.strides[k];
  }
  while (n > 0) {
    const std::int64_t left = v.shape[last] - index[last];
    const std::int64_t run = left < n ? left : n;
    f(at, v.strides[last], run);
    n -= run;
    at += run * v.strides[last];
    index[last] += run;
    for (int k = last; k > 0 && index[k] == v.shape[k]; --k) {
      at += v.strides[k - 1] - index[k] * v.strides[k];
      index[k] = 0;
      ++index[k - 1];
    }
  }
}

template <class T>
LOSSKIT_INLINE bool in_place(const View& v) {
  return v.contiguous && v.type == type_of<T>;
}

// The elements begin <= i < begin + n as T: where they lie, or in the buffer.
template <class T>
inline const T* read(const View& v, std::int64_t begin, std::int64_t n, T* buffer) {
  if (in_place<T>(v)) return reinterpret_cast<const T*>(v.data) + begin;
  with_type(v.type, [&](auto example) {
    using S = decltype(example);
    T* to = buffer;
    for_each_run(v, begin, n, [&](const char* at, std::int64_t step, std::int64_t count) {
      if (step == sizeof(S)) {
        std::int64_t i = 0;
        if constexpr (is_half<S> && std::is_floating_point_v<T>) {
          for (; i + width<float> <= count; i += width<float>) {
            Halves h;
            std::memcpy(&h, at + i * sizeof(S), sizeof h);
            if constexpr (std::is_same_v<T, float>) {
              store<float>(to + i, S::widened(h));
            } else {
              const Wide x = widened(S::widened(h));
              store<double>(to + i, x.low);
              store<double>(to + i + width<double>, x.high);
            }
          }
        }
        if constexpr (std::is_same_v<S, float> && std::is_same_v<T, double>) {
          for (; i + width<float> <= count; i += width<float>) {
            Lanes<float> own;
            std::memcpy(&own, at + i * sizeof(S), sizeof own);
            const Wide x = widened(own);
            store<double>(to + i, x.low);
            store<double>(to + i + width<double>, x.high);
          }
        }
        for (; i < count; ++i) {
          S x;
          std::memcpy(&x, at + i * sizeof(S), sizeof x);
          to[i] = static_cast<T>(x);
        }
      } else if (step == 0) {  // of a row, laid over its elements
        S x;
        std::memcpy(&x, at, sizeof x);
        std::fill(to, to + count, static_cast<T>(x));
      } else {
        for (std::int64_t i = 0; i < count; ++i) {
          S x;
          std::memcpy(&x, at + i * step, sizeof x);
          to[i] = static_cast<T>(x);
        }
      }
      to += count;
    });
  });
  return buffer;
}

// One element.
template <class T>
inline T read_one(const View& v, std::int64_t i) {
  T buffer = 0, x;
  // A copy: the array's own memory, where it is read as it lies, need not be aligned.
  const void* from = read<T>(v, i, 1, &buffer);
  std::memcpy(&x, from, sizeof x);
  return x;
}

template <class S, class T>
LOSSKIT_INLINE S rounded(T x) {
  if constexpr (std::is_class_v<S>)
    return S::of(static_cast<float>(x));
  else
    return static_cast<S>(x);
}

// Writes n elements from `begin` on.
template <class T>
inline void write(const View& v, std::int64_t begin, std::int64_t n, const T* from) {
  with_type(v.type, [&](auto example) {
    using S = decltype(example);
    // Results are floating-point.
    if constexpr (!std::is_integral_v<S> && !std::is_same_v<S, Boolean>)
      for_each_run(v, begin, n, [&](char* at, std::int64_t step, std::int64_t count) {
        std::int64_t i = 0;
        if constexpr (is_half<S> && std::is_same_v<T, float>) {
          if (step == sizeof(S)) {
            for (; i + width<float> <= count; i += width<float>) {
              const Halves h = S::narrowed(load(from + i));
              std::memcpy(at + i * sizeof(S), &h, sizeof h);
            }
          }
        }
        for (; i < count; ++i) {
          const S x = rounded<S>(from[i]);
          std::memcpy(at + i * step, &x, sizeof x);
        }
        from += count;
      });
  });
}

// --- results in sequence

// Takes results block after block, each written where `next` says, and puts them into an array: in
// place, or converted.
template <class T>
class Writer {
 public:
  static constexpr std::int64_t most = 1024;  // elements of a block

  Writer(const View& to, std::int64_t begin) : to_(to), at_(begin), direct_(in_place<T>(to)) {}
  Writer(const Writer&) = delete;

  // Where the next block of up to `most` elements is to be written.
  LOSSKIT_INLINE T* next() { return direct_ ? reinterpret_cast<T*>(to_.data) + at_ : buffer_; }

  // n elements have been written there.
  LOSSKIT_INLINE void done(std::int64_t n) {
    if (!direct_) write<T>(to_, at_, n, buffer_);
    at_ += n;
  }

 private:
  const View& to_;
  std::int64_t at_;
  bool direct_;
  alignas(64) T buffer_[most];
};

// How many elements from `begin` on come before one that is aligned to a vector; -1 if none is, or if
// results would have to be converted.
template <class T>
inline std::int64_t before_aligned(const View& to, std::int64_t begin) {
  const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(to.data) + begin * sizeof(T);
  if (!in_place<T>(to) || address % sizeof(T) != 0) return -1;
  return (-address % LOSSKIT_VECTOR_BYTES) / sizeof(T);
}

// One result that is computed by itself, at an index of the whole array; none if negative.
template <class T>
struct Exact {
  std::int64_t at = -1;
  T value = 0;
};

// Puts results begin <= i < begin + n that are made by the vector, in any grouping, into an array:
// make(i, part) gives those from begin + i on, where `part` is how many are wanted if not all. The
// exact one goes with its vector: a store into a line that was just streamed would wait for memory,
// and all stores behind it; for the same reason only whole lines are streamed.
template <class T, class F>
inline void put(const View& to, std::int64_t begin, std::int64_t n, bool past_caches,
                F&& make, const Exact<T>& exact = {}) {
  using Whole = std::integral_constant<int, 0>;
  constexpr int w = width<T>;
  constexpr int line = 64 / sizeof(T);
  const std::int64_t fixed = exact.at < begin ? -1 : exact.at - begin;
  std::int64_t i = 0;
  const auto fix = [&](Lanes<T> v, int part) LOSSKIT_INLINE_LAMBDA {
    if (i <= fixed && fixed < i + part) v[fixed - i] = exact.value;
    return v;
  };
  if (!in_place<T>(to)) {
    T buffer[32 * w];  // so many vectors are converted at once
    while (i < n) {
      const std::int64_t from = i;
      for (T* at = buffer; i < n && at < buffer + 32 * w; i += w, at += w) {
        const int part = static_cast<int>(n - i < w ? n - i : w);
        store(at, fix(part == w ? make(i, Whole()) : make(i, part), part));
      }
      write<T>(to, begin + from, (i < n ? i : n) - from, buffer);
    }
    return;
  }
  T* out = reinterpret_cast<T*>(to.data) + begin;
  // The whole vectors up to `end`.
  const auto vectors = [&](std::int64_t end, auto put_one) LOSSKIT_INLINE_LAMBDA {
    const std::int64_t last = i + (end - i) / w * w;
    const std::int64_t with_exact = i <= fixed && fixed < last ? fixed - (fixed - i) % w : last;
    for (; i < with_exact; i += w) put_one(out + i, make(i, Whole()));
    if (i < last) {
      put_one(out + i, fix(make(i, Whole()), w));
      i += w;
    }
    for (; i < last; i += w) put_one(out + i, make(i, Whole()));
  };
  const auto plain = [&](std::int64_t end) LOSSKIT_INLINE_LAMBDA {
    vectors(end, [](T* at, Lanes<T> v) LOSSKIT_INLINE_LAMBDA { store<T>(at, v); });
    if (i >= end) return;
    const int part = static_cast<int>(end - i);
    const Lanes<T> v = fix(make(i, part), part);
    std::memcpy(out + i, &v, part * sizeof(T));
    i = end;
  };
  const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(out);
  if (past_caches && address % sizeof(T) == 0) {
    const std::int64_t head = (-address % 64) / sizeof(T);
    if (n >= head + line) {
      plain(head);
      vectors(n - (n - head) % line,
              [](T* at, Lanes<T> v) LOSSKIT_INLINE_LAMBDA { stream<T>(at, v); });
    }
  }
  plain(n);
}

}  // namespace losskit::LOSSKIT_ISA

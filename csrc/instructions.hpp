// The instructions of programs, each a loop over the vectors of a tile.
//
// A tile holds some rows as a whole, one after another, or, where rows are short or their elements
// lie apart, turned round: then neighbours are the same element of different rows, and what is to be
// reduced lies in different vectors. To most instructions it is all the same.
#pragma once

#include <cmath>

#include "pointwise.hpp"
#include "program.hpp"

namespace losskit::LOSSKIT_ISA {

template <class T>
struct Tile {
  T** registers;
  const T* scalars;
  std::int64_t rows = 0;      // of them there are so many in the tile
  std::int64_t row_step = 0;  // numbers from one register's row of elements to the next, if turned
  std::int64_t classes = 0;   // elements of a row that are in the tile
  std::int64_t first = 0;     // which of the row's the first is
  bool turned = false;
  const std::int64_t* labels = nullptr;
  double* sums = nullptr;  // of the parts of a row that came before, by registers
  const View* slots = nullptr;
  const Slot* kinds = nullptr;
  const char* read = nullptr;  // of each slot, whether it lies in its register
  std::int64_t row = 0;        // the first of all rows that is in the tile
  std::int64_t length = 1, inner = 1;  // of all rows, and how far apart their elements lie

  // Where an element of a row lies among all.
  std::int64_t place(std::int64_t r, std::int64_t element) const {
    const std::int64_t at = row + r;
    return inner == 1 ? at * length + element
                      : at / inner * length * inner + at % inner + element * inner;
  }
  // Calls f(row, place) for where each row's label stands.
  template <class F>
  LOSSKIT_INLINE void at_labels(F&& f) const {
    std::int64_t before = row / inner * length * inner, within = row % inner;
    for (std::int64_t r = 0; r < rows; ++r) {
      f(r, before + within + labels[r] * inner);
      if (++within < inner) continue;
      within = 0;
      before += length * inner;
    }
  }
  std::int64_t elements() const { return turned ? row_step * classes : rows * classes; }
};

template <class T>
using Step = void (*)(const Instruction&, const Tile<T>&);

template <class T>
using Two = Pair<Lanes<T>>;

template <class T>
LOSSKIT_INLINE Two<T> load_two(const T* from) {
  return {load(from), load(from + width<T>)};
}
template <class T>
LOSSKIT_INLINE void store_two(T* to, Two<T> x) {
  store(to, x.a);
  store(to + width<T>, x.b);
}
template <class T>
LOSSKIT_INLINE Two<T> mask_as_lanes(Bits<Two<T>> m) {
  return {from_bits<Lanes<T>>(m.a), from_bits<Lanes<T>>(m.b)};
}
template <class T>
LOSSKIT_INLINE Bits<Two<T>> lanes_as_mask(Two<T> x) {
  return {bits(x.a), bits(x.b)};
}

// Calls f(i) for two vectors at a time, past the end of what there is to the next such boundary.
template <class T, class F>
LOSSKIT_INLINE void each(const Instruction& i, const Tile<T>& t, F&& f) {
  const std::int64_t n = i.span == of_element ? t.elements() : t.rows;
  for (std::int64_t k = 0; k < n; k += step<T>) f(k);
}

// What an instruction reads: b may be the number of a scalar instead.
#define LOSSKIT_OPERAND         \
  T* to = t.registers[i.to];    \
  const T* a = t.registers[i.a];
#define LOSSKIT_OPERANDS \
  LOSSKIT_OPERAND        \
  const T* b = t.registers[i.b];

template <class V>
LOSSKIT_INLINE Pair<V> negative(Pair<V> x) {
  return -x;
}

#define LOSSKIT_DEFINE(name)                                                             \
  template <class T>                                                                     \
  void name##_step(const Instruction& i, const Tile<T>& t) {                             \
    LOSSKIT_OPERAND                                                                      \
    each(i, t, [&](std::int64_t k)                                                       \
                   LOSSKIT_INLINE_LAMBDA { store_two<T>(to + k, name(load_two(a + k))); }); \
  }
LOSSKIT_UNARY(LOSSKIT_DEFINE)
#undef LOSSKIT_DEFINE

#define LOSSKIT_DEFINE(name, op)                                                          \
  template <class T>                                                                      \
  void name##_vv_step(const Instruction& i, const Tile<T>& t) {                           \
    LOSSKIT_OPERANDS                                                                      \
    each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {                                \
      store_two<T>(to + k, load_two(a + k) op load_two(b + k));                           \
    });                                                                                   \
  }                                                                                       \
  template <class T>                                                                      \
  void name##_vs_step(const Instruction& i, const Tile<T>& t) {                           \
    LOSSKIT_OPERAND                                                                       \
    const T s = t.scalars[i.b];                                                           \
    each(i, t, [&](std::int64_t k)                                                        \
                   LOSSKIT_INLINE_LAMBDA { store_two<T>(to + k, load_two(a + k) op s); }); \
  }                                                                                       \
  template <class T>                                                                      \
  void name##_sv_step(const Instruction& i, const Tile<T>& t) {                           \
    LOSSKIT_OPERAND                                                                       \
    const T s = t.scalars[i.b];                                                           \
    each(i, t, [&](std::int64_t k)                                                        \
                   LOSSKIT_INLINE_LAMBDA { store_two<T>(to + k, s op load_two(a + k)); }); \
  }
LOSSKIT_ARITHMETIC(LOSSKIT_DEFINE)
#undef LOSSKIT_DEFINE

#define LOSSKIT_DEFINE(name, op)                                                          \
  template <class T>                                                                      \
  void name##_vv_step(const Instruction& i, const Tile<T>& t) {                           \
    LOSSKIT_OPERANDS                                                                      \
    each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {                                \
      store_two<T>(to + k, mask_as_lanes<T>(load_two(a + k) op load_two(b + k)));         \
    });                                                                                   \
  }                                                                                       \
  template <class T>                                                                      \
  void name##_vs_step(const Instruction& i, const Tile<T>& t) {                           \
    LOSSKIT_OPERAND                                                                       \
    const Two<T> s = broadcast<Two<T>>(t.scalars[i.b]);                                   \
    each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {                                \
      store_two<T>(to + k, mask_as_lanes<T>(load_two(a + k) op s));                       \
    });                                                                                   \
  }
LOSSKIT_COMPARISONS(LOSSKIT_DEFINE)
#undef LOSSKIT_DEFINE

#define LOSSKIT_DEFINE(name)                                                  \
  template <class T>                                                          \
  void name##_step(const Instruction& i, const Tile<T>& t) {                  \
    LOSSKIT_OPERANDS                                                          \
    each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {                    \
      store_two<T>(to + k, name(load_two(a + k), load_two(b + k)));           \
    });                                                                       \
  }
LOSSKIT_BINARY(LOSSKIT_DEFINE)
#undef LOSSKIT_DEFINE

#define LOSSKIT_DEFINE(name)                                                             \
  template <class T>                                                                     \
  void name##_step(const Instruction& i, const Tile<T>& t) {                             \
    LOSSKIT_OPERAND                                                                      \
    const T s = t.scalars[i.b];                                                          \
    each(i, t, [&](std::int64_t k)                                                       \
                   LOSSKIT_INLINE_LAMBDA { store_two<T>(to + k, name(load_two(a + k), s)); }); \
  }
LOSSKIT_BOUNDED(LOSSKIT_DEFINE)
#undef LOSSKIT_DEFINE

// Masks lie in registers as they are, all bits of a number 1 or 0.
template <class T>
void and_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERANDS
  each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {
    store_two<T>(to + k, mask_as_lanes<T>(lanes_as_mask<T>(load_two(a + k)) &
                                          lanes_as_mask<T>(load_two(b + k))));
  });
}
template <class T>
void or_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERANDS
  each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {
    store_two<T>(to + k, mask_as_lanes<T>(lanes_as_mask<T>(load_two(a + k)) |
                                          lanes_as_mask<T>(load_two(b + k))));
  });
}
template <class T>
void not_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERAND
  each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {
    store_two<T>(to + k, mask_as_lanes<T>(~lanes_as_mask<T>(load_two(a + k))));
  });
}
template <class T>
void where_v_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERANDS
  each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {
    store_two<T>(to + k, where<Two<T>>(lanes_as_mask<T>(load_two(a + k)), load_two(b + k)));
  });
}
template <class T>
void where_s_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERAND
  const Two<T> s = broadcast<Two<T>>(t.scalars[i.b]);
  each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {
    store_two<T>(to + k, where<Two<T>>(lanes_as_mask<T>(load_two(a + k)), s));
  });
}
template <class T>
void select_vv_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERANDS
  const T* c = t.registers[i.c];
  each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {
    store_two<T>(to + k, select<Two<T>>(lanes_as_mask<T>(load_two(a + k)), load_two(b + k),
                                        load_two(c + k)));
  });
}
template <class T>
void select_vs_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERANDS
  const Two<T> s = broadcast<Two<T>>(t.scalars[i.c]);
  each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {
    store_two<T>(to + k,
                 select<Two<T>>(lanes_as_mask<T>(load_two(a + k)), load_two(b + k), s));
  });
}
template <class T>
void select_sv_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERANDS
  const Two<T> s = broadcast<Two<T>>(t.scalars[i.c]);
  each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {
    store_two<T>(to + k,
                 select<Two<T>>(lanes_as_mask<T>(load_two(a + k)), s, load_two(b + k)));
  });
}
template <class T>
void select_ss_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERAND
  const Two<T> yes = broadcast<Two<T>>(t.scalars[i.b]), no = broadcast<Two<T>>(t.scalars[i.c]);
  each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {
    store_two<T>(to + k, select<Two<T>>(lanes_as_mask<T>(load_two(a + k)), yes, no));
  });
}
template <class T>
void copy_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERAND
  each(i, t, [&](std::int64_t k)
                 LOSSKIT_INLINE_LAMBDA { store_two<T>(to + k, load_two(a + k)); });
}
template <class T>
void power_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERAND
  const T s = t.scalars[i.b];
  const std::int64_t n = i.span == of_element ? t.elements() : t.rows;
  for (std::int64_t k = 0; k < n; ++k) to[k] = std::pow(a[k], s);
}
// The same of numbers >= 0.
template <class T>
void power_positive_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERAND
  const T s = t.scalars[i.b];
  const std::int64_t n = i.span == of_element ? t.elements() : t.rows;
  if constexpr (sizeof(T) == 4) {
    if (s != 0) {
      // In float64, where the product keeps all that float32 can tell.
      const double exponent = s;
      for (std::int64_t k = 0; k < n; k += width<T>) {
        const Wide x = widened(load(a + k));
        store<T>(to + k, narrowed({exp<Lanes<double>>(log<Lanes<double>>(x.low) * exponent),
                                   exp<Lanes<double>>(log<Lanes<double>>(x.high) * exponent)}));
      }
      return;
    }
  }
  for (std::int64_t k = 0; k < n; ++k) to[k] = std::pow(a[k], s);
}
template <class T>
void fill_step(const Instruction& i, const Tile<T>& t) {
  T* to = t.registers[i.to];
  const Two<T> s = broadcast<Two<T>>(t.scalars[i.a]);
  each(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA { store_two<T>(to + k, s); });
}

// What each row has, for each of its elements. Rows are written one after another, past their ends:
// the next one puts that right.
template <class T>
void expand_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERAND
  if (t.turned) {
    for (std::int64_t c = 0; c < t.classes; ++c)
      std::memcpy(to + c * t.row_step, a, t.row_step * sizeof(T));
    return;
  }
  for (std::int64_t r = 0; r < t.rows; ++r) {
    const Lanes<T> x = splat(a[r]);
    T* row = to + r * t.classes;
    for (std::int64_t k = 0; k < t.classes; k += width<T>) store(row + k, x);
  }
}

// Elements with what their row has; written past the end of each row, as above.
template <class T, class F>
LOSSKIT_INLINE void with_rows(const Instruction& i, const Tile<T>& t, F&& f) {
  LOSSKIT_OPERANDS
  if (t.turned) {
    for (std::int64_t c = 0; c < t.classes; ++c) {
      const std::int64_t at = c * t.row_step;
      for (std::int64_t r = 0; r < t.row_step; r += width<T>)
        store<T>(to + at + r, f(load(a + at + r), load(b + r)));
    }
    return;
  }
  for (std::int64_t r = 0; r < t.rows; ++r) {
    const Lanes<T> x = splat(b[r]);
    const T* from = a + r * t.classes;
    T* row = to + r * t.classes;
    std::int64_t k = 0;
    for (; k + 2 * width<T> <= t.classes; k += 2 * width<T>) {
      store<T>(row + k, f(load(from + k), x));
      store<T>(row + k + width<T>, f(load(from + k + width<T>), x));
    }
    for (; k < t.classes; k += width<T>) store<T>(row + k, f(load(from + k), x));
  }
}

#define LOSSKIT_DEFINE(name, expression)                                             \
  template <class T>                                                                 \
  void name##_step(const Instruction& i, const Tile<T>& t) {                         \
    using V = Lanes<T>;                                                              \
    with_rows(i, t, [](V e, V r) LOSSKIT_INLINE_LAMBDA -> V { return expression; }); \
  }
LOSSKIT_DEFINE(add_er, e + r)
LOSSKIT_DEFINE(sub_er, e - r)
LOSSKIT_DEFINE(sub_re, r - e)
LOSSKIT_DEFINE(mul_er, e * r)
LOSSKIT_DEFINE(div_er, e / r)
LOSSKIT_DEFINE(div_re, r / e)
LOSSKIT_DEFINE(lt_er, from_bits<V>(e < r))
LOSSKIT_DEFINE(le_er, from_bits<V>(e <= r))
LOSSKIT_DEFINE(gt_er, from_bits<V>(e > r))
LOSSKIT_DEFINE(ge_er, from_bits<V>(e >= r))
LOSSKIT_DEFINE(eq_er, from_bits<V>(e == r))
LOSSKIT_DEFINE(ne_er, from_bits<V>(e != r))
#undef LOSSKIT_DEFINE

// Where the element is that of the row's label.
template <class T>
void classes_step(const Instruction& i, const Tile<T>& t) {
  T* to = t.registers[i.to];
  using Integer = typename lanes_of<T>::Integer;
  constexpr Integer all = -1;
  std::memset(to, 0, t.elements() * sizeof(T));
  for (std::int64_t r = 0; r < t.rows; ++r) {
    const std::int64_t at = t.labels[r] - t.first;
    if (at < 0 || at >= t.classes) continue;
    std::memcpy(t.turned ? to + at * t.row_step + r : to + r * t.classes + at, &all, sizeof all);
  }
}

// What a slot holds at the row's label.
template <class T>
void pick_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERANDS
  if (t.sums != nullptr || !t.read[i.a]) {  // from where it lies
    const bool shared = t.kinds[i.a].shared;
    const View& from = t.slots[i.a];
    if (!shared && from.contiguous) {
      with_type(from.type, [&](auto example) {
        using S = decltype(example);
        t.at_labels([&](std::int64_t r, std::int64_t place) LOSSKIT_INLINE_LAMBDA {
          S x;
          std::memcpy(&x, from.data + place * sizeof(S), sizeof x);
          to[r] = static_cast<T>(x);
        });
      });
      return;
    }
    for (std::int64_t r = 0; r < t.rows; ++r)
      to[r] = read_one<T>(t.slots[i.a], shared ? t.labels[r] : t.place(r, t.labels[r]));
    return;
  }
  for (std::int64_t r = 0; r < t.rows; ++r)
    to[r] = t.turned ? a[t.labels[r] * t.row_step + r] : a[r * t.classes + t.labels[r]];
}

}  // namespace losskit::LOSSKIT_ISA

#include "reductions.hpp"
#include "whole_rows.hpp"

namespace losskit::LOSSKIT_ISA {

template <class T>
inline constexpr Step<T> steps[] = {
#define LOSSKIT_ONE(name) name##_step<T>,
#define LOSSKIT_THREE(name, op) name##_vv_step<T>, name##_vs_step<T>, name##_sv_step<T>,
#define LOSSKIT_TWO(name, op) name##_vv_step<T>, name##_vs_step<T>, nullptr,
    LOSSKIT_UNARY(LOSSKIT_ONE) LOSSKIT_ARITHMETIC(LOSSKIT_THREE) LOSSKIT_COMPARISONS(LOSSKIT_TWO)
    LOSSKIT_BINARY(LOSSKIT_ONE) LOSSKIT_BOUNDED(LOSSKIT_ONE) LOSSKIT_OTHERS(LOSSKIT_ONE)
    LOSSKIT_WITH_ROWS(LOSSKIT_ONE)
#undef LOSSKIT_ONE
#undef LOSSKIT_TWO
#undef LOSSKIT_THREE
};

}  // namespace losskit::LOSSKIT_ISA

// Two vectors that go through a formula side by side.
//
// A formula is one long chain, of which a processor sees only a part ahead: with the same step of two
// vectors next to each other it has twice as much to do at a time.
#pragma once

#include "narrow.hpp"

namespace losskit::LOSSKIT_ISA {

template <class V>
struct Pair {
  V a, b;
};

template <class M>
struct MaskPair {
  M a, b;
};

template <class V>
struct element_of<Pair<V>> {
  using Type = Element<V>;
};
template <class V>
struct bits_of<Pair<V>> {
  using Type = MaskPair<Bits<V>>;
};

// The number in all lanes of a V.
template <class V>
LOSSKIT_INLINE V broadcast(Element<V> x) {
  if constexpr (sizeof(V) == LOSSKIT_VECTOR_BYTES)
    return splat(x);
  else
    return {splat(x), splat(x)};
}

#define LOSSKIT_OPERATOR(op)                                                  \
  template <class V>                                                          \
  LOSSKIT_INLINE Pair<V> operator op(Pair<V> x, Pair<V> y) {                  \
    return {x.a op y.a, x.b op y.b};                                          \
  }                                                                           \
  template <class V>                                                          \
  LOSSKIT_INLINE Pair<V> operator op(Pair<V> x, Element<V> y) {               \
    return {x.a op y, x.b op y};                                              \
  }                                                                           \
  template <class V>                                                          \
  LOSSKIT_INLINE Pair<V> operator op(Element<V> x, Pair<V> y) {               \
    return {x op y.a, x op y.b};                                              \
  }
LOSSKIT_OPERATOR(+)
LOSSKIT_OPERATOR(-)
LOSSKIT_OPERATOR(*)
LOSSKIT_OPERATOR(/)
#undef LOSSKIT_OPERATOR

#define LOSSKIT_COMPARISON(op)                                                \
  template <class V>                                                          \
  LOSSKIT_INLINE MaskPair<Bits<V>> operator op(Pair<V> x, Pair<V> y) {        \
    return {x.a op y.a, x.b op y.b};                                          \
  }                                                                           \
  template <class V>                                                          \
  LOSSKIT_INLINE MaskPair<Bits<V>> operator op(Pair<V> x, Element<V> y) {     \
    return {x.a op y, x.b op y};                                              \
  }
LOSSKIT_COMPARISON(<)
LOSSKIT_COMPARISON(<=)
LOSSKIT_COMPARISON(>)
LOSSKIT_COMPARISON(>=)
LOSSKIT_COMPARISON(==)
LOSSKIT_COMPARISON(!=)
#undef LOSSKIT_COMPARISON

template <class V>
LOSSKIT_INLINE Pair<V> operator-(Pair<V> x) {
  return {-x.a, -x.b};
}
template <class M>
LOSSKIT_INLINE MaskPair<M> operator&(MaskPair<M> x, MaskPair<M> y) {
  return {x.a & y.a, x.b & y.b};
}
template <class M>
LOSSKIT_INLINE MaskPair<M> operator|(MaskPair<M> x, MaskPair<M> y) {
  return {x.a | y.a, x.b | y.b};
}
template <class M>
LOSSKIT_INLINE MaskPair<M> operator~(MaskPair<M> x) {
  return {~x.a, ~x.b};
}

#define LOSSKIT_FUNCTION(name)                \
  template <class V>                          \
  LOSSKIT_INLINE Pair<V> name(Pair<V> x) {    \
    return {name(x.a), name(x.b)};            \
  }
LOSSKIT_FUNCTION(absolute)
LOSSKIT_FUNCTION(sign)
LOSSKIT_FUNCTION(square_root)
LOSSKIT_FUNCTION(exp)
LOSSKIT_FUNCTION(exp_negative)
LOSSKIT_FUNCTION(expm1)
LOSSKIT_FUNCTION(expm1_negative)
LOSSKIT_FUNCTION(log)
LOSSKIT_FUNCTION(log_normal)
LOSSKIT_FUNCTION(log1p)
LOSSKIT_FUNCTION(log1p_unit)
LOSSKIT_FUNCTION(log1p_near)
LOSSKIT_FUNCTION(tanh)
#undef LOSSKIT_FUNCTION

template <class V>
LOSSKIT_INLINE Pair<V> maximum(Pair<V> x, Pair<V> y) {
  return {maximum(x.a, y.a), maximum(x.b, y.b)};
}
template <class V>
LOSSKIT_INLINE Pair<V> minimum(Pair<V> x, Pair<V> y) {
  return {minimum(x.a, y.a), minimum(x.b, y.b)};
}
template <class V>
LOSSKIT_INLINE Pair<V> exp_less(Pair<V> x, Pair<V> y) {
  return {exp_less(x.a, y.a), exp_less(x.b, y.b)};
}
template <class V>
LOSSKIT_INLINE Pair<V> log_less(Pair<V> x, Pair<V> y) {
  return {log_less(x.a, y.a), log_less(x.b, y.b)};
}
template <class V>
LOSSKIT_INLINE Pair<V> at_least(Pair<V> x, Element<V> y) {
  return {at_least(x.a, y), at_least(x.b, y)};
}
template <class V>
LOSSKIT_INLINE Pair<V> at_most(Pair<V> x, Element<V> y) {
  return {at_most(x.a, y), at_most(x.b, y)};
}
template <class P>
  requires(sizeof(P) == 2 * LOSSKIT_VECTOR_BYTES)
LOSSKIT_INLINE P where(Bits<P> condition, P x) {
  using V = Lanes<Element<P>>;
  return {where<V>(condition.a, x.a), where<V>(condition.b, x.b)};
}
template <class P>
  requires(sizeof(P) == 2 * LOSSKIT_VECTOR_BYTES)
LOSSKIT_INLINE P select(Bits<P> condition, P yes, P no) {
  using V = Lanes<Element<P>>;
  return {select<V>(condition.a, yes.a, no.a), select<V>(condition.b, yes.b, no.b)};
}

}  // namespace losskit::LOSSKIT_ISA

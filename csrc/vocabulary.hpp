// The functions of a formula, lane by lane.
#pragma once

#include <cmath>

#include "lanes.hpp"

namespace losskit::LOSSKIT_ISA {

// What exp_scaled multiplies by: the smallest subnormal becomes a normal number.
template <class T>
inline constexpr T exp_scale = sizeof(T) == 4 ? T(0x1p24) : T(0x1p53);

#define LOSSKIT_LANE_BY_LANE(name, expression)               \
  template <class V>                                         \
  LOSSKIT_INLINE V name(V v) {                               \
    for (int i = 0; i < width<Element<V>>; ++i) {            \
      const auto x = v[i];                                   \
      v[i] = expression;                                     \
    }                                                        \
    return v;                                                \
  }
LOSSKIT_LANE_BY_LANE(exp, std::exp(x))
LOSSKIT_LANE_BY_LANE(expm1, std::expm1(x))
LOSSKIT_LANE_BY_LANE(log, std::log(x))
LOSSKIT_LANE_BY_LANE(log1p, std::log1p(x))
LOSSKIT_LANE_BY_LANE(tanh, std::tanh(x))
LOSSKIT_LANE_BY_LANE(exp_scaled, std::exp(x) * exp_scale<Element<V>>)
#undef LOSSKIT_LANE_BY_LANE

}  // namespace losskit::LOSSKIT_ISA

// Pointwise losses: the loops, written once for all cards. What a card computes is generated
// (generated/cards.hpp); here are blocks, sums, weights and masks.
#pragma once

#include <algorithm>
#include <utility>

#include "views.hpp"
#include "pair.hpp"

namespace losskit::LOSSKIT_ISA {

// What stands in for an element that does not count: inside every domain, away from every pole.
inline constexpr double prediction_stand_in = 0.5;
template <class Card>
inline constexpr double target_stand_in = Card::target_high < 1.0 ? Card::target_high : 1.0;

// Numbers that formulas use and that depend on the type.
template <class T>
struct Constants {
  double tiny = std::numeric_limits<T>::min();
  double floor = tiny;
  double complement_floor = std::numeric_limits<T>::epsilon() / 4;
  double slack = least_slack;  // how far outside [0, 1] a prediction may lie
};

// Elements that go through a formula at once.
template <class T>
inline constexpr std::int64_t step = 2 * width<T>;

// How many bytes ahead inputs are asked for.
inline constexpr int ahead = 1024;

// What is computed of a block. Slope and curve are multiplied by q.scale.
enum Want { sum_wanted = 1, items_wanted = 2, slope_wanted = 4, curve_wanted = 8 };

template <class T>
struct Block {
  const T *y, *p;
  std::int64_t n;  // a multiple of `step`
  T *items, *slope, *curve;
  T by;  // multiplies slope and curve
  Constants<T> constants;
  bool past_caches = false;  // results are aligned to vectors, and streamed
};

// The formulas of a card over a block. Returns whether all of it lies inside the card's domains.
template <class Card, class T, int want>
bool formulas(const Pointwise& q, const Block<T>& b, Sum& sum) {
  using V = Lanes<T>;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double target_slack = slack_of(q.target.type, Card::target_slack);
  double parameters[Card::parameters + 1];  // a copy that no result can be written over
  for (int i = 0; i < Card::parameters; ++i) parameters[i] = q.parameters[i];
  const Constants<T> constants = b.constants;
  const V by = splat(b.by);
  V finite = {}, low = splat(T(target_stand_in<Card>)), high = low;
  V p_low = splat(T(prediction_stand_in)), p_high = p_low;
  Integers<T> no_sign = {};
  Sum total = sum;
  const T *ys = b.y, *ps = b.p;
  T *items = b.items, *slopes = b.slope, *curves = b.curve;
  const std::int64_t n = b.n;
  const bool past_caches = b.past_caches;
  const auto put = [past_caches](T* to, V v) LOSSKIT_INLINE_LAMBDA {
    if (past_caches)
      stream(to, v);
    else
      store(to, v);
  };
  for (std::int64_t i = 0; i < n; i += step<T>) {
    constexpr int w = width<T>;
    // What a processor fetches by itself stops at the end of each page.
    prefetch(reinterpret_cast<const char*>(ys + i) + ahead);
    prefetch(reinterpret_cast<const char*>(ps + i) + ahead);
    const Pair<V> y = {load(ys + i), load(ys + i + w)}, p = {load(ps + i), load(ps + i + w)};
    Pair<V> value, slope, curve;
    Card::evaluate(y, p, parameters, constants, value, slope, curve);
    const auto each = [&](V y, V p, V value, V slope, V curve, std::int64_t at)
                          LOSSKIT_INLINE_LAMBDA {
      if constexpr (want & sum_wanted) total.add(value);
      if constexpr (want & items_wanted) put(items + at, value);
      if constexpr (want & slope_wanted) put(slopes + at, slope * by);
      if constexpr (want & curve_wanted) put(curves + at, curve * by);

      if constexpr (Card::minus_infinity)
        finite += where<V>(y != y, y);  // +inf is above the highest
      else
        finite += y * V{};  // NaN from the first that is not finite
      if constexpr (Card::target_low > -infinity) low = lesser(y, low);
      if constexpr (Card::target_high < infinity) high = greater(y, high);
      if constexpr (Card::signs) no_sign |= y * y * y != y;
      if constexpr (Card::prediction_bounded) {
        p_low = lesser(p, p_low);  // a NaN is let through: a model that has diverged
        p_high = greater(p, p_high);
      }
    };
    each(y.a, p.a, value.a, slope.a, curve.a, i);
    each(y.b, p.b, value.b, slope.b, curve.b, i + w);
  }
  sum = total;
  bool outside = any<V>(finite != finite) | any<V>(no_sign);
  if constexpr (Card::target_low > -infinity)
    outside |= any<V>(low < T(Card::target_low - target_slack));
  if constexpr (Card::target_high < infinity)
    outside |= any<V>(high > T(Card::target_high + target_slack));
  if constexpr (Card::prediction_bounded)
    outside |= any<V>(p_low < T(q.prediction_low)) | any<V>(p_high > T(q.prediction_high));
  return !outside;
}

template <class T>
using Formulas = bool (*)(const Pointwise&, const Block<T>&, Sum&);

// The formulas of one card: of all that may be wanted, what is compiled.
template <class T>
struct CardFormulas {
  Formulas<T> sum, items, slope, curve, sum_slope, items_slope;
  double target_stand_in;
  // The domains that the formulas check.
  double target_low, target_high, target_slack;
  bool minus_infinity, signs, prediction_bounded;

  Formulas<T> of(int want) const {
    switch (want) {
      case sum_wanted: return sum;
      case items_wanted: return items;
      case slope_wanted: return slope;
      case sum_wanted | slope_wanted: return sum_slope;
      case items_wanted | slope_wanted: return items_slope;
    }
    return nullptr;
  }
};

template <class Card, class T>
inline constexpr CardFormulas<T> formulas_of = {
    formulas<Card, T, sum_wanted>,
    formulas<Card, T, items_wanted>,
    formulas<Card, T, slope_wanted>,
    formulas<Card, T, curve_wanted>,
    formulas<Card, T, sum_wanted | slope_wanted>,
    formulas<Card, T, items_wanted | slope_wanted>,
    target_stand_in<Card>,
    Card::target_low,
    Card::target_high,
    Card::target_slack,
    Card::minus_infinity,
    Card::signs,
    Card::prediction_bounded,
};

// Which of the elements begin <= i < end that count lie outside the card's domains.
template <class T>
void find_outside(const Pointwise& q, const CardFormulas<T>& card, std::int64_t begin,
                  std::int64_t end, bool* outside) {
  constexpr std::int64_t block = Writer<T>::most;
  const double slack = slack_of(q.target.type, card.target_slack);
  T ys[block], ps[block];
  double given[block];
  std::uint8_t kept[block];
  for (std::int64_t i = begin; i < end; i += block) {
    const std::int64_t n = end - i < block ? end - i : block;
    const T *y = read<T>(q.target, i, n, ys), *p = read<T>(q.prediction, i, n, ps);
    const double* weight = q.weight ? read<double>(q.weight, i, n, given) : nullptr;
    const std::uint8_t* keep = q.keep ? read<std::uint8_t>(q.keep, i, n, kept) : nullptr;
    for (std::int64_t k = 0; k < n; ++k) {
      const double w = keep && !keep[k] ? 0.0 : weight ? weight[k] : 1.0;
      const bool finite = y[k] - y[k] == T(0) ||
                          (card.minus_infinity && y[k] == -std::numeric_limits<T>::infinity());
      bool bad = !(w >= 0.0 && w <= std::numeric_limits<T>::max()) || !finite;
      bad |= y[k] < T(card.target_low - slack) || y[k] > T(card.target_high + slack);
      bad |= card.signs && y[k] * y[k] * y[k] != y[k];
      bad |= card.prediction_bounded &&
             (p[k] < T(q.prediction_low) || p[k] > T(q.prediction_high));
      outside[i - begin + k] = bad && w != 0.0;
    }
  }
}

// The elements begin <= i < end of a pointwise loss, block by block.
template <class T>
class Loop {
 public:
  Loop(const Pointwise& q, const CardFormulas<T>& card, std::int64_t begin, Found& found)
      : q_(q),
        card_(card),
        found_(found),
        derivatives_((q.slope ? slope_wanted : 0) | (q.curve ? curve_wanted : 0)),
        scale_(q.scale),
        past_caches_(q.past_caches),
        items_(q.items, begin),
        slope_(q.slope, begin),
        curve_(q.curve, begin) {
    if (constants_.floor < q.floor) constants_.floor = q.floor;
    if (constants_.complement_floor < q.complement_floor)
      constants_.complement_floor = q.complement_floor;
    // Half the spacing of the numbers below 1 is a quarter of that above, of which four are let pass.
    constants_.slack = std::max(least_slack, 16.0 * constants_.complement_floor);
  }

  void run(std::int64_t begin, std::int64_t end) {
    if (of_rows()) return rows(begin, end);
    std::int64_t n = unaligned(begin);
    n = n < end - begin ? n : end - begin;
    if (n > 0) elements(begin, n);
    const std::int64_t most = all_in_place() ? end - begin : block;
    for (std::int64_t i = begin + n; i < end; i += n) {
      n = end - i < most ? end - i : most;
      elements(i, n);
    }
    found_.sum += sum_.total();
    if (past_caches_) finish_streaming();
  }

 private:
  static constexpr std::int64_t block = Writer<T>::most;

  // Whether weights are the same for many elements one after the other, as those of samples are.
  bool of_rows() const {
    const View& w = q_.weight;
    return w && !q_.keep && !q_.items && w.dimensions > 1 && w.strides[w.dimensions - 1] == 0 &&
           w.shape[w.dimensions - 1] >= 2 * step<T>;
  }

  // With such weights: as without, each row with a scale of its own.
  void rows(std::int64_t begin, std::int64_t end) {
    const View& weights = q_.weight;
    const std::int64_t length = weights.shape[weights.dimensions - 1];
    const bool direct = in_place<T>(q_.target) && in_place<T>(q_.prediction) && results_in_place();
    past_caches_ = false;  // a row need not begin at a line
    double sum = 0.0;
    for (std::int64_t i = begin, n; i < end; i += n) {
      n = std::min(length - i % length, end - i);
      if (!direct) n = std::min(n, block);
      const double w = read_one<double>(weights, i);
      found_.bad |= !(w >= 0.0 && w <= static_cast<double>(std::numeric_limits<T>::max()));
      found_.weights += w * static_cast<double>(n);
      if (w == 0.0) {  // whatever lies there
        for (auto [wanted, to] : {std::pair{&q_.slope, &slope_}, std::pair{&q_.curve, &curve_}})
          if (*wanted) std::fill(to->next(), to->next() + n, T(0));
        done(n);
        continue;
      }
      scale_ = w * q_.scale;
      const double before = std::exchange(found_.sum, 0.0);
      sum_ = Sum();
      unweighted(read<T>(q_.target, i, n, y_), read<T>(q_.prediction, i, n, p_), n);
      sum += w * (found_.sum + sum_.total());
      found_.sum = before;
    }
    found_.sum += sum;
  }

  // How many elements to take first, so that results of all others can be streamed, if they can.
  std::int64_t unaligned(std::int64_t begin) {
    std::int64_t before = -1;
    for (const View* to : {&q_.items, &q_.slope, &q_.curve}) {
      if (!*to) continue;
      const std::int64_t own = before_aligned<T>(*to, begin);
      if (own < 0 || (before >= 0 && own != before)) past_caches_ = false;
      before = own;
    }
    return past_caches_ && before > 0 ? before : 0;
  }

  // Whether no buffer is needed.
  bool all_in_place() const {
    return results_in_place() && in_place<T>(q_.target) && in_place<T>(q_.prediction) &&
           !q_.weight && !q_.keep;
  }

  bool results_in_place() const {
    for (const View* to : {&q_.items, &q_.slope, &q_.curve})
      if (*to && !in_place<T>(*to)) return false;
    return true;
  }

  void elements(std::int64_t i, std::int64_t n) {
    const T* y = read<T>(q_.target, i, n, y_);
    const T* p = read<T>(q_.prediction, i, n, p_);
    if (q_.weight) return weighted(y, p, i, n);
    if (q_.keep) return masked(y, p, i, n);
    unweighted(y, p, n);
  }

  void unweighted(const T* y, const T* p, std::int64_t n) {
    // What is left over at the end is filled up.
    const std::int64_t whole = n / step<T> * step<T>;
    if (whole > 0) plain(y, p, whole);
    if (whole < n) rest(y + whole, p + whole, n - whole);
  }

  void call(int want, const Block<T>& b) {
    // The curve is seldom wanted, and always computed by itself.
    if (const int others = want & ~curve_wanted)
      found_.bad |= !card_.of(others)(q_, b, sum_);
    if (want & curve_wanted) found_.bad |= !card_.curve(q_, b, sum_);
  }

  void plain(const T* y, const T* p, std::int64_t n) {
    const int of_value = !q_.value ? 0 : q_.items ? items_wanted : sum_wanted;
    const Block<T> b = {y, p, n, items_.next(), slope_.next(), curve_.next(),
                        static_cast<T>(scale_), constants_, past_caches_};
    call(of_value | derivatives_, b);
    done(n);
  }

  void rest(const T* y, const T* p, std::int64_t n) {
    fill(y, p, n, false);
    alignas(64) T items[step<T>], slope[step<T>], curve[step<T>];
    const Block<T> b = {y_, p_, step<T>, items, slope, curve, static_cast<T>(scale_), constants_};
    if (q_.value) call(items_wanted, b);
    call(derivatives_, b);
    if (q_.items) std::memcpy(items_.next(), items, n * sizeof(T));
    if (q_.slope) std::memcpy(slope_.next(), slope, n * sizeof(T));
    if (q_.curve) std::memcpy(curve_.next(), curve, n * sizeof(T));
    if (q_.value && !q_.items)
      for (std::int64_t k = 0; k < n; ++k) found_.sum += static_cast<double>(items[k]);
    done(n);
  }

  // Without weights nothing is multiplied: what does not count is cleared by the bits of the mask.
  void masked(const T* y, const T* p, std::int64_t at, std::int64_t n) {
    using V = Lanes<T>;
    constexpr int w = width<T>;
    std::uint8_t kept[block];
    // Bytes as they lie: any but 0 is true.
    const bool bytes = q_.keep.contiguous && q_.keep.type == Type::boolean;
    const std::uint8_t* keep = bytes ? reinterpret_cast<const std::uint8_t*>(q_.keep.data) + at
                                     : read<std::uint8_t>(q_.keep, at, n, kept);
    const std::int64_t whole = (n + step<T> - 1) / step<T> * step<T>;
    if (whole != n) {
      if (keep != kept) std::memcpy(kept, keep, n);
      std::memset(kept + n, 0, whole - n);
      if (y != y_) std::memcpy(y_, y, n * sizeof(T));
      if (p != p_) std::memcpy(p_, p, n * sizeof(T));
      std::fill(y_ + n, y_ + whole, T(0));
      std::fill(p_ + n, p_ + whole, T(0));
      keep = kept;
      y = y_;
      p = p_;
    }
    const V of_target = splat(T(card_.target_stand_in)), of_prediction = splat(T(prediction_stand_in));
    Integers<T> counted = {};
    for (std::int64_t k = 0; k < whole; k += w) {
      const Integers<T> counts = true_bytes<T>(keep + k);
      counted -= counts;
      store<T>(y_ + k, select<V>(counts, load(y + k), of_target));
      store<T>(p_ + k, select<V>(counts, load(p + k), of_prediction));
    }
    for (int i = 0; i < w; ++i) found_.weights += static_cast<double>(counted[i]);
    alignas(64) T items[block], slope[block], curve[block];
    const Block<T> b = {y_, p_, whole, items, slope, curve, static_cast<T>(q_.scale), constants_};
    call((q_.value ? items_wanted : 0) | derivatives_, b);
    Sum sum;
    for (std::int64_t k = 0; k < whole; k += w) {
      const Integers<T> counts = true_bytes<T>(keep + k);
      const auto clear = [&](T* x) LOSSKIT_INLINE_LAMBDA {
        const V own = where<V>(counts, load(x + k));
        store<T>(x + k, own);
        return own;
      };
      if (q_.value) sum.add(clear(items));
      if (q_.slope) clear(slope);
      if (q_.curve) clear(curve);
    }
    found_.sum += sum.total();
    if (q_.items) move(items, items_.next(), n);
    if (q_.slope) move(slope, slope_.next(), n);
    if (q_.curve) move(curve, curve_.next(), n);
    done(n);
  }

  void weighted(const T* y, const T* p, std::int64_t at, std::int64_t n) {
    const bool all = read_weights(at, n);
    const std::int64_t whole = (n + step<T> - 1) / step<T> * step<T>;
    if (!all || whole != n) {
      fill(y, p, n, true);
      y = y_;
      p = p_;
    }
    alignas(64) T items[block], slope[block], curve[block];
    const Block<T> b = {y, p, whole, items, slope, curve, T(1), constants_};
    call((q_.value ? items_wanted : 0) | derivatives_, b);
    if (q_.value) {
      Sum sum;
      for (std::int64_t k = 0; k < whole; k += width<T>) {
        const Weighted x = times(load(items + k), k, 1.0);
        if constexpr (sizeof(T) == 4) {
          sum.part[0] += x.low;
          sum.part[1] += x.high;
          store<T>(items + k, narrowed(x));
        } else {
          sum.add(x);
          store<T>(items + k, x);
        }
      }
      found_.sum += sum.total();
    }
    if (q_.items) move(items, items_.next(), n);
    if (q_.slope) scale(slope, slope_.next(), n);
    if (q_.curve) scale(curve, curve_.next(), n);
    done(n);
  }

  // In float64, in which weights are.
  using Weighted = std::conditional_t<sizeof(T) == 4, Wide, Lanes<double>>;

  // The weights from the k-th on times a number, and 0 for what does not count, whatever the number.
  Weighted weights(std::int64_t k, double by) const {
    const auto own = [&](const double* from) LOSSKIT_INLINE_LAMBDA {
      const Lanes<double> w = load(from);
      return where<Lanes<double>>(w != Lanes<double>{}, w * by);
    };
    if constexpr (sizeof(T) == 4)
      return {own(weights_ + k), own(weights_ + k + width<double>)};
    else
      return own(weights_ + k);
  }

  // x times weights times a number, and 0 for what does not count, whatever it is.
  Weighted times(Lanes<T> x, std::int64_t k, double by) const {
    const Weighted w = weights(k, by);
    const auto own = [](Lanes<double> w, Lanes<double> x) LOSSKIT_INLINE_LAMBDA {
      return where<Lanes<double>>(w != Lanes<double>{}, w * x);
    };
    if constexpr (sizeof(T) == 4) {
      const Wide wide = widened(x);
      return {own(w.low, wide.low), own(w.high, wide.high)};
    } else {
      return own(w, x);
    }
  }

  // Moves n elements into the buffers, in which what does not count is replaced.
  void fill(const T* y, const T* p, std::int64_t n, bool weighted) {
    if (y != y_) std::memmove(y_, y, n * sizeof(T));
    if (p != p_) std::memmove(p_, p, n * sizeof(T));
    for (std::int64_t k = 0; weighted && k < n; ++k) {
      y_[k] = weights_[k] == 0.0 ? T(card_.target_stand_in) : y_[k];
      p_[k] = weights_[k] == 0.0 ? T(prediction_stand_in) : p_[k];
    }
    for (std::int64_t k = n; k % step<T> != 0; ++k) {
      y_[k] = T(card_.target_stand_in);
      p_[k] = T(prediction_stand_in);
    }
  }

  // Returns whether all elements count. Behind the last one there are as many 0 as make it whole.
  bool read_weights(std::int64_t at, std::int64_t n) {
    if (q_.weight) {
      const double* w = read<double>(q_.weight, at, n, weights_);
      if (w != weights_) std::memcpy(weights_, w, n * sizeof *w);
    } else {
      for (std::int64_t k = 0; k < n; ++k) weights_[k] = 1.0;
    }
    if (q_.keep) {
      std::uint8_t kept[block];
      const std::uint8_t* keep = read<std::uint8_t>(q_.keep, at, n, kept);
      // Not multiplied: the weight of what does not count may be anything.
      for (std::int64_t k = 0; k < n; ++k) weights_[k] = keep[k] ? weights_[k] : 0.0;
    }
    using V = Lanes<double>;
    const std::int64_t whole = (n + step<T> - 1) / step<T> * step<T>;
    for (std::int64_t k = n; k < whole; ++k) weights_[k] = 0.0;
    const V most = splat(static_cast<double>(std::numeric_limits<T>::max())), one = splat(1.0);
    V all = {}, counted = {};
    Bits<V> bad = {};
    for (std::int64_t k = 0; k < whole; k += width<double>) {
      const V w = load(weights_ + k);
      all += w;
      counted += where<V>(w != V{}, one);
      bad |= ~((w >= V{}) & (w <= most));
    }
    found_.weights += sum_of_lanes<V>(all);
    found_.bad |= any<V>(bad);
    return sum_of_lanes<V>(counted) == static_cast<double>(n);
  }

  // Multiplies derivatives by the weights, and puts them where they go.
  void scale(T* from, T* to, std::int64_t n) {
    for (std::int64_t k = 0; k < n; k += width<T>) {
      // A scale that is infinite, or NaN, leaves what does not count at 0.
      if constexpr (sizeof(T) == 4)
        store<T>(from + k, load(from + k) * narrowed(weights(k, q_.scale)));
      else
        store<T>(from + k, load(from + k) * weights(k, q_.scale));
    }
    move(from, to, n);
  }

  void move(const T* from, T* to, std::int64_t n) {
    std::int64_t k = 0;
    if (past_caches_ && n >= step<T>)  // fewer come before what is aligned
      for (; k + width<T> <= n; k += width<T>) stream(to + k, load(from + k));
    std::memcpy(to + k, from + k, (n - k) * sizeof(T));
  }

  void done(std::int64_t n) {
    if (q_.items) items_.done(n);
    if (q_.slope) slope_.done(n);
    if (q_.curve) curve_.done(n);
  }

  const Pointwise& q_;
  const CardFormulas<T>& card_;
  Found& found_;
  const int derivatives_;
  double scale_;  // of derivatives
  Constants<T> constants_;
  bool past_caches_;  // whether results are streamed
  Sum sum_;
  Writer<T> items_, slope_, curve_;
  alignas(64) T y_[block], p_[block];
  alignas(64) double weights_[block];
};

}  // namespace losskit::LOSSKIT_ISA

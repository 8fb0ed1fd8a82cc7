// Softmax cross-entropy of long rows: one read of the logits, one exponential for each, one write of
// the gradient.
//
// The naive forms lose what training needs most (see core/softmax.py): the largest entry is kept out
// of the sum of the others, `rest`, so that log p = d - log1p(rest) and 1 - p = rest / (1 + rest) are
// exact for a class that is nearly certain.
//
// A row is taken in chunks that stay in the first cache. Each chunk's exponentials are taken relative
// to the largest logit so far, its reference, and kept in a scratch row; at the end a factor per chunk
// brings them to the largest of all (Milakov and Gimelshein, Online normalizer calculation for
// softmax, arXiv:1805.02867).
#pragma once

#include <cmath>
#include <vector>

#include "views.hpp"
#include "vocabulary.hpp"

namespace losskit::LOSSKIT_ISA {

inline constexpr std::int64_t chunk = 1024;

template <class T>
inline T largest_of(const T* z, std::int64_t n) {
  constexpr T least = -std::numeric_limits<T>::infinity();
  Lanes<T> top[4] = {splat(least), splat(least), splat(least), splat(least)};
  in_vectors<T>(n, [&](std::int64_t i, auto k, auto part) LOSSKIT_INLINE_LAMBDA {
    Lanes<T> v;
    if constexpr (is_whole<decltype(part)>)
      v = load(z + i);
    else
      v = load_part(z + i, part, least);
    top[k] = greater(v, top[k]);
  });
  return largest<Lanes<T>>(greater(greater(top[0], top[1]), greater(top[2], top[3])));
}

template <class T>
inline double total(const Lanes<T> (&chains)[4]) {
  Sum s;
  for (const auto& chain : chains) s.add(chain);
  return s.total();
}

// What the targets of a dense row are: shares * y + lift (label smoothing), times the weight of their
// class, where there are weights.
template <class T>
struct Smoothing {
  T shares = 1, lift = 0;
  const T* weights = nullptr;
};

// Weights of classes, in the type of the computation.
template <class T>
class ClassWeights {
 public:
  explicit ClassWeights(const Softmax& q) {
    if (!q.class_weight) return;
    if (!in_place<T>(q.class_weight)) copy_.resize(q.classes);
    at_ = read<T>(q.class_weight, 0, q.classes, copy_.data());
    for (std::int64_t c = 0; c < q.classes; ++c) sum_ += at_[c];
  }
  ClassWeights(const ClassWeights&) = delete;
  const T* at() const { return at_; }
  double of(std::int64_t c) const { return at_ ? at_[c] : 1.0; }
  double sum() const { return sum_; }

 private:
  std::vector<T> copy_;
  const T* at_ = nullptr;
  double sum_ = 0.0;
};

// What a row, or a chunk of it, comes to; exponentials are relative to the top, or a reference.
struct Sums {
  double exponentials = 0.0;
  double distances = 0.0;  // sum of d = (z - reference) / temperature; dense: of y * d; or weighted
  double shares = 0.0;     // dense: sum of the targets
  double low = 0.0, high = 0.0;  // dense: bounds of the targets as given
};

// The weights of a vector of classes; part: how many there are, if they are less.
template <class T, class Part>
LOSSKIT_INLINE Lanes<T> weights_at(const T* weights, Part part) {
  if constexpr (is_whole<Part>)
    return load(weights);
  else
    return load_part(weights, part, T(0));
}

// The sums of a chunk, and its exponentials. General: with a temperature, and the sum of distances.
// The cache is asked for what is written `later`, so that those stores need not wait for memory.
template <class T, bool Dense, bool General, bool Weighted>
inline Sums exponentials(const T* z, const T* y, std::int64_t n, T reference, T temperature,
                         Smoothing<T> smoothing, T* e, const T* later) {
  using V = Lanes<T>;
  constexpr T least = -std::numeric_limits<T>::infinity();
  const V from = splat(reference), per = splat(temperature), zero = {};
  V sums[4] = {}, distances[4] = {}, shares[4] = {}, low = {}, high = {};
  in_vectors<T>(n, [&](std::int64_t i, auto k, auto part) LOSSKIT_INLINE_LAMBDA {
    constexpr bool whole = is_whole<decltype(part)>;
    V x, raw, t;
    if constexpr (whole)
      x = load(z + i);
    else
      x = load_part(z + i, part, least);
    // The next chunk comes from memory while this one is computed.
    if constexpr (k % 2 == 0 || sizeof(V) == 64) {
      prefetch(z + i + chunk);
      prefetch(later + i);
    }
    V d = x - from;
    if constexpr (General) d /= per;
    const V v = exp_scaled(d);
    if constexpr (whole)
      store(e + i, v);
    else
      std::memcpy(e + i, &v, part * sizeof(T));
    sums[k] += v;
    if constexpr (Dense) {
      if constexpr (whole)
        raw = load(y + i);
      else
        raw = load_part(y + i, part, T(0));
      if constexpr (k % 2 == 0 || sizeof(V) == 64) prefetch(y + i + chunk);
      low = lesser(raw, low);
      high = greater(raw, high);
      t = raw;
      if constexpr (General) t = raw * smoothing.shares + smoothing.lift;
      if constexpr (Weighted) t *= weights_at<T>(smoothing.weights + i, part);
      if constexpr (General && !whole) t = select<V>(first_lanes<T>(part), t, zero);
      shares[k] += t;
      // A class of target 0 adds nothing, even where its logit is -inf.
      distances[k] += select<V>(t == zero, zero, t * d);
    } else if constexpr (General) {
      if constexpr (Weighted) {
        const V w = weights_at<T>(smoothing.weights + i, part);
        shares[k] += w;
        d = select<V>(w == zero, zero, w * d);
      }
      if constexpr (whole)
        distances[k] += d;
      else
        distances[k] += select<V>(first_lanes<T>(part), d, zero);
    }
  });
  Sums s;
  s.exponentials = total<T>(sums) * (1.0 / exp_scale<T>);
  if constexpr (Dense || General) s.distances = total<T>(distances);
  if constexpr (Dense || Weighted) s.shares = total<T>(shares);
  if constexpr (Dense) {
    s.low = -largest<V>(-low);
    s.high = largest(high);
  }
  return s;
}

// Sums over the entries of a chunk that are not the top (whose exponential is 1).
template <class T, bool Dense, bool Weighted>
inline void below_top(const T* e, const T* y, std::int64_t n, Smoothing<T> smoothing, double& sum,
                      double& tops, double& shares) {
  using V = Lanes<T>;
  V sums[4] = {}, others[4] = {};
  Integers<T> count[4] = {};
  const V top = splat(exp_scale<T>), zero = {};
  in_vectors<T>(n, [&](std::int64_t i, auto k, auto part) LOSSKIT_INLINE_LAMBDA {
    V v, t = zero;
    if constexpr (is_whole<decltype(part)>) {
      v = load(e + i);
      if constexpr (Dense) t = load(y + i) * smoothing.shares + smoothing.lift;
    } else {
      v = load_part(e + i, part, T(0));
      if constexpr (Dense)
        t = select<V>(first_lanes<T>(part),
                      load_part(y + i, part, T(0)) * smoothing.shares + smoothing.lift, zero);
    }
    if constexpr (Dense && Weighted) t *= weights_at<T>(smoothing.weights + i, part);
    const auto is_top = v == top;
    sums[k] += select<V>(is_top, zero, v);
    if constexpr (Dense) others[k] += select<V>(is_top, zero, t);
    count[k] -= is_top;
  });
  sum = total<T>(sums) * (1.0 / exp_scale<T>);
  shares = total<T>(others);
  const auto all = count[0] + count[1] + count[2] + count[3];
  tops = 0.0;
  for (int i = 0; i < width<T>; ++i) tops += static_cast<double>(all[i]);
}

// A thread keeps up to so many bytes to work in from one task to the next.
inline constexpr std::size_t scratch_kept = std::size_t{4} << 20;

template <class T>
inline void keep_little(std::vector<T>& scratch) {
  if (scratch.capacity() * sizeof(T) > scratch_kept) std::vector<T>().swap(scratch);
}

// Memory of a thread that serves one row after another.
template <class T>
struct Scratch {
  std::vector<T> exponentials, references;
};

// A row read once. Its exponentials stand in e, relative to the reference of their chunk, its sums are
// relative to its largest logit.
template <class T>
struct Row {
  T top = -std::numeric_limits<T>::infinity();
  std::int64_t top_chunk = 0;  // the first chunk that holds it
  double rest = 0.0;           // sum of the exponentials of all entries but the top one
  Sums sums;
  double others = 0.0;  // dense: the targets of the others, where rest < 1
};

template <class T, bool Dense, bool General, bool Weighted>
inline Row<T> read_row(const Softmax& q, std::int64_t row, T temperature,
                       Smoothing<T> smoothing, T* e, std::vector<T>& references,
                       const T* later = nullptr) {
  alignas(64) T z_buffer[chunk], y_buffer[Dense ? chunk : 1];
  Row<T> r;
  Sums& all = r.sums;
  double before = 0.0, after = 0.0;          // exponentials beside the chunk that holds the top
  double shares_before = 0.0, shares_after = 0.0;
  references.clear();
  for (std::int64_t j = 0; j < q.classes; j += chunk) {
    const std::int64_t n = q.classes - j < chunk ? q.classes - j : chunk;
    const std::int64_t at = row * q.classes + j;
    const T* z = read<T>(q.logits, at, n, z_buffer);
    const T* y = Dense ? read<T>(q.target, at, n, y_buffer) : nullptr;
    const T top = largest_of(z, n);
    if (top > r.top) {
      if (j > 0) {
        // What was summed so far moves to the new reference.
        const double shift = (static_cast<double>(r.top) - top) / temperature;
        all.exponentials *= std::exp(shift);
        const double moved = Dense || Weighted ? all.shares : static_cast<double>(j);
        if (moved != 0.0) all.distances += moved * shift;
      }
      before = all.exponentials;
      shares_before = all.shares;
      after = shares_after = 0.0;
      r.top = top;
      r.top_chunk = static_cast<std::int64_t>(references.size());
    }
    references.push_back(r.top);
    // Where every class so far is ruled out, the distance to any number is -inf, and exp of it 0.
    const T from = r.top == -std::numeric_limits<T>::infinity() ? T(0) : r.top;
    Smoothing<T> here = smoothing;
    if constexpr (Weighted) here.weights += j;
    const Sums s = exponentials<T, Dense, General, Weighted>(z, y, n, from, temperature, here, e + j,
                                                             later ? later + j : e + j);
    if (top != r.top || r.top_chunk + 1 != static_cast<std::int64_t>(references.size())) {
      after += s.exponentials;
      shares_after += s.shares;
    }
    all.exponentials += s.exponentials;
    all.distances += s.distances;
    all.shares += s.shares;
    all.low = s.low < all.low ? s.low : all.low;
    all.high = s.high > all.high ? s.high : all.high;
  }
  if (r.top == -std::numeric_limits<T>::infinity())  // or NaN throughout: no distribution at all
    all.exponentials = std::numeric_limits<double>::quiet_NaN();
  r.rest = all.exponentials - 1.0;
  if (r.rest < 1.0) {
    // Little is left beside the top: 1 is not to be taken away again, but left out.
    const std::int64_t j = r.top_chunk * chunk;
    const std::int64_t n = q.classes - j < chunk ? q.classes - j : chunk;
    const T* y = Dense ? read<T>(q.target, row * q.classes + j, n, y_buffer) : nullptr;
    double sum, tops, shares;
    Smoothing<T> here = smoothing;
    if constexpr (Weighted) here.weights += j;
    below_top<T, Dense, Weighted>(e + j, y, n, here, sum, tops, shares);
    r.rest = before + sum + (tops - 1.0) + after;
    r.others = shares_before + shares + shares_after;
  }
  return r;
}

// Items (labels, weights, masks) of up to this many rows are read at once.
inline constexpr std::int64_t few_rows = 64;

// What the rows begin <= i < end (end - begin <= few_rows) are to be: label and weight; a weight of 0
// leaves a row out.
struct Rows {
  std::int64_t labels[few_rows];
  double weights[few_rows];
  bool keep[few_rows];
};

template <class T>
inline void read_rows(const Softmax& q, std::int64_t begin, std::int64_t n, Rows& rows,
                      Found& found) {
  if (!q.dense) {
    const auto* labels = read<std::int64_t>(q.target, begin, n, rows.labels);
    if (labels != rows.labels) std::memcpy(rows.labels, labels, n * sizeof *labels);
  }
  if (!q.dense && !q.ignores && !q.keep && !q.weight) {
    bool all = true;
    for (std::int64_t i = 0; i < n; ++i) {
      const bool there =
          static_cast<std::uint64_t>(rows.labels[i]) < static_cast<std::uint64_t>(q.classes);
      rows.keep[i] = there;
      rows.weights[i] = 1.0;
      all &= there;
    }
    found.bad |= !all;
    found.weights += static_cast<double>(n);
    return;
  }
  // An unsigned label is never a negative number, though it may read as one.
  const bool ignores = q.ignores && !(q.ignored < 0 && q.target.type == Type::uint64);
  std::uint8_t kept[few_rows];
  if (q.keep) read<std::uint8_t>(q.keep, begin, n, kept);
  if (q.weight) {
    const double* weights = read<double>(q.weight, begin, n, rows.weights);
    if (weights != rows.weights) std::memcpy(rows.weights, weights, n * sizeof *weights);
  }
  for (std::int64_t i = 0; i < n; ++i) {
    bool keep = !q.keep || kept[i];
    if (ignores && rows.labels[i] == q.ignored) keep = false;
    double w = !keep ? 0.0 : q.weight ? rows.weights[i] : 1.0;
    found.bad |= !(w >= 0.0 && w <= std::numeric_limits<T>::max());
    found.weights += w;
    keep = w != 0.0;
    if (keep && !q.dense) {
      const std::int64_t label = rows.labels[i];
      const bool out_of_range = label < 0 || label >= q.classes;
      found.bad |= out_of_range;
      keep = !out_of_range;
    }
    rows.weights[i] = w;
    rows.keep[i] = keep;
  }
}

// Whether a number may be a target of a dense row.
template <class T>
inline bool is_share(T y, double slack) {
  return y >= T(-slack) && y <= T(1 + slack);
}

// Which of the rows begin <= i < end that count lie outside their domains.
template <class T>
void find_outside(const Softmax& q, std::int64_t begin, std::int64_t end, bool* outside) {
  for (std::int64_t row = begin; row < end; ++row) {
    Rows one;
    Found found;
    read_rows<T>(q, row, 1, one, found);
    const std::int64_t start = row / q.inner * q.classes * q.inner + row % q.inner;
    for (std::int64_t c = 0; q.dense && one.keep[0] && !found.bad && c < q.classes; ++c)
      found.bad = !is_share(read_one<T>(q.target, start + c * q.inner),
                            slack_of(q.target.type, least_slack));
    outside[row - begin] = found.bad;
  }
}

// Whether a slope, total * p - y, is so much smaller than either part that it is mostly rounding. Only
// classes near the top are asked: of the others an exponential is no better known.
template <class V>
LOSSKIT_INLINE Bits<V> nearly_met(V error, V y, V p, V p_of_top) {
  using T = Element<V>;
  return (absolute(error) * T(32) < y) & (p > p_of_top * T(0.6));
}

// The slopes of classes near the top, whose soft targets the prediction may have met: in float64, by
// differences, as core/softmax.py does (balanced_residual). z and y give the logit and the target of a
// class; put(class, slope) takes the slope, before it is scaled.
template <class Z, class Y, class Put>
inline void slopes_near_top(std::int64_t classes, double top, double temperature, double z_slope,
                            Z&& z, Y&& y, Put&& put) {
  const auto below = [&](std::int64_t c) { return (z(c) - top) / temperature; };
  double near = 0.0, total = 0.0;
  for (std::int64_t c = 0; c < classes; ++c) {
    near += below(c) > -0.5;
    total += y(c);
  }
  const double mean = total / near;
  double lead = 0.0, spread = 0.0;
  for (std::int64_t c = 0; c < classes; ++c) {
    const double d = below(c);
    lead += d > -0.5 ? y(c) - mean : y(c);
    spread += d > -0.5 ? std::expm1(d) : std::exp(d);
  }
  for (std::int64_t c = 0; c < classes; ++c) {
    const double d = below(c), t = y(c);
    if (!(d > -0.5 && t > 0.0)) continue;
    const double less = std::expm1(d);
    const double error = (lead - near * (t - mean)) + (total * less - t * spread);
    put(c, (error + z_slope * (1.0 + less)) / (near + spread));
  }
}

// Softmax cross-entropy of rows whose classes lie side by side.
template <class T, bool Dense, bool General, bool Weighted>
class LongRows {
 public:
  LongRows(const Softmax& q, std::int64_t begin, std::int64_t end, Found& found)
      : q_(q),
        begin_(begin),
        end_(end),
        found_(found),
        temperature_(static_cast<T>(q.temperature)),
        lift_(q.smoothing / static_cast<double>(q.classes)),
        class_weights_(q),
        smoothing_{static_cast<T>(1.0 - q.smoothing), static_cast<T>(lift_), class_weights_.at()},
        // A row larger than the second cache keeps its exponentials where its gradient will stand.
        in_gradient_(q.gradient && in_place<T>(q.gradient) && q.classes > (1 << 18)),
        past_caches_(q.past_caches && !in_gradient_) {}

  void run() {
    if (!in_gradient_) scratch_.exponentials.resize(q_.classes);
    Rows rows;
    for (std::int64_t first = begin_; first < end_; first += few_rows) {
      const std::int64_t count = end_ - first < few_rows ? end_ - first : few_rows;
      read_rows<T>(q_, first, count, rows, found_);
      for (std::int64_t i = 0; i < count; ++i) {
        if (rows.keep[i])
          row(first + i, rows.labels[i], rows.weights[i]);
        else
          nothing(first + i);
      }
    }
    if (past_caches_) finish_streaming();
    keep_little(scratch_.exponentials);
  }

 private:
  void row(std::int64_t row, std::int64_t label, double weight) {
    T* e = in_gradient_ ? reinterpret_cast<T*>(q_.gradient.data) + row * q_.classes
                        : scratch_.exponentials.data();
    const auto& references = scratch_.references;
    const T* later = q_.gradient && !past_caches_ && in_place<T>(q_.gradient)
                         ? reinterpret_cast<T*>(q_.gradient.data) + row * q_.classes
                         : nullptr;
    const Row<T> r = read_row<T, Dense, General, Weighted>(q_, row, temperature_, smoothing_, e,
                                                           scratch_.references, later);
    const Sums& s = r.sums;
    const double rest = r.rest, log_sum = std::log1p(rest);
    const double lse = static_cast<double>(r.top) / temperature_ + log_sum;
    const double classes = static_cast<double>(q_.classes);
    // Sparse: of the true class, and of all the classes.
    const double of_label = Weighted && !Dense ? class_weights_.of(label) : 1.0;
    const double of_all = Weighted ? class_weights_.sum() : classes;
    double shares = Dense ? s.shares : 1.0;
    if constexpr (Weighted && !Dense) shares = (1.0 - q_.smoothing) * of_label + lift_ * of_all;
    double own = 0.0;  // sparse: d of the true class
    double item;
    if constexpr (Dense) {
      item = (shares == 0.0 ? 0.0 : shares * log_sum) - s.distances;
      const double slack = slack_of(q_.target.type, least_slack);
      found_.bad |= !(is_share(static_cast<T>(s.low), slack) &&
                      is_share(static_cast<T>(s.high), slack) && std::isfinite(s.shares));
    } else {
      const double z = read_one<T>(q_.logits, row * q_.classes + label);
      own = (z - r.top) / temperature_;
      // 0 * inf where the true class is ruled out
      const double to_own = (1.0 - q_.smoothing) * of_label;
      item = to_own == 0.0 ? 0.0 : to_own * (log_sum - own);
      if (General && lift_ != 0.0) item += lift_ * (of_all * log_sum - s.distances);
    }
    const double z_loss = Weighted ? q_.z_loss * shares : q_.z_loss;
    if (z_loss != 0.0) item += z_loss * lse * lse;
    found_.sum += weight * item;
    if (q_.items) {
      const T rounded = static_cast<T>(weight * item);
      write<T>(q_.items, row, 1, &rounded);
    }
    if (!q_.gradient) return;

    // (sum of the targets * p - y) / temperature; the z-loss adds 2 z lse p.
    const double z_slope = 2.0 * z_loss * lse;
    const double by = weight * q_.scale / q_.temperature;
    const double complement = rest / (1.0 + rest);
    // One entry is computed by itself, lest 1 - p cancel: the true class, or (dense) the top.
    double exact;
    if constexpr (Dense) {
      exact = (r.others + z_slope) / (1.0 + rest) - (shares - r.others) * complement;
    } else {
      const double p = std::exp(own) / (1.0 + rest);
      // The targets of the other classes.
      const double rivals = (Weighted ? of_all - of_label : classes - 1.0) * lift_;
      exact = rivals - shares * (own == 0.0 ? complement : 1.0 - p) + z_slope * p;
      // A label that weighs little leaves its class as the others are.
      if (Weighted && 2.0 * rivals > shares)
        exact = (shares + z_slope) * p - of_label * (1.0 - q_.smoothing + lift_);
    }
    // Which entry that is, found before the gradient may take the place of the exponentials.
    std::int64_t exact_class = label;
    if constexpr (Dense) {
      exact_class = rest < 1.0 ? r.top_chunk * chunk : -1;
      if (rest < 1.0)
        while (exact_class + 1 < q_.classes && e[exact_class] != exp_scale<T>) ++exact_class;
    }
    Exact<T> one;
    if (exact_class >= 0) one = {row * q_.classes + exact_class, static_cast<T>(exact * by)};
    const auto count = static_cast<std::int64_t>(references.size());
    bool met = false;
    for (std::int64_t c = 0; c < count;) {
      // Chunks of one reference are written in one go.
      std::int64_t next = c + 1;
      while (next < count && references[next] == references[c]) ++next;
      const double shift = (static_cast<double>(references[c]) - r.top) / temperature_;
      met |= slopes(e, row, c * chunk, next < count ? next * chunk : q_.classes,
                    std::exp(shift) / (1.0 + rest) / exp_scale<T>, 1.0 / (1.0 + rest),
                    shares + z_slope, by, one);
      c = next;
    }
    if (!met) return;
    if (past_caches_) finish_streaming();
    const std::int64_t start = row * q_.classes;
    const auto put = [&](std::int64_t c, double slope) {
      const T scaled = static_cast<T>(slope * by);
      write<T>(q_.gradient, start + c, 1, &scaled);
    };
    slopes_near_top(
        q_.classes, r.top, q_.temperature, z_slope,
        [&](std::int64_t c) -> double { return read_one<T>(q_.logits, start + c); },
        [&](std::int64_t c) {
          const double y = (1.0 - q_.smoothing) * read_one<T>(q_.target, start + c) + lift_;
          if constexpr (Weighted) return class_weights_.of(c) * y;
          return y;
        },
        put);
  }

  // (total * p - y) * by for the classes begin <= j < end, from their exponentials. Whether soft
  // targets are nearly met there.
  bool slopes(const T* e, std::int64_t row, std::int64_t begin, std::int64_t end, double to_p,
              double of_top, double total, double by, const Exact<T>& exact) {
    using V = Lanes<T>;
    const bool whole = !Dense || in_place<T>(q_.target);
    alignas(64) T y_buffer[Dense ? chunk : 1];
    const V p_scale = splat(static_cast<T>(to_p)), sum = splat(static_cast<T>(total)),
            scale = splat(static_cast<T>(by)), lift = splat(smoothing_.lift);
    const V p_of_top = splat(static_cast<T>(of_top));
    const T keep = smoothing_.shares;
    Bits<V> met = {};
    for (std::int64_t j = begin; j < end;) {
      const std::int64_t n = whole || end - j < chunk ? end - j : chunk;
      const T* y = Dense ? read<T>(q_.target, row * q_.classes + j, n, y_buffer) : nullptr;
      const T* from = e + j;
      const T* weights = Weighted ? smoothing_.weights + j : nullptr;
      put<T>(q_.gradient, row * q_.classes + j, n, past_caches_,
             [&](std::int64_t i, auto part) LOSSKIT_INLINE_LAMBDA {
               V e_i, t = lift;
               if constexpr (is_whole<decltype(part)>) {
                 e_i = load(from + i);
                 if constexpr (Dense) t = General ? load(y + i) * keep + lift : load(y + i);
               } else {
                 e_i = load_part(from + i, part, T(0));
                 if constexpr (Dense) t += load_part(y + i, part, T(0)) * keep;
               }
               if constexpr (Weighted) t *= weights_at<T>(weights + i, part);
               const V p = e_i * p_scale, error = p * sum - t;
               if constexpr (Dense) met |= nearly_met<V>(error, t, p, p_of_top);
               return V(error * scale);
             },
             exact);
      j += n;
    }
    return any<V>(met);
  }

  // A row that does not count.
  void nothing(std::int64_t row) {
    if (q_.items) {
      const T zero = 0;
      write<T>(q_.items, row, 1, &zero);
    }
    if (q_.gradient)
      put<T>(q_.gradient, row * q_.classes, q_.classes, past_caches_,
             [](std::int64_t, auto) LOSSKIT_INLINE_LAMBDA { return Lanes<T>{}; });
  }

  inline static thread_local Scratch<T> scratch_;
  const Softmax& q_;
  const std::int64_t begin_, end_;
  Found& found_;
  const T temperature_;
  const double lift_;  // what label smoothing gives to each class
  const ClassWeights<T> class_weights_;
  const Smoothing<T> smoothing_;
  const bool in_gradient_;
  const bool past_caches_;
};

}  // namespace losskit::LOSSKIT_ISA

// Softmax cross-entropy of several rows at once, one in each lane: for rows that are short, of which
// each would take logarithms of its own, and for classes along another axis than the last, where
// neighbours in memory belong to different rows. The forms are those of softmax.hpp.
#pragma once

#include "softmax.hpp"
#include "turn.hpp"

namespace losskit::LOSSKIT_ISA {

template <class T, bool Dense, bool General, bool Weighted>
class Columns {
 public:
  Columns(const Softmax& q, Found& found)
      : q_(q),
        found_(found),
        temperature_(static_cast<T>(q.temperature)),
        by_(q.scale / q.temperature),
        lift_(q.smoothing / static_cast<double>(q.classes)),
        class_weights_(q),
        smoothing_{static_cast<T>(1.0 - q.smoothing), static_cast<T>(lift_), class_weights_.at()} {
    const auto size = static_cast<std::size_t>(q.classes) * w;
    const std::size_t wanted = (Dense ? 3 : 2) * size + w;
    if (scratch_.size() < wanted) scratch_.resize(wanted);
    z_ = scratch_.data();
    y_ = Dense ? z_ + size : nullptr;
    rows_ = z_ + wanted - size - w;
  }
  ~Columns() { keep_little(scratch_); }
  Columns(const Columns&) = delete;

  void run(std::int64_t begin, std::int64_t end) {
    Rows rows;
    for (std::int64_t first = begin; first < end; first += few_rows) {
      const std::int64_t count = end - first < few_rows ? end - first : few_rows;
      read_rows<T>(q_, first, count, rows, found_);
      for (std::int64_t i = 0; i < count;) {
        // Lanes that lie side by side: they must not reach beyond the inner axis.
        const std::int64_t row = first + i, inside = q_.inner - row % q_.inner;
        std::int64_t n = count - i < w ? count - i : w;
        if (q_.inner > 1 && inside < n) n = inside;
        group(row, static_cast<int>(n), rows, static_cast<int>(i));
        i += n;
      }
    }
  }

 private:
  static constexpr int w = width<T>;
  using V = Lanes<T>;

  // Entry (row, 0) in C order; classes lie q.inner apart from it.
  std::int64_t start(std::int64_t row) const {
    return row / q_.inner * q_.classes * q_.inner + row % q_.inner;
  }

  // Elements of n rows, class by class: to[class * w + lane].
  void gather(const View& from, std::int64_t row, int n, T* to) {
    if (q_.inner == 1) {
      const std::int64_t first = row * q_.classes, count = n * q_.classes;
      const T* x = read<T>(from, first, count, rows_);
      if (x != rows_ && first + count + w > q_.rows() * q_.classes) {
        std::memcpy(rows_, x, count * sizeof(T));
        x = rows_;
      }
      turn_in(x, n, q_.classes, to, w);
    } else {
      if (n < w) std::memset(to, 0, q_.classes * w * sizeof(T));
      T buffer[w];
      for (std::int64_t c = 0; c < q_.classes; ++c) {
        const T* x = read<T>(from, start(row) + c * q_.inner, n, buffer);
        std::memcpy(to + c * w, x, n * sizeof(T));
      }
    }
  }

  void scatter(std::int64_t row, int n, const T* from) {
    if (q_.inner == 1) {
      const std::int64_t first = row * q_.classes, count = n * q_.classes;
      // What is written past the end is the next rows', who may be another thread's.
      const bool direct = in_place<T>(q_.gradient);
      turn_out(from, w, n, q_.classes, rows_);
      if (direct)
        std::memcpy(q_.gradient.data + first * sizeof(T), rows_, count * sizeof(T));
      else
        write<T>(q_.gradient, first, count, rows_);
    } else {
      for (std::int64_t c = 0; c < q_.classes; ++c) {
        const std::int64_t at = start(row) + c * q_.inner;
        if (in_place<T>(q_.gradient))
          std::memcpy(q_.gradient.data + at * sizeof(T), from + c * w, n * sizeof(T));
        else
          write<T>(q_.gradient, at, n, from + c * w);
      }
    }
  }

  void group(std::int64_t row, int n, const Rows& rows, int at) {
    gather(q_.logits, row, n, z_);
    if constexpr (Dense) gather(q_.target, row, n, y_);
    alignas(64) T own[w] = {}, weight[w] = {}, use[w] = {};
    std::int64_t label[w] = {};
    for (int lane = 0; lane < n; ++lane) {
      if (!rows.keep[at + lane]) continue;
      use[lane] = 1;
      weight[lane] = static_cast<T>(rows.weights[at + lane] * by_);
      if constexpr (!Dense) {
        label[lane] = rows.labels[at + lane];
        own[lane] = z_[label[lane] * w + lane];
      }
    }
    const auto used = load(use) != V{};
    // What does not count must not make a NaN or trip the check of the targets.
    if (any<V>(~used))
      for (std::int64_t c = 0; c < q_.classes; ++c) {
        store(z_ + c * w, select<V>(used, load(z_ + c * w), V{}));
        if constexpr (Dense) store(y_ + c * w, select<V>(used, load(y_ + c * w), V{}));
      }

    V top = load(z_);
    for (std::int64_t c = 1; c < q_.classes; ++c) top = greater(load(z_ + c * w), top);
    const V per = splat(temperature_), zero = {}, one = splat(T(1));
    Lane below, distances, shares, others;
    V tops = {}, low = {}, high = {};
    for (std::int64_t c = 0; c < q_.classes; ++c) {
      V d = load(z_ + c * w) - top;
      if constexpr (General) d /= per;
      const V e = exp_scaled(d);
      store(z_ + c * w, e);
      const auto is_top = e == splat(exp_scale<T>);
      tops += select<V>(is_top, one, zero);
      below.add(select<V>(is_top, zero, e));
      if constexpr (Dense) {
        const V raw = load(y_ + c * w);
        low = lesser(raw, low);
        high = greater(raw, high);
        V t = General ? raw * smoothing_.shares + smoothing_.lift : raw;
        if constexpr (Weighted) t *= splat(smoothing_.weights[c]);
        store(y_ + c * w, t);
        shares.add(t);
        others.add(select<V>(is_top, zero, t));
        distances.add(select<V>(t == zero, zero, t * d));
      } else if constexpr (Weighted) {
        const T by = smoothing_.weights[c];
        if (by != T(0)) distances.add(d * by);
      } else if constexpr (General) {
        distances.add(d);
      }
    }
    const V rest = below.total() * T(1.0 / exp_scale<T>) + (tops - one);
    const V log_sum = log1p(rest);
    V sum = Dense ? shares.total() : one, of_label = one;
    // Sparse: of all classes, in place of their number.
    const T of_all = static_cast<T>(Weighted ? class_weights_.sum() : q_.classes);
    if constexpr (Weighted && !Dense) {
      alignas(64) T of[w] = {};
      for (int lane = 0; lane < n; ++lane) of[lane] = smoothing_.weights[label[lane]];
      of_label = load(of);
      sum = of_label * smoothing_.shares + of_all * smoothing_.lift;
    }
    const V lse = top / per + log_sum;
    V d_own = (load(own) - top) / per, item;
    if constexpr (Dense) {
      item = select<V>(sum == zero, zero, sum * log_sum) - distances.total();
      const double slack = slack_of(q_.target.type, least_slack);
      for (int lane = 0; lane < n; ++lane)
        found_.bad |= !(is_share<T>(low[lane], slack) && is_share<T>(high[lane], slack) &&
                        std::isfinite(sum[lane]));
    } else {
      item = log_sum - d_own;
      const V to_own = of_label * smoothing_.shares;
      if (Weighted || (General && lift_ != 0.0))  // 0 * inf where a class is ruled out
        item = select<V>(to_own == zero, zero, item * to_own);
      if (General && lift_ != 0.0)
        item += (log_sum * of_all - distances.total()) * smoothing_.lift;
    }
    const V z_loss = (Weighted ? sum : one) * static_cast<T>(q_.z_loss);
    if (q_.z_loss != 0.0) item += lse * lse * z_loss;
    alignas(64) T items[w];
    double sums[4] = {};  // that need not wait for one another
    for (int lane = 0; lane < n; ++lane) {
      const bool counts = rows.keep[at + lane];
      const double weighted = counts ? rows.weights[at + lane] * item[lane] : 0.0;
      sums[lane % 4] += weighted;
      items[lane] = static_cast<T>(weighted);
    }
    found_.sum += (sums[0] + sums[1]) + (sums[2] + sums[3]);
    if (q_.items) write<T>(q_.items, row, n, items);
    if (!q_.gradient) return;

    const V by = load(weight), z_slope = lse * (z_loss + z_loss);
    const V inverse = one / (one + rest), complement = rest * inverse, all = sum + z_slope;
    const V to_p = inverse * T(1.0 / exp_scale<T>);
    Bits<V> met = {};
    if constexpr (Dense) {
      const V other = others.total();
      const V exact = (other + z_slope) * inverse - (sum - other) * complement;
      for (std::int64_t c = 0; c < q_.classes; ++c) {
        const V e = load(z_ + c * w), p = e * to_p, t = load(y_ + c * w), plain = p * all - t;
        met |= used & nearly_met<V>(plain, t, p, inverse);
        const auto is_top = (e == splat(exp_scale<T>)) & (rest < one);
        store(z_ + c * w, select<V>(used, select<V>(is_top, exact, plain) * by, zero));
      }
    } else {
      alignas(64) T e_own[w] = {};
      for (int lane = 0; lane < n; ++lane) e_own[lane] = z_[label[lane] * w + lane];
      const V p = load(e_own) * to_p, lift = splat(smoothing_.lift);
      V rivals = splat(static_cast<T>((static_cast<double>(q_.classes) - 1.0) * lift_));
      if constexpr (Weighted) rivals = (splat(of_all) - of_label) * smoothing_.lift;
      V exact = rivals - sum * select<V>(d_own == zero, complement, one - p) + z_slope * p;
      if constexpr (Weighted)  // a label that weighs little leaves its class as the others are
        exact = select<V>(rivals + rivals > sum, all * p - of_label * (smoothing_.shares + lift),
                          exact);
      exact = select<V>(used, exact * by, zero);
      for (std::int64_t c = 0; c < q_.classes; ++c) {
        const V t = Weighted ? V(lift * smoothing_.weights[c]) : lift;
        store(z_ + c * w, select<V>(used, (load(z_ + c * w) * to_p * all - t) * by, zero));
      }
      for (int lane = 0; lane < n; ++lane) z_[label[lane] * w + lane] = exact[lane];
    }
    scatter(row, n, z_);
    if constexpr (Dense)
      if (any<V>(met))
        for (int lane = 0; lane < n; ++lane)
          if (met[lane])
            near_top(row + lane, top[lane], z_slope[lane],
                     rows.weights[at + lane] * by_);
  }

  // The slopes of a row again, where soft targets are nearly met.
  void near_top(std::int64_t row, double top, double z_slope, double by) {
    const std::int64_t first = start(row);
    const auto put = [&](std::int64_t c, double slope) {
      const T scaled = static_cast<T>(slope * by);
      write<T>(q_.gradient, first + c * q_.inner, 1, &scaled);
    };
    slopes_near_top(
        q_.classes, top, q_.temperature, z_slope,
        [&](std::int64_t c) -> double { return read_one<T>(q_.logits, first + c * q_.inner); },
        [&](std::int64_t c) {
          const double y = read_one<T>(q_.target, first + c * q_.inner);
          return class_weights_.of(c) * ((1.0 - q_.smoothing) * y + lift_);
        },
        put);
  }

  // A sum in each lane; of many classes, part by part, lest float32 lose the small ones.
  struct Lane {
    V part = {}, sum = {};
    int count = 0;
    LOSSKIT_INLINE void add(V x) {
      part += x;
      if (++count == 32) {
        sum += part;
        part = V{};
        count = 0;
      }
    }
    LOSSKIT_INLINE V total() const { return sum + part; }
  };

  inline static thread_local std::vector<T> scratch_;
  const Softmax& q_;
  Found& found_;
  const T temperature_;
  const double by_;  // of gradients
  const double lift_;
  const ClassWeights<T> class_weights_;
  const Smoothing<T> smoothing_;
  T *z_, *y_;
  T* rows_;  // that lie as in memory, and a vector past their end
};

}  // namespace losskit::LOSSKIT_ISA

// Programs, run over tiles that stay in the first caches: what is read into a tile, what is done with
// it instruction after instruction, and what is written. Memory is read and written once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <new>

#include "instructions.hpp"
#include "threads.hpp"
#include "turn.hpp"

namespace losskit::LOSSKIT_ISA {

// --- scalars

inline double of_scalars(const Instruction& i, const double* s) {
  const double a = s[i.a], b = s[i.b];
  switch (static_cast<Op>(i.op)) {
    case Op::scalar_add_: return a + b;
    case Op::scalar_sub_: return a - b;
    case Op::scalar_mul_: return a * b;
    case Op::scalar_div_: return a / b;
    case Op::scalar_negative_: return -a;
    case Op::scalar_absolute_: return std::fabs(a);
    case Op::scalar_exp_: return std::exp(a);
    case Op::scalar_expm1_: return std::expm1(a);
    case Op::scalar_log_: return std::log(a);
    case Op::scalar_log1p_: return std::log1p(a);
    case Op::scalar_square_root_: return std::sqrt(a);
    case Op::scalar_tanh_: return std::tanh(a);
    case Op::scalar_maximum_: return a >= b || a != a ? a : b;
    case Op::scalar_minimum_: return a <= b || a != a ? a : b;
    case Op::scalar_power_: return std::pow(a, b);
    default: return 0.0;
  }
}

// --- a call

// Memory of a thread that is kept from call to call.
char* scratch(std::size_t bytes);

template <class T>
class Run {
 public:
  Run(const Programmed& q, Found& found) : q_(q), p_(*q.program), found_(found) {
    scalars();
    lay_out();
  }

  void rows(std::int64_t begin, std::int64_t end, bool* outside = nullptr) {
    outside_ = outside;
    first_ = begin;
    if (chunked_) {
      for (std::int64_t r = begin; r < end; ++r) long_row(r);
      return;
    }
    for (std::int64_t r = begin; r < end; r += rows_) tile(r, std::min(rows_, end - r));
  }

 private:
  static constexpr std::int64_t two = step<T>;
  // Whole vectors, and room for what is written past the last row.
  static std::int64_t padded(std::int64_t n) { return (n + 3 * two - 1) / two * two; }

  void scalars() {
    std::vector<double> s(p_.scalar_count());
    Constants<T> k;
    s[0] = k.tiny;
    s[1] = std::max(k.floor, q_.floor);
    s[2] = std::max(k.complement_floor, q_.complement_floor);
    s[3] = std::max(least_slack, 16.0 * s[2]);
    s[4] = static_cast<double>(q_.classes);
    std::size_t at = Program::constants;
    for (int i = 0; i < p_.parameters; ++i) s[at++] = q_.parameters[i];
    for (const double x : p_.numbers) s[at++] = x;
    for (const Instruction& i : p_.scalars) s[i.to] = of_scalars(i, s.data());
    scalars_.assign(s.begin(), s.end());
  }

  void lay_out() {
    for (std::size_t s = 0; s < p_.slots.size(); ++s) read_[s] = q_.reads(s);
    const std::int64_t c = q_.classes;
    const int live = std::max(p_.registers_whole, 1);
    std::int64_t most = (std::int64_t{192} << 10) / (live * std::int64_t{sizeof(T)});
    most = std::clamp<std::int64_t>(most / 64 * 64, 256, 4096);
    const std::int64_t large = (std::int64_t{512} << 10) / (live * std::int64_t{sizeof(T)});
    turned_ = !q_.at_labels && !(q_.inner == 1 && takes_rows_whole()) &&
              (c <= 4 * width<T> || (q_.inner > 1 && c * two <= std::max(most, large)));
    if (q_.at_labels) {
      rows_ = most;
      capacity_ = padded(rows_);
    } else if (turned_) {
      rows_ = std::max(two, most / c / two * two);
      capacity_ = padded(std::max(rows_ * c, rows_));
    } else {
      chunked_ = !p_.passes.empty() && c > std::max(most, large);
      rows_ = chunked_ ? 1 : std::max<std::int64_t>(1, most / c);
      capacity_ = padded(chunked_ ? most : rows_ * c);
      chunk_ = most;
      block_ = std::max<std::int64_t>(1, elements_per_task / chunk_) * chunk_;
    }
    const int count = chunked_ ? p_.registers_passes : p_.registers_whole;
    const std::size_t slots = p_.slots.size();
    // Registers, of which the first hold the slots; two more; and what is of rows.
    const std::size_t tiles = static_cast<std::size_t>(count) + 2;
    const std::int64_t of_rows = padded(rows_);
    std::size_t bytes = tiles * capacity_ * sizeof(T) + of_rows * (sizeof(double) * 2 + 8 + 8) +
                        count * (sizeof(T*) + sizeof(double)) + 1024;
    char* at = scratch(bytes);
    const auto take = [&](std::size_t size) {
      char* from = at;
      at += (size + 63) / 64 * 64;
      return from;
    };
    memory_ = reinterpret_cast<T*>(take(tiles * capacity_ * sizeof(T)));
    weights_ = reinterpret_cast<double*>(take(of_rows * sizeof(double)));
    labels_ = reinterpret_cast<std::int64_t*>(take(of_rows * sizeof(std::int64_t)));
    sums_ = reinterpret_cast<double*>(take(count * sizeof(double)));
    registers_ = reinterpret_cast<T**>(take(count * sizeof(T*)));
    for (int r = 0; r < count; ++r) registers_[r] = memory_ + r * capacity_;
    spare_ = memory_ + static_cast<std::size_t>(count) * capacity_;
    for (std::size_t s = 0; s < slots; ++s)
      if (p_.slots[s].shared) share(s);
  }

  // Whether a step takes a row after the other, and would turn back what lies turned round.
  bool takes_rows_whole() const {
    return std::any_of(p_.whole.begin(), p_.whole.end(), [](const Instruction& i) {
      const Op op = static_cast<Op>(i.op);
      return op == Op::pair_shortfall_ || op == Op::pair_pull_ || op == Op::union_rates_;
    });
  }

  T* own(std::size_t slot) { return memory_ + slot * capacity_; }

  // Lays a slot that is the same for all rows over the rows of a tile.
  void share(std::size_t s) {
    if (chunked_) return;
    T* row = spare_;
    const T* x = read<T>(q_.slots[s], 0, q_.classes, row);
    for (std::int64_t r = 0; r < rows_; ++r)
      for (std::int64_t c = 0; c < q_.classes; ++c)
        own(s)[turned_ ? c * rows_ + r : r * q_.classes + c] = x[c];
  }

  void run(const std::vector<Instruction>& all, const Tile<T>& t) {
    for (const Instruction& i : all) steps<T>[i.op](i, t);
  }

  // Where what is picked comes from.
  void from(Tile<T>& t, std::int64_t row) const {
    t.slots = q_.slots;
    t.kinds = p_.slots.data();
    t.read = read_.data();
    t.row = row;
    t.length = q_.classes;
    t.inner = q_.inner;
  }

  // --- tiles of whole rows

  void tile(std::int64_t begin, std::int64_t n) {
    Tile<T> t{};
    t.registers = registers_;
    t.scalars = scalars_.data();
    t.rows = n;
    t.classes = q_.classes;
    t.turned = turned_;
    t.row_step = rows_;
    t.labels = labels_;
    from(t, begin);
    bool all = weigh(begin, n);
    for (std::size_t s = 0; s < p_.slots.size(); ++s) {
      if (p_.slots[s].shared) continue;
      registers_[s] = own(s);
      if (!read_[s]) continue;
      if (q_.values[s].labels)
        all &= labels(s, begin, n);
      else if (p_.slots[s].span == of_row)
        of_rows(s, begin, n);
      else
        of_elements(s, begin, n);
    }
    if (!all) leave_out(n);
    for (std::size_t s = 0; s < p_.slots.size(); ++s)
      if (read_[s] && !q_.values[s].labels && !p_.slots[s].shared) check(s, begin, n);
    if (outside_ != nullptr) return;
    run(p_.whole, t);
    if (q_.value >= 0) put_items(registers_[p_.outputs[q_.value].whole], begin, n);
    const int first = q_.value + 1;
    for (std::size_t o = first; o < p_.outputs.size(); ++o)
      if (p_.outputs[o].span == of_row)
        put_rows(registers_[p_.outputs[o].whole], q_.outputs[o - first], begin, n);
      else if (p_.outputs[o].span == at_label)
        put_at_labels(t, registers_[p_.outputs[o].whole], q_.outputs[o - first]);
      else
        put_elements(registers_[p_.outputs[o].whole], q_.outputs[o - first], begin, n);
  }

  // Reads the weights of rows. Returns whether all of them count.
  bool weigh(std::int64_t begin, std::int64_t n) {
    weighted_ = q_.weight || q_.keep;
    if (q_.weight) {
      const double* w = read<double>(q_.weight, begin, n, weights_);
      if (w != weights_) std::memcpy(weights_, w, n * sizeof *w);
    } else if (!plain_ && q_.of_classes == nullptr) {
      std::fill(weights_, weights_ + rows_, 1.0);
      plain_ = true;
    }
    if (q_.keep) {
      for (std::int64_t k = 0; k < n; ++k)
        if (!read_one<std::uint8_t>(q_.keep, begin + k)) weights_[k] = 0.0;
      plain_ = false;
    }
    if (!weighted_) return true;
    bool sound = true, all = true;
    for (std::int64_t k = 0; k < n; ++k) {
      const bool fine = weights_[k] >= 0.0 && weights_[k] <= std::numeric_limits<T>::max();
      if (outside_ != nullptr && !fine) outside_[begin - first_ + k] = true;
      sound &= fine;
      all &= weights_[k] != 0.0;
    }
    found_.weights += sum_of(n, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA { return weights_[k]; });
    found_.bad |= !sound;
    return all;
  }

  // In some sums side by side, for one would wait for each number before the next.
  template <class F>
  static double sum_of(std::int64_t n, F&& f) {
    double a = 0.0, b = 0.0, c = 0.0, d = 0.0;
    std::int64_t k = 0;
    for (; k + 4 <= n; k += 4) {
      a += f(k);
      b += f(k + 1);
      c += f(k + 2);
      d += f(k + 3);
    }
    for (; k < n; ++k) a += f(k);
    return (a + b) + (c + d);
  }

  bool labels(std::size_t s, std::int64_t begin, std::int64_t n) {
    const std::int64_t* y = read<std::int64_t>(q_.slots[s], begin, n, labels_);
    if (y != labels_) std::memcpy(labels_, y, n * sizeof *y);
    bool all = true;
    if (q_.of_classes != nullptr) return by_class(n);
    for (std::int64_t k = 0; k < n; ++k) {
      if (q_.ignores && labels_[k] == q_.ignored) {
        weights_[k] = 0.0;
        weighted_ = true;
        plain_ = false;
      }
      const bool counts = weights_[k] != 0.0;
      all &= counts;
      if (labels_[k] >= 0 && labels_[k] < q_.classes) continue;
      if (counts) {
        found_.bad = true;
        if (outside_ != nullptr) outside_[begin - first_ + k] = true;
      }
      labels_[k] = 0;
    }
    return all;
  }

  // The weights of rows that have no other than those of their labels' classes.
  bool by_class(std::int64_t n) {
    bool sound = true, all = true;
    for (std::int64_t k = 0; k < n; ++k) {
      const std::int64_t label = labels_[k];
      const bool known = label >= 0 && label < q_.classes;
      const bool counts = !(q_.ignores && label == q_.ignored);
      const double w = q_.of_classes[known ? label : 0];
      weights_[k] = counts && known ? w : 0.0;
      labels_[k] = known ? label : 0;
      sound &= known || !counts;
      all &= weights_[k] != 0.0;
    }
    found_.bad |= !sound;
    weighted_ = true;
    return all;
  }

  void of_rows(std::size_t s, std::int64_t begin, std::int64_t n) {
    const T* x = read<T>(q_.slots[s], begin, n, own(s));
    if (n % two == 0)
      registers_[s] = const_cast<T*>(x);
    else if (x != own(s))
      std::memcpy(own(s), x, n * sizeof(T));
  }

  void of_elements(std::size_t s, std::int64_t begin, std::int64_t n) {
    const std::int64_t c = q_.classes;
    const View& from = q_.slots[s];
    if (q_.inner == 1) {
      T* buffer = turned_ ? spare_ : own(s);
      const T* x = read<T>(from, begin * c, n * c, buffer);
      if (!turned_) {
        // Past the end of a tile there are the next rows; past that of the last there is nothing.
        if ((n * c % two == 0 && c % width<T> == 0) ||
            begin + n + (two + c - 1) / c <= q_.rows())
          registers_[s] = const_cast<T*>(x);
        else if (x != own(s))
          std::memcpy(own(s), x, n * c * sizeof(T));
        return;
      }
      constexpr int w = width<T>;
      const std::int64_t whole = (n + w - 1) / w * w;
      // Whole vectors of rows are read, and of the last one a vector.
      if (x != spare_ && begin + whole + (w + c - 1) / c > q_.rows()) {
        std::memcpy(spare_, x, n * c * sizeof(T));
        x = spare_;
      }
      turn_in(x, n, c, own(s), rows_);
      return;
    }
    apart(begin, n, [&](std::int64_t r, std::int64_t at, std::int64_t count) {
      for (std::int64_t k = 0; k < c; ++k) {
        const T* x = read<T>(from, at + k * q_.inner, count, spare_);
        if (turned_)
          std::memcpy(own(s) + k * rows_ + r, x, count * sizeof(T));
        else
          for (std::int64_t j = 0; j < count; ++j) own(s)[(r + j) * c + k] = x[j];
      }
    });
  }

  // Rows whose elements lie apart: calls f(row, where its first element lies, how many such rows).
  template <class F>
  void apart(std::int64_t begin, std::int64_t n, F&& f) {
    for (std::int64_t r = 0; r < n;) {
      const std::int64_t o = (begin + r) / q_.inner, i = (begin + r) % q_.inner;
      const std::int64_t count = std::min(n - r, q_.inner - i);
      f(r, o * q_.classes * q_.inner + i, count);
      r += count;
    }
  }

  // Puts something harmless in place of what does not count.
  void leave_out(std::int64_t n) {
    for (std::size_t s = 0; s < p_.slots.size(); ++s) {
      if (p_.slots[s].shared || q_.values[s].labels || !read_[s]) continue;
      const bool rows = p_.slots[s].span == of_row;
      T* to = own(s);
      if (registers_[s] != to) {
        std::memcpy(to, registers_[s], (rows ? n : n * q_.classes) * sizeof(T));
        registers_[s] = to;
      }
      const T x = static_cast<T>(q_.values[s].stand_in);
      for (std::int64_t r = 0; r < n; ++r) {
        if (weights_[r] != 0.0) continue;
        for (std::int64_t k = 0; k < (rows ? 1 : q_.classes); ++k)
          to[rows ? r : turned_ ? k * rows_ + r : r * q_.classes + k] = x;
      }
    }
  }

  // Looks whether what a slot holds lies in its domain.
  void check(std::size_t s, std::int64_t begin, std::int64_t n) {
    const SlotValues& v = q_.values[s];
    const bool bounded = v.low > -infinity || v.high < infinity;
    if (!v.finite && !bounded && v.few == 0) return;
    const bool rows = p_.slots[s].span == of_row;
    const T* x = registers_[s];
    if (rows || !turned_) {
      const std::int64_t count = rows ? n : n * q_.classes;
      if (sound(v, bounded, x, count)) return;
    } else {
      bool all = true;
      for (std::int64_t k = 0; k < q_.classes; ++k) all &= sound(v, bounded, x + k * rows_, n);
      if (all) return;
    }
    found_.bad = true;
    if (outside_ == nullptr) return;
    for (std::int64_t r = 0; r < n; ++r)
      for (std::int64_t k = 0; k < (rows ? 1 : q_.classes); ++k)
        outside_[begin - first_ + r] |=
            !sound(v, bounded, x + (rows ? r : turned_ ? k * rows_ + r : r * q_.classes + k), 1);
  }

  static constexpr double infinity = std::numeric_limits<double>::infinity();

  // Whether all numbers are among the values; a NaN is let through where numbers may be infinite.
  static bool sound(const SlotValues& v, bool bounded, const T* x, std::int64_t n) {
    using V = Lanes<T>;
    constexpr int w = width<T>;
    const V low = splat(static_cast<T>(v.low)), high = splat(static_cast<T>(v.high));
    V finite = {};
    Integers<T> bad = {};
    for (std::int64_t k = 0; k < n; k += w) {
      const V y = n - k < w ? load_part<T>(x + k, n - k, x[k]) : load(x + k);
      if (v.finite) finite += v.minus_infinity ? where<V>(y != y, y) : y * V{};
      if (v.finite && v.minus_infinity) bad |= y == splat(std::numeric_limits<T>::infinity());
      if (bounded) bad |= (y < low) | (y > high);
      if (v.few > 0) {
        Integers<T> none = y != splat(static_cast<T>(v.only[0]));
        for (int j = 1; j < v.few; ++j) none &= y != splat(static_cast<T>(v.only[j]));
        bad |= none;
      }
    }
    return !(any<V>(bad) || any<V>(finite != finite));
  }

  // --- results

  double weight(std::int64_t r) const { return weights_[r] * q_.scale; }

  void put_items(T* items, std::int64_t begin, std::int64_t n) {
    double sum = 0.0;
    if (weighted_) {
      sum = sum_of(n, [&](std::int64_t r) LOSSKIT_INLINE_LAMBDA {
        const double x = weights_[r] == 0.0 ? 0.0 : weights_[r] * static_cast<double>(items[r]);
        items[r] = static_cast<T>(x);
        return x;
      });
    } else {
      sum = sum_along<T>(n, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA { return load(items + k); });
    }
    found_.sum += sum;
    if (q_.items) write<T>(q_.items, begin, n, items);
  }

  // Multiplies by weights, in place.
  void scale_rows(T* x, std::int64_t n) {
    if (!weighted_) {
      const T s = static_cast<T>(q_.scale);
      for (std::int64_t r = 0; r < n; ++r) x[r] *= s;
      return;
    }
    for (std::int64_t r = 0; r < n; ++r) {
      const T scaled = x[r] * static_cast<T>(weight(r));
      x[r] = weights_[r] == 0.0 ? T(0) : scaled;
    }
  }

  void put_rows(const T* x, const View& to, std::int64_t begin, std::int64_t n) {
    if (!weighted_ && in_place<T>(to)) {
      scaled(x, reinterpret_cast<T*>(to.data) + begin, n, static_cast<T>(q_.scale));
      return;
    }
    std::memcpy(spare_, x, n * sizeof(T));
    scale_rows(spare_, n);
    write<T>(to, begin, n, spare_);
  }

  // 0 but at the labels.
  void put_at_labels(const Tile<T>& t, const T* x, const View& to) {
    const std::int64_t c = q_.classes;
    if (q_.cleared) {
    } else if (to.contiguous && q_.inner == 1) {
      const std::int64_t size = to.type == Type::float64 ? 8 : to.type == Type::float32 ? 4 : 2;
      std::memset(to.data + t.row * c * size, 0, t.rows * c * size);
    } else {
      std::memset(spare_, 0, capacity_ * sizeof(T));
      apart(t.row, t.rows, [&](std::int64_t, std::int64_t at, std::int64_t count) {
        for (std::int64_t k = 0; k < c; ++k) write<T>(to, at + k * q_.inner, count, spare_);
      });
    }
    std::memcpy(spare_, x, t.rows * sizeof(T));
    scale_rows(spare_, t.rows);
    if (!to.contiguous) {
      for (std::int64_t r = 0; r < t.rows; ++r)
        write<T>(to, t.place(r, labels_[r]), 1, spare_ + r);
      return;
    }
    with_type(to.type, [&](auto example) {
      using S = decltype(example);
      if constexpr (!std::is_integral_v<S> && !std::is_same_v<S, Boolean>)
        t.at_labels([&](std::int64_t r, std::int64_t place) LOSSKIT_INLINE_LAMBDA {
          const S x = rounded<S>(spare_[r]);
          std::memcpy(to.data + place * sizeof(S), &x, sizeof x);
        });
    });
  }

  void put_elements(const T* x, const View& to, std::int64_t begin, std::int64_t n) {
    const std::int64_t c = q_.classes;
    const bool direct = q_.inner == 1 && in_place<T>(to);
    T* out = direct ? reinterpret_cast<T*>(to.data) + begin * c : spare_;
    const T s = static_cast<T>(q_.scale);
    if (turned_) {
      // Scaled where they lie: the register is free by now.
      T* own = const_cast<T*>(x);
      for (std::int64_t k = 0; k < c; ++k) scale_rows(own + k * rows_, n);
      if (q_.inner > 1) {
        apart(begin, n, [&](std::int64_t r, std::int64_t at, std::int64_t count) {
          for (std::int64_t k = 0; k < c; ++k)
            write<T>(to, at + k * q_.inner, count, own + k * rows_ + r);
        });
        return;
      }
      turn_out(own, rows_, n, c, spare_);
      if (out != spare_) std::memcpy(out, spare_, n * c * sizeof(T));
    } else if (!weighted_) {
      scaled(x, out, n * c, s);
    } else {
      for (std::int64_t r = 0; r < n; ++r) {
        if (weights_[r] == 0.0)
          std::fill(out + r * c, out + (r + 1) * c, T(0));
        else
          scaled(x + r * c, out + r * c, c, static_cast<T>(weight(r)));
      }
    }
    if (direct) return;
    if (q_.inner == 1) return write<T>(to, begin * c, n * c, out);
    apart(begin, n, [&](std::int64_t r, std::int64_t at, std::int64_t count) {
      T* column = spare_ + capacity_;
      for (std::int64_t k = 0; k < c; ++k) {
        for (std::int64_t j = 0; j < count; ++j) column[j] = out[(r + j) * c + k];
        write<T>(to, at + k * q_.inner, count, column);
      }
    });
  }

  static void scaled(const T* x, T* to, std::int64_t n, T s) {
    constexpr int w = width<T>;
    std::int64_t k = 0;
    for (; k + w <= n; k += w) store<T>(to + k, load(x + k) * s);
    for (; k < n; ++k) to[k] = x[k] * s;
  }

  // --- long rows, in passes, block by block: long_rows.hpp

  struct Long;
  Run(const Run& whole, Found& found)
      : q_(whole.q_), p_(whole.p_), found_(found), scalars_(whole.scalars_),
        outside_(whole.outside_) {
    lay_out();
  }
  void long_row(std::int64_t r);
  void blocks(const Long& row, std::size_t pass, std::int64_t begin, std::int64_t end,
              double* sums);
  void put_back(const Long& row);
  static bool is_max(const Instruction& i) {
    return i.op == static_cast<int>(Op::max_) || i.op == static_cast<int>(Op::max_absolute_);
  }
  void read_row(std::size_t s, std::int64_t r, bool all);
  bool look(std::size_t s, std::int64_t n) const;
  void chunk(std::size_t s, const Tile<T>& t, std::int64_t first, bool all);
  void put_chunk(const Tile<T>& t, std::int64_t first);
  bool is_read(std::size_t s) const {
    return p_.slots[s].span == of_element && read_[s] && !q_.values[s].labels;
  }

  const Programmed& q_;
  const Program& p_;
  Found& found_;
  std::vector<T> scalars_;
  std::array<char, Program::most_slots> read_{};  // whether a slot is: it may only be picked from
  bool turned_ = false, chunked_ = false, weighted_ = false;
  bool plain_ = false;  // all weights that are kept are 1
  std::int64_t rows_ = 1, capacity_ = 0, chunk_ = 0, block_ = 0, first_ = 0;
  T *memory_ = nullptr, *spare_ = nullptr;
  T** registers_ = nullptr;
  double *weights_ = nullptr, *sums_ = nullptr;
  std::int64_t* labels_ = nullptr;
  bool* outside_ = nullptr;
};

}  // namespace losskit::LOSSKIT_ISA

#include "long_rows.hpp"

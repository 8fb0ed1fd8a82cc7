// CTC: value and gradient of one sequence after the other.
//
// The sum over all alignments goes ahead and back over the frames (Graves et al. 2006), by
// probabilities, not their logarithms: a probability is a number from 1 to 2 and an exponent of its
// own, in float64, so that none underflows, a sum takes no logarithm, and what rounding adds up to
// does not grow with the logarithm. The blanks lie side by side, and so do the labels.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "scaled.hpp"
#include "softmax.hpp"

namespace losskit::LOSSKIT_ISA {
namespace alignments {

inline std::int64_t up(std::int64_t n) { return (n + w - 1) / w * w; }

// Being at each label and at each blank: m and e of the labels, then of the blanks, each with a
// vector of nothing before it and after it.
struct Places {
  double* at;
  std::int64_t span;

  Scaled label(std::int64_t j) const { return {load(at + w + j), load(at + span + w + j)}; }
  Scaled blank(std::int64_t j) const {
    return {load(at + 2 * span + w + j), load(at + 3 * span + w + j)};
  }
  void put_label(std::int64_t j, Scaled x) const {
    store(at + w + j, x.m);
    store(at + span + w + j, x.e);
  }
  void put_blank(std::int64_t j, Scaled x) const {
    store(at + 2 * span + w + j, x.m);
    store(at + 3 * span + w + j, x.e);
  }
  double& m_of_label(std::int64_t j) const { return at[w + j]; }
  double& e_of_label(std::int64_t j) const { return at[span + w + j]; }
  double& m_of_blank(std::int64_t j) const { return at[2 * span + w + j]; }
  double& e_of_blank(std::int64_t j) const { return at[3 * span + w + j]; }

  void clear() const {
    std::fill(at, at + span, 0.0);
    std::fill(at + span, at + 2 * span, no_exponent);
    std::fill(at + 2 * span, at + 3 * span, 0.0);
    std::fill(at + 3 * span, at + 4 * span, no_exponent);
  }
};

// An element of an array that need not be aligned.
template <class T>
LOSSKIT_INLINE T element(const T* from, std::int64_t i) {
  T x;
  std::memcpy(&x, from + i, sizeof x);
  return x;
}
template <class T>
LOSSKIT_INLINE void set_element(T* to, std::int64_t i, T x) {
  std::memcpy(to + i, &x, sizeof x);
}

// Memory of a thread that serves one sequence after another.
struct Memory {
  std::vector<std::int64_t> labels;
  // The classes that are said, each once; the first label that says each (behind the last: the blank);
  // which of them each label is, the blank last; of each class, which of them it is.
  std::vector<std::int64_t> classes, first, slots, place, way;
  // Of each frame: places, what it says (of each label, then of the blank: m, e, and m 2^e, for logits
  // less the largest), and the largest logit with the exponentials of all the others.
  std::vector<double> places, said, top, rest;
  std::vector<double> apart, x, low, through, says, beside;
};

template <class T>
class Sequences {
 public:
  Sequences(const Ctc& q, Found& found) : q_(q), found_(found) {
    whole_.classes = q.classes;
    whole_.logits.type = Type::float64;
    whole_.logits.contiguous = true;
    whole_.logits.dimensions = 1;
    whole_.logits.shape[0] = q.classes;
    whole_.logits.strides[0] = sizeof(double);
    direct_ = q.gradient && in_place<T>(q.gradient);
    exponentials_.resize(q.classes);
    if (!direct_) row_.resize(q.classes);
    read_.resize(q.classes);
    memory_.place.assign(q.classes, -1);
    memory_.classes.clear();
  }

  void run(std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      double weight = q_.weight ? read_one<double>(q_.weight, i) : 1.0;
      if (q_.keep && !read_one<std::uint8_t>(q_.keep, i)) weight = 0.0;
      found_.bad |= !(weight >= 0.0 && weight <= std::numeric_limits<T>::max());
      found_.weights += weight;
      double value = 0.0;
      if (weight == 0.0) {
        fill(i, 0, q_.frames, 0.0);
      } else {
        by_ = weight * q_.scale;
        value = weight * item(i);
      }
      found_.sum += value;
      if (q_.items) {
        const T rounded = static_cast<T>(value);
        write<T>(q_.items, i, 1, &rounded);
      }
    }
    for (auto* kept : {&memory_.places, &memory_.said, &memory_.rest}) keep_little(*kept);
  }

 private:
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  // The loss of a sequence; puts its gradient where that goes.
  double item(std::int64_t i) {
    const bool sound = read_labels(i) & read_frames(i);
    found_.bad |= !sound;
    if (!sound) return spoiled(i);
    prepare();
    double log_sums = 0.0;
    for (std::int64_t t = 0; t < n_; ++t) {
      if (!frame(i, t)) return spoiled(i);
      log_sums += std::log1p(memory_.rest[t]);
      step(t);
    }
    const Places end = places(n_);
    double m = end.m_of_blank(count_), e = end.e_of_blank(count_);
    if (count_ > 0) {
      const double m_of_label = end.m_of_label(count_ - 1), e_of_label = end.e_of_label(count_ - 1);
      const double top = std::max(e, e_of_label);
      m = std::ldexp(m, exponent(e - top)) + std::ldexp(m_of_label, exponent(e_of_label - top));
      e = top;
    }
    // From sqrt(1/2) to sqrt(2), where the logarithm loses least.
    while (m > 1.4142135623730951) {
      m *= 0.5;
      e += 1.0;
    }
    double loss = log_sums - (e * vocabulary::ln2<double> + std::log(m));
    if (m == 0.0 || loss > -0.5 * ruled_out) {
      rule_out(i);
      return q_.impossible;
    }
    // Of float32 it has digits enough until it is very small.
    if (std::abs(loss) < (sizeof(T) == 4 ? 1e-4 : 0.75)) loss = nearly_certain(i, loss);
    if (q_.gradient) back(i, m, e);
    fill(i, n_, q_.frames, 0.0);
    return loss;
  }

  // What `ldexp` takes, of any size.
  static int exponent(double e) { return static_cast<int>(std::clamp(e, -3000.0, 3000.0)); }

  bool read_labels(std::int64_t i) {
    auto& labels = memory_.labels;
    labels.resize(q_.labels);
    if (q_.labels > 0) {
      const auto* given = read<std::int64_t>(q_.target, i * q_.labels, q_.labels, labels.data());
      if (given != labels.data()) std::memcpy(labels.data(), given, q_.labels * sizeof *given);
    }
    const bool negative = q_.target.type != Type::uint64;
    count_ = 0;
    bool ended = false, sound = true;
    for (std::int64_t j = 0; j < q_.labels; ++j) {
      const std::int64_t label = labels[j];
      if (label == q_.blank || (label < 0 && negative)) {
        ended = true;
        continue;
      }
      sound &= !ended && 0 <= label && label < q_.classes;
      count_ = j + 1;
    }
    return sound;
  }

  bool read_frames(std::int64_t i) {
    n_ = q_.frames;
    if (!q_.lengths) return true;
    const double given = read_one<double>(q_.lengths, i);
    if (!(given >= 0.0 && given <= static_cast<double>(q_.frames) && given == std::floor(given)))
      return false;
    n_ = static_cast<std::int64_t>(given);
    return true;
  }

  // The memory of a sequence, and what follows from its labels.
  void prepare() {
    Memory& k = memory_;
    vectors_ = up(count_ + 1);
    span_ = vectors_ + 2 * w;
    said_ = 3 * (vectors_ + 1);
    const auto enough = [](std::vector<double>& x, std::int64_t size) {
      if (x.size() < static_cast<std::size_t>(size)) x.resize(size);
    };
    enough(k.places, (n_ + 2) * 4 * span_);
    enough(k.said, n_ * said_);
    enough(k.rest, n_);
    enough(k.top, n_);
    k.x.assign(vectors_, 0.0);
    k.low.assign(vectors_, 0.0);
    k.through.assign(vectors_, 0.0);
    // Whether a label may follow the one before it at once: added to the exponent.
    k.apart.assign(span_, no_exponent);
    for (std::int64_t j = 1; j < count_; ++j)
      if (k.labels[j] != k.labels[j - 1]) k.apart[j] = 0.0;
    // The classes that are said, each once, and which of them the labels are.
    for (const std::int64_t c : k.classes) k.place[c] = -1;
    k.classes.clear();
    k.first.clear();
    k.slots.resize(count_ + 1);
    for (std::int64_t j = 0; j <= count_; ++j) {
      const std::int64_t label = j < count_ ? k.labels[j] : q_.blank;
      if (k.place[label] < 0) {
        k.place[label] = static_cast<std::int64_t>(k.classes.size());
        k.classes.push_back(label);
        k.first.push_back(j);
      }
      k.slots[j] = k.place[label];
    }
    k.says.resize(k.classes.size());
    for (std::int64_t t = 0; t <= n_; ++t) edges(places(t));
    const Places start = places(0);
    start.clear();
    start.m_of_blank(0) = 1.0;
    start.e_of_blank(0) = 0.0;
  }

  // Nothing before the first place and after the last.
  void edges(const Places& p) const {
    for (int part = 0; part < 4; ++part) {
      double* at = p.at + part * span_;
      std::fill(at, at + w, part % 2 ? no_exponent : 0.0);
      std::fill(at + w + vectors_, at + span_, part % 2 ? no_exponent : 0.0);
    }
  }

  Places places(std::int64_t t) const {
    return {memory_.places.data() + t * 4 * span_, span_};
  }

  double* said(std::int64_t t) const { return memory_.said.data() + t * said_; }
  double& m_of_blank(std::int64_t t) const { return said(t)[3 * vectors_]; }
  double& e_of_blank(std::int64_t t) const { return said(t)[3 * vectors_ + 1]; }
  double& of_blank(std::int64_t t) const { return said(t)[3 * vectors_ + 2]; }

  T* row_of(std::int64_t i, std::int64_t t) {
    return direct_ ? reinterpret_cast<T*>(q_.gradient.data) + at(i, t) : row_.data();
  }
  std::int64_t at(std::int64_t i, std::int64_t t) const {
    return (i * q_.frames + t) * q_.classes;
  }
  void put_row(std::int64_t i, std::int64_t t, const T* row) const {
    if (!direct_) write<T>(q_.gradient, at(i, t), q_.classes, row);
  }

  const double* scores(std::int64_t i, std::int64_t t) const {
    return read<double>(q_.logits, at(i, t), q_.classes, read_.data());
  }

  // A score less the largest of its frame, and what is rounded off that.
  static double difference(double x, double top, double& low) {
    const double d = x - top, of_x = d + top, of_top = of_x - d;
    low = (x - of_x) - (top - of_top);
    return d;
  }

  // What a frame says, and the part of its gradient that does not depend on the labels. False if it
  // is NaN.
  bool frame(std::int64_t i, std::int64_t t) {
    Memory& k = memory_;
    const double* z = scores(i, t);
    double top = 0.0, rest = 0.0;
    T* row = q_.gradient ? row_of(i, t) : nullptr;
    if (q_.from_logits) {
      whole_.logits.data = reinterpret_cast<char*>(const_cast<double*>(z));
      // In float64 always: what frames round adds up, and a slope is what is left of p.
      const Row<double> r = read_row<double, false, false, false>(
          whole_, 0, 1.0, {}, exponentials_.data(), references_);
      top = r.top;
      rest = r.rest;
      if (!(rest >= 0.0)) {
        for (std::int64_t c = 0; c < q_.classes; ++c)
          if (std::isnan(element(z, c))) return false;
      }
      if (q_.gradient) probabilities(row, top, rest);
      // No distribution, where all classes are ruled out, or one is infinite: nothing can be said.
      if (!(rest >= 0.0)) top = std::numeric_limits<double>::infinity();
    } else {
      constexpr double infinity = std::numeric_limits<double>::infinity();
      Bits<V> spoiled = {}, outside = {};
      in_vectors<double>(q_.classes, [&](std::int64_t c, auto, auto part) LOSSKIT_INLINE_LAMBDA {
        V x;
        if constexpr (is_whole<decltype(part)>)
          x = load(z + c);
        else
          x = load_part(z + c, part, 0.0);
        spoiled |= x != x;
        outside |= x == splat(infinity);
      });
      // Infinite, it is no log-probability: what then has a value is for the formulas to say.
      found_.bad |= any<V>(outside);
      if (any<V>(spoiled | outside)) return false;
      if (q_.gradient) std::memset(row, 0, q_.classes * sizeof(T));
    }
    if (q_.gradient) put_row(i, t, row);
    k.top[t] = top;
    k.rest[t] = rest >= 0.0 ? rest : 0.0;
    bool all = true;
    for (std::int64_t j = 0; j <= count_; ++j) {
      const double x = element(z, j < count_ ? k.labels[j] : q_.blank);
      const double d = difference(x, top, k.low[j]);
      const bool there = d > ruled_out;
      k.x[j] = there ? d : 0.0;
      if (!there) k.low[j] = 0.0;
      all &= there;
    }
    double* to = said(t);
    for (std::int64_t j = 0; j < vectors_; j += w) {
      const Scaled s = exp_of(load(k.x.data() + j), load(k.low.data() + j));
      store(to + j, s.m);
      store(to + vectors_ + j, s.e);
      store(to + 2 * vectors_ + j, where<V>(s.e >= splat(-1022.0), s.m * power(s.e)));
    }
    for (std::int64_t j = 0; !all && j <= count_; ++j)
      if (!(element(z, j < count_ ? k.labels[j] : q_.blank) - top > ruled_out))
        to[j] = to[2 * vectors_ + j] = 0.0;
    m_of_blank(t) = to[count_];
    e_of_blank(t) = to[vectors_ + count_];
    of_blank(t) = to[2 * vectors_ + count_];
    std::fill(to + count_, to + vectors_, 0.0);  // no label
    return true;
  }

  // From a row's exponentials its probabilities, times what gradients are multiplied by.
  void probabilities(T* row, double top, double rest) {
    const auto count = static_cast<std::int64_t>(references_.size());
    for (std::int64_t c = 0; c < count; ++c) {
      const double shift = static_cast<double>(references_[c]) - top;
      const double scale = std::exp(shift) / (1.0 + rest) / exp_scale<double> * by_;
      const std::int64_t first = c * chunk, n = std::min(q_.classes - first, chunk);
      const double* e = exponentials_.data() + first;
      for (std::int64_t k = 0; k < n; ++k)
        set_element<T>(row, first + k, static_cast<T>(e[k] * scale));
    }
  }

  // From being at each place before a frame to being there after it.
  void step(std::int64_t t) {
    const Places from = places(t), to = places(t + 1);
    const double* said = this->said(t);
    const double* apart = memory_.apart.data();
    const Scaled of_blank = {splat(m_of_blank(t)), splat(e_of_blank(t))};
    for (std::int64_t j = 0; j < vectors_; j += w) {
      const Scaled label = from.label(j), blank = from.blank(j);
      Scaled before = from.label(j - 1);
      to.put_blank(j, normal(times(sum(blank, before), of_blank)));
      before.e += load(apart + j);
      const Scaled of_label = {load(said + j), load(said + vectors_ + j)};
      to.put_label(j, normal(times(sum(label, blank, before), of_label)));
    }
  }

  // The way back, and the gradient with it: of m 2^e in all, how much goes through each class.
  void back(std::int64_t i, double m, double e) {
    Memory& k = memory_;
    const Places now = {k.places.data() + (n_ + 1) * 4 * span_, span_};
    now.clear();
    V whole = splat(1.0 / m), exponent = splat(e);
    // So large they are rounded, and what goes through a frame adds up to another number in each.
    const bool far = std::abs(e) > 0x1p50;
    const double* apart = k.apart.data();
    const auto share = [&](Scaled ahead, Scaled back) LOSSKIT_INLINE_LAMBDA {
      const V d = (ahead.e + back.e) - exponent;
      return where<V>(d >= splat(-1022.0), ahead.m * back.m * power(d) * whole);
    };
    // What leads on from the places after a frame.
    const auto onward = [&](std::int64_t j, bool last, Scaled& label, Scaled& blank)
                            LOSSKIT_INLINE_LAMBDA {
      label = now.label(j);
      blank = now.blank(j);
      if (last) return;
      Scaled after = now.label(j + 1);
      const Scaled blank_after = now.blank(j + 1);
      blank = sum(blank, label);
      after.e += load(apart + j + 1);
      label = sum(label, blank_after, after);
    };
    for (std::int64_t t = n_ - 1; t >= 0; --t) {
      const Places there = places(t + 1);
      const double* said = this->said(t);
      const Scaled of_blank = {splat(m_of_blank(t)), splat(e_of_blank(t))};
      V blanks = {};
      const bool last = t == n_ - 1;
      if (last) {
        now.m_of_blank(count_) = 1.0;
        now.e_of_blank(count_) = 0.0;
        if (count_ > 0) {
          now.m_of_label(count_ - 1) = 1.0;
          now.e_of_label(count_ - 1) = 0.0;
        }
      }
      Scaled label, blank;
      if (far) {
        V top = splat(no_exponent), all = {};
        for (std::int64_t j = 0; j < vectors_; j += w) {
          onward(j, last, label, blank);
          top = greater(top, greater(there.label(j).e + label.e, there.blank(j).e + blank.e));
        }
        exponent = splat(largest(top));
        whole = splat(1.0);
        for (std::int64_t j = 0; j < vectors_; j += w) {
          onward(j, last, label, blank);
          all += share(there.label(j), label) + share(there.blank(j), blank);
        }
        whole = splat(1.0 / sum_of_lanes(all));
      }
      for (std::int64_t j = 0; j < vectors_; j += w) {
        onward(j, last, label, blank);
        blanks += share(there.blank(j), blank);
        store(k.through.data() + j, share(there.label(j), label));
        const Scaled of_label = {load(said + j), load(said + vectors_ + j)};
        now.put_blank(j, normal(times(blank, of_blank)));
        now.put_label(j, normal(times(label, of_label)));
      }
      put_slopes(i, t, sum_of_lanes(blanks));
    }
  }

  // The slopes of the classes that are said.
  void put_slopes(std::int64_t i, std::int64_t t, double blanks) {
    Memory& k = memory_;
    const auto classes = static_cast<std::int64_t>(k.classes.size());
    double* says = k.says.data();
    const double* said = this->said(t);
    const double rest = k.rest[t], of_one = 1.0 / (1.0 + rest);
    std::fill(says, says + classes, 0.0);
    for (std::int64_t j = 0; j < count_; ++j) says[k.slots[j]] += k.through[j];
    says[k.slots[count_]] += blanks;
    double total = 0.0, rivals = 0.0;
    std::int64_t most = 0;
    for (std::int64_t c = 0; c < classes; ++c) {
      total += says[c];
      if (says[c] > says[most]) most = c;
    }
    for (std::int64_t c = 0; c < classes; ++c) rivals += c == most ? 0.0 : says[c];
    T* row = direct_ ? row_of(i, t) : nullptr;
    for (std::int64_t c = 0; c < classes; ++c) {
      double slope = -says[c];
      if (q_.from_logits) {
        const std::int64_t j = k.first[c];
        const double of_top = j == count_ ? of_blank(t) : said[2 * vectors_ + j];
        const double p = of_top * of_one;
        // 1 - p of the largest would keep no digits of the others.
        const double complement = of_top == 1.0 ? rest * of_one : 1.0 - p;
        // Nor would the difference, of a class that is said for sure.
        const double others = c == most && 2.0 * says[c] > total ? rivals : total - says[c];
        slope = others * p - says[c] * complement;
      }
      const T scaled = static_cast<T>(slope * by_);
      if (row)
        set_element(row, k.classes[c], scaled);
      else
        write<T>(q_.gradient, at(i, t) + k.classes[c], 1, &scaled);
    }
  }

  // The loss near 0, where one alignment has more than half of all: what that says, by logarithms, and
  // how much the others add to it. The logarithm of the sum would be that of nearly 1.
  double nearly_certain(std::int64_t i, double loss) {
    Memory& k = memory_;
    const std::int64_t count = 2 * count_ + 1;
    // From the end back, by whichever place most comes from: of the labels, 2 n + 1 is the nth.
    k.way.assign(n_, 0);
    const auto skips = [&](std::int64_t s) { return s % 2 && s > 1 && k.apart[s / 2] == 0.0; };
    const auto better = [&](const Places& p, std::int64_t s, std::int64_t than) {
      const auto m = [&](std::int64_t s) { return s % 2 ? p.m_of_label(s / 2) : p.m_of_blank(s / 2); };
      const auto e = [&](std::int64_t s) { return s % 2 ? p.e_of_label(s / 2) : p.e_of_blank(s / 2); };
      return e(s) > e(than) || (e(s) == e(than) && m(s) > m(than));
    };
    std::int64_t place = count - 1;
    for (std::int64_t t = n_ - 1; t >= 0; --t) {
      const Places p = places(t + 1);
      const std::int64_t from = place;
      for (std::int64_t s = from - 1; s >= 0 && s >= from - 2; --s) {
        // Of the last blank and the last label, and then of what comes to the place.
        const bool may = s == from - 1 || (t < n_ - 1 && skips(from));
        if (may && better(p, s, place)) place = s;
      }
      k.way[t] = place;
    }
    auto& v = k.beside;  // what comes to each place, relative to the alignment, but for itself
    v.assign(count, 0.0);
    double own = 0.0, rounded = 0.0;
    const auto add = [&](double x) {
      const double sum = own + x, of_x = sum - own;
      rounded += (own - (sum - of_x)) + (x - of_x);
      own = sum;
    };
    place = 0;
    for (std::int64_t t = 0; t < n_; ++t) {
      const double* said = this->said(t);
      const auto m_of = [&](std::int64_t s) { return s % 2 ? said[s / 2] : m_of_blank(t); };
      const auto e_of = [&](std::int64_t s) {
        return s % 2 ? said[vectors_ + s / 2] : e_of_blank(t);
      };
      const std::int64_t next = k.way[t];
      const std::int64_t c = next % 2 ? k.labels[next / 2] : q_.blank;
      double low = 0.0;
      add(-difference(read_one<double>(q_.logits, at(i, t) + c), k.top[t], low));
      add(-low);
      add(std::log1p(k.rest[t]));
      const double by = 1.0 / m_of(next), e = e_of(next);
      const auto with = [&](std::int64_t s) { return v[s] + (s == place ? 1.0 : 0.0); };
      for (std::int64_t s = count - 1; s >= 0; --s) {
        // The alignment itself is one of those that come to its own place, and 1 is not to be added.
        double all = s == next ? v[s] : with(s);
        if (s > 0) all += s == next ? v[s - 1] : with(s - 1);
        if (skips(s)) all += s == next ? v[s - 2] : with(s - 2);
        v[s] = s == next || all == 0.0 ? all : all * std::ldexp(m_of(s) * by, exponent(e_of(s) - e));
      }
      place = next;
    }
    const double others = v[count - 1] + (count > 1 ? v[count - 2] : 0.0);
    return others < 1.0 ? (own - std::log1p(others)) + rounded : loss;
  }

  // --- what has no loss

  double spoiled(std::int64_t i) {
    fill(i, 0, q_.frames, nan);
    return nan;
  }

  // No alignment is possible: no slope, but NaN by what is no distribution.
  void rule_out(std::int64_t i) {
    if (!q_.gradient) return;
    fill(i, n_, q_.frames, 0.0);
    for (std::int64_t t = 0; t < n_; ++t) {
      const double top = largest_of(scores(i, t), q_.classes);
      fill(i, t, t + 1, q_.from_logits && std::isinf(top) ? nan : 0.0);
    }
  }

  void fill(std::int64_t i, std::int64_t begin, std::int64_t end, double x) {
    if (!q_.gradient || begin == end) return;
    const Lanes<T> all = splat(static_cast<T>(x));
    put<T>(q_.gradient, at(i, begin), (end - begin) * q_.classes, false,
           [&](std::int64_t, auto) LOSSKIT_INLINE_LAMBDA { return all; });
  }

  inline static thread_local Memory memory_;
  inline static thread_local std::vector<T> row_;
  inline static thread_local std::vector<double> exponentials_, read_, references_;
  const Ctc& q_;
  Found& found_;
  Softmax whole_;
  bool direct_ = false;
  double by_ = 1.0;
  std::int64_t count_ = 0, n_ = 0;  // labels and frames of the sequence
  std::int64_t vectors_ = 0, span_ = 0, said_ = 0;
};

}  // namespace alignments

template <class T>
void ctc_of(const Ctc& q, std::int64_t begin, std::int64_t end, Found& found) {
  alignments::Sequences<T>(q, found).run(begin, end);
}

}  // namespace losskit::LOSSKIT_ISA

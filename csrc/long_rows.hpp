// Long rows through a program: in passes that end where a reduction is needed, each over blocks of the
// row, on several threads where there are few rows. What the blocks come to is kept block by block, and
// put together in their order, so that the number of threads changes no bit.
#pragma once

#include "interpreter.hpp"

namespace losskit::LOSSKIT_ISA {

// What all blocks of a row have in common.
template <class T>
struct Run<T>::Long {
  std::int64_t row, first;  // which it is, and where its first element lies
  bool counts;
  double weight;
  std::int64_t label;
  std::vector<T> values;  // of the registers that are of rows
};

template <class T>
void Run<T>::long_row(std::int64_t r) {
  Tile<T> t{};
  t.registers = registers_;
  t.scalars = scalars_.data();
  t.rows = t.classes = 1;
  t.labels = labels_;
  t.sums = sums_;
  from(t, r);
  bool all = weigh(r, 1);
  for (std::size_t s = 0; s < p_.slots.size(); ++s) {
    registers_[s] = own(s);
    if (q_.values[s].labels) all &= labels(s, r, 1);
  }
  for (std::size_t s = 0; s < p_.slots.size(); ++s)  // when it is known whether the row counts
    if (p_.slots[s].span == of_row && !q_.values[s].labels) read_row(s, r, all);
  Long row{r, t.place(0, 0), all, weights_[0], labels_[0], {}};
  for (int k = 0; k < p_.registers_passes; ++k) row.values.push_back(registers_[k][0]);
  const std::int64_t count = (q_.classes + block_ - 1) / block_;
  std::vector<double> sums;
  for (std::size_t k = 0; k < p_.passes.size(); ++k) {
    const Program::Pass& pass = p_.passes[k];
    if (outside_ == nullptr) run(pass.once, t);
    for (const Instruction& i : pass.once) row.values[i.to] = registers_[i.to][0];
    const auto each = std::count_if(pass.each.begin(), pass.each.end(),
                                    [](const Instruction& i) { return i.span == of_row; });
    sums.assign(static_cast<std::size_t>(count * each), 0.0);
    std::atomic<bool> bad{false};
    auto work = [&](std::int64_t begin, std::int64_t end) {
      Found found;
      Run part(*this, found);
      for (std::int64_t b = begin; b < end; ++b)
        part.blocks(row, k, b * block_, std::min(q_.classes, (b + 1) * block_),
                    sums.data() + b * each);
      if (found.bad) bad.store(true, std::memory_order_relaxed);
    };
    share_out(
        [](void* context, std::int64_t begin, std::int64_t end) {
          (*static_cast<decltype(work)*>(context))(begin, end);
        },
        &work, count, q_.rows_shared);
    if (bad) {
      found_.bad = true;
      if (outside_ != nullptr) outside_[r - first_] = true;
    }
    if (outside_ != nullptr) return;
    std::size_t at = 0;
    for (const Instruction& i : pass.each) {
      if (i.span != of_row) continue;
      double all_blocks = sums[at];
      for (std::int64_t b = 1; b < count; ++b) {
        const double x = sums[static_cast<std::size_t>(b * each) + at];
        if (!is_max(i))
          all_blocks += x;
        else if (!(all_blocks >= x) && all_blocks == all_blocks)
          all_blocks = x;
      }
      row.values[i.to] = static_cast<T>(all_blocks);
      ++at;
    }
    put_back(row);
  }
  run(p_.after, t);
  if (q_.value >= 0) put_items(registers_[p_.outputs[q_.value].passes], r, 1);
  const int behind = q_.value + 1;
  for (std::size_t o = behind; o < p_.outputs.size(); ++o)
    if (p_.outputs[o].span == of_row)
      put_rows(registers_[p_.outputs[o].passes], q_.outputs[o - behind], r, 1);
    else if (p_.outputs[o].span == at_label)
      put_at_labels(t, registers_[p_.outputs[o].passes], q_.outputs[o - behind]);
}

// The registers as they are between blocks, which are computed in the same memory.
template <class T>
void Run<T>::put_back(const Long& row) {
  weights_[0] = row.weight;
  labels_[0] = row.label;
  for (int k = 0; k < p_.registers_passes; ++k) {
    registers_[k] = memory_ + k * capacity_;
    registers_[k][0] = row.values[k];
  }
}

// One pass over the elements from `begin` to `end`, and what their reductions come to.
template <class T>
void Run<T>::blocks(const Long& row, std::size_t k, std::int64_t begin, std::int64_t end,
                    double* sums) {
  const Program::Pass& pass = p_.passes[k];
  Tile<T> t{};
  t.registers = registers_;
  t.scalars = scalars_.data();
  t.rows = 1;
  t.labels = labels_;
  t.sums = sums_;
  from(t, row.row);
  put_back(row);
  for (const Instruction& i : pass.each)
    if (i.span == of_row) sums_[i.to] = is_max(i) ? -infinity : 0.0;
  for (std::int64_t c = begin; c < end; c += chunk_) {
    t.first = c;
    t.classes = std::min(chunk_, end - c);
    for (std::size_t s = 0; s < p_.slots.size(); ++s) {
      if (!is_read(s)) continue;
      chunk(s, t, row.first, row.counts);
      if (k == 0 && !p_.slots[s].shared && !look(s, t.classes)) found_.bad = true;
    }
    if (outside_ != nullptr) continue;
    run(pass.each, t);
    if (k + 1 == p_.passes.size()) put_chunk(t, row.first);
  }
  for (const Instruction& i : pass.each)
    if (i.span == of_row) *sums++ = sums_[i.to];
}

template <class T>
void Run<T>::read_row(std::size_t s, std::int64_t r, bool all) {
  own(s)[0] = all ? read_one<T>(q_.slots[s], r) : static_cast<T>(q_.values[s].stand_in);
  if (look(s, 1)) return;
  found_.bad = true;
  if (outside_ != nullptr) outside_[r - first_] = true;
}

// Whether what a slot's register holds lies in its domain.
template <class T>
bool Run<T>::look(std::size_t s, std::int64_t n) const {
  const SlotValues& v = q_.values[s];
  const bool bounded = v.low > -infinity || v.high < infinity;
  return (!v.finite && !bounded && v.few == 0) || sound(v, bounded, registers_[s], n);
}

// Reads a part of a row.
template <class T>
void Run<T>::chunk(std::size_t s, const Tile<T>& t, std::int64_t first, bool all) {
  registers_[s] = own(s);
  if (!all) {
    std::fill(own(s), own(s) + t.classes, static_cast<T>(q_.values[s].stand_in));
    return;
  }
  const View& from = q_.slots[s];
  if (!p_.slots[s].shared && q_.inner > 1) {
    for (std::int64_t k = 0; k < t.classes; ++k)
      own(s)[k] = read_one<T>(from, first + (t.first + k) * q_.inner);
    return;
  }
  const std::int64_t at = p_.slots[s].shared ? t.first : first + t.first;
  const T* x = read<T>(from, at, t.classes, own(s));
  if (t.classes % two == 0)
    registers_[s] = const_cast<T*>(x);
  else if (x != own(s))
    std::memcpy(own(s), x, t.classes * sizeof(T));
}

template <class T>
void Run<T>::put_chunk(const Tile<T>& t, std::int64_t first) {
  const int behind = q_.value + 1;
  for (std::size_t o = behind; o < p_.outputs.size(); ++o) {
    if (p_.outputs[o].span != of_element) continue;
    const View& to = q_.outputs[o - behind];
    const bool direct = q_.inner == 1 && in_place<T>(to);
    T* out = direct ? reinterpret_cast<T*>(to.data) + first + t.first : spare_;
    if (weights_[0] == 0.0)
      std::fill(out, out + t.classes, T(0));
    else
      scaled(registers_[p_.outputs[o].passes], out, t.classes, static_cast<T>(weight(0)));
    if (direct) continue;
    if (q_.inner == 1)
      write<T>(to, first + t.first, t.classes, spare_);
    else
      for (std::int64_t k = 0; k < t.classes; ++k)
        write<T>(to, first + (t.first + k) * q_.inner, 1, spare_ + k);
  }
}

}  // namespace losskit::LOSSKIT_ISA

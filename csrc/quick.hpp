// The commonest calls made short: one number, and its gradients if wanted, of whole arrays.
#pragma once

#include <nanobind/nanobind.h>

#include <array>
#include <optional>
#include <vector>

#include "arrays.hpp"

namespace losskit {

namespace nb = nanobind;

// Where the elements of an item lie in the prediction: so many axes from `first` on, which counts
// from the end if negative. None of one number.
struct Axes {
  int first = 0, count = 0;
};

// What a slot of a loss is of.
enum class Of { element, row, all };

// What the sum of the items is divided by.
enum class Over { none, items, weights };

// The arrays of a call, slot by slot, and what is made of them. `sound` is false where they are not
// all of one library, or do not fit as they are: then the long way computes the same, or says what
// is wrong.
class Quick {
 public:
  static constexpr std::size_t most = 8;  // of slots

  // arrays: a tuple.
  Quick(nb::handle arrays, std::size_t main, Axes axes);

  // Whether a slot has the shape of what it is of; one of labels holds integers.
  bool fits(std::size_t slot, Of of, bool labels) const;
  // Makes a gradient by a slot, or takes the array that is there for it; false if that does not fit.
  bool gradient(std::size_t slot, nb::handle out);
  // Takes a weight for each class; false if one is none.
  bool weigh(nb::handle by_class);
  // Makes them the weights of rows by their labels; false if a label is none.
  bool weigh_rows(const View& labels, bool ignores, std::int64_t ignored);
  // Takes weights of the items and which of them count, each if not None. False if they do not fit.
  bool take_items(nb::handle weight, nb::handle keep);
  // What the items are divided by; not above 0 where that takes a closer look.
  double divisor(Over over, const View* labels, bool ignores, std::int64_t ignored) const;

  bool is_of_items(const Array& a) const;
  const Array& at(std::size_t slot) const { return *held_[slot]; }
  const Array& prediction() const { return *held_[main_]; }
  std::int64_t rows() const { return outer * inner; }
  // The weights of the classes, if there are any; kept here.
  const double* of_classes() const { return of_classes_.empty() ? nullptr : of_classes_.data(); }

  bool sound = false;
  std::size_t slots = 0;
  std::int64_t outer = 1, classes = 1, inner = 1;
  std::array<std::optional<Array>, most> to;  // of the gradients
  std::size_t gradients = 0;
  View weight, keep;  // of each row, if there are any

  // (value, gradients), as the arrays' library has them; of a tensor of half precision a number of
  // Python's.
  nb::object result(double value) const;

 private:
  std::array<std::optional<Array>, most> held_;
  std::optional<Array> item_weights_, kept_;
  std::array<nb::object, most> made_;
  std::array<nb::handle, most> given_;
  std::size_t main_;
  int first_ = 0, own_ = 0;
  std::vector<double> weights_, of_classes_;
};

}  // namespace losskit

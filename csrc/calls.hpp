// The kernels as Python sees them: a loss with its parameters, called with arrays.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "dispatch.hpp"
#include "parts.hpp"
#include "program.hpp"
#include "quick.hpp"

namespace losskit {

namespace nb = nanobind;

// Below this many elements it does not pay to let other Python threads run meanwhile.
inline constexpr std::int64_t worth_releasing = 1 << 12;

// Lets other Python threads run while a call of so many elements is computed.
class Released {
 public:
  explicit Released(std::int64_t elements)
      : state_(elements >= worth_releasing ? PyEval_SaveThread() : nullptr) {}
  ~Released() { take_back(state_); }
  Released(const Released&) = delete;

 private:
  static void take_back(PyThreadState* state) noexcept;

  PyThreadState* state_;
};

// (sum, sum of the weights), or None if a value lies outside its domain.
inline nb::object result(const Found& found) {
  if (found.bad) return nb::none();
  return nb::make_tuple(found.sum, found.weights);
}

// NumPy's own names that a call needs; looked up once.
struct Numpy {
  nb::object ndarray, empty_like, float32, float64;
  Numpy();
};
const Numpy& numpy();

// How a quick call is made of a whole.
struct How {
  nb::handle by, out;       // by which slots gradients are wanted; where the first of them goes, or None
  nb::handle by_class;      // the weight of each class, or None,
  bool weighs;              // and whether it weighs the items
  nb::handle weight, keep;  // of each item, or None
  Over over;
  double number;  // what the sum is divided by, if above 0, in place of that
  double factor;  // of gradients
};

// A pointwise card with its parameters.
class PointwiseKernel {
 public:
  PointwiseKernel(int card, bool wide, std::vector<double> parameters, double floor,
                  double complement_floor, double prediction_low, double prediction_high);

  // y, p: target and prediction; weight, keep: per element, or None; items, slope, curve: where they
  // go, or None; derivatives are multiplied by `scale`. (sum, sum of weights), or None.
  nb::object run(nb::handle y, nb::handle p, nb::handle weight, nb::handle keep, double scale,
                 bool value, nb::handle items, nb::handle slope, nb::handle curve) const;
  // (value, gradients) of a tuple of arrays, or None.
  nb::object mean(nb::handle arrays, const How& how) const;

 private:
  Found compute(const Pointwise& q, std::int64_t n) const;

  int card_;
  bool wide_;
  std::vector<double> parameters_;
  Pointwise q_;
};

// Softmax cross-entropy with its parameters.
class SoftmaxKernel {
 public:
  SoftmaxKernel(bool dense, bool wide, int axis, bool ignores, std::int64_t ignored,
                double smoothing, double z_loss, double temperature);

  // Logits are (outer, classes, inner); the rest as above, per row.
  nb::object run(nb::handle y, nb::handle z, std::int64_t outer, std::int64_t classes,
                 std::int64_t inner, nb::handle weight, nb::handle keep, double scale,
                 nb::handle items, nb::handle gradient, nb::handle class_weight) const;
  nb::object mean(nb::handle arrays, const How& how) const;

 private:
  Found compute(const Softmax& q) const;

  bool wide_;
  int axis_;
  Softmax q_;
};

// CTC with its parameters.
class CtcKernel {
 public:
  CtcKernel(bool wide, std::int64_t blank, bool from_logits, double impossible);

  // Scores are (count, frames, classes), labels (count, labels); lengths: how many frames each has, or
  // None; the rest as above, per sequence.
  nb::object run(nb::handle y, nb::handle z, nb::handle lengths, std::int64_t count,
                 std::int64_t frames, std::int64_t classes, nb::handle weight, nb::handle keep,
                 double scale, nb::handle items, nb::handle gradient) const;
  nb::object mean(nb::handle arrays, const How& how) const;

 private:
  Found compute(const Ctc& q) const;

  bool wide_;
  Ctc q_;
};

// A card's program with its parameters, and what its slots may hold.
class ProgramKernel {
 public:
  // program: in bytes; values: of each slot, as numbers.
  // main, axes: the slot that says what the items are, and where their elements lie in it.
  ProgramKernel(bool wide, std::string_view program, std::vector<double> parameters, bool value,
                const std::vector<double>& values, std::optional<std::int64_t> ignored, double floor,
                double complement_floor, std::size_t main, Axes axes);

  // Arrays slot by slot; rows are (outer, classes, inner); weight, keep: of each row, or None;
  // outputs: where derivatives go, multiplied by `scale`. (sum, sum of weights), or None.
  nb::object run(nb::sequence arrays, std::int64_t outer, std::int64_t classes, std::int64_t inner,
                 nb::handle weight, nb::handle keep, double scale, nb::handle items,
                 nb::sequence outputs) const;
  // The slots by which there are gradients are the program's.
  nb::object mean(nb::handle arrays, const How& how) const;

 private:
  Found compute(Programmed& q) const;

  bool wide_;
  std::size_t main_;
  Axes axes_;
  std::shared_ptr<const Program> program_;
  std::vector<double> parameters_;
  Programmed q_;
};

void log_softmax(nb::handle z, nb::handle out, bool wide, std::int64_t rows, std::int64_t classes);

// How often each class stands in each row of labels (int64), of which the first -1 is the end: into
// counts (float32) of the same shape. Returns whether all labels are classes.
bool tally(nb::handle labels, nb::handle counts, std::int64_t classes);

// Labels in rows, the first of each as many as its length says, as CTC takes them: the others are -1;
// into `rows`. The inverse of each length, at the most 1, into `inverse`. All are int64, but for the
// last, which is float64. Returns whether all lengths are lengths, and all labels classes but for the
// blank.
bool label_rows(nb::handle labels, nb::handle lengths, nb::handle rows, nb::handle inverse,
                std::int64_t classes, std::int64_t blank);

}  // namespace losskit

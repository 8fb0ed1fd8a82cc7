// What the Python side asks of a kernel: plain data, shared by all instruction sets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace losskit {

enum class Type : std::uint8_t {
  float32, float64, float16, bfloat16,
  uint8, int8, uint16, int16, uint32, int32, uint64, int64, boolean,
};

// How far outside its range a number of float32 may lie and still be read as rounding.
inline constexpr double least_slack = 1e-5;

// The same for a number of that type, of a domain that has such a margin: in a narrow type four times
// its spacing, as `Domain.ends` has it.
inline double slack_of(Type type, double slack) {
  const double spacing = type == Type::float16 ? 0x1p-10 : type == Type::bfloat16 ? 0x1p-7 : 0.0;
  return slack == 0.0 ? 0.0 : slack < 4.0 * spacing ? 4.0 * spacing : slack;
}

// An array: elements of a type at an address, with strides in bytes. Dimensions of length 1 are gone,
// and neighbours that lie as one are joined.
struct View {
  static constexpr int most_dimensions = 32;

  char* data = nullptr;
  Type type = Type::float32;
  bool contiguous = false;
  int dimensions = 0;
  std::int64_t shape[most_dimensions];
  std::int64_t strides[most_dimensions];

  explicit operator bool() const { return data != nullptr; }
};

// What a task found: the sum of the weighted items, the sum of the weights, and whether anything that
// counts lies outside its domain (then the Python side looks for it and says where).
struct Found {
  double sum = 0.0;
  double weights = 0.0;
  bool bad = false;
};

// A pointwise loss: what is wanted is where there is an array for it; the sum always is.
struct Pointwise {
  View target, prediction, weight, keep;
  View items, slope, curve;
  bool value = true;           // whether the items or their sum are wanted
  const double* parameters = nullptr;
  double scale = 1.0;          // of slope and curve
  // What p and 1 - p are read as at least, if above what the computation's own type has.
  double floor = 0.0, complement_floor = 0.0;
  double prediction_low = 0.0, prediction_high = 0.0;  // the prediction's domain
  bool past_caches = false;
};

// log(softmax(logits)) along the last axis.
struct LogSoftmax {
  View logits, out;
  std::int64_t rows = 0, classes = 0;
  bool past_caches = false;
};

// Softmax cross-entropy over rows: classes lie `inner` elements apart, `outer * inner` rows in all.
struct Softmax {
  View logits;
  View target;  // class labels, one per row, or (dense) shares in the shape of the logits
  View weight, keep;
  View class_weight;  // one for each class: what its share of the target is multiplied by
  View items, gradient;
  std::int64_t outer = 0, classes = 0, inner = 1;
  bool dense = false;
  bool ignores = false;
  std::int64_t ignored = 0;
  double smoothing = 0.0, z_loss = 0.0, temperature = 1.0;
  double scale = 1.0;  // of the gradient
  bool past_caches = false;

  std::int64_t rows() const { return outer * inner; }
};

// CTC of pairs of sequences: scores (items, frames, classes), labels (items, labels).
struct Ctc {
  View target, logits;
  View lengths;  // how many frames each has; all for none
  View weight, keep;
  View items, gradient;
  std::int64_t count = 0, frames = 0, classes = 0, labels = 0;
  std::int64_t blank = 0;
  bool from_logits = true;   // or logarithms of probabilities
  double impossible = 0.0;   // the loss where no alignment is possible
  double scale = 1.0;        // of the gradient
};

// How many elements one thread takes at a time: fixed, since sums are made of these parts.
inline constexpr std::int64_t elements_per_task = 16384;

// What names the text of a card, and how many parameters it takes.
struct CardText {
  std::string fingerprint;
  int parameters;
};

struct Programmed;

// Everything that is compiled once for each instruction set. `wide`: computed in float64.
struct Kernels {
  const char* isa;
  void (*pointwise)(int card, bool wide, const Pointwise&, std::int64_t begin, std::int64_t end,
                    Found&);
  void (*softmax)(bool wide, const Softmax&, std::int64_t begin, std::int64_t end, Found&);
  // Whether each item begin <= i < end lies outside its domain, where one of them does.
  void (*pointwise_outside)(int card, bool wide, const Pointwise&, std::int64_t begin,
                            std::int64_t end, bool* outside);
  void (*softmax_outside)(bool wide, const Softmax&, std::int64_t begin, std::int64_t end,
                          bool* outside);
  void (*program)(bool wide, const Programmed&, std::int64_t begin, std::int64_t end, Found&);
  void (*program_outside)(bool wide, const Programmed&, std::int64_t begin, std::int64_t end,
                          bool* outside);
  // Spoils itself what lies outside its domain.
  void (*ctc)(bool wide, const Ctc&, std::int64_t begin, std::int64_t end, Found&);
  void (*log_softmax)(bool wide, const LogSoftmax&, std::int64_t begin, std::int64_t end);
  // The cards, in the order of their numbers.
  std::vector<CardText> (*cards)();
  void (*copy)(const char* from, char* to, std::int64_t bytes);
  // Numbers of an array, from one on, in float64.
  void (*numbers)(const View& from, std::int64_t begin, std::int64_t n, double* to);
  // The sum of so many, a multiple of 64.
  double (*sum)(const double* from, std::int64_t n);
};

}  // namespace losskit

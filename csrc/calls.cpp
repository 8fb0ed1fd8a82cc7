#include "calls.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "memory.hpp"

namespace losskit {

// --- the short way

Numpy::Numpy() {
  const nb::module_ np = nb::module_::import_("numpy");
  ndarray = np.attr("ndarray");
  empty_like = np.attr("empty_like");
  float32 = np.attr("float32");
  float64 = np.attr("float64");
}

const Numpy& numpy() {
  // Never freed: at exit Python may be gone before this library is.
  static const Numpy* names = new Numpy;
  return *names;
}

void Released::take_back(PyThreadState* state) noexcept {
  if (state == nullptr) return;
  try {
    PyEval_RestoreThread(state);
  } catch (...) {
    // Python is ending, and before 3.14 ends a daemon thread that comes back by unwinding its stack,
    // which cannot go through frames that promise not to throw. So the thread stays here: the process
    // does not wait for it.
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
}

// --- pointwise

PointwiseKernel::PointwiseKernel(int card, bool wide, std::vector<double> parameters,
                                 double floor, double complement_floor, double prediction_low,
                                 double prediction_high)
    : card_(card), wide_(wide), parameters_(std::move(parameters)) {
  q_.floor = floor;
  q_.complement_floor = complement_floor;
  q_.prediction_low = prediction_low;
  q_.prediction_high = prediction_high;
}

Found PointwiseKernel::compute(const Pointwise& q, std::int64_t n) const {
  const Kernels& k = kernels();
  const Released released(n);
  return in_parts(n, elements_per_task, n, [&](std::int64_t begin, std::int64_t end, Found& found) {
    k.pointwise(card_, wide_, q, begin, end, found);
  });
}

nb::object PointwiseKernel::run(nb::handle y, nb::handle p, nb::handle weight, nb::handle keep,
                                double scale, bool value, nb::handle items, nb::handle slope,
                                nb::handle curve) const {
  const Array target(y, false), prediction(p, false), weights(weight, false), kept(keep, false);
  const Array to_items(items, true), to_slope(slope, true), to_curve(curve, true);
  const std::int64_t n = prediction.size();
  require(target.size() == n, "target and prediction differ in size");
  for (const Array* a : {&weights, &kept, &to_items, &to_slope, &to_curve})
    require(!a->view() || a->size() == n, "an array differs in size from the prediction");
  Pointwise q = q_;
  q.parameters = parameters_.data();
  q.target = target.view();
  q.prediction = prediction.view();
  q.weight = weights.view();
  q.keep = kept.view();
  q.items = to_items.view();
  q.slope = to_slope.view();
  q.curve = to_curve.view();
  q.scale = scale;
  q.value = value;
  q.past_caches = past_caches(n, wide_);
  return result(compute(q, n));
}

namespace {

// Whether a kernel that computes in float64 or not is one for these predictions.
bool of_kind(const Array& p, bool wide) {
  return wide ? p.view().type == Type::float64
              : p.view().type == Type::float32 || p.view().type == Type::float16 ||
                    p.view().type == Type::bfloat16;
}

// Makes the gradients that are wanted; false if the array for one does not fit.
bool make_gradients(Quick& call, const How& how) {
  const auto count = PyTuple_Size(how.by.ptr());
  require(count <= static_cast<Py_ssize_t>(Quick::most), "there are too many gradients");
  for (Py_ssize_t k = 0; k < count; ++k) {
    const auto slot = nb::cast<std::size_t>(nb::handle(PyTuple_GetItem(how.by.ptr(), k)));
    require(slot < call.slots, "there is no such slot");
    if (!call.gradient(slot, k == 0 ? how.out : nb::handle(Py_None))) return false;
  }
  return true;
}

// Takes weights of the items, and which of them count; false if they do not fit.
template <class Request>
bool take_items(Quick& call, const How& how, Request& q) {
  if (!call.take_items(how.weight, how.keep)) return false;
  q.weight = call.weight;
  q.keep = call.keep;
  return true;
}

// What the sum of the items is divided by; not above 0 where that takes a closer look.
double divided_by(const Quick& call, const How& how, const View* labels, bool ignores,
                  std::int64_t ignored) {
  return how.number > 0.0 ? how.number : call.divisor(how.over, labels, ignores, ignored);
}

nb::object made(const Quick& call, const Found& found, double divisor) {
  // Weights that add up to infinity are an error, which the long way says.
  const bool sound = !found.bad && found.weights < std::numeric_limits<double>::infinity();
  return sound ? call.result(found.sum / divisor) : nb::none();
}

}  // namespace

nb::object PointwiseKernel::mean(nb::handle arrays, const How& how) const {
  Quick call(arrays, 1, {});
  if (!call.sound || call.slots != 2 || !of_kind(call.prediction(), wide_)) return nb::none();
  if (!call.fits(0, Of::element, false) || !how.by_class.is_none()) return nb::none();
  Pointwise q = q_;
  if (!take_items(call, how, q)) return nb::none();
  const std::int64_t n = call.prediction().size();
  const double divisor = divided_by(call, how, nullptr, false, 0);
  if (!(divisor > 0.0) || !make_gradients(call, how)) return nb::none();
  q.parameters = parameters_.data();
  q.target = call.at(0).view();
  q.prediction = call.prediction().view();
  if (call.gradients > 0) q.slope = call.to[0]->view();
  q.scale = how.factor / divisor;
  q.past_caches = past_caches(n, wide_);
  return made(call, compute(q, n), divisor);
}

// --- softmax

SoftmaxKernel::SoftmaxKernel(bool dense, bool wide, int axis, bool ignores, std::int64_t ignored,
                             double smoothing, double z_loss, double temperature)
    : wide_(wide), axis_(axis) {
  q_.dense = dense;
  q_.ignores = ignores;
  q_.ignored = ignored;
  q_.smoothing = smoothing;
  q_.z_loss = z_loss;
  q_.temperature = temperature;
}

Found SoftmaxKernel::compute(const Softmax& q) const {
  const std::int64_t elements = q.rows() * q.classes;
  const Kernels& k = kernels();
  const Released released(elements);
  return in_parts(q.rows(), rows_per_part(q.classes), elements,
                  [&](std::int64_t begin, std::int64_t end, Found& found) {
                    k.softmax(wide_, q, begin, end, found);
                  });
}

nb::object SoftmaxKernel::run(nb::handle y, nb::handle z, std::int64_t outer, std::int64_t classes,
                              std::int64_t inner, nb::handle weight, nb::handle keep, double scale,
                              nb::handle items, nb::handle gradient,
                              nb::handle class_weight) const {
  const Array target(y, false), logits(z, false), weights(weight, false), kept(keep, false);
  const Array by_class(class_weight, false);
  const Array to_items(items, true), to_gradient(gradient, true);
  Softmax q = q_;
  q.outer = outer;
  q.classes = classes;
  q.inner = inner;
  const std::int64_t rows = q.rows(), n = logits.size();
  require(outer >= 0 && classes > 0 && inner > 0 && rows * classes == n,
          "the logits are not rows of classes");
  require(target.size() == (q.dense ? n : rows), "the target differs in size");
  for (const Array* a : {&weights, &kept, &to_items})
    require(!a->view() || a->size() == rows, "an array of items differs in size from the rows");
  require(!to_gradient.view() || to_gradient.size() == n, "the gradient differs in size");
  require(!by_class.view() || by_class.size() == classes, "class weights are not one per class");
  q.class_weight = by_class.view();
  q.logits = logits.view();
  q.target = target.view();
  q.weight = weights.view();
  q.keep = kept.view();
  q.items = to_items.view();
  q.gradient = to_gradient.view();
  q.scale = scale;
  q.past_caches = past_caches(n, wide_);
  return result(compute(q));
}

nb::object SoftmaxKernel::mean(nb::handle arrays, const How& how) const {
  Quick call(arrays, 1, {axis_, 1});
  if (!call.sound || call.slots != 2 || !of_kind(call.prediction(), wide_)) return nb::none();
  if (!call.fits(0, q_.dense ? Of::element : Of::row, !q_.dense)) return nb::none();
  Softmax q = q_;
  q.target = call.at(0).view();
  if (!take_items(call, how, q)) return nb::none();
  std::optional<Array> by_class;
  if (!how.by_class.is_none()) {
    if (!q.dense && (q.weight || q.keep)) return nb::none();
    if (!call.weigh(how.by_class)) return nb::none();
    if (!q.dense && !call.weigh_rows(q.target, q.ignores, q.ignored)) return nb::none();
    if (how.weighs)
      q.weight = call.weight;
    else
      q.class_weight = by_class.emplace(how.by_class, false).view();
  }
  const double divisor = divided_by(call, how, &q.target, q.ignores, q.ignored);
  if (!(divisor > 0.0) || !make_gradients(call, how)) return nb::none();
  q.outer = call.outer;
  q.classes = call.classes;
  q.inner = call.inner;
  q.logits = call.prediction().view();
  if (call.gradients > 0) q.gradient = call.to[0]->view();
  q.scale = how.factor / divisor;
  q.past_caches = past_caches(call.prediction().size(), wide_);
  return made(call, compute(q), divisor);
}

// --- CTC

CtcKernel::CtcKernel(bool wide, std::int64_t blank, bool from_logits, double impossible)
    : wide_(wide) {
  q_.blank = blank;
  q_.from_logits = from_logits;
  q_.impossible = impossible;
}

Found CtcKernel::compute(const Ctc& q) const {
  const Kernels& k = kernels();
  const Released released(q.count * q.frames * q.classes);
  return in_parts(q.count, sequences_per_part(q), q.count * elements_of_sequence(q),
                  [&](std::int64_t begin, std::int64_t end, Found& found) {
                    k.ctc(wide_, q, begin, end, found);
                  });
}

nb::object CtcKernel::run(nb::handle y, nb::handle z, nb::handle lengths, std::int64_t count,
                          std::int64_t frames, std::int64_t classes, nb::handle weight,
                          nb::handle keep, double scale, nb::handle items,
                          nb::handle gradient) const {
  const Array target(y, false), scores(z, false), given(lengths, false), weights(weight, false);
  const Array kept(keep, false), to_items(items, true), to_gradient(gradient, true);
  Ctc q = q_;
  q.count = count;
  q.frames = frames;
  q.classes = classes;
  require(count > 0 && frames > 0 && q.blank < classes && scores.size() == count * frames * classes,
          "the scores are not frames of classes, the blank among them");
  q.labels = target.size() / count;
  require(q.labels * count == target.size(), "the labels are not rows, one for each sequence");
  for (const Array* a : {&given, &weights, &kept, &to_items})
    require(!a->view() || a->size() == count, "an array of items differs in size from the sequences");
  require(!to_gradient.view() || to_gradient.size() == scores.size(),
          "the gradient differs in size");
  q.target = target.view();
  q.logits = scores.view();
  q.lengths = given.view();
  q.weight = weights.view();
  q.keep = kept.view();
  q.items = to_items.view();
  q.gradient = to_gradient.view();
  q.scale = scale;
  return result(compute(q));
}

nb::object CtcKernel::mean(nb::handle arrays, const How& how) const {
  Quick call(arrays, 1, {-2, 2});
  if (!call.sound || call.slots < 2 || call.slots > 3 || !of_kind(call.prediction(), wide_))
    return nb::none();
  const Array &y = call.at(0), &p = call.prediction();
  const int own = y.dimensions() - 1;
  if (y.view().type < Type::uint8 || own != p.dimensions() - 2 || !how.by_class.is_none())
    return nb::none();
  for (int k = 0; k < own; ++k)
    if (y.shape()[k] != p.shape()[k]) return nb::none();
  Ctc q = q_;
  q.count = call.rows();
  q.frames = p.shape()[own];
  q.classes = p.shape()[own + 1];
  q.labels = y.shape()[own];
  if (q.blank >= q.classes) return nb::none();
  if (call.slots > 2) {
    if (!call.fits(2, Of::row, false)) return nb::none();
    q.lengths = call.at(2).view();
  }
  if (!take_items(call, how, q)) return nb::none();
  const double divisor = divided_by(call, how, nullptr, false, 0);
  if (!(divisor > 0.0) || !make_gradients(call, how)) return nb::none();
  q.target = y.view();
  q.logits = p.view();
  if (call.gradients > 0) q.gradient = call.to[0]->view();
  q.scale = how.factor / divisor;
  return made(call, compute(q), divisor);
}

// --- programs

ProgramKernel::ProgramKernel(bool wide, std::string_view program, std::vector<double> parameters,
                             bool value, const std::vector<double>& values,
                             std::optional<std::int64_t> ignored, double floor,
                             double complement_floor, std::size_t main, Axes axes)
    : wide_(wide),
      main_(main),
      axes_(axes),
      program_(Program::read(program)),
      parameters_(std::move(parameters)) {
  q_.take(*program_, SlotValues::read(values), parameters_);
  q_.value = value ? 0 : -1;
  q_.ignores = ignored.has_value();
  q_.ignored = ignored.value_or(0);
  q_.floor = floor;
  q_.complement_floor = complement_floor;
}

nb::object ProgramKernel::run(nb::sequence arrays, std::int64_t outer, std::int64_t classes,
                              std::int64_t inner, nb::handle weight, nb::handle keep, double scale,
                              nb::handle items, nb::sequence outputs) const {
  Programmed q = q_;
  q.outer = outer;
  q.classes = classes;
  q.inner = inner;
  q.scale = scale;
  require(outer >= 0 && classes > 0 && inner > 0, "the arrays are not rows of elements");
  const std::int64_t rows = q.rows(), n = rows * classes;
  const auto size = [&](const Slot& s) {
    return s.shared ? classes : s.span == of_element ? n : rows;
  };
  std::array<std::optional<Array>, 2 * Program::most_slots> held;
  std::size_t s = 0, h = 0;
  for (nb::handle x : arrays) {
    require(s < program_->slots.size(), "there are more arrays than the program takes");
    const Array& a = held[h++].emplace(x, false);
    require(a.size() == size(program_->slots[s]), "an array of the program has another size");
    q.slots[s++] = a.view();
  }
  require(s == program_->slots.size(), "there are fewer arrays than the program takes");
  std::size_t o = q.value + 1, k = 0;
  for (nb::handle x : outputs) {
    require(o < program_->outputs.size(), "there are more results than the program has");
    const Array& a = held[h++].emplace(x, true);
    require(a.size() == (program_->outputs[o].span == of_row ? rows : n),
            "a result of the program has another size");
    q.outputs[k++] = a.view();
    ++o;
  }
  require(o == program_->outputs.size(), "there are fewer results than the program has");
  const Array weights(weight, false), kept(keep, false), to_items(items, true);
  for (const Array* a : {&weights, &kept, &to_items})
    require(!a->view() || a->size() == rows, "an array of items differs in size from the rows");
  q.weight = weights.view();
  q.keep = kept.view();
  q.items = to_items.view();
  q.past_caches = past_caches(n, wide_);
  return result(compute(q));
}

nb::object ProgramKernel::mean(nb::handle arrays, const How& how) const {
  Quick call(arrays, main_, axes_);
  const std::size_t count = program_->slots.size();
  if (!call.sound || call.slots != count || !of_kind(call.prediction(), wide_)) return nb::none();
  Programmed q = q_;
  const View* labels = nullptr;
  for (std::size_t s = 0; s < count; ++s) {
    const Slot& slot = program_->slots[s];
    const Of of = slot.shared ? Of::all : slot.span == of_element ? Of::element : Of::row;
    if (!call.fits(s, of, q.values[s].labels)) return nb::none();
    q.slots[s] = call.at(s).view();
    if (slot.shared && !q.slots[s].contiguous) return nb::none();
    if (q.values[s].labels) labels = &q.slots[s];
  }
  if (!take_items(call, how, q)) return nb::none();
  if (!how.by_class.is_none()) {
    if (q.weight || q.keep || labels == nullptr || !call.weigh(how.by_class)) return nb::none();
    if (how.weighs) q.of_classes = call.of_classes();
  }
  const double divisor = divided_by(call, how, labels, q.ignores, q.ignored);
  if (!(divisor > 0.0) || !make_gradients(call, how)) return nb::none();
  require(call.gradients + q.value + 1 == program_->outputs.size(),
          "the program has other gradients");
  for (std::size_t k = 0; k < call.gradients; ++k) q.outputs[k] = call.to[k]->view();
  q.outer = call.outer;
  q.classes = call.classes;
  q.inner = call.inner;
  q.scale = how.factor / divisor;
  q.past_caches = past_caches(q.rows() * q.classes, wide_);
  return made(call, compute(q), divisor);
}

namespace {

// How many elements that are computed one after another take as long as one at a row's label.
constexpr std::int64_t at_label_worth = 8;

// Makes the results of rows 0, as far as they lie in one piece.
void clear(Programmed& q) {
  bool all = true;
  for (std::size_t o = q.value + 1, k = 0; o < q.program->outputs.size(); ++o, ++k)
    all &= q.program->outputs[o].span != at_label || q.outputs[k].contiguous;
  if (!all) return;
  constexpr std::int64_t part = std::int64_t{1} << 19;  // in bytes
  for (std::size_t o = q.value + 1, k = 0; o < q.program->outputs.size(); ++o, ++k) {
    if (q.program->outputs[o].span != at_label) continue;
    const View& to = q.outputs[k];
    const std::int64_t size = to.type == Type::float64 ? 8 : to.type == Type::float32 ? 4 : 2;
    const std::int64_t bytes = q.rows() * q.classes * size;
    for_each_task((bytes + part - 1) / part, bytes > part, [&](std::int64_t i) {
      std::memset(to.data + i * part, 0, std::min(part, bytes - i * part));
    });
  }
  q.cleared = true;
}

}  // namespace

Found ProgramKernel::compute(Programmed& q) const {
  const Kernels& k = kernels();
  const std::int64_t elements = q.rows() * q.classes;
  const Released released(elements);
  if (q.at_labels) clear(q);
  q.rows_shared = !q.at_labels && few_long_rows(q.rows(), q.classes);
  const std::int64_t of_each = q.at_labels ? 1 : q.classes;
  const std::int64_t worth = q.at_labels ? q.rows() * at_label_worth : elements;
  return in_parts(q.rows(), rows_per_part(of_each), q.rows_shared ? 0 : worth,
                  [&](std::int64_t begin, std::int64_t end, Found& found) {
                    k.program(wide_, q, begin, end, found);
                  });
}

void log_softmax(nb::handle z, nb::handle out, bool wide, std::int64_t rows, std::int64_t classes) {
  const Array logits(z, false), to(out, true);
  require(classes > 0 && rows >= 0 && rows * classes == logits.size() && to.size() == logits.size(),
          "the logits are not rows of classes");
  LogSoftmax q;
  q.logits = logits.view();
  q.out = to.view();
  q.rows = rows;
  q.classes = classes;
  q.past_caches = past_caches(logits.size(), wide);
  const Kernels& k = kernels();
  const Released released(logits.size());
  in_parts(rows, std::max<std::int64_t>(1, elements_per_task / classes), logits.size(),
           [&](std::int64_t begin, std::int64_t end, Found&) { k.log_softmax(wide, q, begin, end); });
}

bool tally(nb::handle labels, nb::handle counts, std::int64_t classes) {
  const Array from(labels, false), to(counts, true);
  require(from.view().contiguous && from.view().type == Type::int64 && to.view().contiguous &&
              to.view().type == Type::float32 && from.size() == to.size() && classes > 0 &&
              from.size() % classes == 0,
          "the labels are not rows of int64 beside counts of float32");
  const auto* y = reinterpret_cast<const std::int64_t*>(from.view().data);
  auto* count = reinterpret_cast<float*>(to.view().data);
  const std::int64_t rows = from.size() / classes;
  const Released released(from.size());
  const Found found = in_parts(
      rows, std::max<std::int64_t>(1, elements_per_task / classes), from.size(),
      [&](std::int64_t begin, std::int64_t end, Found& part) {
        std::fill(count + begin * classes, count + end * classes, 0.0f);
        for (std::int64_t r = begin; r < end; ++r)
          for (std::int64_t k = r * classes; k < (r + 1) * classes && y[k] != -1; ++k)
            if (y[k] >= 0 && y[k] < classes)
              count[r * classes + y[k]] += 1.0f;
            else
              part.bad = true;
      });
  return !found.bad;
}

bool label_rows(nb::handle labels, nb::handle lengths, nb::handle rows, nb::handle inverse,
                std::int64_t classes, std::int64_t blank) {
  const Array from(labels, false), of(lengths, false), to(rows, true), parts(inverse, true);
  const std::int64_t count = of.size();
  for (const Array* a : {&from, &of, &to})
    if (!a->view().contiguous || a->view().type != Type::int64) return false;
  require(parts.view().contiguous && parts.view().type == Type::float64 && parts.size() == count &&
              to.size() == from.size() && (count == 0 || from.size() % count == 0),
          "the labels are not rows beside their lengths");
  const std::int64_t longest = count > 0 ? from.size() / count : 0;
  const auto* y = reinterpret_cast<const std::int64_t*>(from.view().data);
  const auto* length = reinterpret_cast<const std::int64_t*>(of.view().data);
  auto* row = reinterpret_cast<std::int64_t*>(to.view().data);
  auto* part = reinterpret_cast<double*>(parts.view().data);
  for (std::int64_t r = 0; r < count; ++r, y += longest, row += longest) {
    const std::int64_t n = length[r];
    if (n < 0 || n > longest) return false;
    for (std::int64_t k = 0; k < n; ++k) {
      if (y[k] < 0 || y[k] >= classes || y[k] == blank) return false;
      row[k] = y[k];
    }
    std::fill(row + n, row + longest, std::int64_t{-1});
    part[r] = 1.0 / static_cast<double>(std::max<std::int64_t>(n, 1));
  }
  return true;
}

}  // namespace losskit

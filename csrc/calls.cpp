#include "calls.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
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

namespace {

// An array for a result in the shape of p.
nb::object like(nb::handle p, const Array& prediction) {
  if (prediction.bytes() >= large_result && prediction.view().contiguous) {
    nb::object large = large_array(p.attr("shape"), p.attr("dtype"), prediction.bytes());
    if (!large.is_none()) return large;
  }
  nb::object made = nb::steal(PyObject_CallOneArg(numpy().empty_like.ptr(), p.ptr()));
  if (!made.is_valid()) throw nb::python_error();
  return made;
}

}  // namespace

Plain::Plain(nb::handle y, nb::handle p, nb::handle out, bool gradient, bool wide,
             std::optional<int> axis, bool labels)
    : wide_(wide) {
  const auto* ndarray = reinterpret_cast<PyTypeObject*>(numpy().ndarray.ptr());
  if (Py_TYPE(y.ptr()) != ndarray || Py_TYPE(p.ptr()) != ndarray) return;
  const Type type = wide ? Type::float64 : Type::float32;
  try {
    target.emplace(y, false);
    prediction.emplace(p, false);
    if (prediction->view().type != type || prediction->size() == 0) return;
    // Two bytes are bfloat16 only where Python has said so.
    if (target->view().type == Type::bfloat16) return;
    const int dimensions = prediction->dimensions();
    const auto* shape = prediction->shape();
    int own = dimensions;  // the axis that an item uses up, if any
    if (axis) {
      own = *axis < 0 ? *axis + dimensions : *axis;
      if (own < 0 || own >= dimensions) return;
      for (int k = 0; k < own; ++k) outer *= shape[k];
      classes = shape[own];
      for (int k = own + 1; k < dimensions; ++k) inner *= shape[k];
    }
    if (target->dimensions() != dimensions - (labels ? 1 : 0)) return;
    for (int k = 0, j = 0; k < dimensions; ++k)
      if (!(labels && k == own) && target->shape()[j++] != shape[k]) return;
    if (labels && target->view().type < Type::uint8) return;
    if (gradient && out.is_none()) {
      gradient_ = like(p, *prediction);
      to.emplace(gradient_, true);
    } else if (gradient) {
      if (Py_TYPE(out.ptr()) != ndarray) return;
      to.emplace(out, true);
      gradient_ = nb::borrow(out);
      if (to->view().type != type || !to->same_shape(*prediction) || to->overlaps(*prediction) ||
          to->overlaps(*target) || to->overlaps_itself())
        return;
    }
  } catch (const std::invalid_argument&) {
    return;
  } catch (nb::python_error& error) {
    // No buffer, or read-only: an error with a better message is to come.
    if (!error.matches(PyExc_BufferError) && !error.matches(PyExc_ValueError)) throw;
    return;
  }
  sound = true;
}

nb::object Plain::result(const Found& found, std::int64_t items) const {
  if (found.bad) return nb::none();
  const double mean = found.sum / static_cast<double>(items);
  const nb::object number =
      nb::steal(PyFloat_FromDouble(wide_ ? mean : static_cast<double>(static_cast<float>(mean))));
  const nb::object scalar = nb::steal(PyObject_CallOneArg(
      (wide_ ? numpy().float64 : numpy().float32).ptr(), number.ptr()));
  if (!scalar.is_valid()) throw nb::python_error();
  return nb::make_tuple(scalar, gradient_);
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

nb::object PointwiseKernel::mean(nb::handle y, nb::handle p, bool gradient, nb::handle out) const {
  const Plain plain(y, p, out, gradient, wide_, std::nullopt, false);
  if (!plain.sound) return nb::none();
  const std::int64_t n = plain.prediction->size();
  Pointwise q = q_;
  q.parameters = parameters_.data();
  q.target = plain.target->view();
  q.prediction = plain.prediction->view();
  if (plain.to) q.slope = plain.to->view();
  q.scale = 1.0 / static_cast<double>(n);
  q.past_caches = past_caches(n, wide_);
  return plain.result(compute(q, n), n);
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

namespace {

template <class T>
std::int64_t others(const View& labels, std::int64_t n, std::int64_t ignored) {
  const T* at = reinterpret_cast<const T*>(labels.data);
  return n - std::count(at, at + n, ignored);
}

// How many labels are not the ignored one; -1 where that takes a closer look.
std::int64_t counted(const View& labels, std::int64_t n, std::int64_t ignored) {
  if (!labels.contiguous) return -1;
  if (labels.type == Type::int64) return others<std::int64_t>(labels, n, ignored);
  if (labels.type == Type::int32) return others<std::int32_t>(labels, n, ignored);
  return -1;
}

}  // namespace

nb::object SoftmaxKernel::mean(nb::handle y, nb::handle z, bool gradient, nb::handle out) const {
  const Plain plain(y, z, out, gradient, wide_, axis_, !q_.dense);
  if (!plain.sound) return nb::none();
  Softmax q = q_;
  q.outer = plain.outer;
  q.classes = plain.classes;
  q.inner = plain.inner;
  q.logits = plain.prediction->view();
  q.target = plain.target->view();
  const std::int64_t rows = q.ignores ? counted(q.target, q.rows(), q.ignored) : q.rows();
  if (rows <= 0) return nb::none();
  if (plain.to) q.gradient = plain.to->view();
  q.scale = 1.0 / static_cast<double>(rows);
  q.past_caches = past_caches(plain.prediction->size(), wide_);
  return plain.result(compute(q), rows);
}

// --- programs

ProgramKernel::ProgramKernel(bool wide, std::string_view program, std::vector<double> parameters,
                             bool value, const std::vector<double>& values,
                             std::optional<std::int64_t> ignored, double floor,
                             double complement_floor)
    : wide_(wide), program_(Program::read(program)), parameters_(std::move(parameters)) {
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
    require(a.size() == (program_->outputs[o].span == of_element ? n : rows),
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

Found ProgramKernel::compute(const Programmed& q) const {
  const Kernels& k = kernels();
  const Released released(q.rows() * q.classes);
  return in_parts(q.rows(), rows_per_part(q.classes), q.rows() * q.classes,
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

}  // namespace losskit

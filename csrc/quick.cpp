#include "quick.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "calls.hpp"
#include "memory.hpp"

namespace losskit {

namespace {

// Calls f with labels that lie as they come from a data set; false for any others.
template <class F>
bool with_labels(const View& labels, F&& f) {
  if (!labels.contiguous) return false;
  switch (labels.type) {
    case Type::int64: return f(reinterpret_cast<const std::int64_t*>(labels.data)), true;
    case Type::int32: return f(reinterpret_cast<const std::int32_t*>(labels.data)), true;
    case Type::uint8: return f(reinterpret_cast<const std::uint8_t*>(labels.data)), true;
    default: return false;
  }
}

// An array to be read; empty if it is none that kernels read, of which the long way says more.
void read(std::optional<Array>& into, nb::handle x) {
  try {
    into.emplace(x, false);
  } catch (const std::invalid_argument&) {
    into.reset();
  } catch (nb::python_error& error) {
    // No buffer, or no memory behind a tensor.
    if (!error.matches(PyExc_BufferError) && !error.matches(PyExc_ValueError) &&
        !error.matches(PyExc_RuntimeError) && !error.matches(PyExc_TypeError))
      throw;
    into.reset();
  }
}

nb::object number_of_numpy(double x, bool wide) {
  const nb::object number =
      nb::steal(PyFloat_FromDouble(wide ? x : static_cast<double>(static_cast<float>(x))));
  nb::object scalar = nb::steal(PyObject_CallOneArg(
      (wide ? numpy().float64 : numpy().float32).ptr(), number.ptr()));
  if (!scalar.is_valid()) throw nb::python_error();
  return scalar;
}

// An array or a tensor for a result in the shape of x.
nb::object like(nb::handle x, const Array& view) {
  if (view.exchange() != nullptr) {
    nb::dlpack::dltensor tensor;
    if (view.exchange()->view(x.ptr(), &tensor) != 0) throw nb::python_error();
    return new_tensor(*view.exchange(), tensor);
  }
  if (view.bytes() >= large_result && view.view().contiguous) {
    nb::object large = large_array(x.attr("shape"), x.attr("dtype"), view.bytes());
    if (!large.is_none()) return large;
  }
  nb::object made = nb::steal(PyObject_CallOneArg(numpy().empty_like.ptr(), x.ptr()));
  if (!made.is_valid()) throw nb::python_error();
  return made;
}

}  // namespace

Quick::Quick(nb::handle arrays, std::size_t main, Axes axes) : main_(main) {
  if (!PyTuple_CheckExact(arrays.ptr())) return;
  const auto count = static_cast<std::size_t>(PyTuple_Size(arrays.ptr()));
  if (count > most || main >= count) return;
  const auto* const ndarray = reinterpret_cast<PyTypeObject*>(numpy().ndarray.ptr());
  for (; slots < count; ++slots) {
    const nb::handle x = given_[slots] = PyTuple_GetItem(arrays.ptr(), slots);
    if (Py_TYPE(x.ptr()) != ndarray && exchange_of(x) == nullptr) return;
    read(held_[slots], x);
    if (!held_[slots] || at(slots).exchange() != at(0).exchange()) return;
  }
  if (axes.count < 0) return;
  const Array& p = prediction();
  own_ = axes.count;
  first_ = axes.first < 0 ? axes.first + p.dimensions() : axes.first;
  if (own_ > 0 && (first_ < 0 || first_ + own_ > p.dimensions())) return;
  if (own_ == 0) first_ = p.dimensions();
  for (int k = 0; k < p.dimensions(); ++k)
    (k < first_ ? outer : k < first_ + own_ ? classes : inner) *= p.shape()[k];
  sound = p.size() > 0;
}

bool Quick::is_of_items(const Array& a) const {
  const Array& p = prediction();
  if (a.dimensions() != p.dimensions() - own_) return false;
  for (int k = 0, j = 0; k < p.dimensions(); ++k)
    if ((k < first_ || k >= first_ + own_) && a.shape()[j++] != p.shape()[k]) return false;
  return true;
}

bool Quick::fits(std::size_t slot, Of of, bool labels) const {
  const Array &a = at(slot), &p = prediction();
  if (labels != (a.view().type >= Type::uint8) && labels) return false;
  if (of == Of::element) return a.same_shape(p);
  if (of == Of::all) return own_ == 1 && a.dimensions() == 1 && a.shape()[0] == classes;
  return is_of_items(a);
}

bool Quick::gradient(std::size_t slot, nb::handle out) {
  const Array& a = at(slot);
  if (out.is_none()) {
    made_[gradients] = like(given_[slot], a);
    to[gradients].emplace(made_[gradients], true);
    ++gradients;
    return true;
  }
  if (Py_TYPE(out.ptr()) != reinterpret_cast<PyTypeObject*>(numpy().ndarray.ptr())) return false;
  try {
    const Array& into = to[gradients].emplace(out, true);
    made_[gradients++] = nb::borrow(out);
    if (into.view().type != a.view().type || !into.same_shape(a) || into.overlaps_itself())
      return false;
    for (std::size_t k = 0; k < slots; ++k)
      if (into.overlaps(at(k))) return false;
  } catch (const std::invalid_argument&) {
    return false;
  } catch (nb::python_error& error) {
    if (!error.matches(PyExc_BufferError) && !error.matches(PyExc_ValueError)) throw;
    return false;  // it is read-only
  }
  return true;
}

bool Quick::weigh(nb::handle by_class) {
  std::optional<Array> weights;
  read(weights, by_class);
  if (!weights) return false;
  const View& w = weights->view();
  if (weights->dimensions() != 1 || weights->size() != classes || w.type > Type::bfloat16)
    return false;
  of_classes_.resize(static_cast<std::size_t>(classes));
  kernels().numbers(w, 0, classes, of_classes_.data());
  for (const double x : of_classes_)
    if (!(x >= 0.0 && x <= std::numeric_limits<float>::max())) return false;
  return true;
}

bool Quick::weigh_rows(const View& labels, bool ignores, std::int64_t ignored) {
  weights_.resize(static_cast<std::size_t>(rows()));
  bool all = true;
  const bool plain = with_labels(labels, [&](const auto* own) {
    for (std::int64_t r = 0; r < rows(); ++r) {
      const std::int64_t label = own[r];
      const bool counts = !(ignores && label == ignored), known = label >= 0 && label < classes;
      all &= known || !counts;
      weights_[r] = counts && known ? of_classes_[label] : 0.0;
    }
  });
  if (!plain || !all) return false;
  weight.data = reinterpret_cast<char*>(weights_.data());
  weight.type = Type::float64;
  weight.contiguous = true;
  weight.dimensions = 1;
  weight.shape[0] = rows();
  weight.strides[0] = sizeof(double);
  return true;
}

bool Quick::take_items(nb::handle by_item, nb::handle which) {
  const auto take = [&](nb::handle x, std::optional<Array>& into, View& view, bool flags) {
    if (x.is_none()) return true;
    read(into, x);
    if (!into) return false;
    view = into->view();
    // By shape alone: a slot of rows has that of the items.
    return flags == (view.type == Type::boolean) && (flags || view.type <= Type::bfloat16) &&
           (into->exchange() == prediction().exchange()) && is_of_items(*into);
  };
  return take(by_item, item_weights_, weight, false) && take(which, kept_, keep, true);
}

double Quick::divisor(Over over, const View* labels, bool ignores, std::int64_t ignored) const {
  if (over == Over::none) return 1.0;
  const bool weighs = over == Over::weights && weight;
  const bool by_class = over == Over::weights && !weight && !of_classes_.empty();
  if (!weighs && !by_class && !keep && !ignores) return static_cast<double>(rows());
  if (labels == nullptr && by_class) return 0.0;
  if (ignores && labels != nullptr && !weighs && !by_class && !keep) {
    std::int64_t others = 0;
    with_labels(*labels, [&](const auto* own) {
      for (std::int64_t r = 0; r < rows(); ++r) others += own[r] != ignored;
    });
    return static_cast<double>(others);  // 0 for labels of other kinds too
  }
  constexpr std::int64_t block = 1024;
  if (by_class && !keep) {
    const double* of = of_classes_.data();
    const auto part = [&](std::int64_t begin, std::int64_t end, Found& found) {
      found.bad = !with_labels(*labels, [&](const auto* own) {
        // A label that is none is found by the kernel.
        const auto weight_of = [&](std::int64_t label) {
          const bool counts = label >= 0 && label < classes && !(ignores && label == ignored);
          const double w = of[counts ? label : 0];
          return counts ? w : 0.0;
        };
        double sums[4] = {};
        std::int64_t r = begin;
        for (; r + 4 <= end; r += 4)
          for (int k = 0; k < 4; ++k) sums[k] += weight_of(own[r + k]);
        for (; r < end; ++r) sums[0] += weight_of(own[r]);
        found.sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
      });
    };
    const Found found = in_parts(rows(), 16 * block, 8 * rows(), part);
    return found.bad ? 0.0 : found.sum;
  }
  const auto of_part = [&](std::int64_t begin, std::int64_t end, Found& found) {
    double own[block], kept[block];
    for (std::int64_t first = begin; first < end; first += block) {
      const std::int64_t n = std::min(block, end - first);
      if (weighs)
        kernels().numbers(weight, first, n, own);
      else
        std::fill(own, own + n, 1.0);
      if (keep) {
        kernels().numbers(keep, first, n, kept);
        for (std::int64_t k = 0; k < n; ++k) own[k] = kept[k] != 0.0 ? own[k] : 0.0;
      }
      if ((ignores || by_class) && labels != nullptr &&
          !with_labels(*labels, [&](const auto* y) {
            for (std::int64_t k = 0; k < n; ++k) {
              const std::int64_t label = y[first + k];
              if (ignores && label == ignored)
                own[k] = 0.0;
              else if (by_class)  // a label that is none is found by the kernel
                own[k] *= label >= 0 && label < classes ? of_classes_[label] : 0.0;
            }
          }))
        found.bad = true;
      std::fill(own + n, own + block, 0.0);
      found.sum += kernels().sum(own, block);
    }
  };
  const Found found = in_parts(rows(), 16 * block, 8 * rows(), of_part);
  return found.bad ? 0.0 : found.sum;
}

nb::object Quick::result(double value) const {
  const Array& p = prediction();
  const bool wide = p.view().type == Type::float64;
  nb::object number;
  if (p.exchange() == nullptr)
    number = number_of_numpy(value, wide);
  else if (p.view().type > Type::float64)
    number = nb::steal(PyFloat_FromDouble(value));
  else
    number = number_as_tensor(*p.exchange(), value, wide);
  nb::object slopes = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(gradients)));
  if (!slopes.is_valid()) throw nb::python_error();
  for (std::size_t k = 0; k < gradients; ++k)
    PyTuple_SetItem(slopes.ptr(), static_cast<Py_ssize_t>(k), made_[k].inc_ref().ptr());
  return nb::make_tuple(number, slopes);
}

}  // namespace losskit

#include "arrays.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

namespace losskit {
namespace {

Type type_of_format(const char* format, Py_ssize_t itemsize) {
  std::string code = format != nullptr ? format : "B";
  if (!code.empty() && (code[0] == '@' || code[0] == '=' || code[0] == '<')) code.erase(0, 1);
  // bfloat16 has no code of its own: it comes as two bytes of any kind.
  if (code == "2x" && itemsize == 2) return Type::bfloat16;
  if (code.size() == 1) {
    switch (code[0]) {
      case 'f': return Type::float32;
      case 'd': return Type::float64;
      case 'e': return Type::float16;
      case '?': return Type::boolean;
      case 'B': return Type::uint8;
      case 'b': return Type::int8;
      case 'H': return Type::uint16;
      case 'h': return Type::int16;
      case 'I': case 'L': case 'Q': return itemsize == 4 ? Type::uint32 : Type::uint64;
      case 'i': case 'l': case 'q': return itemsize == 4 ? Type::int32 : Type::int64;
    }
  }
  throw std::invalid_argument("no kernel reads arrays of format \"" + code + "\"");
}

}  // namespace

Array::Array(nanobind::handle object, bool writable) {
  if (object.is_none()) return;
  const int flags = PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
  if (PyObject_GetBuffer(object.ptr(), &buffer_, flags) != 0) throw nanobind::python_error();
  try {
    view_.type = type_of_format(buffer_.format, buffer_.itemsize);
    if (buffer_.ndim > View::most_dimensions)
      throw std::invalid_argument("no kernel reads arrays of so many dimensions");
  } catch (...) {
    PyBuffer_Release(&buffer_);
    throw;
  }
  size_ = 1;
  int last = 0;  // dimensions so far, the innermost first
  for (int k = buffer_.ndim - 1; k >= 0; --k) {
    const std::int64_t length = buffer_.shape[k], stride = buffer_.strides[k];
    size_ *= length;
    if (length == 1) continue;
    if (last > 0 && stride == view_.strides[last - 1] * view_.shape[last - 1]) {
      view_.shape[last - 1] *= length;
    } else {
      view_.shape[last] = length;
      view_.strides[last] = stride;
      ++last;
    }
  }
  for (int k = 0; k < last / 2; ++k) {
    std::swap(view_.shape[k], view_.shape[last - 1 - k]);
    std::swap(view_.strides[k], view_.strides[last - 1 - k]);
  }
  view_.data = static_cast<char*>(buffer_.buf);
  view_.dimensions = last;
  view_.contiguous = last == 0 || (last == 1 && view_.strides[0] == buffer_.itemsize);
}

bool Array::same_shape(const Array& other) const {
  return buffer_.ndim == other.buffer_.ndim &&
         std::equal(buffer_.shape, buffer_.shape + buffer_.ndim, other.buffer_.shape);
}

bool Array::overlaps(const Array& other) const {
  const auto extent = [](const Py_buffer& b) {
    const char *low = static_cast<char*>(b.buf), *high = low + b.itemsize;
    for (int k = 0; k < b.ndim; ++k) {
      if (b.shape[k] == 0) return std::pair(low, low);
      const auto reach = (b.shape[k] - 1) * b.strides[k];
      (reach < 0 ? low : high) += reach;
    }
    return std::pair(low, high);
  };
  const auto [low, high] = extent(buffer_);
  const auto [other_low, other_high] = extent(other.buffer_);
  return low < other_high && other_low < high;
}

bool Array::overlaps_itself() const {
  // From the innermost dimension on, each must step over all of those within it. An order in which
  // that cannot be seen is taken for one that overlaps.
  std::int64_t within = buffer_.itemsize;
  std::array<bool, View::most_dimensions> seen{};
  for (int k = 0; k < view_.dimensions; ++k) {
    int least = -1;
    for (int j = 0; j < view_.dimensions; ++j)
      if (!seen[j] && (least < 0 || std::abs(view_.strides[j]) < std::abs(view_.strides[least])))
        least = j;
    seen[least] = true;
    const std::int64_t step = std::abs(view_.strides[least]);
    if (step < within) return true;
    within += step * (view_.shape[least] - 1);
  }
  return false;
}

Array::~Array() {
  if (buffer_.obj != nullptr) PyBuffer_Release(&buffer_);
}

}  // namespace losskit

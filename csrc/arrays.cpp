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

Type type_of_tensor(nanobind::dlpack::dtype type) {
  using Code = nanobind::dlpack::dtype_code;
  if (type.lanes == 1) {
    switch (static_cast<Code>(type.code)) {
      case Code::Float:
        if (type.bits == 32) return Type::float32;
        if (type.bits == 64) return Type::float64;
        if (type.bits == 16) return Type::float16;
        break;
      case Code::Bfloat:
        if (type.bits == 16) return Type::bfloat16;
        break;
      case Code::Int:
        if (type.bits == 64) return Type::int64;
        if (type.bits == 32) return Type::int32;
        if (type.bits == 16) return Type::int16;
        if (type.bits == 8) return Type::int8;
        break;
      case Code::UInt:
        if (type.bits == 64) return Type::uint64;
        if (type.bits == 32) return Type::uint32;
        if (type.bits == 16) return Type::uint16;
        if (type.bits == 8) return Type::uint8;
        break;
      case Code::Bool:
        if (type.bits == 8) return Type::boolean;
        break;
      default: break;
    }
  }
  throw std::invalid_argument("no kernel reads tensors of that type");
}

constexpr const char* too_many = "no kernel reads arrays of so many dimensions";

}  // namespace

Array::Array(nanobind::handle object, bool writable) {
  buffer_.obj = nullptr;
  if (object.is_none()) return;
  exchange_ = exchange_of(object);
  if (exchange_ != nullptr)
    read_tensor(object);
  else
    read_buffer(object, writable);
  join();
}

void Array::read_buffer(nanobind::handle object, bool writable) {
  const int flags = PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
  if (PyObject_GetBuffer(object.ptr(), &buffer_, flags) != 0) throw nanobind::python_error();
  try {
    view_.type = type_of_format(buffer_.format, buffer_.itemsize);
    if (buffer_.ndim > View::most_dimensions) throw std::invalid_argument(too_many);
  } catch (...) {
    PyBuffer_Release(&buffer_);
    throw;
  }
  view_.data = static_cast<char*>(buffer_.buf);
  item_ = buffer_.itemsize;
  dimensions_ = buffer_.ndim;
  std::copy_n(buffer_.shape, dimensions_, shape_.begin());
  std::copy_n(buffer_.strides, dimensions_, strides_.begin());
}

void Array::read_tensor(nanobind::handle object) {
  nanobind::dlpack::dltensor x;
  if (exchange_->view(object.ptr(), &x) != 0) throw nanobind::python_error();
  constexpr std::int32_t processor = 1;
  if (x.device.device_type != processor)
    throw std::invalid_argument("no kernel reads tensors that lie on a device");
  if (x.ndim > View::most_dimensions) throw std::invalid_argument(too_many);
  if (x.data == nullptr) throw std::invalid_argument("the tensor has no memory");
  view_.type = type_of_tensor(x.dtype);
  view_.data = static_cast<char*>(x.data) + x.byte_offset;
  item_ = x.dtype.bits / 8;
  dimensions_ = x.ndim;
  Py_ssize_t step = item_;
  for (int k = dimensions_ - 1; k >= 0; --k) {
    shape_[k] = static_cast<Py_ssize_t>(x.shape[k]);
    strides_[k] = x.strides != nullptr ? static_cast<Py_ssize_t>(x.strides[k]) * item_ : step;
    step *= shape_[k];
  }
}

// Drops dimensions of length 1, and joins neighbours that lie as one.
void Array::join() {
  int last = 0;  // dimensions so far, the innermost first
  for (int k = dimensions_ - 1; k >= 0; --k) {
    const std::int64_t length = shape_[k], stride = strides_[k];
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
  view_.dimensions = last;
  view_.contiguous = last == 0 || (last == 1 && view_.strides[0] == item_);
}

bool Array::same_shape(const Array& other) const {
  return dimensions_ == other.dimensions_ &&
         std::equal(shape(), shape() + dimensions_, other.shape());
}

bool Array::overlaps(const Array& other) const {
  const auto extent = [](const Array& a) {
    const char *low = a.view_.data, *high = low + a.item_;
    for (int k = 0; k < a.dimensions_; ++k) {
      if (a.shape_[k] == 0) return std::pair(low, low);
      const auto reach = (a.shape_[k] - 1) * a.strides_[k];
      (reach < 0 ? low : high) += reach;
    }
    return std::pair(low, high);
  };
  const auto [low, high] = extent(*this);
  const auto [other_low, other_high] = extent(other);
  return low < other_high && other_low < high;
}

bool Array::overlaps_itself() const {
  // From the innermost dimension on, each must step over all of those within it. An order in which
  // that cannot be seen is taken for one that overlaps.
  std::int64_t within = item_;
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

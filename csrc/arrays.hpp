// Arrays as views: NumPy's by their buffers, tensors by DLPack's exchange of C structures.
#pragma once

#include <nanobind/nanobind.h>

#include <array>

#include "request.hpp"
#include "tensors.hpp"

namespace losskit {

// A view of a NumPy array (or of any other buffer) or of a tensor that keeps it alive; empty for
// None.
class Array {
 public:
  // Throws nanobind::python_error if it is neither, std::invalid_argument if it holds what no
  // kernel reads.
  Array(nanobind::handle object, bool writable);
  ~Array();
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  const View& view() const { return view_; }
  std::int64_t size() const { return size_; }
  std::int64_t bytes() const { return size_ * item_; }
  // Of the library whose tensor it is; null for a buffer.
  const Exchange* exchange() const { return exchange_; }

  // As Python has them; strides in bytes.
  int dimensions() const { return dimensions_; }
  const Py_ssize_t* shape() const { return shape_.data(); }
  bool same_shape(const Array& other) const;
  // Whether the two may share memory.
  bool overlaps(const Array& other) const;
  // Whether two of its elements may lie in the same place.
  bool overlaps_itself() const;

 private:
  void read_buffer(nanobind::handle object, bool writable);
  void read_tensor(nanobind::handle object);
  void join();

  View view_;
  std::int64_t size_ = 1;
  Py_ssize_t item_ = 0;  // bytes of one
  int dimensions_ = 0;
  std::array<Py_ssize_t, View::most_dimensions> shape_, strides_;
  const Exchange* exchange_ = nullptr;
  Py_buffer buffer_;
};

}  // namespace losskit

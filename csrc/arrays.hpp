// Python's buffers as views.
#pragma once

#include <nanobind/nanobind.h>

#include "request.hpp"

namespace losskit {

// A view of a NumPy array (or of any other buffer) that keeps it alive; empty for None.
class Array {
 public:
  // Throws nanobind::python_error if it is no buffer, std::invalid_argument if it holds what no
  // kernel reads.
  Array(nanobind::handle object, bool writable);
  ~Array();
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  const View& view() const { return view_; }
  std::int64_t size() const { return size_; }
  std::int64_t bytes() const { return size_ * buffer_.itemsize; }

  // As Python has them.
  int dimensions() const { return buffer_.ndim; }
  const Py_ssize_t* shape() const { return buffer_.shape; }
  bool same_shape(const Array& other) const;
  // Whether the two may share memory.
  bool overlaps(const Array& other) const;
  // Whether two of its elements may lie in the same place.
  bool overlaps_itself() const;

 private:
  View view_;
  std::int64_t size_ = 0;
  Py_buffer buffer_{};
};

}  // namespace losskit

// The Python module losskit._kernels.

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <new>

#include "calls.hpp"
#include "memory.hpp"
#include "xla.hpp"

namespace losskit {
namespace {

// Bytes read and written per second by the best copy of so many bytes, at the median of some tries.
double copy_bandwidth(std::int64_t bytes) {
  constexpr std::int64_t part = 1 << 20;
  const std::int64_t parts = std::max<std::int64_t>(1, bytes / part);
  const auto allocate = [&] {
    const auto free = [](char* p) { ::operator delete[](p, std::align_val_t{64}); };
    auto* p = static_cast<char*>(::operator new[](parts * part, std::align_val_t{64}));
    std::fill(p, p + parts * part, '\1');
    return std::unique_ptr<char[], void (*)(char*)>(p, free);
  };
  const auto from = allocate(), to = allocate();
  const Kernels& k = kernels();
  const Released released(parts * part);
  std::vector<double> seconds;
  for (int i = 0; i < 9; ++i) {
    const auto start = std::chrono::steady_clock::now();
    for_each_task(parts, true, [&](std::int64_t j) {
      k.copy(from.get() + j * part, to.get() + j * part, part);
    });
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  return 2.0 * static_cast<double>(parts * part) / seconds[seconds.size() / 2];
}

void make_program(ProgramKernel* self, bool wide, nb::bytes program, std::vector<double> parameters,
                  bool value, const std::vector<double>& values,
                  std::optional<std::int64_t> ignored, double floor, double complement_floor,
                  std::size_t main, int first_axis, int axes) {
  new (self) ProgramKernel(wide, {program.c_str(), program.size()}, std::move(parameters), value,
                           values, ignored, floor, complement_floor, main, {first_axis, axes});
}

template <class Kernel>
nb::object mean(const Kernel& kernel, nb::handle arrays, nb::handle by, nb::handle out,
                nb::handle by_class, bool weighs, nb::handle weight, nb::handle keep, int over,
                double number, double factor) {
  require(PyTuple_CheckExact(by.ptr()), "the slots by which gradients are come as a tuple");
  return kernel.mean(arrays, {by, out, by_class, weighs, weight, keep, static_cast<Over>(over), number,
                              factor});
}

}  // namespace
}  // namespace losskit

// By these names threadpoolctl reaches the number of threads.
extern "C" {
[[gnu::visibility("default")]] int losskit_get_num_threads() { return losskit::threads(); }
[[gnu::visibility("default")]] void losskit_set_num_threads(int count) {
  losskit::set_threads(count < 1 ? 1 : count);
}
}

NB_MODULE(_kernels, m) {
  namespace nb = nanobind;
  using namespace losskit;
  // At exit a daemon thread may still hold a kernel. Leaks are looked for by the sanitizers.
  nb::set_leak_warnings(false);
  m.doc() = "Compiled kernels; losskit.native is the way to them.";
  nb::class_<PointwiseKernel>(m, "PointwiseKernel")
      .def(nb::init<int, bool, std::vector<double>, double, double, double, double>())
      .def("run", &PointwiseKernel::run, nb::arg().none(), nb::arg().none(), nb::arg().none(),
           nb::arg().none(), nb::arg(), nb::arg(), nb::arg().none(), nb::arg().none(),
           nb::arg().none())
      .def("mean", &mean<PointwiseKernel>, nb::arg(), nb::arg(), nb::arg().none(), nb::arg().none(),
           nb::arg(), nb::arg().none(), nb::arg().none(), nb::arg(), nb::arg(), nb::arg());
  nb::class_<SoftmaxKernel>(m, "SoftmaxKernel")
      .def(nb::init<bool, bool, int, bool, std::int64_t, double, double, double>())
      .def("run", &SoftmaxKernel::run, nb::arg().none(), nb::arg().none(), nb::arg(), nb::arg(),
           nb::arg(), nb::arg().none(), nb::arg().none(), nb::arg(), nb::arg().none(),
           nb::arg().none(), nb::arg().none())
      .def("mean", &mean<SoftmaxKernel>, nb::arg(), nb::arg(), nb::arg().none(), nb::arg().none(),
           nb::arg(), nb::arg().none(), nb::arg().none(), nb::arg(), nb::arg(), nb::arg());
  nb::class_<CtcKernel>(m, "CtcKernel")
      .def(nb::init<bool, std::int64_t, bool, double>())
      .def("run", &CtcKernel::run, nb::arg().none(), nb::arg().none(), nb::arg().none(), nb::arg(),
           nb::arg(), nb::arg(), nb::arg().none(), nb::arg().none(), nb::arg(), nb::arg().none(),
           nb::arg().none())
      .def("mean", &mean<CtcKernel>, nb::arg(), nb::arg(), nb::arg().none(), nb::arg().none(),
           nb::arg(), nb::arg().none(), nb::arg().none(), nb::arg(), nb::arg(), nb::arg());
  nb::class_<ProgramKernel>(m, "ProgramKernel")
      .def("__init__", &make_program, nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(),
           nb::arg().none(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg())
      .def("run", &ProgramKernel::run, nb::arg(), nb::arg(), nb::arg(), nb::arg(),
           nb::arg().none(), nb::arg().none(), nb::arg(), nb::arg().none(), nb::arg())
      .def("mean", &mean<ProgramKernel>, nb::arg(), nb::arg(), nb::arg().none(), nb::arg().none(),
           nb::arg(), nb::arg().none(), nb::arg().none(), nb::arg(), nb::arg(), nb::arg());
  m.def("read_tensors", &read_tensors);
  m.def("operations", &operation_names);
  m.def("log_softmax", &log_softmax);
  m.def("tally", &tally);
  m.def("label_rows", &label_rows);
  m.attr("large_result") = large_result;
  m.def("large_array", &large_array);
  m.def("free_kept_memory", &free_kept_memory);
  m.def("copy_bandwidth", &copy_bandwidth);
  m.def("fingerprints", [] {
    std::vector<std::string> all;
    for (const CardText& card : kernels().cards()) all.push_back(card.fingerprint);
    return all;
  });
  m.def("xla_handlers", [] {
    nb::dict all;
    for (const auto& [name, handler] : xla::handlers)
      all[name] = nb::capsule(reinterpret_cast<void*>(handler));
    return all;
  });
  m.def("instruction_set", [] { return std::string(kernels().isa); });
  m.def("instruction_sets", &instruction_sets);
  m.def("threads", &threads);
  m.def("set_threads", &set_threads);
}

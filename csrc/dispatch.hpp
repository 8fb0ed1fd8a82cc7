// Which of the compiled instruction sets this machine runs.
#pragma once

#include <string>
#include <vector>

#include "request.hpp"

namespace losskit {

// The names of those that run here, the best one last.
std::vector<std::string> instruction_sets();

// The kernels in use: the best, or those that LOSSKIT_ISA names.
// Throws std::invalid_argument if that one does not exist, or does not run here.
const Kernels& kernels();

}  // namespace losskit

// The threads that share out large inputs.
//
// One job at a time; what a job does is cut into tasks of a fixed size, so results cannot depend on
// how many threads there are. A caller that finds the pool taken works alone. After a fork the child
// starts with an empty pool of its own.
#pragma once

#include <cstdint>
#include <type_traits>

namespace losskit {

// How many threads a job may use: OMP_NUM_THREADS, or the processors this process may run on,
// unless set_threads said otherwise.
int threads();
void set_threads(int count);

// What a thread does: the tasks begin <= i < end.
using Work = void (*)(void* context, std::int64_t begin, std::int64_t end);

// Calls `work` for all of 0 .. tasks, a few tasks at a time, on several threads if `parallel`.
// What `work` throws ends the job, and is thrown on the caller's thread.
void share_out(Work work, void* context, std::int64_t tasks, bool parallel);

template <class F>
void for_each_task(std::int64_t tasks, bool parallel, F&& f) {
  share_out(
      [](void* context, std::int64_t begin, std::int64_t end) {
        auto& call = *static_cast<std::remove_reference_t<F>*>(context);
        for (std::int64_t i = begin; i < end; ++i) call(i);
      },
      &f, tasks, parallel);
}

}  // namespace losskit

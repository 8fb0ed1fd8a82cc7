#include "threads.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

namespace losskit {
namespace {

int available() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

int initial() {
  if (const char* text = std::getenv("OMP_NUM_THREADS")) {
    // A list ("4,2") gives the number for each level of nesting: the first is ours.
    const long count = std::strtol(text, nullptr, 10);
    if (count > 0) return static_cast<int>(std::min(count, 1024L));
  }
  return available();
}

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until `number` is no longer `old`: for a moment in a loop, since the next call of a training
// step is often near, and a sleeping thread takes up to a hundred microseconds to wake; then asleep.
void wait_for_change(const std::atomic<std::uint32_t>& number, std::uint32_t old) {
  const auto start = std::chrono::steady_clock::now();
  do {
    for (int i = 0; i < 64; ++i) {
      if (number.load(std::memory_order_acquire) != old) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() - start < std::chrono::microseconds(200));
  number.wait(old, std::memory_order_acquire);
}

class Pool {
 public:
  // Whether the job was done; false if another one is under way.
  bool run(Work work, void* context, std::int64_t tasks, int count) {
    if (busy_.exchange(true, std::memory_order_acquire)) return false;
    grow(count - 1);
    const int helpers = std::min<int>(count - 1, static_cast<int>(workers_.size()));
    if (helpers == 0) {
      busy_.store(false, std::memory_order_release);
      return false;
    }
    work_ = work;
    context_ = context;
    tasks_ = tasks;
    share_ = 4 * count;
    next_.store(0, std::memory_order_relaxed);
    helpers_ = helpers;
    at_work_.store(open, std::memory_order_release);
    call_.fetch_add(1, std::memory_order_release);
    call_.notify_all();
    take();
    // Who has not come by now is not waited for: to wake may take longer than all of the work.
    at_work_.fetch_and(~open, std::memory_order_acq_rel);
    for (std::uint32_t left; (left = at_work_.load(std::memory_order_acquire)) != 0;)
      wait_for_change(at_work_, left);
    const std::exception_ptr error = std::exchange(error_, nullptr);
    failed_.store(false, std::memory_order_relaxed);
    busy_.store(false, std::memory_order_release);
    if (error) std::rethrow_exception(error);
    return true;
  }

 private:
  void grow(int wanted) {
    try {
      while (static_cast<int>(workers_.size()) < wanted) {
        const int index = static_cast<int>(workers_.size());
        workers_.emplace_back([this, index, seen = call_.load()] { serve(index, seen); });
      }
    } catch (const std::exception&) {
      // No more threads, or no memory for them: those that are there do the work.
    }
  }

  void serve(int index, std::uint32_t seen) {
    for (;;) {
      wait_for_change(call_, seen);
      seen = call_.load(std::memory_order_acquire);
      std::uint32_t there = at_work_.load(std::memory_order_relaxed);
      bool let_in = false;
      while ((there & open) && !let_in)
        let_in = at_work_.compare_exchange_weak(there, there + 1, std::memory_order_acq_rel);
      if (!let_in) continue;
      if (index < helpers_) take();
      if (at_work_.fetch_sub(1, std::memory_order_acq_rel) == 1) at_work_.notify_all();
    }
  }

  void take() {
    std::int64_t begin = next_.load(std::memory_order_relaxed);
    while (begin < tasks_) {
      // Many at first, to read on in sequence; fewer towards the end, so that none waits long.
      const std::int64_t end = begin + std::max<std::int64_t>(1, (tasks_ - begin) / share_);
      if (!next_.compare_exchange_weak(begin, end, std::memory_order_relaxed)) continue;
      try {
        work_(context_, begin, end);
      } catch (...) {
        // Out of memory: the job's caller is told when all have left it.
        if (!failed_.exchange(true, std::memory_order_acq_rel)) error_ = std::current_exception();
        next_.store(tasks_, std::memory_order_relaxed);
      }
      begin = next_.load(std::memory_order_relaxed);
    }
  }

  std::vector<std::thread> workers_;
  std::atomic<bool> busy_{false};
  std::atomic<std::uint32_t> call_{0};
  // How many workers are in the job, and whether more may come.
  static constexpr std::uint32_t open = std::uint32_t{1} << 31;
  std::atomic<std::uint32_t> at_work_{0};
  std::atomic<std::int64_t> next_{0};
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;
  Work work_ = nullptr;
  void* context_ = nullptr;
  std::int64_t tasks_ = 0, share_ = 1;
  int helpers_ = 0;
};

// Never freed, its threads never joined: at exit one may still be in it, and after a fork the parent's
// threads are not in the child.
std::atomic<Pool*> pool{nullptr};
std::atomic<int> limit{0};

Pool* the_pool() {
  if (Pool* made = pool.load(std::memory_order_acquire)) return made;
  auto fresh = std::make_unique<Pool>();
  Pool* none = nullptr;
  if (pool.compare_exchange_strong(none, fresh.get(), std::memory_order_acq_rel)) {
#if defined(__unix__) || defined(__APPLE__)
    static std::atomic<bool> told{false};
    if (!told.exchange(true))
      pthread_atfork(nullptr, nullptr, [] { pool.store(nullptr, std::memory_order_release); });
#endif
    return fresh.release();
  }
  return none;
}

}  // namespace

int threads() {
  int count = limit.load(std::memory_order_relaxed);
  if (count == 0) {
    count = initial();
    limit.store(count, std::memory_order_relaxed);
  }
  return count;
}

void set_threads(int count) { limit.store(count, std::memory_order_relaxed); }

void share_out(Work work, void* context, std::int64_t tasks, bool parallel) {
  const auto count = static_cast<int>(std::min<std::int64_t>(threads(), tasks));
  if (parallel && count > 1 && the_pool()->run(work, context, tasks, count)) return;
  if (tasks > 0) work(context, 0, tasks);
}

}  // namespace losskit

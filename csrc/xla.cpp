// Losses as XLA calls them: jax.jit puts them into its own program, on arrays of its own.
//
// Nothing can be raised from there that says where: what lies outside its domain becomes NaN, and
// nothing else does. No Python is touched.
#include "xla.hpp"

#include <algorithm>
#include <cfenv>
#include <limits>
#include <memory>
#include <new>
#include <numeric>
#include <string>
#include <vector>

#include "dispatch.hpp"
#include "frame.hpp"
#include "memory.hpp"
#include "parts.hpp"
#include "program.hpp"

namespace losskit::xla {
namespace {

// XLA flushes subnormal numbers on the threads that call; kernels keep them, on all threads.
class Numbers {
 public:
  Numbers() {
    std::fegetenv(&before_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~Numbers() { std::fesetenv(&before_); }
  Numbers(const Numbers&) = delete;

 private:
  std::fenv_t before_;
};

// --- what is wanted

// The arrays of a call. One that vmap made has several batches, each with its own scale and total.
struct Arrays {
  Buffer target, prediction, weight, keep, scale;
  Buffer total, items, slope;
  std::int64_t batches = 1;
  bool wide = false;

  explicit Arrays(Frame& frame) {
    target = frame.argument();
    prediction = frame.argument();
    rest(frame, [&] {
      if (frame.flag("slope")) slope = frame.result();
    });
    const Type own = prediction.view.type;
    const bool typed = slope.view.type == own ||
                       (own == Type::float16 && slope.view.type == Type::float32);
    require(!slope.given || (slope.size == prediction.size && typed),
            "the slope has another shape than the prediction, or not its type (that of float16 may "
            "be float32)");
  }

  // Of a program, whose slots were read; `results` reads those behind total and items.
  template <class F>
  Arrays(Frame& frame, const Buffer& main, F&& results) {
    prediction = main;
    rest(frame, results);
  }

  template <class F>
  void rest(Frame& frame, F&& results) {
    if (frame.flag("weighted")) weight = frame.argument();
    if (frame.flag("masked")) keep = frame.argument();
    if (frame.flag("scaled")) scale = frame.argument();
    if (frame.flag("total")) total = frame.result();
    if (frame.flag("items")) items = frame.result();
    results();
    require(frame.used_up(), "there are more arrays than the call says");
    wide = prediction.view.type == Type::float64;
    const Type own = wide ? Type::float64 : Type::float32;
    for (const Buffer* b : {&scale, &total, &items})
      require(!b->given || b->view.type == own, "an array has another type than the computation");
    require(!keep.given || keep.view.type == Type::boolean, "the mask is not boolean");
    if (scale.given || total.given) batches = scale.given ? scale.size : total.size;
    require(!(scale.given && total.given) || scale.size == total.size,
            "there is not one scale for each total");
  }

  // Weights may be of the first dimensions of the items alone: each then lies over those behind it.
  void check_items(std::int64_t count) {
    if (weight.given && weight.size > 0 && weight.size < count && count % weight.size == 0) {
      View& v = weight.view;
      v.contiguous = false;
      v.dimensions = 2;
      v.shape[1] = count / weight.size;
      v.strides[1] = 0;
      weight.size = count;
    }
    for (const Buffer* b : {&weight, &keep, &items})
      require(!b->given || b->size == count, "an array of items has another size");
    require(batches == 0 ? count == 0 : count % batches == 0, "the batches differ in size");
  }

  double scale_of(std::int64_t batch) const {
    if (!scale.given) return 1.0;
    return wide ? reinterpret_cast<const double*>(scale.view.data)[batch]
                : reinterpret_cast<const float*>(scale.view.data)[batch];
  }

  void put_total(std::int64_t batch, const Found& found) const {
    if (!total.given) return;
    const double x = found.bad ? std::numeric_limits<double>::quiet_NaN() : found.sum;
    if (wide)
      reinterpret_cast<double*>(total.view.data)[batch] = x;
    else
      reinterpret_cast<float*>(total.view.data)[batch] = static_cast<float>(x);
  }

  template <class Request>
  void hand_to(Request& q, View& slopes) const {
    q.target = target.view;
    q.weight = weight.view;
    q.keep = keep.view;
    q.items = items.view;
    slopes = slope.view;
    q.past_caches = past_caches(prediction.size, wide);
    for (const Buffer* b : {&items, &slope})
      if (b->given) ask_for_huge_pages(b->view.data, b->bytes());
  }
};

// --- what is out of its domain

template <class T>
void put_all(const View& to, std::int64_t begin, std::int64_t step, std::int64_t count, T x) {
  T* at = reinterpret_cast<T*>(to.data) + begin;
  for (std::int64_t i = 0; i < count; ++i) at[i * step] = x;
}

// Sets `count` elements, `step` apart, to NaN.
void spoil(const View& to, std::int64_t begin, std::int64_t step, std::int64_t count) {
  if (!to) return;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  switch (to.type) {
    case Type::float32: return put_all(to, begin, step, count, static_cast<float>(nan));
    case Type::float64: return put_all(to, begin, step, count, nan);
    case Type::float16: return put_all(to, begin, step, count, std::uint16_t{0x7e00});
    case Type::bfloat16: return put_all(to, begin, step, count, std::uint16_t{0x7fc0});
    default: return;
  }
}

// Hands those of the items begin <= i < end that find(begin, end, outside) names to `each`.
template <class Find, class Each>
void for_each_outside(std::int64_t begin, std::int64_t end, Find&& find, Each&& each) {
  const auto outside = std::make_unique<bool[]>(static_cast<std::size_t>(end - begin));
  find(begin, end, outside.get());
  for (std::int64_t i = begin; i < end; ++i)
    if (outside[i - begin]) each(i);
}

// --- computing

// What is the same for all rows of a batch may be another for the next.
template <class Request>
void of_batch(Request& q, const Request& request, std::int64_t batch) {
  if constexpr (std::is_same_v<Request, Programmed>)
    for (std::size_t s = 0; s < q.program->slots.size(); ++s)
      if (q.program->slots[s].shared)
        q.slots[s].data = request.slots[s].data + batch * q.classes * q.slots[s].strides[0];
}

// Computes all batches of so many items each: compute(q, begin, end, found) for parts of them,
// where q is `request` with the scale of the batch.
template <class Request, class F>
void in_batches(const Arrays& arrays, const Request& request, std::int64_t items,
                std::int64_t per_part, F&& compute) {
  const std::int64_t elements = arrays.batches > 0 ? arrays.prediction.size / arrays.batches : 0;
  const bool side_by_side = elements < worth_sharing && arrays.prediction.size >= worth_sharing;
  const std::int64_t per_task =
      std::max<std::int64_t>(1, elements_per_task / std::max<std::int64_t>(1, elements));
  const std::int64_t tasks = (arrays.batches + per_task - 1) / per_task;
  bool rows_shared = false;
  if constexpr (std::is_same_v<Request, Programmed>)
    rows_shared = !side_by_side && few_long_rows(items, request.classes);
  for_each_task(tasks, side_by_side, [&](std::int64_t task) {
    Request q = request;
    if constexpr (std::is_same_v<Request, Programmed>) q.rows_shared = rows_shared;
    const std::int64_t last = std::min(arrays.batches, (task + 1) * per_task);
    for (std::int64_t batch = task * per_task; batch < last; ++batch) {
      q.scale = arrays.scale_of(batch);
      of_batch(q, request, batch);
      const std::int64_t from = batch * items;
      const Found found =
          in_parts(items, per_part, rows_shared ? 0 : elements,
                   [&](std::int64_t begin, std::int64_t end, Found& found) {
                     compute(q, from + begin, from + end, found);
                   });
      arrays.put_total(batch, found);
    }
  });
}

// The number of the card of that text, which takes so many parameters.
int card_of(std::string_view fingerprint, std::size_t parameters) {
  // Never freed: a program may still be running at exit.
  static const auto* const cards = new std::vector<CardText>(kernels().cards());
  for (std::size_t i = 0; i < cards->size(); ++i) {
    const CardText& card = (*cards)[i];
    if (card.fingerprint == fingerprint && static_cast<std::size_t>(card.parameters) == parameters)
      return static_cast<int>(i);
  }
  throw std::invalid_argument("no kernel computes the formulas " + std::string(fingerprint) +
                              " of " + std::to_string(parameters) + " parameters: the call was " +
                              "compiled for another version of losskit. Compile it again.");
}

template <class T>
double sum_of(const View& items, std::int64_t begin, std::int64_t end) {
  const T* x = reinterpret_cast<const T*>(items.data);
  return std::accumulate(x + begin, x + end, 0.0);
}

void pointwise(Frame& frame) {
  Arrays arrays(frame);
  const Kernels& k = kernels();
  const std::vector<double> parameters = frame.numbers("parameters");
  const int card = card_of(frame.text("fingerprint"), parameters.size());
  const std::int64_t n = arrays.prediction.size;
  require(arrays.target.size == n, "target and prediction differ in size");
  arrays.check_items(n);
  Pointwise q;
  arrays.hand_to(q, q.slope);
  q.prediction = arrays.prediction.view;
  q.parameters = parameters.data();
  q.floor = frame.number("floor");
  q.complement_floor = frame.number("complement_floor");
  q.prediction_low = frame.number("low");
  q.prediction_high = frame.number("high");
  q.value = arrays.total.given || arrays.items.given;
  const bool wide = arrays.wide;
  in_batches(arrays, q, arrays.batches > 0 ? n / arrays.batches : 0, elements_per_task,
             [&](const Pointwise& q, std::int64_t begin, std::int64_t end, Found& found) {
               k.pointwise(card, wide, q, begin, end, found);
               // Without weights, kernels give either the items or their sum.
               if (arrays.total.given && q.items && !q.weight && !q.keep)
                 found.sum = wide ? sum_of<double>(q.items, begin, end)
                                  : sum_of<float>(q.items, begin, end);
               if (!found.bad) return;
               const auto find = [&](std::int64_t begin, std::int64_t end, bool* outside) {
                 k.pointwise_outside(card, wide, q, begin, end, outside);
               };
               for_each_outside(begin, end, find, [&](std::int64_t i) {
                 spoil(q.items, i, 1, 1);
                 spoil(q.slope, i, 1, 1);
               });
             });
}

void softmax(Frame& frame) {
  Arrays arrays(frame);
  const Kernels& k = kernels();
  const Buffer& logits = arrays.prediction;
  const std::int64_t axis = frame.integer("axis") + logits.rank;
  require(0 <= axis && axis < logits.rank, "the logits lack the axis of the classes");
  Softmax q;
  q.outer = 1;
  for (std::int64_t d = 0; d < axis; ++d) q.outer *= logits.shape[d];
  q.classes = logits.shape[axis];
  for (std::int64_t d = axis + 1; d < logits.rank; ++d) q.inner *= logits.shape[d];
  q.dense = frame.flag("dense");
  q.ignores = frame.flag("ignores");
  q.ignored = frame.integer("ignored");
  q.smoothing = frame.number("smoothing");
  q.z_loss = frame.number("z_loss");
  q.temperature = frame.number("temperature");
  const std::int64_t rows = q.rows();
  require(q.classes > 0, "there are no classes");
  require(arrays.target.size == (q.dense ? logits.size : rows), "the target differs in size");
  arrays.check_items(rows);
  arrays.hand_to(q, q.gradient);
  q.logits = logits.view;
  const bool wide = arrays.wide;
  in_batches(arrays, q, arrays.batches > 0 ? rows / arrays.batches : 0, rows_per_part(q.classes),
             [&](const Softmax& q, std::int64_t begin, std::int64_t end, Found& found) {
               k.softmax(wide, q, begin, end, found);
               if (!found.bad) return;
               const auto find = [&](std::int64_t begin, std::int64_t end, bool* outside) {
                 k.softmax_outside(wide, q, begin, end, outside);
               };
               for_each_outside(begin, end, find, [&](std::int64_t row) {
                 spoil(q.items, row, 1, 1);
                 spoil(q.gradient, row / q.inner * q.classes * q.inner + row % q.inner, q.inner,
                       q.classes);
               });
             });
}

// A card's program: slot by slot what it takes, of which the main one says how many rows there are;
// then weights, mask and scale.
void program(Frame& frame) {
  const Kernels& k = kernels();
  const auto known = Program::read(frame.bytes("program"));
  const Program& p = *known;
  std::vector<Buffer> slots, outputs;
  for (std::size_t s = 0; s < p.slots.size(); ++s) slots.push_back(frame.argument());
  const auto main = static_cast<std::size_t>(frame.integer("main"));
  require(main < slots.size(), "the program has no such slot");
  Arrays arrays(frame, slots[main], [&] {
    const bool value = frame.flag("total") || frame.flag("items");
    for (std::size_t o = value; o < p.outputs.size(); ++o) outputs.push_back(frame.result());
  });
  const Buffer& shaped = slots[main];
  Programmed q;
  q.value = frame.flag("total") || frame.flag("items") ? 0 : -1;
  const std::vector<double> parameters = frame.numbers("parameters");
  q.take(p, SlotValues::read(frame.numbers("values")), parameters);
  const std::int64_t axis = frame.integer("axis"), axes = frame.integer("axes");
  q.outer = 1;
  q.classes = 1;
  q.inner = 1;
  const std::int64_t first = axes > 0 ? axis + shaped.rank : shaped.rank;
  require(0 <= first && axes >= 0 && first + axes <= shaped.rank, "the rows lack an axis");
  for (std::int64_t d = 0; d < shaped.rank; ++d)
    (d < first ? q.outer : d < first + axes ? q.classes : q.inner) *= shaped.shape[d];
  require(q.classes > 0, "rows are empty");
  q.ignores = frame.flag("ignores");
  q.ignored = frame.integer("ignored");
  q.floor = frame.number("floor");
  q.complement_floor = frame.number("complement_floor");
  const std::int64_t rows = q.rows(), n = rows * q.classes;
  // What is the same for all rows there is once in each batch.
  for (std::size_t s = 0; s < slots.size(); ++s)
    if (p.slots[s].shared && !arrays.scale.given && !arrays.total.given)
      arrays.batches = slots[s].size / q.classes;
  arrays.check_items(rows);
  const auto size = [&](int span, bool shared) {
    return shared ? q.classes * arrays.batches : span == of_row ? rows : n;
  };
  for (std::size_t s = 0; s < slots.size(); ++s) {
    require(slots[s].size == size(p.slots[s].span, p.slots[s].shared), "a slot has another size");
    q.slots[s] = slots[s].view;
  }
  const std::size_t behind = q.value + 1;
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    require(outputs[o].size == size(p.outputs[o + behind].span, false), "a result has another size");
    q.outputs[o] = outputs[o].view;
    ask_for_huge_pages(outputs[o].view.data, outputs[o].bytes());
  }
  q.weight = arrays.weight.view;
  q.keep = arrays.keep.view;
  q.items = arrays.items.view;
  q.past_caches = past_caches(n, arrays.wide);
  const bool wide = arrays.wide;
  in_batches(arrays, q, arrays.batches > 0 ? rows / arrays.batches : 0, rows_per_part(q.classes),
             [&](const Programmed& q, std::int64_t begin, std::int64_t end, Found& found) {
               k.program(wide, q, begin, end, found);
               if (!found.bad) return;
               const auto find = [&](std::int64_t begin, std::int64_t end, bool* outside) {
                 k.program_outside(wide, q, begin, end, outside);
               };
               for_each_outside(begin, end, find, [&](std::int64_t row) {
                 spoil(q.items, row, 1, 1);
                 for (std::size_t o = 0; o < outputs.size(); ++o)
                   if (p.outputs[o + behind].span == of_row)
                     spoil(q.outputs[o], row, 1, 1);
                   else
                     spoil(q.outputs[o], row / q.inner * q.classes * q.inner + row % q.inner, q.inner,
                           q.classes);
               });
             });
}

// CTC: labels, scores, and how many frames each sequence has, if that is given.
void ctc(Frame& frame) {
  const Kernels& k = kernels();
  const Buffer target = frame.argument(), scores = frame.argument();
  Buffer lengths, slope;
  if (frame.flag("lengths")) lengths = frame.argument();
  Arrays arrays(frame, scores, [&] {
    if (frame.flag("slope")) slope = frame.result();
  });
  require(scores.rank >= 2 && target.rank >= 1, "the scores are not frames of classes");
  Ctc q;
  q.classes = scores.shape[scores.rank - 1];
  q.frames = scores.shape[scores.rank - 2];
  q.labels = target.shape[target.rank - 1];
  q.count = 1;
  for (std::int64_t d = 0; d < scores.rank - 2; ++d) q.count *= scores.shape[d];
  q.blank = frame.integer("blank");
  q.from_logits = frame.flag("from_logits");
  q.impossible = frame.number("impossible");
  require(0 <= q.blank && q.blank < q.classes, "the blank is none of the classes");
  require(target.size == q.count * q.labels, "the labels are not rows, one for each sequence");
  require(!lengths.given || lengths.size == q.count, "there is not one length for each sequence");
  require(!slope.given || (slope.view.type == scores.view.type && slope.size == scores.size),
          "the slope has another shape or type than the prediction");
  arrays.check_items(q.count);
  q.target = target.view;
  q.logits = scores.view;
  q.lengths = lengths.view;
  q.weight = arrays.weight.view;
  q.keep = arrays.keep.view;
  q.items = arrays.items.view;
  q.gradient = slope.view;
  const bool wide = arrays.wide;
  // What is out of its domain is NaN already.
  in_batches(arrays, q, arrays.batches > 0 ? q.count / arrays.batches : 0, sequences_per_part(q),
             [&](const Ctc& q, std::int64_t begin, std::int64_t end, Found& found) {
               k.ctc(wide, q, begin, end, found);
             });
}

template <void (*compute)(Frame&)>
Error* handle(CallFrame* call) noexcept {
  try {
    if (told_version(*call)) return nullptr;
    Frame frame(*call);
    const Numbers numbers;
    compute(frame);
    return nullptr;
  } catch (const std::invalid_argument& e) {
    return error(*call, Code::invalid_argument, e.what());
  } catch (const std::bad_alloc&) {
    return error(*call, Code::resource_exhausted, "losskit: out of memory");
  } catch (const std::runtime_error& e) {
    return error(*call, Code::failed_precondition, e.what());
  } catch (...) {
    return error(*call, Code::internal, "losskit: an error without a name");
  }
}

}  // namespace

const NamedHandler handlers[handler_count] = {
    {"losskit_pointwise", handle<pointwise>},
    {"losskit_softmax", handle<softmax>},
    {"losskit_program", handle<program>},
    {"losskit_ctc", handle<ctc>},
};

}  // namespace losskit::xla

// Written by scripts/write_kernels.py from the loss cards: do not edit.
#pragma once

#include "pointwise.hpp"

namespace losskit::LOSSKIT_ISA {

struct BinaryCrossentropy_label_smoothing {  // q[0] = label_smoothing
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "e7479a25ba365c2e";
  static constexpr int parameters = 1;
  static constexpr double target_low = -1e-05;
  static constexpr double target_high = 1.00001;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k, V& value,
                                      V& slope, V& curve) {
    const double t0 = 1.0 - q[0];
    const V t1 = y * T(t0);
    const double t2 = 0.5 * q[0];
    const V t3 = t1 + T(t2);
    const Bits<V> t4 = p < T(-1e-05);
    const V t5 = at_least(p, T(k.floor));
    const V t6 = select<V>(t4, splat(T(std::numeric_limits<double>::quiet_NaN())), t5);
    const V t7 = log(t6);
    const V t8 = T(1.0) - p;
    const Bits<V> t9 = t8 < T(-1e-05);
    const V t10 = at_least(t8, T(k.floor));
    const V t11 = select<V>(t9, splat(T(std::numeric_limits<double>::quiet_NaN())), t10);
    const V t12 = log(t11);
    const V t13 = T(0.0) * t12;
    const V t14 = t7 + t13;
    const V t15 = t3 * t14;
    const V t16 = T(1.0) - y;
    const V t17 = t16 * T(t0);
    const V t18 = t17 + T(t2);
    const Bits<V> t19 = p < T(0.5);
    const V t20 = at_least(p, T(0.0));
    const V t21 = at_most(t20, T(0.5));
    const V t22 = -t21;
    const V t23 = log1p(t22);
    const V t24 = T(0.0) * t7;
    const V t25 = t23 + t24;
    const V t26 = select<V>(t19, t25, t12);
    const V t27 = t18 * t26;
    const V t28 = t15 + t27;
    const V t29 = -t28;
    value = t29;
    const Bits<V> t30 = t3 == T(0.0);
    const V t31 = T(1.0) / t11;
    const Bits<V> t32 = t18 == T(0.0);
    const V t33 = T(-1.0) / t6;
    const V t34 = t6 - t3;
    const V t35 = t34 / t6;
    const V t36 = t35 / t11;
    const V t37 = select<V>(t32, t33, t36);
    const V t38 = select<V>(t30, t31, t37);
    slope = t38;
    const V t39 = t3 / t6;
    const V t40 = t39 / t6;
    const V t41 = select<V>(t30, splat(T(0.0)), t40);
    const V t42 = t18 / t11;
    const V t43 = t42 / t11;
    const V t44 = select<V>(t32, splat(T(0.0)), t43);
    const V t45 = t41 + t44;
    curve = t45;
    (void)p, (void)q, (void)k;
  }
};

struct BinaryCrossentropy {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "3f947b1522af40f4";
  static constexpr int parameters = 0;
  static constexpr double target_low = -1e-05;
  static constexpr double target_high = 1.00001;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k, V& value,
                                      V& slope, V& curve) {
    const Bits<V> t0 = p < T(-1e-05);
    const V t1 = at_least(p, T(k.floor));
    const V t2 = select<V>(t0, splat(T(std::numeric_limits<double>::quiet_NaN())), t1);
    const V t3 = log(t2);
    const V t4 = T(1.0) - p;
    const Bits<V> t5 = t4 < T(-1e-05);
    const V t6 = at_least(t4, T(k.floor));
    const V t7 = select<V>(t5, splat(T(std::numeric_limits<double>::quiet_NaN())), t6);
    const V t8 = log(t7);
    const V t9 = T(0.0) * t8;
    const V t10 = t3 + t9;
    const V t11 = y * t10;
    const V t12 = T(1.0) - y;
    const Bits<V> t13 = p < T(0.5);
    const V t14 = at_least(p, T(0.0));
    const V t15 = at_most(t14, T(0.5));
    const V t16 = -t15;
    const V t17 = log1p(t16);
    const V t18 = T(0.0) * t3;
    const V t19 = t17 + t18;
    const V t20 = select<V>(t13, t19, t8);
    const V t21 = t12 * t20;
    const V t22 = t11 + t21;
    const V t23 = -t22;
    value = t23;
    const Bits<V> t24 = y == T(0.0);
    const V t25 = T(1.0) / t7;
    const Bits<V> t26 = t12 == T(0.0);
    const V t27 = T(-1.0) / t2;
    const V t28 = t2 - y;
    const V t29 = t28 / t2;
    const V t30 = t29 / t7;
    const V t31 = select<V>(t26, t27, t30);
    const V t32 = select<V>(t24, t25, t31);
    slope = t32;
    const V t33 = y / t2;
    const V t34 = t33 / t2;
    const V t35 = select<V>(t24, splat(T(0.0)), t34);
    const V t36 = t12 / t7;
    const V t37 = t36 / t7;
    const V t38 = select<V>(t26, splat(T(0.0)), t37);
    const V t39 = t35 + t38;
    curve = t39;
    (void)p, (void)q, (void)k;
  }
};

struct BinaryCrossentropy_from_logits_label_smoothing {  // q[0] = label_smoothing
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "676522709c49f221";
  static constexpr int parameters = 1;
  static constexpr double target_low = -1e-05;
  static constexpr double target_high = 1.00001;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k, V& value,
                                      V& slope, V& curve) {
    const V t0 = T(1.0) - y;
    const double t1 = 1.0 - q[0];
    const V t2 = t0 * T(t1);
    const double t3 = 0.5 * q[0];
    const V t4 = t2 + T(t3);
    const Bits<V> t5 = t4 == T(0.0);
    const V t6 = at_least(p, T(0.0));
    const V t7 = t4 * t6;
    const V t8 = select<V>(t5, splat(T(0.0)), t7);
    const V t9 = y * T(t1);
    const V t10 = t9 + T(t3);
    const Bits<V> t11 = t10 == T(0.0);
    const V t12 = -p;
    const V t13 = at_least(t12, T(0.0));
    const V t14 = t10 * t13;
    const V t15 = select<V>(t11, splat(T(0.0)), t14);
    const V t16 = t8 + t15;
    const V t17 = absolute(p);
    const V t18 = -t17;
    const V t19 = exp(t18);
    const V t20 = log1p(t19);
    const V t21 = t16 + t20;
    value = t21;
    const Bits<V> t22 = p >= T(0.0);
    const V t23 = select<V>(t22, splat(T(1.0)), t19);
    const V t24 = T(1.0) + t19;
    const V t25 = t23 / t24;
    const V t26 = t4 * t25;
    const Bits<V> t27 = t12 >= T(0.0);
    const V t28 = select<V>(t27, splat(T(1.0)), t19);
    const V t29 = t28 / t24;
    const V t30 = t10 * t29;
    const V t31 = t26 - t30;
    slope = t31;
    const V t32 = t25 * t29;
    curve = t32;
    (void)p, (void)q, (void)k;
  }
};

struct BinaryCrossentropy_from_logits {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "b5190581755b9677";
  static constexpr int parameters = 0;
  static constexpr double target_low = -1e-05;
  static constexpr double target_high = 1.00001;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k, V& value,
                                      V& slope, V& curve) {
    const V t0 = T(1.0) - y;
    const Bits<V> t1 = t0 == T(0.0);
    const V t2 = at_least(p, T(0.0));
    const V t3 = t0 * t2;
    const V t4 = select<V>(t1, splat(T(0.0)), t3);
    const Bits<V> t5 = y == T(0.0);
    const V t6 = -p;
    const V t7 = at_least(t6, T(0.0));
    const V t8 = y * t7;
    const V t9 = select<V>(t5, splat(T(0.0)), t8);
    const V t10 = t4 + t9;
    const V t11 = absolute(p);
    const V t12 = -t11;
    const V t13 = exp(t12);
    const V t14 = log1p(t13);
    const V t15 = t10 + t14;
    value = t15;
    const Bits<V> t16 = p >= T(0.0);
    const V t17 = select<V>(t16, splat(T(1.0)), t13);
    const V t18 = T(1.0) + t13;
    const V t19 = t17 / t18;
    const V t20 = t0 * t19;
    const Bits<V> t21 = t6 >= T(0.0);
    const V t22 = select<V>(t21, splat(T(1.0)), t13);
    const V t23 = t22 / t18;
    const V t24 = y * t23;
    const V t25 = t20 - t24;
    slope = t25;
    const V t26 = t19 * t23;
    curve = t26;
    (void)p, (void)q, (void)k;
  }
};

struct Poisson {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "3979ddc26d8be60d";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k, V& value,
                                      V& slope, V& curve) {
    const Bits<V> t0 = p < T(-1e-05);
    const V t1 = at_least(p, T(k.floor));
    const V t2 = select<V>(t0, splat(T(std::numeric_limits<double>::quiet_NaN())), t1);
    const V t3 = log(t2);
    const V t4 = y * t3;
    const V t5 = p - t4;
    value = t5;
    const V t6 = t2 - y;
    const V t7 = t6 / t2;
    slope = t7;
    const V t8 = y / t2;
    const V t9 = t8 / t2;
    curve = t9;
    (void)p, (void)q, (void)k;
  }
};

struct Hinge {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "17e7634e918af309";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = true;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k, V& value,
                                      V& slope, V& curve) {
    const Bits<V> t0 = y == T(0.0);
    const V t1 = select<V>(t0, splat(T(-1.0)), y);
    const V t2 = t1 * p;
    const V t3 = T(1.0) - t2;
    const V t4 = at_least(t3, T(0.0));
    value = t4;
    const Bits<V> t5 = t3 > T(0.0);
    const V t6 = -t1;
    const Bits<V> t7 = p == p;
    const V t8 = select<V>(t7, splat(T(0.0)), p);
    const V t9 = select<V>(t5, t6, t8);
    slope = t9;
    const V t10 = T(0.0) * y;
    curve = t10;
    (void)p, (void)q, (void)k;
  }
};

struct SquaredHinge {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "5851b0b51833546a";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = true;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k, V& value,
                                      V& slope, V& curve) {
    const Bits<V> t0 = y == T(0.0);
    const V t1 = select<V>(t0, splat(T(-1.0)), y);
    const V t2 = t1 * p;
    const V t3 = T(1.0) - t2;
    const V t4 = at_least(t3, T(0.0));
    const V t5 = t4 * t4;
    value = t5;
    const V t6 = T(-2.0) * t1;
    const V t7 = t6 * t4;
    slope = t7;
    const Bits<V> t8 = t3 > T(0.0);
    const V t9 = T(2.0) * t1;
    const V t10 = t9 * t1;
    const V t11 = T(0.0) * p;
    const V t12 = select<V>(t8, t10, t11);
    curve = t12;
    (void)p, (void)q, (void)k;
  }
};

struct MeanSquaredError {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "9f65f811cb91928c";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k, V& value,
                                      V& slope, V& curve) {
    const V t0 = p - y;
    const V t1 = t0 * t0;
    value = t1;
    const V t2 = T(2.0) * t0;
    slope = t2;
    const V t3 = T(0.0) * y;
    const V t4 = T(2.0) + t3;
    curve = t4;
    (void)p, (void)q, (void)k;
  }
};

struct MeanAbsoluteError {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "9ec9700a6c763d8b";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k, V& value,
                                      V& slope, V& curve) {
    const V t0 = p - y;
    const V t1 = absolute(t0);
    value = t1;
    const V t2 = sign(t0);
    slope = t2;
    const V t3 = T(0.0) * y;
    curve = t3;
    (void)p, (void)q, (void)k;
  }
};

struct Huber {  // q[0] = delta
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "196e113654bfc1f8";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k, V& value,
                                      V& slope, V& curve) {
    const V t0 = p - y;
    const V t1 = absolute(t0);
    const V t2 = at_most(t1, T(q[0]));
    const V t3 = T(0.5) * t2;
    const V t4 = t1 - t3;
    const V t5 = t2 * t4;
    value = t5;
    const double t6 = -q[0];
    const V t7 = at_least(t0, T(t6));
    const V t8 = at_most(t7, T(q[0]));
    slope = t8;
    const Bits<V> t9 = t1 <= T(q[0]);
    const V t10 = T(0.0) * t1;
    const V t11 = T(1.0) + t10;
    const V t12 = select<V>(t9, t11, splat(T(0.0)));
    curve = t12;
    (void)p, (void)q, (void)k;
  }
};

struct LogCosh {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "492d145243543f7a";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k, V& value,
                                      V& slope, V& curve) {
    const V t0 = p - y;
    const V t1 = absolute(t0);
    const Bits<V> t2 = t1 < T(1.0);
    const V t3 = at_most(t1, T(1.0));
    const V t4 = -t3;
    const V t5 = expm1(t4);
    const V t6 = T(0.5) * t5;
    const V t7 = t6 * t5;
    const V t8 = T(1.0) + t5;
    const V t9 = t7 / t8;
    const V t10 = log1p(t9);
    const V t11 = t1 - T(0.6931471805599453);
    const V t12 = T(-2.0) * t1;
    const V t13 = exp(t12);
    const V t14 = log1p(t13);
    const V t15 = t11 + t14;
    const V t16 = select<V>(t2, t10, t15);
    value = t16;
    const V t17 = tanh(t0);
    slope = t17;
    const V t18 = T(4.0) * t13;
    const V t19 = T(1.0) + t13;
    const V t20 = t19 * t19;
    const V t21 = t18 / t20;
    curve = t21;
    (void)p, (void)q, (void)k;
  }
};

struct MeanSquaredLogarithmicError {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "a8fe82905a292c7d";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k, V& value,
                                      V& slope, V& curve) {
    const V t0 = at_least(p, T(0.0));
    const V t1 = at_least(y, T(0.0));
    const Bits<V> t2 = t0 < t1;
    const V t3 = t0 - t1;
    const V t4 = select<V>(t2, splat(T(0.0)), t3);
    const V t5 = T(1.0) + t1;
    const V t6 = t4 / t5;
    const V t7 = log1p(t6);
    const V t8 = t1 - t0;
    const V t9 = select<V>(t2, t8, splat(T(0.0)));
    const V t10 = T(1.0) + t0;
    const V t11 = t9 / t10;
    const V t12 = log1p(t11);
    const V t13 = t7 - t12;
    const V t14 = at_most(p, T(0.0));
    const V t15 = t13 + t14;
    const V t16 = t15 * t15;
    value = t16;
    const V t17 = T(2.0) * t15;
    const V t18 = t17 / t10;
    slope = t18;
    const Bits<V> t19 = p > T(0.0);
    const V t20 = select<V>(t19, t15, splat(T(0.0)));
    const V t21 = T(1.0) - t20;
    const V t22 = T(2.0) * t21;
    const V t23 = t10 * t10;
    const V t24 = t22 / t23;
    curve = t24;
    (void)p, (void)q, (void)k;
  }
};

#define LOSSKIT_CARDS(X) \
  X(BinaryCrossentropy_label_smoothing) \
  X(BinaryCrossentropy) \
  X(BinaryCrossentropy_from_logits_label_smoothing) \
  X(BinaryCrossentropy_from_logits) \
  X(Poisson) \
  X(Hinge) \
  X(SquaredHinge) \
  X(MeanSquaredError) \
  X(MeanAbsoluteError) \
  X(Huber) \
  X(LogCosh) \
  X(MeanSquaredLogarithmicError)

}  // namespace losskit::LOSSKIT_ISA

// Written by scripts/write_kernels.py from the loss cards: do not edit.
#pragma once

#include "../pointwise.hpp"

namespace losskit::LOSSKIT_ISA {

struct BinaryCrossentropy_label_smoothing {  // q[0] = label_smoothing
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "42674340afd720f4";
  static constexpr int parameters = 1;
  static constexpr double target_low = -1e-05;
  static constexpr double target_high = 1.00001;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const double t0 = 1.0 - q[0];
    const V t1 = y * T(t0);
    const double t2 = 0.5 * q[0];
    const V t3 = t1 + T(t2);
    const Bits<V> t4 = p < T(0.5);
    const Bits<V> t5 = p < T(-1e-05);
    const V t6 = at_least(p, T(k.floor));
    const V t7 = select<V>(t5, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t6);
    const Bits<V> t8 = p > T(1.00001);
    const V t9 = T(1.0) - p;
    const V t10 = at_least(t9, T(k.complement_floor));
    const V t11 = select<V>(t8, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t10);
    const V t12 = select<V>(t4, t7, t11);
    const V t13 = log_normal(t12);
    const V t14 = select<V>(t4, p, t9);
    const V t15 = -t14;
    const V t16 = log1p(t15);
    const V t17 = select<V>(t4, t13, t16);
    const V t18 = t3 * t17;
    const V t19 = T(1.0) - y;
    const V t20 = t19 * T(t0);
    const V t21 = t20 + T(t2);
    const V t22 = select<V>(t4, t16, t13);
    const V t23 = t21 * t22;
    const V t24 = t18 + t23;
    const V t25 = -t24;
    value = t25;
    const V t26 = t21 * t7;
    const V t27 = t3 * t11;
    const V t28 = t26 - t27;
    const V t29 = t7 * t11;
    const V t30 = t28 / t29;
    slope = t30;
    const Bits<V> t31 = t3 == T(0.0);
    const Bits<V> t32 = ~t31;
    const V t33 = t3 / t7;
    const V t34 = t33 / t7;
    const V t35 = where<V>(t32, t34);
    const Bits<V> t36 = t21 == T(0.0);
    const Bits<V> t37 = ~t36;
    const V t38 = t21 / t11;
    const V t39 = t38 / t11;
    const V t40 = where<V>(t37, t39);
    const V t41 = t35 + t40;
    curve = t41;
    (void)p, (void)q, (void)k;
  }
};

struct BinaryCrossentropy {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "eb7edbc95117cd0e";
  static constexpr int parameters = 0;
  static constexpr double target_low = -1e-05;
  static constexpr double target_high = 1.00001;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = p < T(0.5);
    const Bits<V> t1 = p < T(-1e-05);
    const V t2 = at_least(p, T(k.floor));
    const V t3 = select<V>(t1, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t2);
    const Bits<V> t4 = p > T(1.00001);
    const V t5 = T(1.0) - p;
    const V t6 = at_least(t5, T(k.complement_floor));
    const V t7 = select<V>(t4, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t6);
    const V t8 = select<V>(t0, t3, t7);
    const V t9 = log_normal(t8);
    const V t10 = select<V>(t0, p, t5);
    const V t11 = -t10;
    const V t12 = log1p(t11);
    const V t13 = select<V>(t0, t9, t12);
    const V t14 = y * t13;
    const V t15 = T(1.0) - y;
    const V t16 = select<V>(t0, t12, t9);
    const V t17 = t15 * t16;
    const V t18 = t14 + t17;
    const V t19 = -t18;
    value = t19;
    const Bits<V> t20 = y == T(0.0);
    const Bits<V> t21 = t15 == T(0.0);
    const Bits<V> t22 = p < T(1.0);
    const V t23 = t3 - y;
    const V t24 = t15 * t3;
    const V t25 = y * t7;
    const V t26 = t24 - t25;
    const V t27 = select<V>(t22, t23, t26);
    const V t28 = select<V>(t21, broadcast<V>(T(-1.0)), t27);
    const V t29 = select<V>(t20, broadcast<V>(T(1.0)), t28);
    const V t30 = t3 * t7;
    const V t31 = select<V>(t21, t3, t30);
    const V t32 = select<V>(t20, t7, t31);
    const V t33 = t29 / t32;
    slope = t33;
    const Bits<V> t34 = ~t20;
    const V t35 = y / t3;
    const V t36 = t35 / t3;
    const V t37 = where<V>(t34, t36);
    const Bits<V> t38 = ~t21;
    const V t39 = t15 / t7;
    const V t40 = t39 / t7;
    const V t41 = where<V>(t38, t40);
    const V t42 = t37 + t41;
    curve = t42;
    (void)p, (void)q, (void)k;
  }
};

struct BinaryCrossentropy_from_logits_label_smoothing {  // q[0] = label_smoothing
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "7cb040937c1d93d7";
  static constexpr int parameters = 1;
  static constexpr double target_low = -1e-05;
  static constexpr double target_high = 1.00001;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = T(1.0) - y;
    const double t1 = 1.0 - q[0];
    const V t2 = t0 * T(t1);
    const double t3 = 0.5 * q[0];
    const V t4 = t2 + T(t3);
    const Bits<V> t5 = t4 == T(0.0);
    const Bits<V> t6 = ~t5;
    const V t7 = at_least(p, T(0.0));
    const V t8 = t4 * t7;
    const V t9 = where<V>(t6, t8);
    const V t10 = y * T(t1);
    const V t11 = t10 + T(t3);
    const Bits<V> t12 = t11 == T(0.0);
    const Bits<V> t13 = ~t12;
    const V t14 = -p;
    const V t15 = at_least(t14, T(0.0));
    const V t16 = t11 * t15;
    const V t17 = where<V>(t13, t16);
    const V t18 = t9 + t17;
    const V t19 = absolute(p);
    const V t20 = -t19;
    const V t21 = exp_negative(t20);
    const V t22 = log1p_unit(t21);
    const V t23 = t18 + t22;
    value = t23;
    const Bits<V> t24 = p < T(0.0);
    const V t25 = select<V>(t24, t21, broadcast<V>(T(1.0)));
    const V t26 = t4 * t25;
    const V t27 = select<V>(t24, broadcast<V>(T(1.0)), t21);
    const V t28 = t11 * t27;
    const V t29 = t26 - t28;
    const V t30 = T(1.0) + t21;
    const V t31 = t29 / t30;
    slope = t31;
    const V t32 = t30 * t30;
    const V t33 = t21 / t32;
    curve = t33;
    (void)p, (void)q, (void)k;
  }
};

struct BinaryCrossentropy_from_logits {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "5d48bff9044e283d";
  static constexpr int parameters = 0;
  static constexpr double target_low = -1e-05;
  static constexpr double target_high = 1.00001;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = T(1.0) - y;
    const Bits<V> t1 = t0 == T(0.0);
    const Bits<V> t2 = ~t1;
    const V t3 = at_least(p, T(0.0));
    const V t4 = t0 * t3;
    const V t5 = where<V>(t2, t4);
    const Bits<V> t6 = y == T(0.0);
    const Bits<V> t7 = ~t6;
    const V t8 = -p;
    const V t9 = at_least(t8, T(0.0));
    const V t10 = y * t9;
    const V t11 = where<V>(t7, t10);
    const V t12 = t5 + t11;
    const V t13 = absolute(p);
    const V t14 = -t13;
    const V t15 = exp_negative(t14);
    const V t16 = log1p_unit(t15);
    const V t17 = t12 + t16;
    value = t17;
    const Bits<V> t18 = p < T(0.0);
    const V t19 = select<V>(t18, t15, broadcast<V>(T(1.0)));
    const V t20 = t0 * t19;
    const V t21 = select<V>(t18, broadcast<V>(T(1.0)), t15);
    const V t22 = y * t21;
    const V t23 = t20 - t22;
    const V t24 = T(1.0) + t15;
    const V t25 = t23 / t24;
    slope = t25;
    const V t26 = t24 * t24;
    const V t27 = t15 / t26;
    curve = t27;
    (void)p, (void)q, (void)k;
  }
};

struct LogKLDivergence {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "7017cf205b3feba3";
  static constexpr int parameters = 0;
  static constexpr double target_low = -1e-05;
  static constexpr double target_high = 1.00001;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y == T(0.0);
    const Bits<V> t1 = p == p;
    const Bits<V> t2 = ~t1;
    const V t3 = where<V>(t2, p);
    const Bits<V> t4 = y < T(-1e-05);
    const V t5 = at_least(y, T(k.floor));
    const V t6 = select<V>(t4, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t5);
    const V t7 = log_normal(t6);
    const V t8 = t7 - p;
    const V t9 = y * t8;
    const V t10 = select<V>(t0, t3, t9);
    value = t10;
    const V t11 = t3 - y;
    slope = t11;
    const V t12 = T(0.0) * y;
    const V t13 = t3 + t12;
    curve = t13;
    (void)p, (void)q, (void)k;
  }
};

struct LogKLDivergenceWithLogTargets {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "9bcd50c8bc094e68";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = 1e-05;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = T(0.5) * y;
    const V t1 = exp(t0);
    const Bits<V> t2 = t1 == T(0.0);
    const Bits<V> t3 = p == p;
    const Bits<V> t4 = ~t3;
    const V t5 = where<V>(t4, p);
    const V t6 = y - p;
    const V t7 = t1 * t6;
    const V t8 = t1 * t7;
    const V t9 = select<V>(t2, t5, t8);
    value = t9;
    const V t10 = exp(y);
    const V t11 = t5 - t10;
    slope = t11;
    const V t12 = T(0.0) * t10;
    const V t13 = t5 + t12;
    curve = t13;
    (void)p, (void)q, (void)k;
  }
};

struct GeneralizedLogKLDivergence {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "0dd61a0a725cfe32";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y < T(-1e-05);
    const V t1 = at_least(y, T(k.floor));
    const V t2 = select<V>(t0, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t1);
    const V t3 = log_normal(t2);
    const V t4 = p - t3;
    const V t5 = absolute(t4);
    const Bits<V> t6 = t5 < T(1.0);
    const Bits<V> t7 = y > T(0.0);
    const Bits<V> t8 = t6 & t7;
    const V t9 = where<V>(t8, t4);
    const V t10 = y * t9;
    const V t11 = T(0.0) * t9;
    const V t12 = t11 + T(1.5619206968586225e-16);
    const V t13 = t12 * t9;
    const V t14 = t13 + T(2.8114572543455206e-15);
    const V t15 = t14 * t9;
    const V t16 = t15 + T(4.779477332387385e-14);
    const V t17 = t16 * t9;
    const V t18 = t17 + T(7.647163731819816e-13);
    const V t19 = t18 * t9;
    const V t20 = t19 + T(1.1470745597729725e-11);
    const V t21 = t20 * t9;
    const V t22 = t21 + T(1.6059043836821613e-10);
    const V t23 = t22 * t9;
    const V t24 = t23 + T(2.08767569878681e-09);
    const V t25 = t24 * t9;
    const V t26 = t25 + T(2.505210838544172e-08);
    const V t27 = t26 * t9;
    const V t28 = t27 + T(2.755731922398589e-07);
    const V t29 = t28 * t9;
    const V t30 = t29 + T(2.7557319223985893e-06);
    const V t31 = t30 * t9;
    const V t32 = t31 + T(2.48015873015873e-05);
    const V t33 = t32 * t9;
    const V t34 = t33 + T(0.0001984126984126984);
    const V t35 = t34 * t9;
    const V t36 = t35 + T(0.001388888888888889);
    const V t37 = t36 * t9;
    const V t38 = t37 + T(0.008333333333333333);
    const V t39 = t38 * t9;
    const V t40 = t39 + T(0.041666666666666664);
    const V t41 = t40 * t9;
    const V t42 = t41 + T(0.16666666666666666);
    const V t43 = t42 * t9;
    const V t44 = t43 + T(0.5);
    const V t45 = t9 * t44;
    const V t46 = t10 * t45;
    const Bits<V> t47 = y == T(0.0);
    const V t48 = exp(p);
    const Bits<V> t49 = t48 == T(std::numeric_limits<double>::infinity());
    const Bits<V> t50 = t47 | t49;
    const V t51 = t48 - y;
    const V t52 = y * t4;
    const V t53 = t51 - t52;
    const V t54 = select<V>(t50, t48, t53);
    const V t55 = select<V>(t8, t46, t54);
    value = t55;
    slope = t51;
    const V t56 = T(0.0) * y;
    const V t57 = t48 + t56;
    curve = t57;
    (void)p, (void)q, (void)k;
  }
};

struct Poisson {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "1122c18d507306ed";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = p < T(-1e-05);
    const V t1 = at_least(p, T(k.floor));
    const V t2 = select<V>(t0, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t1);
    const V t3 = log_normal(t2);
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

struct Poisson_log_input {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "3f07dd6bef1a414c";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y == T(0.0);
    const V t1 = exp(p);
    const Bits<V> t2 = t1 == T(std::numeric_limits<double>::infinity());
    const Bits<V> t3 = t0 | t2;
    const V t4 = y * p;
    const V t5 = t1 - t4;
    const V t6 = select<V>(t3, t1, t5);
    value = t6;
    const V t7 = t1 - y;
    slope = t7;
    curve = t1;
    (void)p, (void)q, (void)k;
  }
};

struct Hinge {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "dd3a66e208f4ec02";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = true;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y == T(0.0);
    const V t1 = select<V>(t0, broadcast<V>(T(-1.0)), y);
    const V t2 = t1 * p;
    const V t3 = T(1.0) - t2;
    const V t4 = at_least(t3, T(0.0));
    value = t4;
    const Bits<V> t5 = t3 > T(0.0);
    const V t6 = -t1;
    const Bits<V> t7 = p == p;
    const Bits<V> t8 = ~t7;
    const V t9 = where<V>(t8, p);
    const V t10 = select<V>(t5, t6, t9);
    slope = t10;
    const V t11 = T(0.0) * y;
    curve = t11;
    (void)p, (void)q, (void)k;
  }
};

struct SquaredHinge {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "8de83bc882920e5a";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = true;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y == T(0.0);
    const V t1 = select<V>(t0, broadcast<V>(T(-1.0)), y);
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

struct SoftMargin {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "96cea7c17967cc04";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = true;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y == T(0.0);
    const V t1 = select<V>(t0, broadcast<V>(T(-1.0)), y);
    const V t2 = -t1;
    const V t3 = t2 * p;
    const V t4 = at_least(t3, T(0.0));
    const V t5 = absolute(t3);
    const V t6 = -t5;
    const V t7 = exp_negative(t6);
    const V t8 = log1p_unit(t7);
    const V t9 = t4 + t8;
    value = t9;
    const Bits<V> t10 = t3 < T(0.0);
    const V t11 = select<V>(t10, t7, broadcast<V>(T(1.0)));
    const V t12 = t2 * t11;
    const V t13 = T(1.0) + t7;
    const V t14 = t12 / t13;
    slope = t14;
    const V t15 = t1 * t1;
    const V t16 = t15 * t7;
    const V t17 = t13 * t13;
    const V t18 = t16 / t17;
    curve = t18;
    (void)p, (void)q, (void)k;
  }
};

struct Perceptron {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "d000c48b177f0159";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = true;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y == T(0.0);
    const V t1 = select<V>(t0, broadcast<V>(T(-1.0)), y);
    const V t2 = -t1;
    const V t3 = t2 * p;
    const V t4 = at_least(t3, T(0.0));
    value = t4;
    const V t5 = t1 * p;
    const Bits<V> t6 = t5 < T(0.0);
    const Bits<V> t7 = p == p;
    const Bits<V> t8 = ~t7;
    const V t9 = where<V>(t8, p);
    const V t10 = select<V>(t6, t2, t9);
    slope = t10;
    const V t11 = T(0.0) * y;
    curve = t11;
    (void)p, (void)q, (void)k;
  }
};

struct MarginRanking_margin {  // q[0] = margin
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "9a3cdee6b57561ba";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = true;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = y * p;
    const V t1 = T(q[0]) - t0;
    const V t2 = at_least(t1, T(0.0));
    value = t2;
    const Bits<V> t3 = t1 > T(0.0);
    const V t4 = -y;
    const Bits<V> t5 = p == p;
    const Bits<V> t6 = ~t5;
    const V t7 = where<V>(t6, p);
    const V t8 = select<V>(t3, t4, t7);
    slope = t8;
    const V t9 = T(0.0) * y;
    curve = t9;
    (void)p, (void)q, (void)k;
  }
};

struct HingeEmbedding {  // q[0] = margin
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "beb4d7862c207b2c";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = true;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y > T(0.0);
    const V t1 = T(q[0]) - p;
    const V t2 = at_least(t1, T(0.0));
    const V t3 = select<V>(t0, p, t2);
    value = t3;
    const Bits<V> t4 = t1 > T(0.0);
    const V t5 = T(0.0) * y;
    const V t6 = select<V>(t4, broadcast<V>(T(-1.0)), t5);
    const V t7 = select<V>(t0, broadcast<V>(T(1.0)), t6);
    const Bits<V> t8 = p == p;
    const Bits<V> t9 = ~t8;
    const V t10 = where<V>(t9, p);
    const V t11 = t7 + t10;
    slope = t11;
    curve = t5;
    (void)p, (void)q, (void)k;
  }
};

struct CosineEmbedding_margin {  // q[0] = margin
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "f991e948b4a2de2b";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = true;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y > T(0.0);
    const V t1 = T(1.0) - p;
    const V t2 = p - T(q[0]);
    const V t3 = at_least(t2, T(0.0));
    const V t4 = select<V>(t0, t1, t3);
    value = t4;
    const Bits<V> t5 = t2 > T(0.0);
    const V t6 = T(0.0) * y;
    const V t7 = select<V>(t5, broadcast<V>(T(1.0)), t6);
    const V t8 = select<V>(t0, broadcast<V>(T(-1.0)), t7);
    const Bits<V> t9 = p == p;
    const Bits<V> t10 = ~t9;
    const V t11 = where<V>(t10, p);
    const V t12 = t8 + t11;
    slope = t12;
    curve = t6;
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
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
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
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
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
  static constexpr const char* fingerprint = "678d76e8703eae08";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
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
    const V t12 = where<V>(t9, t11);
    curve = t12;
    (void)p, (void)q, (void)k;
  }
};

struct SmoothL1 {  // q[0] = beta
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "1a5473aaae1058c5";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = p - y;
    const V t1 = absolute(t0);
    const V t2 = at_most(t1, T(q[0]));
    const V t3 = t2 / T(q[0]);
    const V t4 = T(0.5) * t2;
    const V t5 = t1 - t4;
    const V t6 = t3 * t5;
    value = t6;
    const double t7 = -q[0];
    const V t8 = at_least(t0, T(t7));
    const V t9 = at_most(t8, T(q[0]));
    const V t10 = t9 / T(q[0]);
    slope = t10;
    const Bits<V> t11 = t1 <= T(q[0]);
    const double t12 = 1.0 / q[0];
    const V t13 = T(0.0) * t1;
    const V t14 = T(t12) + t13;
    const V t15 = where<V>(t11, t14);
    curve = t15;
    (void)p, (void)q, (void)k;
  }
};

struct LogCosh {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "53b83f13367276fc";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = p - y;
    const V t1 = absolute(t0);
    const Bits<V> t2 = t1 < T(1.0);
    const V t3 = T(-2.0) * t1;
    const V t4 = expm1_negative(t3);
    const V t5 = -t4;
    const V t6 = T(2.0) + t4;
    const V t7 = t5 / t6;
    const V t8 = t7 * t7;
    const V t9 = -t8;
    const V t10 = T(1.0) + t4;
    const V t11 = select<V>(t2, t9, t10);
    const V t12 = at_least(t11, T(-0.6));
    const V t13 = at_most(t12, T(0.4));
    const V t14 = log1p_near(t13);
    const V t15 = T(-0.5) * t14;
    const V t16 = t1 - T(0.6931471805599453);
    const V t17 = t16 + t14;
    const V t18 = select<V>(t2, t15, t17);
    value = t18;
    const Bits<V> t19 = t0 < T(0.0);
    const V t20 = -t7;
    const V t21 = select<V>(t19, t20, t7);
    slope = t21;
    const V t22 = exp_negative(t3);
    const V t23 = T(4.0) * t22;
    const V t24 = T(1.0) + t22;
    const V t25 = t24 * t24;
    const V t26 = t23 / t25;
    curve = t26;
    (void)p, (void)q, (void)k;
  }
};

struct MeanAbsolutePercentageError {  // q[0] = epsilon
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "b6b52917cf0d38c8";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = p - y;
    const V t1 = absolute(t0);
    const V t2 = absolute(y);
    const V t3 = at_least(t2, T(q[0]));
    const V t4 = at_least(t3, T(k.tiny));
    const V t5 = t1 / t4;
    const V t6 = T(100.0) * t5;
    value = t6;
    const V t7 = sign(t0);
    const V t8 = t7 / t4;
    const V t9 = T(100.0) * t8;
    slope = t9;
    const V t10 = T(0.0) * y;
    curve = t10;
    (void)p, (void)q, (void)k;
  }
};

struct MeanSquaredLogarithmicError {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "25c09d4acde91b11";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = at_least(p, T(0.0));
    const V t1 = at_least(y, T(0.0));
    const Bits<V> t2 = t0 < t1;
    const V t3 = t1 - t0;
    const V t4 = t0 - t1;
    const V t5 = select<V>(t2, t3, t4);
    const V t6 = select<V>(t2, t0, t1);
    const V t7 = T(1.0) + t6;
    const V t8 = t5 / t7;
    const V t9 = log1p(t8);
    const V t10 = -t9;
    const V t11 = select<V>(t2, t10, t9);
    const V t12 = at_most(p, T(0.0));
    const V t13 = t11 + t12;
    const V t14 = t13 * t13;
    value = t14;
    const V t15 = T(2.0) * t13;
    const V t16 = T(1.0) + t0;
    const V t17 = t15 / t16;
    slope = t17;
    const Bits<V> t18 = p > T(0.0);
    const V t19 = where<V>(t18, t13);
    const V t20 = T(1.0) - t19;
    const V t21 = T(2.0) * t20;
    const V t22 = t16 * t16;
    const V t23 = t21 / t22;
    curve = t23;
    (void)p, (void)q, (void)k;
  }
};

struct BinarySparsemax {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "56cfb8a9901985ff";
  static constexpr int parameters = 0;
  static constexpr double target_low = -1e-05;
  static constexpr double target_high = 1.00001;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = at_least(p, T(-1.0));
    const V t1 = at_most(t0, T(1.0));
    const Bits<V> t2 = t1 >= T(1.0);
    const Bits<V> t3 = t1 <= T(-1.0);
    const Bits<V> t4 = t2 | t3;
    const V t5 = T(1.0) - y;
    const V t6 = -y;
    const V t7 = select<V>(t2, t5, t6);
    const V t8 = t5 - y;
    const V t9 = t1 + t8;
    const V t10 = T(0.5) * t9;
    const V t11 = select<V>(t4, t7, t10);
    const V t12 = t11 * t11;
    const Bits<V> t13 = t5 == T(0.0);
    const Bits<V> t14 = ~t13;
    const V t15 = p - T(1.0);
    const V t16 = at_least(t15, T(0.0));
    const V t17 = t5 * t16;
    const V t18 = where<V>(t14, t17);
    const Bits<V> t19 = y == T(0.0);
    const Bits<V> t20 = ~t19;
    const V t21 = -p;
    const V t22 = t21 - T(1.0);
    const V t23 = at_least(t22, T(0.0));
    const V t24 = y * t23;
    const V t25 = where<V>(t20, t24);
    const V t26 = t18 + t25;
    const V t27 = t12 + t26;
    value = t27;
    const Bits<V> t28 = p >= T(1.0);
    const Bits<V> t29 = p <= T(-1.0);
    const Bits<V> t30 = t28 | t29;
    const V t31 = select<V>(t28, t5, t6);
    const V t32 = p + t8;
    const V t33 = T(0.5) * t32;
    const V t34 = select<V>(t30, t31, t33);
    slope = t34;
    const V t35 = absolute(p);
    const Bits<V> t36 = t35 < T(1.0);
    const V t37 = T(0.0) * y;
    const V t38 = T(0.5) + t37;
    const V t39 = where<V>(t36, t38);
    curve = t39;
    (void)p, (void)q, (void)k;
  }
};

#define LOSSKIT_CARDS(X) \
  X(BinaryCrossentropy_label_smoothing) \
  X(BinaryCrossentropy) \
  X(BinaryCrossentropy_from_logits_label_smoothing) \
  X(BinaryCrossentropy_from_logits) \
  X(LogKLDivergence) \
  X(LogKLDivergenceWithLogTargets) \
  X(GeneralizedLogKLDivergence) \
  X(Poisson) \
  X(Poisson_log_input) \
  X(Hinge) \
  X(SquaredHinge) \
  X(SoftMargin) \
  X(Perceptron) \
  X(MarginRanking_margin) \
  X(HingeEmbedding) \
  X(CosineEmbedding_margin) \
  X(MeanSquaredError) \
  X(MeanAbsoluteError) \
  X(Huber) \
  X(SmoothL1) \
  X(LogCosh) \
  X(MeanAbsolutePercentageError) \
  X(MeanSquaredLogarithmicError) \
  X(BinarySparsemax)

}  // namespace losskit::LOSSKIT_ISA

// Written by scripts/write_kernels.py from the loss cards: do not edit.
#pragma once

#include "../pointwise.hpp"

namespace losskit::LOSSKIT_ISA {

struct BinaryCrossentropy_label_smoothing {  // q[0] = label_smoothing
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "9a5ab693b827ca59";
  static constexpr int parameters = 1;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = 1.0;
  static constexpr double target_slack = 1e-05;
  static constexpr bool minus_infinity = false;
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
    const double t5 = -k.slack;
    const Bits<V> t6 = p < T(t5);
    const V t7 = at_least(p, T(k.floor));
    const V t8 = select<V>(t6, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t7);
    const double t9 = 1.0 + k.slack;
    const Bits<V> t10 = p > T(t9);
    const V t11 = T(1.0) - p;
    const V t12 = at_least(t11, T(k.complement_floor));
    const V t13 = select<V>(t10, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t12);
    const V t14 = select<V>(t4, t8, t13);
    const V t15 = log_normal(t14);
    const V t16 = select<V>(t4, p, t11);
    const V t17 = at_least(t16, T(0.0));
    const V t18 = -t17;
    const V t19 = log1p(t18);
    const V t20 = select<V>(t4, t15, t19);
    const V t21 = t3 * t20;
    const V t22 = T(1.0) - y;
    const V t23 = t22 * T(t0);
    const V t24 = t23 + T(t2);
    const V t25 = select<V>(t4, t19, t15);
    const V t26 = t24 * t25;
    const V t27 = t21 + t26;
    const V t28 = -t27;
    value = t28;
    const Bits<V> t29 = p < T(1.0);
    const V t30 = t8 - y;
    const V t31 = y - T(0.5);
    const V t32 = T(q[0]) * t31;
    const V t33 = t30 + t32;
    const V t34 = t24 * t8;
    const V t35 = t3 * t13;
    const V t36 = t34 - t35;
    const V t37 = select<V>(t29, t33, t36);
    const V t38 = t8 * t13;
    const V t39 = t37 / t38;
    slope = t39;
    const Bits<V> t40 = t3 == T(0.0);
    const Bits<V> t41 = ~t40;
    const V t42 = t3 / t8;
    const V t43 = t42 / t8;
    const V t44 = where<V>(t41, t43);
    const Bits<V> t45 = t24 == T(0.0);
    const Bits<V> t46 = ~t45;
    const V t47 = t24 / t13;
    const V t48 = t47 / t13;
    const V t49 = where<V>(t46, t48);
    const V t50 = t44 + t49;
    curve = t50;
    (void)p, (void)q, (void)k;
  }
};

struct BinaryCrossentropy {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "4e9acc687e01c0c0";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = 1.0;
  static constexpr double target_slack = 1e-05;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = p < T(0.5);
    const double t1 = -k.slack;
    const Bits<V> t2 = p < T(t1);
    const V t3 = at_least(p, T(k.floor));
    const V t4 = select<V>(t2, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t3);
    const double t5 = 1.0 + k.slack;
    const Bits<V> t6 = p > T(t5);
    const V t7 = T(1.0) - p;
    const V t8 = at_least(t7, T(k.complement_floor));
    const V t9 = select<V>(t6, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t8);
    const V t10 = select<V>(t0, t4, t9);
    const V t11 = log_normal(t10);
    const V t12 = select<V>(t0, p, t7);
    const V t13 = at_least(t12, T(0.0));
    const V t14 = -t13;
    const V t15 = log1p(t14);
    const V t16 = select<V>(t0, t11, t15);
    const V t17 = y * t16;
    const V t18 = T(1.0) - y;
    const V t19 = select<V>(t0, t15, t11);
    const V t20 = t18 * t19;
    const V t21 = t17 + t20;
    const V t22 = -t21;
    value = t22;
    const Bits<V> t23 = y == T(0.0);
    const Bits<V> t24 = t18 == T(0.0);
    const Bits<V> t25 = p < T(1.0);
    const V t26 = t4 - y;
    const V t27 = t18 * t4;
    const V t28 = y * t9;
    const V t29 = t27 - t28;
    const V t30 = select<V>(t25, t26, t29);
    const V t31 = select<V>(t24, broadcast<V>(T(-1.0)), t30);
    const V t32 = select<V>(t23, broadcast<V>(T(1.0)), t31);
    const V t33 = t4 * t9;
    const V t34 = select<V>(t24, t4, t33);
    const V t35 = select<V>(t23, t9, t34);
    const V t36 = t32 / t35;
    slope = t36;
    const Bits<V> t37 = ~t23;
    const V t38 = y / t4;
    const V t39 = t38 / t4;
    const V t40 = where<V>(t37, t39);
    const Bits<V> t41 = ~t24;
    const V t42 = t18 / t9;
    const V t43 = t42 / t9;
    const V t44 = where<V>(t41, t43);
    const V t45 = t40 + t44;
    curve = t45;
    (void)p, (void)q, (void)k;
  }
};

struct BinaryCrossentropy_from_logits_label_smoothing {  // q[0] = label_smoothing
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "5c5e844910b235a9";
  static constexpr int parameters = 1;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = 1.0;
  static constexpr double target_slack = 1e-05;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = p < T(0.0);
    const double t1 = 1.0 - q[0];
    const V t2 = y * T(t1);
    const double t3 = 0.5 * q[0];
    const V t4 = t2 + T(t3);
    const V t5 = -t4;
    const V t6 = T(1.0) - y;
    const V t7 = t6 * T(t1);
    const V t8 = t7 + T(t3);
    const V t9 = select<V>(t0, t5, t8);
    const Bits<V> t10 = t9 == T(0.0);
    const Bits<V> t11 = ~t10;
    const V t12 = t9 * p;
    const V t13 = where<V>(t11, t12);
    const V t14 = absolute(p);
    const V t15 = -t14;
    const V t16 = exp_negative(t15);
    const V t17 = log1p_unit(t16);
    const V t18 = t13 + t17;
    value = t18;
    const Bits<V> t19 = t15 > T(-0.5);
    const V t20 = t6 - y;
    const V t21 = t20 * T(t1);
    const V t22 = select<V>(t0, t8, t5);
    const V t23 = expm1_negative(t15);
    const V t24 = t22 * t23;
    const V t25 = t21 + t24;
    const V t26 = t22 * t16;
    const V t27 = t9 + t26;
    const V t28 = select<V>(t19, t25, t27);
    const V t29 = T(1.0) + t16;
    const V t30 = t28 / t29;
    slope = t30;
    const V t31 = t29 * t29;
    const V t32 = t16 / t31;
    curve = t32;
    (void)p, (void)q, (void)k;
  }
};

struct BinaryCrossentropy_from_logits {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "11fa5ad4e65ed50a";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = 1.0;
  static constexpr double target_slack = 1e-05;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = p < T(0.0);
    const V t1 = -y;
    const V t2 = T(1.0) - y;
    const V t3 = select<V>(t0, t1, t2);
    const Bits<V> t4 = t3 == T(0.0);
    const Bits<V> t5 = ~t4;
    const V t6 = t3 * p;
    const V t7 = where<V>(t5, t6);
    const V t8 = absolute(p);
    const V t9 = -t8;
    const V t10 = exp_negative(t9);
    const V t11 = log1p_unit(t10);
    const V t12 = t7 + t11;
    value = t12;
    const Bits<V> t13 = t9 > T(-0.5);
    const V t14 = t2 - y;
    const V t15 = t14 * T(1.0);
    const V t16 = select<V>(t0, t2, t1);
    const V t17 = expm1_negative(t9);
    const V t18 = t16 * t17;
    const V t19 = t15 + t18;
    const V t20 = t16 * t10;
    const V t21 = t3 + t20;
    const V t22 = select<V>(t13, t19, t21);
    const V t23 = T(1.0) + t10;
    const V t24 = t22 / t23;
    slope = t24;
    const V t25 = t23 * t23;
    const V t26 = t10 / t25;
    curve = t26;
    (void)p, (void)q, (void)k;
  }
};

struct LogKLDivergence {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "52e0febf587507cf";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = 1.0;
  static constexpr double target_slack = 1e-05;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y == T(0.0);
    const Bits<V> t1 = p == p;
    const Bits<V> t2 = ~t1;
    const V t3 = where<V>(t2, p);
    const double t4 = -k.slack;
    const Bits<V> t5 = y < T(t4);
    const V t6 = at_least(y, T(k.floor));
    const V t7 = select<V>(t5, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t6);
    const V t8 = log_less(t7, p);
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
  static constexpr const char* fingerprint = "2a69d1b21953affb";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = 0.0;
  static constexpr double target_slack = 1e-05;
  static constexpr bool minus_infinity = true;
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
  static constexpr const char* fingerprint = "747fd07a00c7d038";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const double t0 = -k.slack;
    const Bits<V> t1 = y < T(t0);
    const V t2 = at_least(y, T(k.floor));
    const V t3 = select<V>(t1, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t2);
    const V t4 = log_less(t3, p);
    const V t5 = absolute(t4);
    const Bits<V> t6 = t5 < T(1.0);
    const Bits<V> t7 = y > T(0.0);
    const Bits<V> t8 = t6 & t7;
    const V t9 = -t4;
    const V t10 = where<V>(t8, t9);
    const V t11 = T(0.0) * t10;
    const V t12 = t11 + T(1.5619206968586225e-16);
    const V t13 = t12 * t10;
    const V t14 = t13 + T(2.8114572543455206e-15);
    const V t15 = t14 * t10;
    const V t16 = t15 + T(4.779477332387385e-14);
    const V t17 = t16 * t10;
    const V t18 = t17 + T(7.647163731819816e-13);
    const V t19 = t18 * t10;
    const V t20 = t19 + T(1.1470745597729725e-11);
    const V t21 = t20 * t10;
    const V t22 = t21 + T(1.6059043836821613e-10);
    const V t23 = t22 * t10;
    const V t24 = t23 + T(2.08767569878681e-09);
    const V t25 = t24 * t10;
    const V t26 = t25 + T(2.505210838544172e-08);
    const V t27 = t26 * t10;
    const V t28 = t27 + T(2.755731922398589e-07);
    const V t29 = t28 * t10;
    const V t30 = t29 + T(2.7557319223985893e-06);
    const V t31 = t30 * t10;
    const V t32 = t31 + T(2.48015873015873e-05);
    const V t33 = t32 * t10;
    const V t34 = t33 + T(0.0001984126984126984);
    const V t35 = t34 * t10;
    const V t36 = t35 + T(0.001388888888888889);
    const V t37 = t36 * t10;
    const V t38 = t37 + T(0.008333333333333333);
    const V t39 = t38 * t10;
    const V t40 = t39 + T(0.041666666666666664);
    const V t41 = t40 * t10;
    const V t42 = t41 + T(0.16666666666666666);
    const V t43 = t42 * t10;
    const V t44 = t43 + T(0.5);
    const V t45 = t10 * t44;
    const V t46 = t10 * t45;
    const V t47 = y * t46;
    const Bits<V> t48 = y == T(0.0);
    const V t49 = exp_less(p, y);
    const Bits<V> t50 = t49 == T(std::numeric_limits<double>::infinity());
    const Bits<V> t51 = t48 | t50;
    const V t52 = y * t9;
    const V t53 = t49 - t52;
    const V t54 = select<V>(t51, t49, t53);
    const V t55 = select<V>(t8, t47, t54);
    value = t55;
    slope = t49;
    const V t56 = exp(p);
    const V t57 = T(0.0) * y;
    const V t58 = t56 + t57;
    curve = t58;
    (void)p, (void)q, (void)k;
  }
};

struct Poisson_eps {  // q[0] = eps
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "05296d3d97719cc8";
  static constexpr int parameters = 1;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const double t0 = -k.slack;
    const Bits<V> t1 = p < T(t0);
    const V t2 = at_least(p, T(k.floor));
    const V t3 = select<V>(t1, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t2);
    const V t4 = t3 + T(q[0]);
    const V t5 = log(t4);
    const V t6 = y * t5;
    const V t7 = p - t6;
    value = t7;
    const V t8 = t3 - y;
    const V t9 = t8 + T(q[0]);
    const V t10 = t9 / t4;
    slope = t10;
    const V t11 = y / t4;
    const V t12 = t11 / t4;
    curve = t12;
    (void)p, (void)q, (void)k;
  }
};

struct Poisson {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "a0692509415a9f74";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const double t0 = -k.slack;
    const Bits<V> t1 = p < T(t0);
    const V t2 = at_least(p, T(k.floor));
    const V t3 = select<V>(t1, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t2);
    const V t4 = t3 + T(0.0);
    const V t5 = log_normal(t4);
    const V t6 = y * t5;
    const V t7 = p - t6;
    value = t7;
    const V t8 = t3 - y;
    const V t9 = t8 + T(0.0);
    const V t10 = t9 / t4;
    slope = t10;
    const V t11 = y / t4;
    const V t12 = t11 / t4;
    curve = t12;
    (void)p, (void)q, (void)k;
  }
};

struct Poisson_full_eps {  // q[0] = eps
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "635fd40a8fa1fb37";
  static constexpr int parameters = 1;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y > T(1.0);
    const double t1 = -k.slack;
    const Bits<V> t2 = p < T(t1);
    const V t3 = at_least(p, T(k.floor));
    const V t4 = select<V>(t2, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t3);
    const V t5 = t4 - y;
    const V t6 = t5 + T(q[0]);
    const V t7 = at_least(y, T(1.0));
    const V t8 = t6 / t7;
    const Bits<V> t9 = t8 > T(-0.05);
    const Bits<V> t10 = t8 < T(0.05);
    const Bits<V> t11 = t9 & t10;
    const V t12 = at_least(t8, T(-0.05));
    const V t13 = at_most(t12, T(0.05));
    const V t14 = t7 * t13;
    const V t15 = T(0.0) * t8;
    const V t16 = t13 * t15;
    const V t17 = T(0.07142857142857142) - t16;
    const V t18 = t13 * t17;
    const V t19 = T(0.07692307692307693) - t18;
    const V t20 = t13 * t19;
    const V t21 = T(0.08333333333333333) - t20;
    const V t22 = t13 * t21;
    const V t23 = T(0.09090909090909091) - t22;
    const V t24 = t13 * t23;
    const V t25 = T(0.1) - t24;
    const V t26 = t13 * t25;
    const V t27 = T(0.1111111111111111) - t26;
    const V t28 = t13 * t27;
    const V t29 = T(0.125) - t28;
    const V t30 = t13 * t29;
    const V t31 = T(0.14285714285714285) - t30;
    const V t32 = t13 * t31;
    const V t33 = T(0.16666666666666666) - t32;
    const V t34 = t13 * t33;
    const V t35 = T(0.2) - t34;
    const V t36 = t13 * t35;
    const V t37 = T(0.25) - t36;
    const V t38 = t13 * t37;
    const V t39 = T(0.3333333333333333) - t38;
    const V t40 = t13 * t39;
    const V t41 = T(0.5) - t40;
    const V t42 = t13 * t41;
    const V t43 = t14 * t42;
    const Bits<V> t44 = t8 > T(-0.5);
    const Bits<V> t45 = t8 < T(0.5);
    const Bits<V> t46 = t44 & t45;
    const V t47 = at_least(t8, T(-0.5));
    const V t48 = at_most(t47, T(0.5));
    const V t49 = log1p(t48);
    const V t50 = t48 - t49;
    const V t51 = t7 * t50;
    const V t52 = t4 + T(q[0]);
    const V t53 = log(t52);
    const V t54 = log_normal(t7);
    const V t55 = t53 - t54;
    const V t56 = t7 * t55;
    const V t57 = t6 - t56;
    const V t58 = select<V>(t46, t51, t57);
    const V t59 = select<V>(t11, t43, t58);
    const V t60 = T(0.5) * t54;
    const V t61 = t60 + T(0.9189385332046727);
    const V t62 = t59 + t61;
    const V t63 = t62 - T(q[0]);
    const V t64 = y * t53;
    const V t65 = p - t64;
    const V t66 = select<V>(t0, t63, t65);
    value = t66;
    const V t67 = t6 / t52;
    slope = t67;
    const V t68 = y / t52;
    const V t69 = t68 / t52;
    curve = t69;
    (void)p, (void)q, (void)k;
  }
};

struct Poisson_full {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "0769fbf890751370";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y > T(1.0);
    const double t1 = -k.slack;
    const Bits<V> t2 = p < T(t1);
    const V t3 = at_least(p, T(k.floor));
    const V t4 = select<V>(t2, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t3);
    const V t5 = t4 - y;
    const V t6 = t5 + T(0.0);
    const V t7 = at_least(y, T(1.0));
    const V t8 = t6 / t7;
    const Bits<V> t9 = t8 > T(-0.05);
    const Bits<V> t10 = t8 < T(0.05);
    const Bits<V> t11 = t9 & t10;
    const V t12 = at_least(t8, T(-0.05));
    const V t13 = at_most(t12, T(0.05));
    const V t14 = t7 * t13;
    const V t15 = T(0.0) * t8;
    const V t16 = t13 * t15;
    const V t17 = T(0.07142857142857142) - t16;
    const V t18 = t13 * t17;
    const V t19 = T(0.07692307692307693) - t18;
    const V t20 = t13 * t19;
    const V t21 = T(0.08333333333333333) - t20;
    const V t22 = t13 * t21;
    const V t23 = T(0.09090909090909091) - t22;
    const V t24 = t13 * t23;
    const V t25 = T(0.1) - t24;
    const V t26 = t13 * t25;
    const V t27 = T(0.1111111111111111) - t26;
    const V t28 = t13 * t27;
    const V t29 = T(0.125) - t28;
    const V t30 = t13 * t29;
    const V t31 = T(0.14285714285714285) - t30;
    const V t32 = t13 * t31;
    const V t33 = T(0.16666666666666666) - t32;
    const V t34 = t13 * t33;
    const V t35 = T(0.2) - t34;
    const V t36 = t13 * t35;
    const V t37 = T(0.25) - t36;
    const V t38 = t13 * t37;
    const V t39 = T(0.3333333333333333) - t38;
    const V t40 = t13 * t39;
    const V t41 = T(0.5) - t40;
    const V t42 = t13 * t41;
    const V t43 = t14 * t42;
    const Bits<V> t44 = t8 > T(-0.5);
    const Bits<V> t45 = t8 < T(0.5);
    const Bits<V> t46 = t44 & t45;
    const V t47 = at_least(t8, T(-0.5));
    const V t48 = at_most(t47, T(0.5));
    const V t49 = log1p(t48);
    const V t50 = t48 - t49;
    const V t51 = t7 * t50;
    const V t52 = t4 + T(0.0);
    const V t53 = log_normal(t52);
    const V t54 = log_normal(t7);
    const V t55 = t53 - t54;
    const V t56 = t7 * t55;
    const V t57 = t6 - t56;
    const V t58 = select<V>(t46, t51, t57);
    const V t59 = select<V>(t11, t43, t58);
    const V t60 = T(0.5) * t54;
    const V t61 = t60 + T(0.9189385332046727);
    const V t62 = t59 + t61;
    const V t63 = t62 - T(0.0);
    const V t64 = y * t53;
    const V t65 = p - t64;
    const V t66 = select<V>(t0, t63, t65);
    value = t66;
    const V t67 = t6 / t52;
    slope = t67;
    const V t68 = y / t52;
    const V t69 = t68 / t52;
    curve = t69;
    (void)p, (void)q, (void)k;
  }
};

struct Poisson_log_input_eps {  // q[0] = eps
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "f1ee6d6096ff2942";
  static constexpr int parameters = 1;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
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
    const V t7 = exp_less(p, y);
    slope = t7;
    curve = t1;
    (void)p, (void)q, (void)k;
  }
};

struct Poisson_log_input {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "f1ee6d6096ff2942";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
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
    const V t7 = exp_less(p, y);
    slope = t7;
    curve = t1;
    (void)p, (void)q, (void)k;
  }
};

struct Poisson_log_input_full_eps {  // q[0] = eps
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "7102755151c780bc";
  static constexpr int parameters = 1;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y == T(0.0);
    const V t1 = exp(p);
    const Bits<V> t2 = t1 == T(std::numeric_limits<double>::infinity());
    const Bits<V> t3 = t0 | t2;
    const Bits<V> t4 = y <= T(1.0);
    const Bits<V> t5 = t3 | t4;
    const V t6 = y * p;
    const V t7 = t1 - t6;
    const V t8 = select<V>(t3, t1, t7);
    const V t9 = exp_less(p, y);
    const V t10 = at_least(y, T(1.0));
    const V t11 = t9 / t10;
    const Bits<V> t12 = t11 > T(-0.05);
    const Bits<V> t13 = t11 < T(0.05);
    const Bits<V> t14 = t12 & t13;
    const V t15 = at_least(t11, T(-0.05));
    const V t16 = at_most(t15, T(0.05));
    const V t17 = t10 * t16;
    const V t18 = T(0.0) * t11;
    const V t19 = t16 * t18;
    const V t20 = T(0.07142857142857142) - t19;
    const V t21 = t16 * t20;
    const V t22 = T(0.07692307692307693) - t21;
    const V t23 = t16 * t22;
    const V t24 = T(0.08333333333333333) - t23;
    const V t25 = t16 * t24;
    const V t26 = T(0.09090909090909091) - t25;
    const V t27 = t16 * t26;
    const V t28 = T(0.1) - t27;
    const V t29 = t16 * t28;
    const V t30 = T(0.1111111111111111) - t29;
    const V t31 = t16 * t30;
    const V t32 = T(0.125) - t31;
    const V t33 = t16 * t32;
    const V t34 = T(0.14285714285714285) - t33;
    const V t35 = t16 * t34;
    const V t36 = T(0.16666666666666666) - t35;
    const V t37 = t16 * t36;
    const V t38 = T(0.2) - t37;
    const V t39 = t16 * t38;
    const V t40 = T(0.25) - t39;
    const V t41 = t16 * t40;
    const V t42 = T(0.3333333333333333) - t41;
    const V t43 = t16 * t42;
    const V t44 = T(0.5) - t43;
    const V t45 = t16 * t44;
    const V t46 = t17 * t45;
    const Bits<V> t47 = t11 > T(-0.5);
    const Bits<V> t48 = t11 < T(0.5);
    const Bits<V> t49 = t47 & t48;
    const V t50 = at_least(t11, T(-0.5));
    const V t51 = at_most(t50, T(0.5));
    const V t52 = log1p(t51);
    const V t53 = t51 - t52;
    const V t54 = t10 * t53;
    const Bits<V> t55 = ~t3;
    const V t56 = where<V>(t55, p);
    const V t57 = log_normal(t10);
    const V t58 = t56 - t57;
    const V t59 = t10 * t58;
    const V t60 = t9 - t59;
    const V t61 = select<V>(t49, t54, t60);
    const V t62 = select<V>(t14, t46, t61);
    const V t63 = T(0.5) * t57;
    const V t64 = t63 + T(0.9189385332046727);
    const V t65 = t62 + t64;
    const V t66 = select<V>(t5, t8, t65);
    value = t66;
    slope = t9;
    curve = t1;
    (void)p, (void)q, (void)k;
  }
};

struct Poisson_log_input_full {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "7102755151c780bc";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const Bits<V> t0 = y == T(0.0);
    const V t1 = exp(p);
    const Bits<V> t2 = t1 == T(std::numeric_limits<double>::infinity());
    const Bits<V> t3 = t0 | t2;
    const Bits<V> t4 = y <= T(1.0);
    const Bits<V> t5 = t3 | t4;
    const V t6 = y * p;
    const V t7 = t1 - t6;
    const V t8 = select<V>(t3, t1, t7);
    const V t9 = exp_less(p, y);
    const V t10 = at_least(y, T(1.0));
    const V t11 = t9 / t10;
    const Bits<V> t12 = t11 > T(-0.05);
    const Bits<V> t13 = t11 < T(0.05);
    const Bits<V> t14 = t12 & t13;
    const V t15 = at_least(t11, T(-0.05));
    const V t16 = at_most(t15, T(0.05));
    const V t17 = t10 * t16;
    const V t18 = T(0.0) * t11;
    const V t19 = t16 * t18;
    const V t20 = T(0.07142857142857142) - t19;
    const V t21 = t16 * t20;
    const V t22 = T(0.07692307692307693) - t21;
    const V t23 = t16 * t22;
    const V t24 = T(0.08333333333333333) - t23;
    const V t25 = t16 * t24;
    const V t26 = T(0.09090909090909091) - t25;
    const V t27 = t16 * t26;
    const V t28 = T(0.1) - t27;
    const V t29 = t16 * t28;
    const V t30 = T(0.1111111111111111) - t29;
    const V t31 = t16 * t30;
    const V t32 = T(0.125) - t31;
    const V t33 = t16 * t32;
    const V t34 = T(0.14285714285714285) - t33;
    const V t35 = t16 * t34;
    const V t36 = T(0.16666666666666666) - t35;
    const V t37 = t16 * t36;
    const V t38 = T(0.2) - t37;
    const V t39 = t16 * t38;
    const V t40 = T(0.25) - t39;
    const V t41 = t16 * t40;
    const V t42 = T(0.3333333333333333) - t41;
    const V t43 = t16 * t42;
    const V t44 = T(0.5) - t43;
    const V t45 = t16 * t44;
    const V t46 = t17 * t45;
    const Bits<V> t47 = t11 > T(-0.5);
    const Bits<V> t48 = t11 < T(0.5);
    const Bits<V> t49 = t47 & t48;
    const V t50 = at_least(t11, T(-0.5));
    const V t51 = at_most(t50, T(0.5));
    const V t52 = log1p(t51);
    const V t53 = t51 - t52;
    const V t54 = t10 * t53;
    const Bits<V> t55 = ~t3;
    const V t56 = where<V>(t55, p);
    const V t57 = log_normal(t10);
    const V t58 = t56 - t57;
    const V t59 = t10 * t58;
    const V t60 = t9 - t59;
    const V t61 = select<V>(t49, t54, t60);
    const V t62 = select<V>(t14, t46, t61);
    const V t63 = T(0.5) * t57;
    const V t64 = t63 + T(0.9189385332046727);
    const V t65 = t62 + t64;
    const V t66 = select<V>(t5, t8, t65);
    value = t66;
    slope = t9;
    curve = t1;
    (void)p, (void)q, (void)k;
  }
};

struct GammaDeviance {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "b089a386d97e484f";
  static constexpr int parameters = 0;
  static constexpr double target_low = 1.1754943508222875e-38;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = true;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const double t0 = -k.slack;
    const Bits<V> t1 = p < T(t0);
    const V t2 = at_least(p, T(k.floor));
    const V t3 = select<V>(t1, broadcast<V>(T(std::numeric_limits<double>::quiet_NaN())), t2);
    const V t4 = y - t3;
    const V t5 = t4 / t3;
    const Bits<V> t6 = t5 > T(-0.05);
    const Bits<V> t7 = t5 < T(0.05);
    const Bits<V> t8 = t6 & t7;
    const V t9 = at_least(t5, T(-0.05));
    const V t10 = at_most(t9, T(0.05));
    const V t11 = T(0.0) * t10;
    const V t12 = t10 * t11;
    const V t13 = T(0.07142857142857142) - t12;
    const V t14 = t10 * t13;
    const V t15 = T(0.07692307692307693) - t14;
    const V t16 = t10 * t15;
    const V t17 = T(0.08333333333333333) - t16;
    const V t18 = t10 * t17;
    const V t19 = T(0.09090909090909091) - t18;
    const V t20 = t10 * t19;
    const V t21 = T(0.1) - t20;
    const V t22 = t10 * t21;
    const V t23 = T(0.1111111111111111) - t22;
    const V t24 = t10 * t23;
    const V t25 = T(0.125) - t24;
    const V t26 = t10 * t25;
    const V t27 = T(0.14285714285714285) - t26;
    const V t28 = t10 * t27;
    const V t29 = T(0.16666666666666666) - t28;
    const V t30 = t10 * t29;
    const V t31 = T(0.2) - t30;
    const V t32 = t10 * t31;
    const V t33 = T(0.25) - t32;
    const V t34 = t10 * t33;
    const V t35 = T(0.3333333333333333) - t34;
    const V t36 = t10 * t35;
    const V t37 = T(0.5) - t36;
    const V t38 = t10 * t37;
    const V t39 = t10 * t38;
    const Bits<V> t40 = t5 < T(-0.5);
    const V t41 = at_least(y, T(k.tiny));
    const V t42 = t3 - t41;
    const V t43 = t42 / t41;
    const Bits<V> t44 = t43 < T(1.8446744073709552e+19);
    const Bits<V> t45 = t40 & t44;
    const V t46 = at_least(t43, T(0.0));
    const V t47 = at_most(t46, T(1.8446744073709552e+19));
    const V t48 = log1p(t47);
    const V t49 = -t48;
    const Bits<V> t50 = t5 >= T(-0.5);
    const Bits<V> t51 = t5 < T(1.8446744073709552e+19);
    const Bits<V> t52 = t50 & t51;
    const V t53 = at_least(t5, T(-0.5));
    const V t54 = at_most(t53, T(1.8446744073709552e+19));
    const V t55 = log1p(t54);
    const V t56 = log_normal(t41);
    const V t57 = log_normal(t3);
    const V t58 = t56 - t57;
    const V t59 = select<V>(t52, t55, t58);
    const V t60 = select<V>(t45, t49, t59);
    const V t61 = t5 - t60;
    const V t62 = select<V>(t8, t39, t61);
    value = t62;
    const V t63 = t3 - y;
    const V t64 = t63 / t3;
    const V t65 = T(1.0) / t3;
    const V t66 = t64 * t65;
    slope = t66;
    const V t67 = t4 + y;
    const V t68 = t67 / t3;
    const V t69 = t68 * t65;
    const V t70 = t69 * t65;
    curve = t70;
    (void)p, (void)q, (void)k;
  }
};

struct GammaDeviance_log_input {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "4da0716f399d0be9";
  static constexpr int parameters = 0;
  static constexpr double target_low = 1.1754943508222875e-38;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = at_least(y, T(k.tiny));
    const V t1 = log_less(t0, p);
    const Bits<V> t2 = t1 > T(-0.5);
    const Bits<V> t3 = t1 < T(0.5);
    const Bits<V> t4 = t2 & t3;
    const V t5 = at_least(t1, T(-0.5));
    const V t6 = at_most(t5, T(0.5));
    const V t7 = T(0.0) * t6;
    const V t8 = t6 * t7;
    const V t9 = t8 + T(1.5619206968586225e-16);
    const V t10 = t6 * t9;
    const V t11 = t10 + T(2.8114572543455206e-15);
    const V t12 = t6 * t11;
    const V t13 = t12 + T(4.779477332387385e-14);
    const V t14 = t6 * t13;
    const V t15 = t14 + T(7.647163731819816e-13);
    const V t16 = t6 * t15;
    const V t17 = t16 + T(1.1470745597729725e-11);
    const V t18 = t6 * t17;
    const V t19 = t18 + T(1.6059043836821613e-10);
    const V t20 = t6 * t19;
    const V t21 = t20 + T(2.08767569878681e-09);
    const V t22 = t6 * t21;
    const V t23 = t22 + T(2.505210838544172e-08);
    const V t24 = t6 * t23;
    const V t25 = t24 + T(2.755731922398589e-07);
    const V t26 = t6 * t25;
    const V t27 = t26 + T(2.7557319223985893e-06);
    const V t28 = t6 * t27;
    const V t29 = t28 + T(2.48015873015873e-05);
    const V t30 = t6 * t29;
    const V t31 = t30 + T(0.0001984126984126984);
    const V t32 = t6 * t31;
    const V t33 = t32 + T(0.001388888888888889);
    const V t34 = t6 * t33;
    const V t35 = t34 + T(0.008333333333333333);
    const V t36 = t6 * t35;
    const V t37 = t36 + T(0.041666666666666664);
    const V t38 = t6 * t37;
    const V t39 = t38 + T(0.16666666666666666);
    const V t40 = t6 * t39;
    const V t41 = t40 + T(0.5);
    const V t42 = t6 * t41;
    const V t43 = t6 * t42;
    const V t44 = T(-0.5) * p;
    const V t45 = exp(t44);
    const V t46 = y * t45;
    const V t47 = t46 * t45;
    const V t48 = t47 - T(1.0);
    const V t49 = t48 - t1;
    const V t50 = select<V>(t4, t43, t49);
    value = t50;
    const V t51 = expm1(t6);
    const V t52 = -t51;
    const V t53 = T(1.0) - t47;
    const V t54 = select<V>(t4, t52, t53);
    slope = t54;
    curve = t47;
    (void)p, (void)q, (void)k;
  }
};

struct Hinge {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "3c74e1dc3fa16a41";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
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
  static constexpr const char* fingerprint = "fbb314fd858bcb16";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
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
  static constexpr const char* fingerprint = "b6243ea1eb4c9a52";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
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
  static constexpr const char* fingerprint = "e72161c56f0d44cb";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
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
  static constexpr const char* fingerprint = "c8bfd5920ef6dfa7";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
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
  static constexpr const char* fingerprint = "1edaf6af106eb9e2";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
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

struct MeanSquaredError {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "28e6e6d2a9b4729e";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
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
  static constexpr const char* fingerprint = "1f2d7996ac4e7c50";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
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

struct Quantile {  // q[0] = quantile
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "cbc13ce92e00c38b";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = p - y;
    const Bits<V> t1 = t0 < T(0.0);
    const double t2 = -q[0];
    const V t3 = T(t2) * t0;
    const double t4 = 1.0 - q[0];
    const V t5 = T(t4) * t0;
    const V t6 = select<V>(t1, t3, t5);
    value = t6;
    const Bits<V> t7 = t0 > T(0.0);
    const V t8 = T(0.0) * t0;
    const V t9 = select<V>(t7, broadcast<V>(T(t4)), t8);
    const V t10 = select<V>(t1, broadcast<V>(T(t2)), t9);
    slope = t10;
    const V t11 = T(0.0) * y;
    curve = t11;
    (void)p, (void)q, (void)k;
  }
};

struct Huber {  // q[0] = delta
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "cc5949397f419d60";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = p - y;
    const double t1 = -q[0];
    const V t2 = at_least(t0, T(t1));
    const V t3 = at_most(t2, T(q[0]));
    const V t4 = T(0.5) * t3;
    const V t5 = t0 - t4;
    const V t6 = t3 * t5;
    value = t6;
    slope = t3;
    const V t7 = absolute(t0);
    const Bits<V> t8 = t7 <= T(q[0]);
    const V t9 = T(0.0) * t7;
    const V t10 = T(1.0) + t9;
    const V t11 = where<V>(t8, t10);
    curve = t11;
    (void)p, (void)q, (void)k;
  }
};

struct SmoothL1 {  // q[0] = beta
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "42bc3a77a9373b72";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = p - y;
    const double t1 = -q[0];
    const V t2 = at_least(t0, T(t1));
    const V t3 = at_most(t2, T(q[0]));
    const V t4 = t3 / T(q[0]);
    const V t5 = T(0.5) * t3;
    const V t6 = t0 - t5;
    const V t7 = t4 * t6;
    value = t7;
    slope = t4;
    const V t8 = absolute(t0);
    const Bits<V> t9 = t8 <= T(q[0]);
    const double t10 = 1.0 / q[0];
    const V t11 = T(0.0) * t8;
    const V t12 = T(t10) + t11;
    const V t13 = where<V>(t9, t12);
    curve = t13;
    (void)p, (void)q, (void)k;
  }
};

struct LogCosh {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "6c0cc9f16876a9e9";
  static constexpr int parameters = 0;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
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
  static constexpr const char* fingerprint = "a4305a3bef957fee";
  static constexpr int parameters = 1;
  static constexpr double target_low = -infinity;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
  static constexpr bool signs = false;
  static constexpr bool prediction_bounded = false;

  template <class V, class T = Element<V>>
  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,
                                      V& value, V& slope, V& curve) {
    const V t0 = absolute(y);
    const V t1 = at_least(t0, T(q[0]));
    const V t2 = at_least(t1, T(k.tiny));
    const Bits<V> t3 = t2 > T(1.0);
    const V t4 = T(0.0) * t2;
    const V t5 = T(0.5) + t4;
    const V t6 = select<V>(t3, t5, broadcast<V>(T(1.0)));
    const V t7 = t6 * p;
    const V t8 = t6 * y;
    const V t9 = t7 - t8;
    const V t10 = absolute(t9);
    const V t11 = t6 * t2;
    const V t12 = t10 / t11;
    const V t13 = T(100.0) * t12;
    value = t13;
    const V t14 = p - y;
    const V t15 = sign(t14);
    const V t16 = T(10.0) * t15;
    const V t17 = t16 / t2;
    const V t18 = T(10.0) * t17;
    slope = t18;
    const V t19 = T(0.0) * y;
    curve = t19;
    (void)p, (void)q, (void)k;
  }
};

struct MeanSquaredLogarithmicError {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr const char* fingerprint = "97fa2074ad85f656";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = infinity;
  static constexpr double target_slack = 0.0;
  static constexpr bool minus_infinity = false;
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
  static constexpr const char* fingerprint = "78f5d498cd5b1879";
  static constexpr int parameters = 0;
  static constexpr double target_low = 0.0;
  static constexpr double target_high = 1.0;
  static constexpr double target_slack = 1e-05;
  static constexpr bool minus_infinity = false;
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
    const Bits<V> t8 = y < T(0.25);
    const V t9 = t1 + T(1.0);
    const V t10 = T(2.0) * y;
    const V t11 = t9 - t10;
    const V t12 = t10 - T(1.0);
    const V t13 = t1 - t12;
    const V t14 = select<V>(t8, t11, t13);
    const V t15 = T(0.5) * t14;
    const V t16 = select<V>(t4, t7, t15);
    const V t17 = t16 * t16;
    const Bits<V> t18 = t5 == T(0.0);
    const Bits<V> t19 = ~t18;
    const V t20 = p - T(1.0);
    const V t21 = at_least(t20, T(0.0));
    const V t22 = t5 * t21;
    const V t23 = where<V>(t19, t22);
    const Bits<V> t24 = y == T(0.0);
    const Bits<V> t25 = ~t24;
    const V t26 = -p;
    const V t27 = t26 - T(1.0);
    const V t28 = at_least(t27, T(0.0));
    const V t29 = y * t28;
    const V t30 = where<V>(t25, t29);
    const V t31 = t23 + t30;
    const V t32 = t17 + t31;
    value = t32;
    const Bits<V> t33 = p >= T(1.0);
    const Bits<V> t34 = p <= T(-1.0);
    const Bits<V> t35 = t33 | t34;
    const V t36 = select<V>(t33, t5, t6);
    const V t37 = p + T(1.0);
    const V t38 = t37 - t10;
    const V t39 = p - t12;
    const V t40 = select<V>(t8, t38, t39);
    const V t41 = T(0.5) * t40;
    const V t42 = select<V>(t35, t36, t41);
    slope = t42;
    const V t43 = absolute(p);
    const Bits<V> t44 = t43 < T(1.0);
    const V t45 = T(0.0) * y;
    const V t46 = T(0.5) + t45;
    const V t47 = where<V>(t44, t46);
    curve = t47;
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
  X(Poisson_eps) \
  X(Poisson) \
  X(Poisson_full_eps) \
  X(Poisson_full) \
  X(Poisson_log_input_eps) \
  X(Poisson_log_input) \
  X(Poisson_log_input_full_eps) \
  X(Poisson_log_input_full) \
  X(GammaDeviance) \
  X(GammaDeviance_log_input) \
  X(Hinge) \
  X(SquaredHinge) \
  X(SoftMargin) \
  X(Perceptron) \
  X(MarginRanking_margin) \
  X(HingeEmbedding) \
  X(MeanSquaredError) \
  X(MeanAbsoluteError) \
  X(Quantile) \
  X(Huber) \
  X(SmoothL1) \
  X(LogCosh) \
  X(MeanAbsolutePercentageError) \
  X(MeanSquaredLogarithmicError) \
  X(BinarySparsemax)

}  // namespace losskit::LOSSKIT_ISA

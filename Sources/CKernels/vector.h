/// The vector versions, written once over vectors of 16 floats and compiled for each instruction set by the file that includes this
/// and the other vector_ files. That file defines CK_NAME(kernel), CK_TILE_VECTORS and CK_SKINNY_VECTORS (the register tiles of the
/// matrix product), and switches the compiler to its instruction set around the includes.
#include <math.h>
#include <string.h>

#include "scalar.h"
#include "variants.h"

#pragma STDC FP_CONTRACT OFF

typedef float v16 __attribute__((ext_vector_type(16)));
typedef float v8 __attribute__((ext_vector_type(8)));
typedef float v4 __attribute__((ext_vector_type(4)));
typedef float v2 __attribute__((ext_vector_type(2)));
typedef int32_t i16 __attribute__((ext_vector_type(16)));
typedef int32_t i4 __attribute__((ext_vector_type(4)));
typedef float v16_unaligned __attribute__((ext_vector_type(16), aligned(4)));

// Vectors wider than the registers are passed to functions that are always inlined, so no calling convention is at stake.
#pragma clang diagnostic ignored "-Wpsabi"

#define CK_INLINE static inline __attribute__((always_inline))
#define CK_UNROLL _Pragma("clang loop unroll(full)")

CK_INLINE v16 load(const float *p) { return *(const v16_unaligned *)p; }
CK_INLINE void store(float *p, v16 v) { *(v16_unaligned *)p = v; }
CK_INLINE v16 splat(float x) { return (v16)(x); }
CK_INLINE v16 fma16(v16 a, v16 b, v16 c) { return __builtin_elementwise_fma(a, b, c); }
CK_INLINE v16 choose(i16 mask, v16 yes, v16 no) { return (v16)((mask & (i16)yes) | (~mask & (i16)no)); }

/// The first `count` < 16 elements, `rest` in the lanes behind.
CK_INLINE v16 load_part(const float *p, size_t count, float rest) {
    v16 v = splat(rest);
    memcpy(&v, p, count * sizeof *p);
    return v;
}

CK_INLINE void store_part(float *p, v16 v, size_t count) { memcpy(p, &v, count * sizeof *p); }

CK_INLINE float fold_sum(v16 v) {
    v8 a = v.lo + v.hi;
    v4 b = a.lo + a.hi;
    v2 c = b.lo + b.hi;
    return c.x + c.y;
}

/// In the order of `fold_sum`, though a maximum has none: only the sign of a zero could differ.
CK_INLINE float fold_max(v16 v) {
    CK_UNROLL for (int half = 8; half > 0; half /= 2) {
        CK_UNROLL for (int j = 0; j < half; j++) v[j] = v[j + half] > v[j] ? v[j + half] : v[j];
    }
    return v[0];
}

/// exp(x), to the bit the same where it is known that no x is above 0.
CK_INLINE v16 exp16_of(v16 x, bool is_above_zero) {
    i16 is_number = x == x;
    v16 t = choose(x < splat(CK_EXP_LOWEST), splat(CK_EXP_LOWEST), x);
    if (is_above_zero) t = choose(t > splat(CK_EXP_HIGHEST), splat(CK_EXP_HIGHEST), t);
    t = choose(is_number, t, splat(0.0f));
    v16 n = __builtin_elementwise_rint(t * splat(CK_LOG2_E));
    v16 r = fma16(n, splat(-CK_LN2_HIGH), t);
    r = fma16(n, splat(-CK_LN2_LOW), r);
    v16 p = fma16(splat(CK_EXP_C0), r, splat(CK_EXP_C1));
    p = fma16(p, r, splat(CK_EXP_C2));
    p = fma16(p, r, splat(CK_EXP_C3));
    p = fma16(p, r, splat(CK_EXP_C4));
    p = fma16(p, r, splat(CK_EXP_C5));
    v16 y = fma16(p, r * r, r) + splat(1.0f);
    i16 whole = __builtin_convertvector(n, i16);
    if (is_above_zero) {
        i16 half = whole >> 1;
        y = y * (v16)((half + 127) << 23) * (v16)((whole - half + 127) << 23);
    } else {
        y = y * (v16)((whole + 127) << 23);  // at least the smallest normal power, so rounded once as in two steps
    }
    y = choose(x < splat(CK_EXP_LOWEST), splat(0.0f), y);
    if (is_above_zero) y = choose(x > splat(CK_EXP_HIGHEST), splat(INFINITY), y);
    return choose(is_number, y, x);
}

CK_INLINE v16 exp16(v16 x) { return exp16_of(x, true); }

/// Phi(x), from the tail that is small.
CK_INLINE v16 normal_cdf16(v16 x) {
    v16 z = __builtin_elementwise_abs(x) * splat(CK_SQRT_HALF);
    v16 t = splat(1.0f) / fma16(z, splat(CK_ERFC_SCALE), splat(1.0f));
    v16 p = splat(ck_erfc_coefficients[0]);
    CK_UNROLL for (int i = 1; i < CK_ERFC_TERMS; i++) p = fma16(p, t, splat(ck_erfc_coefficients[i]));
    v16 tail = p * t * exp16(-(z * z)) * splat(0.5f);
    return choose(x < splat(0.0f), tail, splat(1.0f) - tail);
}

CK_INLINE v16 gelu16(v16 x) { return x * normal_cdf16(x); }

CK_INLINE v16 activate16(ck_activation activation, v16 x) {
    switch (activation) {
    case CK_RELU: return choose(x < splat(0.0f), splat(0.0f), x);
    case CK_SWISH: return x / (splat(1.0f) + exp16(-x));
    case CK_GELU: return gelu16(x);
    case CK_QUICK_GELU: return x / (splat(1.0f) + exp16(x * splat(-CK_QUICK_GELU_SLOPE)));
    case CK_IDENTITY: break;
    }
    return x;
}

/// The end of every product: activation and residual (null adds nothing) of 16 outputs of one row, then the store; the first `count`
/// of them exist.
CK_INLINE void put(v16 sum, ck_activation activation, const float *residual, float *y, size_t count) {
    if (activation != CK_IDENTITY) sum = activate16(activation, sum);
    if (count >= 16) {
        store(y, residual ? sum + load(residual) : sum);
    } else {
        store_part(y, residual ? sum + load_part(residual, count, 0.0f) : sum, count);
    }
}

/// A name with the size of the register tile in it, after the macros in its parts are expanded.
#define CK_PASTE(name, rows, vectors) name##_##rows##x##vectors
#define CK_SIZED(name, rows, vectors) CK_PASTE(name, rows, vectors)

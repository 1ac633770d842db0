/// Scalar functions with the order of operations that the vector versions follow.
#ifndef CKERNELS_SCALAR_H
#define CKERNELS_SCALAR_H

#include <math.h>
#include <string.h>

#include "CKernels.h"

#pragma STDC FP_CONTRACT OFF

/// The sum of 16 partial results, in the order that CKernels.h gives.
static inline float ck_fold_sum(const float *lanes) {
    float t[16];
    for (size_t j = 0; j < 16; j++) t[j] = lanes[j];
    for (size_t half = 8; half > 0; half /= 2) {
        for (size_t j = 0; j < half; j++) t[j] += t[j + half];
    }
    return t[0];
}

/// exp(x) = 2^n · exp(r), n = round(x / log 2), with a polynomial of degree 6 in r (coefficients as in Cephes' expf).
#define CK_EXP_LOWEST -87.33654f   // log of the smallest normal number
#define CK_EXP_HIGHEST 88.722839f  // log of the largest number
#define CK_LOG2_E 1.44269504088896341f
#define CK_LN2_HIGH 0.693359375f
#define CK_LN2_LOW -2.12194440e-4f
#define CK_EXP_C0 1.9875691500e-4f
#define CK_EXP_C1 1.3981999507e-3f
#define CK_EXP_C2 8.3334519073e-3f
#define CK_EXP_C3 4.1665795894e-2f
#define CK_EXP_C4 1.6666665459e-1f
#define CK_EXP_C5 5.0000001201e-1f

static inline float ck_power_of_two(int32_t n) {
    int32_t bits = (n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

static inline float ck_scalar_exp(float x) {
    if (x != x) return x;
    if (x < CK_EXP_LOWEST) return 0.0f;
    if (x > CK_EXP_HIGHEST) return INFINITY;
    float n = rintf(x * CK_LOG2_E);
    float r = fmaf(n, -CK_LN2_HIGH, x);
    r = fmaf(n, -CK_LN2_LOW, r);
    float p = fmaf(CK_EXP_C0, r, CK_EXP_C1);
    p = fmaf(p, r, CK_EXP_C2);
    p = fmaf(p, r, CK_EXP_C3);
    p = fmaf(p, r, CK_EXP_C4);
    p = fmaf(p, r, CK_EXP_C5);
    float y = fmaf(p, r * r, r) + 1.0f;
    // Two factors: 2^128 is not a number of its own, but y · 2^127 · 2 is.
    int32_t whole = (int32_t)n, half = whole >> 1;
    return y * ck_power_of_two(half) * ck_power_of_two(whole - half);
}

/// erfc(z) = exp(-z^2) t P(t), t = 1 / (1 + 3z/8), z >= 0: the form of Abramowitz and Stegun 7.1.26 with a longer polynomial, fitted
/// to exp(z^2) erfc(z) on [0, 10] for the least relative error, 4e-8. Coefficients from t^8 down.
#define CK_ERFC_SCALE 0.375f
#define CK_SQRT_HALF 0.70710678118654752f
#define CK_ERFC_TERMS 9
static const float ck_erfc_coefficients[CK_ERFC_TERMS] = {
    0.061538395f, -0.28732926f, 0.43239707f, -0.22941171f, 0.27372366f, 0.12150535f, 0.2053134f, 0.21064965f, 0.21161348f,
};

/// Phi(x) = erfc(-x / sqrt 2) / 2, taken from the tail that is small, so that nothing cancels far left.
static inline float ck_scalar_normal_cdf(float x) {
    float z = fabsf(x) * CK_SQRT_HALF;
    float t = 1.0f / fmaf(z, CK_ERFC_SCALE, 1.0f);
    float p = ck_erfc_coefficients[0];
    for (int i = 1; i < CK_ERFC_TERMS; i++) p = fmaf(p, t, ck_erfc_coefficients[i]);
    float tail = p * t * ck_scalar_exp(-(z * z)) * 0.5f;
    return x < 0.0f ? tail : 1.0f - tail;
}

/// The slope of the sigmoid that takes the place of Phi in the quick form of GELU (Hendrycks and Gimpel, 2016).
#define CK_QUICK_GELU_SLOPE 1.702f

static inline float ck_scalar_activate(ck_activation activation, float x) {
    switch (activation) {
    case CK_RELU: return x < 0.0f ? 0.0f : x;
    case CK_SWISH: return x / (1.0f + ck_scalar_exp(-x));
    case CK_GELU: return x * ck_scalar_normal_cdf(x);
    case CK_QUICK_GELU: return x / (1.0f + ck_scalar_exp(x * -CK_QUICK_GELU_SLOPE));
    case CK_IDENTITY: break;
    }
    return x;
}

/// The greatest binary16 number.
#define CK_HALF_MOST 65504.0f

static inline uint16_t ck_scalar_to_half(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00 | (magnitude >> 13 & 0x3FF));
    if (magnitude == 0x7F800000) return (uint16_t)(sign | 0x7C00);
    float size = fabsf(x);
    if (size > CK_HALF_MOST) return (uint16_t)(sign | 0x7BFF);
    // Below the smallest normal number steps are 2^-24: whole ones are counted, half to even.
    if (size < 0x1p-14f) return (uint16_t)(sign | (uint32_t)rintf(size * 0x1p24f));
    uint32_t even = magnitude >> 13 & 1;
    return (uint16_t)(sign | ((magnitude - (112u << 23) + 0xFFF + even) >> 13));
}

static inline float ck_scalar_from_half(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, magnitude = half & 0x7FFF, bits;
    if (magnitude > 0x7C00) {
        bits = sign | 0x7FC00000 | magnitude << 13;
    } else if (magnitude == 0x7C00) {
        bits = sign | 0x7F800000;
    } else if (magnitude >= 0x0400) {
        bits = sign | ((magnitude << 13) + (112u << 23));
    } else {
        float value = (float)magnitude * 0x1p-24f;
        memcpy(&bits, &value, sizeof bits);
        bits |= sign;
    }
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/// 1 / sqrt(2 pi), the height of the normal density.
#define CK_INVERSE_SQRT_TWO_PI 0.3989422804014327f

/// Multipliers of the hash that dropout draws from: an odd step between neighbours, then two rounds of multiply and shift with the
/// constants of Chris Wellons' lowbias32.
#define CK_HASH_STEP 0x9E3779B9u
#define CK_HASH_FIRST 0x7FEB352Du
#define CK_HASH_SECOND 0x846CA68Bu

#endif

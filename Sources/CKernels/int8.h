/// Sizes and scales that every version of the int8 kernels uses.
#ifndef CKERNELS_PRIVATE_INT8_H
#define CKERNELS_PRIVATE_INT8_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "CKernelsInt8.h"

/// Groups of inputs in a strip: an even number, so that the inner loop takes two at a time.
static inline size_t ck_int8_groups(size_t inputs) {
    size_t step = 2 * CK_INT8_GROUP;
    return (inputs + step - 1) / step * 2;
}

/// Bytes from row to row of activations.
static inline size_t ck_int8_row_bytes(size_t inputs) { return (inputs + 63) / 64 * 64; }

/// Strips of the instruction sets: what their files read one row's weights in, and what weights are packed in for them.
enum {
    CK_INT8_STRIP_REFERENCE = CK_PANEL,
    CK_INT8_STRIP_AVX2 = 16,
    CK_INT8_STRIP_AVX512_VNNI = CK_PANEL,
    CK_INT8_STRIP_NEON = CK_PANEL,
};

/// Bytes of `width` outputs: of a strip, or of a panel, which is a whole number of strips.
static inline size_t ck_int8_bytes(size_t width, size_t inputs) { return ck_int8_groups(inputs) * CK_INT8_GROUP * width; }

/// Place of an output's first weight in panels of such strips.
static inline size_t ck_int8_column(size_t strip, size_t output, size_t inputs) {
    return output / strip * ck_int8_bytes(strip, inputs) + output % strip * CK_INT8_GROUP;
}

/// Place of input k in the column of its output.
static inline size_t ck_int8_place(size_t strip, size_t k) {
    return k / CK_INT8_GROUP * strip * CK_INT8_GROUP + k % CK_INT8_GROUP;
}

/// The greatest magnitude of activations.
#define CK_ACTIVATION_MOST 127.0f

/// Half of what a step of screened weights is in steps of the weights' own: those of 7 bits are screened twice as large.
static inline float ck_screen_half(ck_weight_most most) { return most == CK_WEIGHTS_7_BITS ? 0.25f : 0.5f; }

/// Room for the rounding of a bound and of what it bounds, as a share of the numbers that they are made of: some thirty times what they can be off.
#define CK_SCREEN_ROOM 0x1p-19f

/// Inputs that a screening takes at a time: pairs of groups lie in the halves of the same bytes, and sums of as many fit 16 bits.
enum { CK_SCREEN_STEP = 8 * CK_INT8_GROUP };

/// Bytes of `width` outputs in the plane of a screening.
static inline size_t ck_screen_bytes(size_t width, size_t inputs) {
    return (inputs + CK_SCREEN_STEP - 1) / CK_SCREEN_STEP * (CK_SCREEN_STEP / 2) * width;
}

/// Place of the byte that has inputs k of the even and of the odd groups, from the start of an output's strip.
static inline size_t ck_screen_place(size_t strip, size_t output, size_t k) {
    return (k / (2 * CK_INT8_GROUP) * strip + output % strip) * CK_INT8_GROUP + k % CK_INT8_GROUP;
}

/// What a screening knows of a row of activations beside its integers.
typedef struct ck_screen_row {
    int32_t sum;  ///< of the integers
    float norm;   ///< twice theirs, rounded up
} ck_screen_row;

/// The integers without their 128, and what else a screening needs; `q` has room for `inputs` rounded up to whole steps.
static inline ck_screen_row ck_screen_take(const uint8_t *x, size_t inputs, int8_t *q) {
    size_t padded = (inputs + CK_SCREEN_STEP - 1) / CK_SCREEN_STEP * CK_SCREEN_STEP;
    int32_t sum = 0, squares = 0;
    for (size_t k = 0; k < padded; k++) {
        int32_t value = k < inputs ? (int32_t)x[k] - CK_INT8_ZERO : 0;
        q[k] = (int8_t)value;
        sum += value;
        squares += value * value;
    }
    return (ck_screen_row){sum, 2.0f * sqrtf((float)squares) * 1.000001f};
}

typedef struct ck_scaling {
    float scale;    ///< value of one step
    float inverse;  ///< what values are multiplied by; 0 where all of them become 0
} ck_scaling;

/// The scaling of numbers of at most this magnitude, given by its bits, that makes it `most`: the bits of not-a-numbers and infinities
/// are the greatest.
static inline ck_scaling ck_scaling_of(int32_t magnitude_bits, float most) {
    float magnitude;
    memcpy(&magnitude, &magnitude_bits, sizeof magnitude);
    if (!(magnitude <= FLT_MAX)) return (ck_scaling){NAN, 0.0f};
    // most / magnitude would overflow not far below.
    if (magnitude < 0x1p-100f) return (ck_scaling){0.0f, 0.0f};
    return (ck_scaling){magnitude / most, most / magnitude};
}

/// The bits of the greatest magnitude, which order as integers like the magnitudes.
static inline int32_t ck_highest_magnitude(const float *values, size_t count) {
    int32_t highest = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bits &= INT32_MAX;
        highest = bits > highest ? bits : highest;
    }
    return highest;
}

#endif

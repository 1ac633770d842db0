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

typedef struct ck_scaling {
    float scale;    ///< value of one step
    float inverse;  ///< what values are multiplied by; 0 where all of them become 0
} ck_scaling;

/// The scaling of numbers of at most this magnitude, given by its bits: those of not-a-numbers and infinities are the greatest.
static inline ck_scaling ck_scaling_of(int32_t magnitude_bits) {
    float magnitude;
    memcpy(&magnitude, &magnitude_bits, sizeof magnitude);
    if (!(magnitude <= FLT_MAX)) return (ck_scaling){NAN, 0.0f};
    // 127 / magnitude would overflow not far below.
    if (magnitude < 0x1p-100f) return (ck_scaling){0.0f, 0.0f};
    return (ck_scaling){magnitude / 127.0f, 127.0f / magnitude};
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

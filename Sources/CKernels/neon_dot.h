/// What vector_int8.h asks for, for both kinds of NEON; the file that includes this defines `add_products` behind it, which adds to
/// four sums the products of four bytes each.
#include <arm_neon.h>

#include "int8.h"

typedef struct dot_sums {
    int32x4_t quarter[4];
} dot_sums;
typedef int8x16_t dot_inputs;
typedef struct dot_weights {
    int8x16_t quarter[4];
} dot_weights;

static inline int32x4_t add_products(int32x4_t sums, int8x16_t x, int8x16_t w);

/// The activations lose their 128 in `dot_broadcast`, so the sums start at zero.
CK_INLINE dot_sums dot_start(const int32_t *offsets, bool narrow) {
    (void)offsets, (void)narrow;
    return (dot_sums){{vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)}};
}

CK_INLINE dot_sums dot_join(dot_sums a, dot_sums b) {
    CK_UNROLL for (int q = 0; q < 4; q++) a.quarter[q] = vaddq_s32(a.quarter[q], b.quarter[q]);
    return a;
}

CK_INLINE i16 dot_result(dot_sums sums) {
    i16 result;
    memcpy(&result, &sums, sizeof result);
    return result;
}

CK_INLINE dot_inputs dot_broadcast(const uint8_t *x, bool narrow) {
    (void)narrow;
    int32_t four;
    memcpy(&four, x, sizeof four);
    return vreinterpretq_s8_u8(veorq_u8(vreinterpretq_u8_s32(vdupq_n_s32(four)), vdupq_n_u8(CK_INT8_ZERO)));
}

CK_INLINE dot_weights dot_load(const int8_t *w, bool narrow) {
    (void)narrow;
    return (dot_weights){{vld1q_s8(w), vld1q_s8(w + 16), vld1q_s8(w + 32), vld1q_s8(w + 48)}};
}

CK_INLINE dot_sums dot(dot_sums sums, dot_inputs x, dot_weights w, bool narrow) {
    (void)narrow;
    CK_UNROLL for (int q = 0; q < 4; q++) sums.quarter[q] = add_products(sums.quarter[q], x, w.quarter[q]);
    return sums;
}

#define CK_INT8_STRIP CK_INT8_STRIP_NEON
#define CK_INT8_ROWS 4
#define CK_INT8_VECTORS 1
#define CK_INT8_ROW_VECTORS 2
#define CK_INT8_SELECTED 2
#define CK_INT8_NARROW 0

/// AVX2 with FMA and F16C: a vector of 16 floats is two registers.
#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define CK_NAME(kernel) kernel##_avx2
#define CK_TILE_VECTORS 1
#define CK_SKINNY_VECTORS 2
#include "vector.h"
#include "vector_half.h"
#include "vector_attention.h"
#include "vector_elementwise.h"
#include "vector_deep.h"
#include "vector_linear.h"
#include "vector_quantize.h"
#include "vector_rows.h"
#include "vector_outer.h"
#include "vector_training.h"

typedef struct dot_sums {
    __m256i half[2];
} dot_sums;
typedef __m256i dot_inputs;
typedef struct dot_weights {
    __m256i value[2], magnitude[2];
} dot_weights;

/// Beside weights of 8 bits the activations lose their 128 in `dot_broadcast`, so the sums start at zero; beside those of 7 bits they
/// keep it, and the offset takes it out.
CK_INLINE dot_sums dot_start(const int32_t *offsets, bool narrow) {
    if (!narrow || !offsets) return (dot_sums){{_mm256_setzero_si256(), _mm256_setzero_si256()}};
    const __m256i *from = (const __m256i *)offsets;
    return (dot_sums){{_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)}};
}

CK_INLINE dot_sums dot_join(dot_sums a, dot_sums b) {
    return (dot_sums){{_mm256_add_epi32(a.half[0], b.half[0]), _mm256_add_epi32(a.half[1], b.half[1])}};
}

CK_INLINE i16 dot_result(dot_sums sums) {
    i16 result;
    memcpy(&result, &sums, sizeof result);
    return result;
}

CK_INLINE dot_inputs dot_broadcast(const uint8_t *x, bool narrow) {
    int32_t four;
    memcpy(&four, x, sizeof four);
    __m256i all = _mm256_set1_epi32(four);
    return narrow ? all : _mm256_xor_si256(all, _mm256_set1_epi8(-CK_INT8_ZERO));
}

CK_INLINE dot_weights dot_load(const int8_t *w, bool narrow) {
    __m256i low = _mm256_load_si256((const __m256i *)w), high = _mm256_load_si256((const __m256i *)w + 1);
    if (narrow) return (dot_weights){{low, high}, {low, high}};
    return (dot_weights){{low, high}, {_mm256_abs_epi8(low), _mm256_abs_epi8(high)}};
}

/// |w| · (x with the sign of w): two products of at most 127 · 127 fit the 16 bits that they are added in, so nothing saturates. So do
/// two of 255 · 63.
CK_INLINE dot_sums dot(dot_sums sums, dot_inputs x, dot_weights w, bool narrow) {
    CK_UNROLL for (int h = 0; h < 2; h++) {
        __m256i pairs = narrow ? _mm256_maddubs_epi16(x, w.value[h])
                               : _mm256_maddubs_epi16(w.magnitude[h], _mm256_sign_epi8(x, w.value[h]));
        sums.half[h] = _mm256_add_epi32(sums.half[h], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
    return sums;
}

#define CK_INT8_STRIP CK_INT8_STRIP_AVX2
#define CK_INT8_ROWS 4
#define CK_INT8_VECTORS 1
#define CK_INT8_ROW_VECTORS 1
#define CK_INT8_SELECTED 2
#define CK_INT8_NARROW 1
#include "vector_int8.h"

CK_INLINE __m256i screen_broadcast(const int8_t *q) {
    int32_t four;
    memcpy(&four, q, sizeof four);
    return _mm256_set1_epi32(four);
}

/// Products of at most 15 · 127: sixteen of them, a step's, fit the 16 bits that they are added in.
CK_INLINE void screen_step(dot_sums *even, dot_sums *odd, const int8_t *q, const uint8_t *w, size_t stride) {
    (void)odd;
    __m256i low = _mm256_set1_epi8(15);
    __m256i pairs[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    CK_UNROLL for (int s = 0; s < CK_SCREEN_STEP / (2 * CK_INT8_GROUP); s++, q += 2 * CK_INT8_GROUP) {
        CK_UNROLL for (int h = 0; h < 2; h++) {
            __m256i bytes = _mm256_load_si256((const __m256i *)(w + (size_t)s * stride) + h);
            __m256i products = _mm256_maddubs_epi16(_mm256_and_si256(bytes, low), screen_broadcast(q));
            pairs[h] = _mm256_add_epi16(pairs[h], products);
            bytes = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low);
            pairs[h] = _mm256_add_epi16(pairs[h], _mm256_maddubs_epi16(bytes, screen_broadcast(q + CK_INT8_GROUP)));
        }
    }
    CK_UNROLL for (int h = 0; h < 2; h++) {
        even->half[h] = _mm256_add_epi32(even->half[h], _mm256_madd_epi16(pairs[h], _mm256_set1_epi16(1)));
    }
}

#define CK_SCREEN_ROWS 2
#define CK_SCREEN_VECTORS 1
#include "vector_screen.h"
#pragma clang attribute pop
#endif

/// AVX-512 with VNNI: 64 products of bytes by one instruction. The kernels without integers are those of AVX-512.
#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma"))), apply_to = function)
#define CK_NAME(kernel) kernel##_avx512_vnni
#include "vector.h"

typedef __m512i dot_sums;
typedef __m512i dot_inputs;
typedef __m512i dot_weights;

/// The activations keep their 128, as the instruction takes unsigned ones; the offset takes it out.
CK_INLINE dot_sums dot_start(const int32_t *offsets, bool narrow) {
    (void)narrow;
    return offsets ? _mm512_loadu_si512(offsets) : _mm512_setzero_si512();
}

CK_INLINE dot_sums dot_join(dot_sums a, dot_sums b) { return _mm512_add_epi32(a, b); }

CK_INLINE i16 dot_result(dot_sums sums) { return (i16)sums; }

CK_INLINE dot_inputs dot_broadcast(const uint8_t *x, bool narrow) {
    (void)narrow;
    int32_t four;
    memcpy(&four, x, sizeof four);
    return _mm512_set1_epi32(four);
}

CK_INLINE dot_weights dot_load(const int8_t *w, bool narrow) {
    (void)narrow;
    return _mm512_load_si512(w);
}

CK_INLINE dot_sums dot(dot_sums sums, dot_inputs x, dot_weights w, bool narrow) {
    (void)narrow;
    return _mm512_dpbusd_epi32(sums, x, w);
}

#define CK_INT8_STRIP CK_INT8_STRIP_AVX512_VNNI
#define CK_INT8_ROWS 6
#define CK_INT8_VECTORS 4
#define CK_INT8_ROW_VECTORS 4
#define CK_INT8_SELECTED 4
#define CK_INT8_NARROW 0
#include "vector_int8.h"

/// The upper halves are unsigned with their 8, the activations signed: what the instruction takes.
CK_INLINE void screen_step(dot_sums *even, dot_sums *odd, const int8_t *q, const uint8_t *w, size_t stride) {
    __m512i low = _mm512_set1_epi8(15);
    CK_UNROLL for (int s = 0; s < CK_SCREEN_STEP / (2 * CK_INT8_GROUP); s++, q += 2 * CK_INT8_GROUP) {
        __m512i bytes = _mm512_load_si512(w + (size_t)s * stride);
        *even = _mm512_dpbusd_epi32(*even, _mm512_and_si512(bytes, low), dot_broadcast((const uint8_t *)q, false));
        bytes = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), low);
        *odd = _mm512_dpbusd_epi32(*odd, bytes, dot_broadcast((const uint8_t *)q + CK_INT8_GROUP, false));
    }
}

#define CK_SCREEN_ROWS 4
#define CK_SCREEN_VECTORS 4
#include "vector_screen.h"
#pragma clang attribute pop
#endif

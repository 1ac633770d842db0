/// NEON, as every 64-bit ARM processor has it: a vector of 16 floats is four registers.
#if defined(__aarch64__)
#define CK_NAME(kernel) kernel##_neon
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

#include "neon_dot.h"

/// Pairs of products of at most 127 · 127 fit the 16 bits that they are added in.
CK_INLINE int32x4_t add_products(int32x4_t sums, int8x16_t x, int8x16_t w) {
    int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(w)), high = vmull_high_s8(x, w);
    return vpadalq_s16(sums, vpaddq_s16(low, high));
}

#include "vector_int8.h"
#endif

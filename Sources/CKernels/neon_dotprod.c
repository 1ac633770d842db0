/// NEON with the dot-product instructions (optional from ARMv8.2 on). The kernels without integers are those of NEON.
#if defined(__aarch64__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define CK_NAME(kernel) kernel##_neon_dotprod
#include "vector.h"

#include "neon_dot.h"

CK_INLINE int32x4_t add_products(int32x4_t sums, int8x16_t x, int8x16_t w) { return vdotq_s32(sums, x, w); }

#include "vector_int8.h"
#pragma clang attribute pop
#endif

/// AVX-512: a vector of 16 floats is one register. Without VNNI the int8 product is that of AVX2.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#define CK_NAME(kernel) kernel##_avx512
#define CK_TILE_VECTORS 4
#define CK_SKINNY_VECTORS 4
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
#pragma clang attribute pop
#endif

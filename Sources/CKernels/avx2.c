/// AVX2 with FMA: a vector of 16 floats is two registers.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define CK_NAME(kernel) kernel##_avx2
#define CK_TILE_VECTORS 1
#define CK_SKINNY_VECTORS 2
#include "vector.h"
#include "vector_attention.h"
#include "vector_linear.h"
#include "vector_rows.h"
#include "vector_training.h"
#pragma clang attribute pop
#endif

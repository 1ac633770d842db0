#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include "int8.h"
#include "variants.h"

// Only sums of products of bytes have versions of their own for the sets that extend another.
#if defined(__x86_64__)
#define CK_CHOOSE(isa, name, ...)                                   \
    switch (isa) {                                                  \
    case CK_ISA_AVX512_VNNI:                                        \
    case CK_ISA_AVX512: return name##_avx512(__VA_ARGS__);          \
    case CK_ISA_AVX2: return name##_avx2(__VA_ARGS__);              \
    default: return name##_reference(__VA_ARGS__);                  \
    }
#define CK_CHOOSE_INT8(isa, name, ...)                              \
    switch (isa) {                                                  \
    case CK_ISA_AVX512_VNNI: return name##_avx512_vnni(__VA_ARGS__); \
    case CK_ISA_AVX512:                                             \
    case CK_ISA_AVX2: return name##_avx2(__VA_ARGS__);              \
    default: return name##_reference(__VA_ARGS__);                  \
    }
#elif defined(__aarch64__)
#define CK_CHOOSE(isa, name, ...)                                   \
    switch (isa) {                                                  \
    case CK_ISA_NEON_DOTPROD:                                       \
    case CK_ISA_NEON: return name##_neon(__VA_ARGS__);              \
    default: return name##_reference(__VA_ARGS__);                  \
    }
#define CK_CHOOSE_INT8(isa, name, ...)                              \
    switch (isa) {                                                  \
    case CK_ISA_NEON_DOTPROD: return name##_neon_dotprod(__VA_ARGS__); \
    case CK_ISA_NEON: return name##_neon(__VA_ARGS__);              \
    default: return name##_reference(__VA_ARGS__);                  \
    }
#else
#define CK_CHOOSE(isa, name, ...) \
    (void)isa;                    \
    return name##_reference(__VA_ARGS__);
#define CK_CHOOSE_INT8 CK_CHOOSE
#endif

#if defined(__x86_64__)
bool ck_available(ck_isa isa) {
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    switch (isa) {
    case CK_ISA_REFERENCE: return true;
    case CK_ISA_AVX2: return avx2;
    case CK_ISA_AVX512: return avx512;
    case CK_ISA_AVX512_VNNI: return avx512 && __builtin_cpu_supports("avx512vnni");
    default: return false;
    }
}
#elif defined(__aarch64__)
bool ck_available(ck_isa isa) {
    switch (isa) {
    case CK_ISA_REFERENCE:
    case CK_ISA_NEON: return true;
    case CK_ISA_NEON_DOTPROD: return getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
    default: return false;
    }
}
#else
bool ck_available(ck_isa isa) { return isa == CK_ISA_REFERENCE; }
#endif

ck_isa ck_detect(void) {
    static const ck_isa fastest_first[] = {
        CK_ISA_AVX512_VNNI, CK_ISA_AVX512, CK_ISA_AVX2, CK_ISA_NEON_DOTPROD, CK_ISA_NEON,
    };
    for (size_t i = 0; i < sizeof fastest_first / sizeof *fastest_first; i++) {
        if (ck_available(fastest_first[i])) return fastest_first[i];
    }
    return CK_ISA_REFERENCE;
}

void ck_linear(ck_isa isa, const ck_linear_args *args) { CK_CHOOSE(isa, ck_linear, args) }

void ck_select(ck_isa isa, const ck_select_args *args) { CK_CHOOSE(isa, ck_select, args) }

void ck_activate(ck_isa isa, ck_activation activation, float *values, size_t count) {
    CK_CHOOSE(isa, ck_activate, activation, values, count)
}

void ck_exp(ck_isa isa, float *values, size_t count) { CK_CHOOSE(isa, ck_exp, values, count) }

void ck_recurrence(ck_isa isa, const ck_recurrence_args *args) { CK_CHOOSE(isa, ck_recurrence, args) }

void ck_layer_norm(ck_isa isa, const ck_norm_args *args) { CK_CHOOSE(isa, ck_layer_norm, args) }

void ck_to_half(ck_isa isa, const float *values, uint16_t *halves, size_t count) {
    CK_CHOOSE(isa, ck_to_half, values, halves, count)
}

void ck_from_half(ck_isa isa, const uint16_t *halves, float *values, size_t count) {
    CK_CHOOSE(isa, ck_from_half, halves, values, count)
}

void ck_attention(ck_isa isa, const ck_attention_args *args) { CK_CHOOSE(isa, ck_attention, args) }

void ck_attention_rows(ck_isa isa, const ck_attention_args *args, size_t queries, size_t query_stride, size_t out_stride) {
    ck_attention_args one = *args;
    for (size_t i = 0; i < queries; i++) {
        ck_attention(isa, &one);
        one.query += query_stride;
        one.out += out_stride;
    }
}

ck_top ck_row_top(ck_isa isa, const float *logits, size_t count) { CK_CHOOSE(isa, ck_row_top, logits, count) }

size_t ck_top_k(ck_isa isa, const float *logits, size_t count, float floor, size_t k, float *values, int32_t *ids) {
    CK_CHOOSE(isa, ck_top_k, logits, count, floor, k, values, ids)
}

void ck_outer(ck_isa isa, const ck_outer_args *args) { CK_CHOOSE(isa, ck_outer, args) }

void ck_layer_norm_backward(ck_isa isa, const ck_norm_backward_args *args) { CK_CHOOSE(isa, ck_layer_norm_backward, args) }

void ck_attention_forward(ck_isa isa, const ck_attention_train_args *args) { CK_CHOOSE(isa, ck_attention_forward, args) }

void ck_attention_backward(ck_isa isa, const ck_attention_train_args *args) { CK_CHOOSE(isa, ck_attention_backward, args) }

void ck_activate_backward(ck_isa isa, ck_activation activation, const float *x, float *dy, size_t count) {
    CK_CHOOSE(isa, ck_activate_backward, activation, x, dy, count)
}

ck_loss ck_cross_entropy(ck_isa isa, const ck_loss_args *args, float *probabilities) {
    CK_CHOOSE(isa, ck_cross_entropy, args, probabilities)
}

void ck_dropout(ck_isa isa, float *values, const float *addend, size_t count, uint32_t key, uint32_t threshold, float scale) {
    CK_CHOOSE(isa, ck_dropout, values, addend, count, key, threshold, scale)
}

void ck_adam(ck_isa isa, const ck_adam_args *args) { CK_CHOOSE(isa, ck_adam, args) }

void ck_add_scaled(ck_isa isa, float *y, const float *x, size_t count, float scale) {
    CK_CHOOSE(isa, ck_add_scaled, y, x, count, scale)
}

double ck_square_sum(ck_isa isa, const float *values, size_t count) { CK_CHOOSE(isa, ck_square_sum, values, count) }

void ck_quantize_rows(ck_isa isa, const ck_quantize_args *args) { CK_CHOOSE(isa, ck_quantize_rows, args) }

#if defined(__x86_64__)
size_t ck_int8_strip(ck_isa isa) {
    switch (isa) {
    case CK_ISA_AVX512_VNNI: return CK_INT8_STRIP_AVX512_VNNI;
    case CK_ISA_AVX512:
    case CK_ISA_AVX2: return CK_INT8_STRIP_AVX2;
    default: return CK_INT8_STRIP_REFERENCE;
    }
}
#elif defined(__aarch64__)
size_t ck_int8_strip(ck_isa isa) { return isa == CK_ISA_REFERENCE ? CK_INT8_STRIP_REFERENCE : CK_INT8_STRIP_NEON; }
#else
size_t ck_int8_strip(ck_isa isa) { return (void)isa, CK_INT8_STRIP_REFERENCE; }
#endif

void ck_linear_int8(ck_isa isa, const ck_linear_int8_args *args) { CK_CHOOSE_INT8(isa, ck_linear_int8, args) }

#if defined(__x86_64__)
size_t ck_screen_rows(ck_isa isa) {
    switch (isa) {
    case CK_ISA_AVX512_VNNI: return 3;
    case CK_ISA_AVX512:
    case CK_ISA_AVX2: return 8;
    default: return 0;
    }
}

void ck_screen(ck_isa isa, const ck_screen_args *args) {
    switch (isa) {
    case CK_ISA_AVX512_VNNI: return ck_screen_avx512_vnni(args);
    case CK_ISA_AVX512:
    case CK_ISA_AVX2: return ck_screen_avx2(args);
    default: return ck_screen_reference(args);
    }
}
#else
size_t ck_screen_rows(ck_isa isa) { return (void)isa, 0; }

void ck_screen(ck_isa isa, const ck_screen_args *args) {
    (void)isa;
    ck_screen_reference(args);
}
#endif

void ck_select_int8(ck_isa isa, const ck_select_int8_args *args) { CK_CHOOSE_INT8(isa, ck_select_int8, args) }

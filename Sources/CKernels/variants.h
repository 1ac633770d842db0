/// The entry points that every instruction set implements.
#ifndef CKERNELS_VARIANTS_H
#define CKERNELS_VARIANTS_H

#include "CKernelsInt8.h"
#include "CKernelsTraining.h"

#define CK_DECLARE_VARIANT(isa)                                                                          \
    void ck_linear_##isa(const ck_linear_args *args);                                                    \
    void ck_select_##isa(const ck_select_args *args);                                                    \
    void ck_activate_##isa(ck_activation activation, float *values, size_t count);                       \
    void ck_exp_##isa(float *values, size_t count);                                                      \
    void ck_recurrence_##isa(const ck_recurrence_args *args);                                            \
    void ck_layer_norm_##isa(const ck_norm_args *args);                                                  \
    void ck_to_half_##isa(const float *values, uint16_t *halves, size_t count);                          \
    void ck_from_half_##isa(const uint16_t *halves, float *values, size_t count);                        \
    void ck_attention_##isa(const ck_attention_args *args);                                              \
    ck_top ck_row_top_##isa(const float *logits, size_t count);                                          \
    size_t ck_top_k_##isa(                                                                               \
        const float *logits, size_t count, float floor, size_t k, float *values, int32_t *ids);          \
    void ck_outer_##isa(const ck_outer_args *args);                                                      \
    void ck_layer_norm_backward_##isa(const ck_norm_backward_args *args);                                \
    void ck_attention_forward_##isa(const ck_attention_train_args *args);                                \
    void ck_attention_backward_##isa(const ck_attention_train_args *args);                               \
    void ck_activate_backward_##isa(ck_activation activation, const float *x, float *dy, size_t count);  \
    ck_loss ck_cross_entropy_##isa(const ck_loss_args *args, float *probabilities);                      \
    void ck_dropout_##isa(                                                                               \
        float *values, const float *addend, size_t count, uint32_t key, uint32_t threshold, float scale); \
    void ck_adam_##isa(const ck_adam_args *args);                                                        \
    void ck_add_scaled_##isa(float *y, const float *x, size_t count, float scale);                       \
    double ck_square_sum_##isa(const float *values, size_t count);                                       \
    void ck_quantize_rows_##isa(const ck_quantize_args *args);

/// Of sums of products of bytes.
#define CK_DECLARE_INT8_VARIANT(isa)                             \
    void ck_linear_int8_##isa(const ck_linear_int8_args *args);  \
    void ck_select_int8_##isa(const ck_select_int8_args *args);

void ck_screen_reference(const ck_screen_args *args);

CK_DECLARE_VARIANT(reference)
CK_DECLARE_INT8_VARIANT(reference)
#if defined(__x86_64__)
CK_DECLARE_VARIANT(avx2)
CK_DECLARE_VARIANT(avx512)
CK_DECLARE_INT8_VARIANT(avx2)
CK_DECLARE_INT8_VARIANT(avx512_vnni)
void ck_screen_avx2(const ck_screen_args *args);
void ck_screen_avx512_vnni(const ck_screen_args *args);
#elif defined(__aarch64__)
CK_DECLARE_VARIANT(neon)
CK_DECLARE_INT8_VARIANT(neon)
CK_DECLARE_INT8_VARIANT(neon_dotprod)
#endif

/// `count` rounded up to whole vectors.
static inline size_t ck_padded(size_t count) { return (count + 15) / 16 * 16; }

static inline size_t ck_min(size_t a, size_t b) { return a < b ? a : b; }

/// Place of an output's first weight in the panels of `ck_pack`.
static inline size_t ck_column(size_t output, size_t inputs) {
    return output / CK_PANEL * CK_PANEL * inputs + output % CK_PANEL;
}

/// Row number of key t.
static inline size_t ck_key_row(const ck_attention_args *a, size_t t) {
    return a->rows ? (size_t)a->rows[t] : a->start + t;
}

/// Puts a value into the sorted lists of the best `held` of at most `k`, behind its equals; returns the new number held.
static inline size_t ck_insert(float value, int32_t id, size_t held, size_t k, float *values, int32_t *ids) {
    size_t at = held < k ? held++ : k - 1;
    for (; at > 0 && value > values[at - 1]; at--) {
        values[at] = values[at - 1];
        ids[at] = ids[at - 1];
    }
    values[at] = value;
    ids[at] = id;
    return held;
}

#endif

/// The inner loops of the translation model, one thread: fp32 here, int8 in CKernelsInt8.h.
///
/// Nothing here allocates, does I/O or keeps state, and nothing checks its arguments: the caller (the Tensor module) has done so.
///
/// **Order of operations.** Every kernel fixes the order of its floating-point operations, so that all instruction sets give the same
/// bits, and the result of a row never depends on the other rows of the call:
/// - a matrix product is, for each output element, one chain `acc = fma(x[k], w[k], acc)`, k ascending from +0;
/// - a reduction over a row keeps 16 partial results, of which number j takes the elements j, j + 16, ... (a missing element counts as
///   the neutral one), then adds number j + 8 to number j, then j + 4, j + 2, j + 1;
/// - `a * b + c` is never contracted: where a fused multiply-add is meant it is written.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The variant of a kernel to run. `CK_ISA_REFERENCE` is naive scalar code: the oracle of the others, and the fallback.
typedef enum ck_isa {
    CK_ISA_REFERENCE = 0,
    CK_ISA_AVX2 = 1,
    CK_ISA_AVX512 = 2,
    CK_ISA_AVX512_VNNI = 3,
    CK_ISA_NEON = 4,
    CK_ISA_NEON_DOTPROD = 5,
} ck_isa;

/// Whether this machine can run a variant (AVX2 also asks for FMA and F16C; AVX-512 for F, BW, VL and DQ, and with VNNI for that as well).
/// VNNI and the dot product only matter to the integer kernels.
bool ck_available(ck_isa isa);

/// The fastest variant that this machine can run.
ck_isa ck_detect(void);

/// Columns in one panel of packed weights.
enum { CK_PANEL = 64 };

/// Largest k of `ck_top_k`.
enum { CK_MAX_TOP = 64 };

/// Number of floats in the packed form of [outputs, inputs] weights: a whole number of panels, each [inputs, CK_PANEL].
size_t ck_packed_count(size_t outputs, size_t inputs);

/// Packs row-major weights [outputs, inputs] into panels [ceil(outputs / CK_PANEL)][inputs][CK_PANEL], missing columns zero.
/// `panels` is 64-byte aligned and holds `ck_packed_count` floats.
void ck_pack(const float *weights, size_t outputs, size_t inputs, float *panels);

/// out[k] = W[output][k] * scale + addend[k], with two roundings; a null addend adds nothing. Reads packed weights: the look-up in an
/// embedding table that is also the output matrix.
void ck_unpack_row(const float *panels, size_t inputs, size_t output, float scale, const float *addend, float *out);

/// Elementwise function after a matrix product. Swish is x / (1 + exp(-x)); GELU is x * Phi(x), the exact form, not the tanh one;
/// quick GELU is x / (1 + exp(-1.702 x)).
typedef enum ck_activation {
    CK_IDENTITY = 0,
    CK_RELU = 1,
    CK_SWISH = 2,
    CK_GELU = 3,
    CK_QUICK_GELU = 4,
} ck_activation;

/// y[m][n] = activation(sum_k x[m][k] * W[n][k] + bias[n]) + residual[m][n]
typedef struct ck_linear_args {
    const float *x;         ///< [rows, inputs], rows `ldx` floats apart
    size_t ldx;
    const float *panels;    ///< from `ck_pack`
    const float *bias;      ///< padded to whole panels, or null
    const float *residual;  ///< [rows, outputs], rows `ldr` floats apart, or null; may be y itself
    size_t ldr;
    float *y;               ///< [rows, outputs], rows `ldy` floats apart; must not overlap x
    size_t ldy;
    size_t rows, inputs, outputs;
    ck_activation activation;
} ck_linear_args;

void ck_linear(ck_isa isa, const ck_linear_args *args);

/// The part of a product that gives `count` outputs from `first` on, a multiple of CK_PANEL: the same bits as in the whole.
static inline ck_linear_args ck_linear_part(const ck_linear_args *whole, size_t first, size_t count) {
    ck_linear_args part = *whole;
    part.panels += first * whole->inputs;
    part.outputs = count;
    part.bias = whole->bias ? whole->bias + first : 0;
    part.residual = whole->residual ? whole->residual + first : 0;
    part.y += first;
    return part;
}

/// Some outputs of one row: y[i] is what `ck_linear` gives output ids[i] before activation and residual, to the bit. Reads the cache
/// lines of these outputs and of the 15 beside each, not the rest of the weights.
typedef struct ck_select_args {
    const float *x;       ///< [inputs]
    const float *panels;  ///< from `ck_pack`
    const float *bias;    ///< padded to whole panels, or null
    const size_t *ids;    ///< [count], in any order, possibly repeated
    float *y;             ///< [count]; must not overlap x
    size_t inputs, count;
} ck_select_args;

void ck_select(ck_isa isa, const ck_select_args *args);

/// values[i] = activation(values[i])
void ck_activate(ck_isa isa, ck_activation activation, float *values, size_t count);

/// values[i] = exp(values[i]), at most 2 units in the last place off; exactly 0 below the logarithm of the smallest normal number.
void ck_exp(ck_isa isa, float *values, size_t count);

/// A step of a simpler simple recurrent unit: f = 1 / (1 + exp(-gate)), cell = f * previous + (1 - f) * candidate,
/// output = max(cell, 0) + residual.
typedef struct ck_recurrence_args {
    const float *candidate, *gate;
    const float *previous; // null: all zero
    float *cell;           // may be `previous`
    const float *residual; // wherever there is an output
    float *output;         // null: not wanted
    size_t width;
} ck_recurrence_args;

void ck_recurrence(ck_isa isa, const ck_recurrence_args *args);

/// y[m] = (x[m] - mean) / sqrt(variance + epsilon) * gamma + beta, mean and (biased) variance over each row of `width` elements.
typedef struct ck_norm_args {
    const float *x;  ///< [rows, width], rows `ldx` floats apart
    size_t ldx;
    float *y;        ///< [rows, width], rows `ldy` floats apart; may be x itself
    size_t ldy;
    const float *gamma, *beta;
    size_t rows, width;
    float epsilon;
} ck_norm_args;

void ck_layer_norm(ck_isa isa, const ck_norm_args *args);

/// halves[i] = the binary16 number nearest to values[i], the even one of two as near. Finite values beyond the greatest, 65504, become
/// that with their sign; infinities and not-a-numbers stay what they are, of the latter the upper bits, made quiet.
void ck_to_half(ck_isa isa, const float *values, uint16_t *halves, size_t count);

/// values[i] = halves[i], exactly.
void ck_from_half(ck_isa isa, const uint16_t *halves, float *values, size_t count);

/// One query against `count` keys and values, all heads: out = softmax(q . K / sqrt(head_width)) V for each head.
/// Key t is at keys + r * stride, value t at values + r * stride, where r is rows[t], or start + t if `rows` is null. Halves give the
/// bits that the same numbers give as floats.
typedef struct ck_attention_args {
    const float *query;  ///< [heads * head_width]
    const void *keys, *values;  ///< floats, or halves from `ck_to_half`
    bool is_half;
    size_t stride;       ///< in elements
    const int32_t *rows;
    size_t start, count;
    size_t heads, head_width;
    float *scores;       ///< scratch of `ck_attention_scratch` floats; then exp(score - the greatest) of each head, from its own place on
    float *out;          ///< [heads * head_width]
} ck_attention_args;

void ck_attention(ck_isa isa, const ck_attention_args *args);

/// Floats from one head's place in the scratch to the next: `count` rounded up to whole vectors of 16.
static inline size_t ck_attention_stride(size_t count) { return (count + 15) / 16 * 16; }

static inline size_t ck_attention_scratch(size_t heads, size_t count) { return heads * (ck_attention_stride(count) + 1); }

/// `ck_attention` for `queries` queries `query_stride` floats apart, over the same keys; outputs `out_stride` floats apart.
void ck_attention_rows(ck_isa isa, const ck_attention_args *args, size_t queries, size_t query_stride, size_t out_stride);

/// The best of a row of logits. Not-a-number never is the best, but makes `log_sum_exp` not-a-number. A row without any
/// number above -inf gives id 0, -inf, -inf.
typedef struct ck_top {
    float value;
    float log_sum_exp;
    int32_t id;  ///< the lowest of equals
} ck_top;

ck_top ck_row_top(ck_isa isa, const float *logits, size_t count);

/// logits[i] -= log_sum_exp
void ck_log_softmax(float *logits, size_t count, float log_sum_exp);

/// The k best of a row by value descending, then id ascending; k <= CK_MAX_TOP. Skips not-a-numbers, and what is below `floor`: a
/// floor not far below the k-th best saves most of the time. Returns how many were found: k, or fewer if there are fewer.
size_t ck_top_k(ck_isa isa, const float *logits, size_t count, float floor, size_t k, float *values, int32_t *ids);

#include "CKernelsInt8.h"
#include "CKernelsTraining.h"

#endif

/// The kernels that only training needs: gradients, losses and the optimiser's step, fp32, one thread.
///
/// The promises of CKernels.h hold here too. Where a kernel adds to a result, the old value is the start of the chain.
#ifndef CKERNELS_TRAINING_H
#define CKERNELS_TRAINING_H

#include "CKernels.h"

/// Packs the transpose of row-major weights [outputs, inputs] as `ck_pack` would pack [inputs, outputs]; `panels` holds
/// `ck_packed_count(inputs, outputs)` floats. `ck_linear` on it takes gradients of y to gradients of x.
void ck_pack_transposed(const float *weights, size_t outputs, size_t inputs, float *panels);

/// dw[n][k] += sum_m dy[m][n] * x[m][k]; db[n] += sum_m dy[m][n], m ascending.
typedef struct ck_outer_args {
    const float *dy;  ///< [rows, outputs], rows `ldy` floats apart
    size_t ldy;
    const float *x;   ///< [rows, inputs], rows `ldx` floats apart
    size_t ldx;
    float *dw;        ///< [outputs, inputs] without gaps
    float *db;        ///< [outputs], or null
    size_t rows, outputs, inputs;
    float *scratch;   ///< `ck_outer_scratch_count(inputs)` floats at a 64-byte boundary
} ck_outer_args;

/// Rows that a block of `ck_outer` goes through, and outputs that are packed at a time: both fit the second nearest cache.
enum { CK_OUTER_ROWS = 256, CK_OUTER_OUTPUTS = 192 };

/// Floats that `ck_outer` packs a block into: x, its columns rounded up to whole panels, and some outputs of dy.
static inline size_t ck_outer_scratch_count(size_t inputs) {
    return CK_OUTER_ROWS * ((inputs + CK_PANEL - 1) / CK_PANEL * CK_PANEL + CK_OUTER_OUTPUTS);
}

void ck_outer(ck_isa isa, const ck_outer_args *args);

/// The gradient of `ck_layer_norm`. dx[m] = gradient of x[m]; dgamma += dy * normalised x; dbeta += dy.
typedef struct ck_norm_backward_args {
    const float *x;   ///< [rows, width] without gaps: what was normalised
    const float *dy;  ///< [rows, width] without gaps
    float *dx;        ///< [rows, width] without gaps; may be dy itself
    const float *gamma;
    float *dgamma, *dbeta;
    size_t rows, width;
    float epsilon;
} ck_norm_backward_args;

void ck_layer_norm_backward(ck_isa isa, const ck_norm_backward_args *args);

/// Attention whose weights are kept for the way back: query i attends to the keys starts[i] ... starts[i] + counts[i] - 1, and
/// its weights of head h are at weights + offsets[i] + h * padded(counts[i]), padded to whole vectors of 16, zero in the padding.
typedef struct ck_attention_train_args {
    const float *query;  ///< [queries, heads * head_width], rows `query_stride` floats apart
    size_t query_stride;
    const float *keys, *values;  ///< rows `stride` floats apart
    size_t stride;
    const int32_t *starts, *counts;
    const size_t *offsets;
    size_t queries, heads, head_width;
    float *weights;
    float *out;          ///< [queries, heads * head_width]; forward: written, backward: not used
    size_t out_stride;
    const float *dout;   ///< backward: [queries, heads * head_width], rows `out_stride` apart
    float *dquery;       ///< backward: written, rows `query_stride` apart
    float *dkeys, *dvalues;  ///< backward: added to, rows `stride` apart
    float *scratch;      ///< backward: the greatest padded count
} ck_attention_train_args;

void ck_attention_forward(ck_isa isa, const ck_attention_train_args *args);
void ck_attention_backward(ck_isa isa, const ck_attention_train_args *args);

/// dy[i] *= activation'(x[i]), x before the activation. For ReLU the value after it serves as well.
void ck_activate_backward(ck_isa isa, ck_activation activation, const float *x, float *dy, size_t count);

/// One row of logits against its target, in place.
typedef struct ck_loss_args {
    float *logits;         ///< [count]; -inf where an id is banned. Becomes scale * (softmax - target distribution), 0 where banned.
    size_t count, allowed; ///< ids, and ids that are not banned
    size_t target;
    float smoothing;       ///< weight of the uniform distribution over the allowed ids
    const float *teacher;  ///< a distribution [count] to learn from, or null
    float teacher_weight;  ///< its weight; 1 - this is left for the target and its smoothing
    float scale;
} ck_loss_args;

typedef struct ck_loss {
    float loss;             ///< cross-entropy with the target distribution, the teacher's entropy not taken off
    float log_probability;  ///< of the target
    int32_t best;           ///< id of the greatest logit, the lowest of equals
} ck_loss;

/// Where `probabilities` is not null it receives softmax(logits), as a teacher for other rows.
ck_loss ck_cross_entropy(ck_isa isa, const ck_loss_args *args, float *probabilities);

/// values[i] = kept ? values[i] * scale + (addend ? addend[i] : 0) : (addend ? addend[i] : 0), where element i is kept if a hash of
/// `key` and i is at least `threshold`; the same key gives the same choice on the way back.
void ck_dropout(ck_isa isa, float *values, const float *addend, size_t count, uint32_t key, uint32_t threshold, float scale);

/// One step of Adam (Kingma and Ba, 2015, algorithm 1) with decoupled weight decay.
typedef struct ck_adam_args {
    float *parameters, *first_moment, *second_moment;
    const float *gradient;
    size_t count;
    float gradient_scale;  ///< multiplies the gradient first: clipping
    float beta1, beta2, epsilon;
    float rate;            ///< learning rate / (1 - beta1^t)
    float correction;      ///< 1 / (1 - beta2^t)
    float decay;           ///< learning rate * weight decay; 0 for none
} ck_adam_args;

void ck_adam(ck_isa isa, const ck_adam_args *args);

/// y[i] += scale * x[i]
void ck_add_scaled(ck_isa isa, float *y, const float *x, size_t count, float scale);

/// Sum of squares, in double by 16 partial sums.
double ck_square_sum(ck_isa isa, const float *values, size_t count);

#endif

/// Naive scalar versions of the training kernels: what the header promises, element by element, with the same bits as the vector
/// versions.
#include <math.h>

#include "scalar.h"
#include "variants.h"

#pragma STDC FP_CONTRACT OFF

void ck_outer_reference(const ck_outer_args *a) {
    for (size_t n = 0; n < a->outputs; n++) {
        for (size_t m = 0; m < a->rows; m++) {
            float factor = a->dy[m * a->ldy + n];
            for (size_t k = 0; k < a->inputs; k++) {
                float *dw = a->dw + n * a->inputs + k;
                *dw = fmaf(factor, a->x[m * a->ldx + k], *dw);
            }
            if (a->db) a->db[n] += factor;
        }
    }
}

void ck_layer_norm_backward_reference(const ck_norm_backward_args *a) {
    float width = (float)a->width;
    for (size_t m = 0; m < a->rows; m++) {
        const float *x = a->x + m * a->width, *dy = a->dy + m * a->width;
        float *dx = a->dx + m * a->width;
        float sums[16] = {0}, squares[16] = {0}, gradients[16] = {0}, products[16] = {0};
        for (size_t i = 0; i < a->width; i++) sums[i % 16] += x[i];
        float mean = ck_fold_sum(sums) / width;
        for (size_t i = 0; i < a->width; i++) squares[i % 16] = fmaf(x[i] - mean, x[i] - mean, squares[i % 16]);
        float scale = 1.0f / sqrtf(ck_fold_sum(squares) / width + a->epsilon);
        for (size_t i = 0; i < a->width; i++) {
            float normal = (x[i] - mean) * scale, g = dy[i] * a->gamma[i];
            a->dgamma[i] = fmaf(dy[i], normal, a->dgamma[i]);
            a->dbeta[i] += dy[i];
            gradients[i % 16] += g;
            products[i % 16] = fmaf(g, normal, products[i % 16]);
        }
        float offset = ck_fold_sum(gradients) / width, slope = ck_fold_sum(products) / width;
        for (size_t i = 0; i < a->width; i++) {
            float normal = (x[i] - mean) * scale;
            dx[i] = ((dy[i] * a->gamma[i] - offset) - normal * slope) * scale;
        }
    }
}

/// query · row, by 16 partial sums.
static float dot(const float *query, const float *row, size_t width) {
    float lanes[16] = {0};
    for (size_t i = 0; i < width; i++) lanes[i % 16] = fmaf(query[i], row[i], lanes[i % 16]);
    return ck_fold_sum(lanes);
}

/// Scores become softmax(scale * score) in their first `count` places, 0 behind.
static void softmax_weights(float *scores, size_t count, float scale) {
    float best = -INFINITY, sums[16] = {0};
    for (size_t t = 0; t < count; t++) {
        scores[t] *= scale;
        best = scores[t] > best ? scores[t] : best;
    }
    for (size_t t = 0; t < count; t++) {
        scores[t] = ck_scalar_exp(scores[t] - best);
        sums[t % 16] += scores[t];
    }
    float normaliser = 1.0f / ck_fold_sum(sums);
    for (size_t t = 0; t < ck_padded(count); t++) scores[t] = t < count ? scores[t] * normaliser : 0.0f;
}

void ck_attention_forward_reference(const ck_attention_train_args *a) {
    float scale = 1.0f / sqrtf((float)a->head_width);
    for (size_t i = 0; i < a->queries; i++) {
        size_t count = (size_t)a->counts[i], start = (size_t)a->starts[i];
        for (size_t h = 0; h < a->heads; h++) {
            size_t first = h * a->head_width;
            float *weights = a->weights + a->offsets[i] + h * ck_padded(count);
            for (size_t t = 0; t < count; t++) {
                weights[t] = dot(a->query + i * a->query_stride + first, a->keys + (start + t) * a->stride + first, a->head_width);
            }
            softmax_weights(weights, count, scale);
            for (size_t j = 0; j < a->head_width; j++) {
                float sum = 0.0f;
                for (size_t t = 0; t < count; t++) sum = fmaf(weights[t], a->values[(start + t) * a->stride + first + j], sum);
                a->out[i * a->out_stride + first + j] = sum;
            }
        }
    }
}

void ck_attention_backward_reference(const ck_attention_train_args *a) {
    float scale = 1.0f / sqrtf((float)a->head_width);
    for (size_t i = 0; i < a->queries; i++) {
        size_t count = (size_t)a->counts[i], start = (size_t)a->starts[i];
        for (size_t h = 0; h < a->heads; h++) {
            size_t first = h * a->head_width;
            const float *weights = a->weights + a->offsets[i] + h * ck_padded(count);
            const float *query = a->query + i * a->query_stride + first, *dout = a->dout + i * a->out_stride + first;
            float *slopes = a->scratch, lanes[16] = {0};
            for (size_t t = 0; t < count; t++) {
                slopes[t] = dot(dout, a->values + (start + t) * a->stride + first, a->head_width);
                lanes[t % 16] = fmaf(weights[t], slopes[t], lanes[t % 16]);
            }
            float mean = ck_fold_sum(lanes);
            for (size_t t = 0; t < count; t++) slopes[t] = (slopes[t] - mean) * weights[t] * scale;
            for (size_t j = 0; j < a->head_width; j++) {
                float sum = 0.0f;
                for (size_t t = 0; t < count; t++) {
                    size_t at = (start + t) * a->stride + first + j;
                    sum = fmaf(slopes[t], a->keys[at], sum);
                    a->dkeys[at] = fmaf(slopes[t], query[j], a->dkeys[at]);
                    a->dvalues[at] = fmaf(weights[t], dout[j], a->dvalues[at]);
                }
                a->dquery[i * a->query_stride + first + j] = sum;
            }
        }
    }
}

/// The derivative of GELU, Phi(x) + x phi(x), and of x s with s = 1 / (1 + exp(-a x)), s + a x s (1 - s).
static float derivative(ck_activation activation, float x) {
    switch (activation) {
    case CK_RELU: return x > 0.0f ? 1.0f : 0.0f;
    case CK_SWISH: {
        float s = 1.0f / (1.0f + ck_scalar_exp(-x));
        return fmaf(x * s, 1.0f - s, s);
    }
    case CK_QUICK_GELU: {
        float s = 1.0f / (1.0f + ck_scalar_exp(x * -CK_QUICK_GELU_SLOPE));
        return fmaf(x * CK_QUICK_GELU_SLOPE * s, 1.0f - s, s);
    }
    case CK_GELU: return fmaf(x, ck_scalar_exp(-(x * x) * 0.5f) * CK_INVERSE_SQRT_TWO_PI, ck_scalar_normal_cdf(x));
    case CK_IDENTITY: break;
    }
    return 1.0f;
}

void ck_activate_backward_reference(ck_activation activation, const float *x, float *dy, size_t count) {
    for (size_t i = 0; i < count; i++) dy[i] *= derivative(activation, x[i]);
}

ck_loss ck_cross_entropy_reference(const ck_loss_args *a, float *probabilities) {
    ck_top top = ck_row_top_reference(a->logits, a->count);
    ck_loss result = {0.0f, a->logits[a->target] - top.log_sum_exp, top.id};
    float uniform = a->smoothing / (float)a->allowed, lanes[16] = {0};
    for (size_t i = 0; i < a->count; i++) {
        float x = a->logits[i] - top.log_sum_exp, p = ck_scalar_exp(x);
        bool live = x > -INFINITY;
        float distribution = live ? (1.0f - a->teacher_weight) * uniform : 0.0f;
        if (a->teacher) distribution = fmaf(a->teacher_weight, a->teacher[i], distribution);
        lanes[i % 16] = fmaf(distribution, live ? x : 0.0f, lanes[i % 16]);
        a->logits[i] = (p - distribution) * a->scale;
        if (probabilities) probabilities[i] = p;
    }
    float own = (1.0f - a->teacher_weight) * (1.0f - a->smoothing);
    a->logits[a->target] -= own * a->scale;
    result.loss = -(ck_fold_sum(lanes) + own * result.log_probability);
    return result;
}

void ck_dropout_reference(float *values, const float *addend, size_t count, uint32_t key, uint32_t threshold, float scale) {
    for (size_t i = 0; i < count; i++) {
        uint32_t hash = ((uint32_t)i * CK_HASH_STEP) ^ key;
        hash = (hash ^ (hash >> 16)) * CK_HASH_FIRST;
        hash = (hash ^ (hash >> 15)) * CK_HASH_SECOND;
        hash ^= hash >> 16;
        float x = hash >= threshold ? values[i] * scale : 0.0f;
        values[i] = addend ? x + addend[i] : x;
    }
}

void ck_adam_reference(const ck_adam_args *a) {
    for (size_t i = 0; i < a->count; i++) {
        float g = a->gradient[i] * a->gradient_scale;
        float m = fmaf(1.0f - a->beta1, g - a->first_moment[i], a->first_moment[i]);
        float v = fmaf(1.0f - a->beta2, g * g - a->second_moment[i], a->second_moment[i]);
        float p = a->parameters[i] - a->parameters[i] * a->decay;
        a->first_moment[i] = m;
        a->second_moment[i] = v;
        a->parameters[i] = p - m * a->rate / (sqrtf(v * a->correction) + a->epsilon);
    }
}

void ck_add_scaled_reference(float *y, const float *x, size_t count, float scale) {
    for (size_t i = 0; i < count; i++) y[i] = fmaf(scale, x[i], y[i]);
}

double ck_square_sum_reference(const float *values, size_t count) {
    double sums[16] = {0}, total = 0.0;
    for (size_t i = 0; i < count; i++) sums[i % 16] += (double)values[i] * (double)values[i];
    for (size_t j = 0; j < 16; j++) total += sums[j];
    return total;
}

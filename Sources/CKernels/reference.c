/// Naive scalar versions: what the header promises, element by element. They are the oracle of the vector versions, which give the
/// same bits, and what runs where no vector version does.
#include <math.h>

#include "scalar.h"
#include "variants.h"

#pragma STDC FP_CONTRACT OFF

static float maximum(const float *values, size_t count) {
    float best = -INFINITY;
    for (size_t i = 0; i < count; i++) best = values[i] > best ? values[i] : best;
    return best;
}

void ck_linear_reference(const ck_linear_args *a) {
    for (size_t m = 0; m < a->rows; m++) {
        for (size_t n = 0; n < a->outputs; n++) {
            const float *w = a->panels + n / CK_PANEL * CK_PANEL * a->inputs + n % CK_PANEL;
            float sum = 0.0f;
            for (size_t k = 0; k < a->inputs; k++) sum = fmaf(a->x[m * a->ldx + k], w[k * CK_PANEL], sum);
            if (a->bias) sum += a->bias[n];
            sum = ck_scalar_activate(a->activation, sum);
            if (a->residual) sum += a->residual[m * a->ldr + n];
            a->y[m * a->ldy + n] = sum;
        }
    }
}

void ck_select_reference(const ck_select_args *a) {
    for (size_t i = 0; i < a->count; i++) {
        const float *w = a->panels + ck_column(a->ids[i], a->inputs);
        float sum = 0.0f;
        for (size_t k = 0; k < a->inputs; k++) sum = fmaf(a->x[k], w[k * CK_PANEL], sum);
        a->y[i] = a->bias ? sum + a->bias[a->ids[i]] : sum;
    }
}

void ck_activate_reference(ck_activation activation, float *values, size_t count) {
    for (size_t i = 0; i < count; i++) values[i] = ck_scalar_activate(activation, values[i]);
}

void ck_exp_reference(float *values, size_t count) {
    for (size_t i = 0; i < count; i++) values[i] = ck_scalar_exp(values[i]);
}

void ck_recurrence_reference(const ck_recurrence_args *a) {
    for (size_t i = 0; i < a->width; i++) {
        float keep = 1.0f / (1.0f + ck_scalar_exp(-a->gate[i]));
        float previous = a->previous ? a->previous[i] : 0.0f;
        float cell = fmaf(keep, previous - a->candidate[i], a->candidate[i]);
        a->cell[i] = cell;
        if (a->output) a->output[i] = (cell < 0.0f ? 0.0f : cell) + a->residual[i];
    }
}

void ck_layer_norm_reference(const ck_norm_args *a) {
    for (size_t m = 0; m < a->rows; m++) {
        const float *x = a->x + m * a->ldx;
        float *y = a->y + m * a->ldy;
        float lanes[16] = {0};
        for (size_t i = 0; i < a->width; i++) lanes[i % 16] += x[i];
        float mean = ck_fold_sum(lanes) / (float)a->width;
        float squares[16] = {0};
        for (size_t i = 0; i < a->width; i++) squares[i % 16] = fmaf(x[i] - mean, x[i] - mean, squares[i % 16]);
        float scale = 1.0f / sqrtf(ck_fold_sum(squares) / (float)a->width + a->epsilon);
        for (size_t i = 0; i < a->width; i++) y[i] = fmaf((x[i] - mean) * scale, a->gamma[i], a->beta[i]);
    }
}

void ck_to_half_reference(const float *values, uint16_t *halves, size_t count) {
    for (size_t i = 0; i < count; i++) halves[i] = ck_scalar_to_half(values[i]);
}

void ck_from_half_reference(const uint16_t *halves, float *values, size_t count) {
    for (size_t i = 0; i < count; i++) values[i] = ck_scalar_from_half(halves[i]);
}

/// Element `column` of key or value t.
static float attended(const ck_attention_args *a, const void *base, size_t t, size_t column) {
    size_t place = ck_key_row(a, t) * a->stride + column;
    return a->is_half ? ck_scalar_from_half(((const uint16_t *)base)[place]) : ((const float *)base)[place];
}

static void attend_head(const ck_attention_args *a, size_t head, float scale) {
    size_t first = head * a->head_width;
    float *scores = a->scores + head * ck_attention_stride(a->count);
    for (size_t t = 0; t < a->count; t++) {
        float lanes[16] = {0};
        for (size_t i = 0; i < a->head_width; i++) {
            lanes[i % 16] = fmaf(a->query[first + i], attended(a, a->keys, t, first + i), lanes[i % 16]);
        }
        scores[t] = ck_fold_sum(lanes) * scale;
    }
    float best = maximum(scores, a->count);
    float sums[16] = {0};
    for (size_t t = 0; t < a->count; t++) {
        scores[t] = ck_scalar_exp(scores[t] - best);
        sums[t % 16] += scores[t];
    }
    float normaliser = 1.0f / ck_fold_sum(sums);
    for (size_t i = 0; i < a->head_width; i++) {
        float sum = 0.0f;
        for (size_t t = 0; t < a->count; t++) {
            sum = fmaf(scores[t], attended(a, a->values, t, first + i), sum);
        }
        a->out[first + i] = sum * normaliser;
    }
}

void ck_attention_reference(const ck_attention_args *a) {
    float scale = 1.0f / sqrtf((float)a->head_width);
    for (size_t head = 0; head < a->heads; head++) attend_head(a, head, scale);
}

ck_top ck_row_top_reference(const float *logits, size_t count) {
    ck_top top = {maximum(logits, count), -INFINITY, 0};
    if (top.value == -INFINITY) return top;
    while (logits[top.id] != top.value) top.id++;
    float lanes[16] = {0};
    for (size_t i = 0; i < count; i++) lanes[i % 16] += ck_scalar_exp(logits[i] - top.value);
    top.log_sum_exp = top.value + logf(ck_fold_sum(lanes));
    return top;
}

size_t ck_top_k_reference(const float *logits, size_t count, float floor, size_t k, float *values, int32_t *ids) {
    size_t held = 0;
    for (size_t i = 0; i < count; i++) {
        bool better = held < k ? logits[i] >= floor : logits[i] > values[k - 1];
        if (better) held = ck_insert(logits[i], (int32_t)i, held, k, values, ids);
    }
    return held;
}

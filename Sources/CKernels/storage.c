/// Kernels that only move memory: one plain version serves every instruction set.
#include <string.h>

#include "CKernels.h"

#pragma STDC FP_CONTRACT OFF

size_t ck_packed_count(size_t outputs, size_t inputs) {
    return (outputs + CK_PANEL - 1) / CK_PANEL * CK_PANEL * inputs;
}

void ck_pack(const float *weights, size_t outputs, size_t inputs, float *panels) {
    for (size_t first = 0; first < outputs; first += CK_PANEL) {
        for (size_t k = 0; k < inputs; k++) {
            for (size_t c = 0; c < CK_PANEL; c++) {
                size_t n = first + c;
                *panels++ = n < outputs ? weights[n * inputs + k] : 0.0f;
            }
        }
    }
}

void ck_pack_transposed(const float *weights, size_t outputs, size_t inputs, float *panels) {
    for (size_t first = 0; first < inputs; first += CK_PANEL) {
        size_t count = inputs - first < CK_PANEL ? inputs - first : CK_PANEL;
        for (size_t n = 0; n < outputs; n++, panels += CK_PANEL) {
            memcpy(panels, weights + n * inputs + first, count * sizeof *panels);
            memset(panels + count, 0, (CK_PANEL - count) * sizeof *panels);
        }
    }
}

void ck_unpack_row(const float *panels, size_t inputs, size_t output, float scale, const float *addend, float *out) {
    const float *column = panels + output / CK_PANEL * CK_PANEL * inputs + output % CK_PANEL;
    for (size_t k = 0; k < inputs; k++) {
        float scaled = column[k * CK_PANEL] * scale;
        out[k] = addend ? scaled + addend[k] : scaled;
    }
}

void ck_log_softmax(float *logits, size_t count, float log_sum_exp) {
    for (size_t i = 0; i < count; i++) logits[i] -= log_sum_exp;
}

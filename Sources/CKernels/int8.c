/// What the int8 products share on every instruction set: sizes, and the packing of weights, which happens once.
#include <string.h>

#include "int8.h"
#include "scalar.h"

#pragma STDC FP_CONTRACT OFF

size_t ck_int8_stride(size_t inputs) { return ck_int8_row_bytes(inputs); }

size_t ck_int8_packed_count(size_t outputs, size_t inputs) {
    return (outputs + CK_PANEL - 1) / CK_PANEL * ck_int8_bytes(CK_PANEL, inputs);
}

/// One output's weights into its column of a strip; returns their sum.
static int32_t pack_column(size_t strip, const float *weights, size_t inputs, float inverse, int8_t *column) {
    int32_t sum = 0;
    for (size_t k = 0; k < inputs; k++) {
        int8_t quantized = inverse > 0.0f ? (int8_t)rintf(weights[k] * inverse) : 0;
        column[ck_int8_place(strip, k)] = quantized;
        sum += quantized;
    }
    return sum;
}

void ck_quantize_weights(
    ck_isa isa, ck_weight_most most, const float *weights, size_t outputs, size_t inputs, int8_t *panels, float *scales,
    int32_t *offsets) {
    size_t strip = ck_int8_strip(isa), padded = (outputs + CK_PANEL - 1) / CK_PANEL * CK_PANEL;
    memset(panels, 0, ck_int8_packed_count(outputs, inputs));
    memset(scales, 0, padded * sizeof *scales);
    memset(offsets, 0, padded * sizeof *offsets);
    for (size_t n = 0; n < outputs; n++) {
        const float *row = weights + n * inputs;
        ck_scaling scaling = ck_scaling_of(ck_highest_magnitude(row, inputs), (float)most);
        scales[n] = scaling.scale;
        int8_t *column = panels + ck_int8_column(strip, n, inputs);
        offsets[n] = -CK_INT8_ZERO * pack_column(strip, row, inputs, scaling.inverse, column);
    }
}

void ck_copy_int8_output(ck_isa isa, const int8_t *from, size_t output, size_t inputs, int8_t *to, size_t place) {
    size_t strip = ck_int8_strip(isa);
    from += ck_int8_column(strip, output, inputs);
    to += ck_int8_column(strip, place, inputs);
    for (size_t k = 0; k < inputs; k += CK_INT8_GROUP) {
        memcpy(to + ck_int8_place(strip, k), from + ck_int8_place(strip, k), CK_INT8_GROUP);
    }
}

void ck_unpack_int8_row(ck_isa isa, const ck_unpack_int8_args *a) {
    size_t strip = ck_int8_strip(isa);
    const int8_t *column = a->panels + ck_int8_column(strip, a->output, a->inputs);
    float scale = a->scales[a->output] * a->scale;
    for (size_t k = 0; k < a->inputs; k++) {
        float scaled = (float)column[ck_int8_place(strip, k)] * scale;
        a->out[k] = a->addend ? scaled + a->addend[k] : scaled;
    }
}

size_t ck_screen_packed_count(size_t outputs, size_t inputs) {
    return (outputs + CK_PANEL - 1) / CK_PANEL * ck_screen_bytes(CK_PANEL, inputs);
}

void ck_screen_pack(
    ck_isa isa, ck_weight_most most, const int8_t *panels, size_t outputs, size_t inputs, uint8_t *plane, float *errors) {
    size_t strip = ck_int8_strip(isa);
    int factor = most == CK_WEIGHTS_7_BITS ? 2 : 1;
    // 8 stands for 0: what is added for outputs and inputs that do not exist.
    memset(plane, 0x88, ck_screen_packed_count(outputs, inputs));
    memset(errors, 0, (outputs + CK_PANEL - 1) / CK_PANEL * CK_PANEL * sizeof *errors);
    for (size_t n = 0; n < outputs; n++) {
        const int8_t *column = panels + ck_int8_column(strip, n, inputs);
        uint8_t *own = plane + n / strip * ck_screen_bytes(strip, inputs);
        double squares = 0.0;
        for (size_t k = 0; k < inputs; k++) {
            int weight = factor * column[ck_int8_place(strip, k)];
            int upper = (weight + 128) / 16, rest = (weight + 128) % 16;
            uint8_t *byte = own + ck_screen_place(strip, n, k);
            bool odd = k / CK_INT8_GROUP % 2;
            *byte = (uint8_t)(odd ? (*byte & 0x0f) | upper << 4 : (*byte & 0xf0) | upper);
            squares += (rest - 7.5) * (rest - 7.5);
        }
        errors[n] = (float)(sqrt(squares) * 1.000001);
    }
}

void ck_screen_reference(const ck_screen_args *a) {
    int8_t q[CK_SCREEN_MAX_INPUTS];
    for (size_t m = 0; m < a->rows; m++) {
        ck_screen_row row = ck_screen_take(a->x + m * ck_int8_row_bytes(a->inputs), a->inputs, q);
        for (size_t n = 0; n < a->outputs; n++) {
            const uint8_t *own = a->plane + n / CK_INT8_STRIP_REFERENCE * ck_screen_bytes(CK_INT8_STRIP_REFERENCE, a->inputs);
            int32_t sum = 0;
            for (size_t k = 0; k < a->inputs; k++) {
                uint8_t byte = own[ck_screen_place(CK_INT8_STRIP_REFERENCE, n, k)];
                sum += (k / CK_INT8_GROUP % 2 ? byte >> 4 : byte & 15) * q[k];
            }
            float twice = (float)(32 * sum - 241 * row.sum), error = a->errors[n] * row.norm;
            float scale = ck_screen_half(a->most) * a->x_scales[m] * a->scales[n], bias = a->bias ? a->bias[n] : 0.0f;
            float size = fmaf(fabsf(twice) + error, scale, fminf(fabsf(bias), FLT_MAX));
            a->upper[m * a->ldu + n] = fmaf(size, CK_SCREEN_ROOM, fmaf(twice + error, scale, bias));
        }
    }
}

void ck_quantize_rows_reference(const ck_quantize_args *a) {
    size_t stride = ck_int8_row_bytes(a->width);
    for (size_t m = 0; m < a->rows; m++) {
        const float *x = a->x + m * a->ldx;
        uint8_t *q = a->q + m * stride;
        ck_scaling scaling = ck_scaling_of(ck_highest_magnitude(x, a->width), CK_ACTIVATION_MOST);
        a->scales[m] = scaling.scale;
        memset(q, CK_INT8_ZERO, stride);
        if (scaling.inverse == 0.0f) continue;
        for (size_t k = 0; k < a->width; k++) q[k] = (uint8_t)(CK_INT8_ZERO + (int32_t)rintf(x[k] * scaling.inverse));
    }
}

/// The sum of an output's products with one row.
static int32_t product_sum(const uint8_t *x, const int8_t *panels, size_t output, size_t inputs) {
    const int8_t *column = panels + ck_int8_column(CK_INT8_STRIP_REFERENCE, output, inputs);
    int32_t sum = 0;
    for (size_t k = 0; k < inputs; k++) {
        sum += ((int32_t)x[k] - CK_INT8_ZERO) * column[ck_int8_place(CK_INT8_STRIP_REFERENCE, k)];
    }
    return sum;
}

void ck_linear_int8_reference(const ck_linear_int8_args *a) {
    size_t stride = ck_int8_row_bytes(a->inputs);
    for (size_t m = 0; m < a->rows; m++) {
        const uint8_t *x = a->x + m * stride;
        for (size_t n = 0; n < a->outputs; n++) {
            int32_t sum = product_sum(x, a->panels, n, a->inputs);
            float y = fmaf((float)sum, a->x_scales[m] * a->scales[n], a->bias ? a->bias[n] : 0.0f);
            y = ck_scalar_activate(a->activation, y);
            if (a->residual) y += a->residual[m * a->ldr + n];
            a->y[m * a->ldy + n] = y;
        }
    }
}

void ck_select_int8_reference(const ck_select_int8_args *a) {
    for (size_t i = 0; i < a->count; i++) {
        size_t n = a->ids[i];
        int32_t sum = product_sum(a->x, a->panels, n, a->inputs);
        a->y[i] = fmaf((float)sum, a->x_scale * a->scales[n], a->bias ? a->bias[n] : 0.0f);
    }
}

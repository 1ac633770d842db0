/// Compares every variant of the kernels that this machine can run with the naive reference, bit for bit, and the int8 reference
/// with 64-bit sums. Stands alone, so that it can be cross-compiled: scripts/test-neon runs it for 64-bit ARM.
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

enum { RESULT_BYTES = 1 << 20, BLOCKS = 32, SEEDS = 60 };

/// A drawing of numbers and memory: the same seed gives the same arguments to every variant. Each array is a block of its own, so
/// that an address sanitizer sees a kernel that leaves one.
typedef struct drawing {
    uint64_t state;
    void *blocks[BLOCKS];
    size_t used;
} drawing;

static uint32_t draw(drawing *d) {
    d->state = d->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(d->state >> 33);
}

/// 1 ... most
static size_t draw_size(drawing *d, size_t most) { return 1 + draw(d) % most; }

static void fail(const char *reason) {
    fprintf(stderr, "%s\n", reason);
    exit(70);
}

static void *take(drawing *d, size_t bytes) {
    if (d->used == BLOCKS) fail("a test asks for more blocks than there are");
    void **block = &d->blocks[d->used++];
    if (posix_memalign(block, 64, bytes) != 0) fail("out of memory");
    memset(*block, 0, bytes);
    return *block;
}

static float *draw_floats(drawing *d, size_t count, float scale) {
    float *p = take(d, count * sizeof *p);
    for (size_t i = 0; i < count; i++) p[i] = ((float)(draw(d) % 65536) / 32768.0f - 1.0f) * scale;
    return p;
}

/// Results of one run of a kernel.
typedef struct results {
    unsigned char bytes[RESULT_BYTES];
    size_t count;
} results;

static void keep(results *r, const void *values, size_t bytes) {
    if (bytes > RESULT_BYTES - r->count) fail("a test gives more results than there is room for");
    memcpy(r->bytes + r->count, values, bytes);
    r->count += bytes;
}

static size_t padded(size_t outputs) { return (outputs + CK_PANEL - 1) / CK_PANEL * CK_PANEL; }

static void run_linear(ck_isa isa, drawing *d, results *r) {
    // One time in eight so many inputs and rows that sums wait in memory, or weights are fetched ahead.
    bool is_large = draw(d) % 8 == 0;
    size_t rows = draw_size(d, is_large ? 120 : 20), inputs = draw_size(d, is_large ? 2000 : 90), outputs = draw_size(d, 150);
    ck_linear_args a = {.rows = rows, .inputs = inputs, .outputs = outputs, .ldx = inputs + 1, .ldy = outputs + 2, .ldr = outputs};
    float *panels = take(d, ck_packed_count(outputs, inputs) * sizeof *panels);
    ck_pack(draw_floats(d, outputs * inputs, 1), outputs, inputs, panels);
    a.panels = panels;
    a.x = draw_floats(d, rows * a.ldx, 1);
    a.bias = draw(d) % 2 ? draw_floats(d, padded(outputs), 1) : 0;
    a.residual = draw(d) % 2 ? draw_floats(d, rows * outputs, 1) : 0;
    a.activation = (ck_activation)(draw(d) % 4);
    a.y = take(d, rows * a.ldy * sizeof *a.y);
    ck_linear(isa, &a);
    keep(r, a.y, rows * a.ldy * sizeof *a.y);
}

static void run_select(ck_isa isa, drawing *d, results *r) {
    size_t inputs = draw_size(d, 90), outputs = draw_size(d, 150), count = draw_size(d, 20);
    ck_select_args a = {.inputs = inputs, .count = count};
    float *panels = take(d, ck_packed_count(outputs, inputs) * sizeof *panels);
    ck_pack(draw_floats(d, outputs * inputs, 1), outputs, inputs, panels);
    a.panels = panels;
    a.x = draw_floats(d, inputs, 1);
    a.bias = draw(d) % 2 ? draw_floats(d, padded(outputs), 1) : 0;
    size_t *ids = take(d, count * sizeof *ids);
    for (size_t i = 0; i < count; i++) ids[i] = draw(d) % outputs;
    a.ids = ids;
    a.y = take(d, count * sizeof *a.y);
    ck_select(isa, &a);
    keep(r, a.y, count * sizeof *a.y);
}

static void run_elementwise(ck_isa isa, drawing *d, results *r) {
    size_t count = draw_size(d, 300);
    float *x = draw_floats(d, count, 20), *dy = draw_floats(d, count, 1), *e = draw_floats(d, count, 90);
    ck_activation activation = (ck_activation)(draw(d) % 4);
    ck_activate_backward(isa, activation, x, dy, count);
    ck_activate(isa, activation, x, count);
    ck_exp(isa, e, count);
    ck_recurrence_args recurrence = {.candidate = dy, .gate = draw_floats(d, count, 9), .previous = draw(d) % 3 ? x : 0, .residual = e, .width = count};
    recurrence.cell = take(d, count * sizeof *recurrence.cell);
    recurrence.output = draw(d) % 3 ? take(d, count * sizeof *recurrence.output) : 0;
    ck_recurrence(isa, &recurrence);
    keep(r, recurrence.cell, count * sizeof *recurrence.cell);
    if (recurrence.output) keep(r, recurrence.output, count * sizeof *recurrence.output);
    keep(r, x, count * sizeof *x);
    keep(r, dy, count * sizeof *dy);
    keep(r, e, count * sizeof *e);
    ck_dropout(isa, x, draw(d) % 2 ? dy : 0, count, draw(d), UINT32_MAX / 3, 1.5f);
    ck_add_scaled(isa, dy, x, count, 0.3f);
    keep(r, x, count * sizeof *x);
    keep(r, dy, count * sizeof *dy);
    double squares = ck_square_sum(isa, dy, count);
    keep(r, &squares, sizeof squares);
}

static void run_norm(ck_isa isa, drawing *d, results *r) {
    size_t rows = draw_size(d, 5), width = draw_size(d, 100);
    ck_norm_args a = {.rows = rows, .width = width, .ldx = width, .ldy = width, .epsilon = 1e-5f};
    a.x = draw_floats(d, rows * width, 3);
    a.gamma = draw_floats(d, width, 1);
    a.beta = draw_floats(d, width, 1);
    a.y = take(d, rows * width * sizeof *a.y);
    ck_layer_norm(isa, &a);
    keep(r, a.y, rows * width * sizeof *a.y);
    ck_norm_backward_args b = {.x = a.x, .gamma = a.gamma, .rows = rows, .width = width, .epsilon = a.epsilon};
    b.dy = draw_floats(d, rows * width, 1);
    b.dx = take(d, rows * width * sizeof *b.dx);
    b.dgamma = draw_floats(d, width, 1);
    b.dbeta = draw_floats(d, width, 1);
    ck_layer_norm_backward(isa, &b);
    keep(r, b.dx, rows * width * sizeof *b.dx);
    keep(r, b.dgamma, width * sizeof *b.dgamma);
    keep(r, b.dbeta, width * sizeof *b.dbeta);
}

static int failures = 0;

/// That attention over halves gives what it gives over the same numbers as floats.
static void check_halves(ck_isa isa, const ck_attention_args *halves, float *keys, float *values, size_t count) {
    float out[160];
    size_t width = halves->heads * halves->head_width;
    if (width > sizeof out / sizeof *out) fail("a test attends in more columns than there is room for");
    ck_attention_args a = *halves;
    ck_from_half(isa, a.keys, keys, count);
    ck_from_half(isa, a.values, values, count);
    a.keys = keys, a.values = values, a.is_half = false, a.out = out;
    ck_attention(isa, &a);
    if (memcmp(out, halves->out, width * sizeof *out) == 0) return;
    printf("attention over halves differs from that over the same floats\n");
    failures++;
}

/// Every number of 16 bits there and back, and numbers of all sizes: signs, infinities, not-a-numbers, ties and what saturates.
static void run_half(ck_isa isa, drawing *d, results *r) {
    enum { ALL = 1 << 16 };
    size_t count = draw_size(d, 3000);
    float *values = take(d, ALL * sizeof *values);
    uint16_t *halves = take(d, ALL * sizeof *halves);
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = draw(d) << 16 ^ draw(d);
        if (draw(d) % 2) bits = (bits & 0x80001FFF) | ((100 + draw(d) % 45) << 23) | (draw(d) % 1024) << 13;
        if (draw(d) % 4 == 0) bits = (bits & ~(uint32_t)0x1FFF) | 0x1000;
        memcpy(&values[i], &bits, sizeof bits);
    }
    ck_to_half(isa, values, halves, count);
    keep(r, halves, count * sizeof *halves);
    for (size_t i = 0; i < ALL; i++) halves[i] = (uint16_t)i;
    ck_from_half(isa, halves, values, ALL);
    keep(r, values, ALL * sizeof *values);
    ck_to_half(isa, values, halves, ALL);
    keep(r, halves, ALL * sizeof *halves);
    for (size_t i = 0; i < ALL; i++) {
        bool is_number = (i & 0x7FFF) <= 0x7C00;
        if (halves[i] == (is_number ? i : i | 0x0200)) continue;
        printf("half %04zx comes back as %04x\n", i, halves[i]);
        failures++;
        return;
    }
}

static void run_attention(ck_isa isa, drawing *d, results *r) {
    size_t heads = draw_size(d, 4), head_width = draw_size(d, 40), count = draw_size(d, 50), width = heads * head_width;
    ck_attention_args a = {.stride = width, .count = count, .heads = heads, .head_width = head_width};
    a.query = draw_floats(d, width, 1);
    float *keys = draw_floats(d, count * width, 1), *values = draw_floats(d, count * width, 1);
    uint16_t *half_keys = take(d, count * width * sizeof *half_keys), *half_values = take(d, count * width * sizeof *half_values);
    a.keys = keys, a.values = values;
    int32_t *rows = take(d, count * sizeof *rows);
    for (size_t t = 0; t < count; t++) rows[t] = (int32_t)(draw(d) % count);
    a.rows = draw(d) % 2 ? rows : 0;
    a.scores = take(d, ck_attention_scratch(heads, count) * sizeof *a.scores);
    a.out = take(d, width * sizeof *a.out);
    ck_attention(isa, &a);
    keep(r, a.out, width * sizeof *a.out);
    for (size_t head = 0; head < heads; head++) keep(r, a.scores + head * ck_attention_stride(count), count * sizeof *a.scores);
    ck_to_half(isa, keys, half_keys, count * width);
    ck_to_half(isa, values, half_values, count * width);
    a.keys = half_keys, a.values = half_values, a.is_half = true;
    ck_attention(isa, &a);
    check_halves(isa, &a, keys, values, count * width);
    keep(r, a.out, width * sizeof *a.out);
}

static void run_attention_training(ck_isa isa, drawing *d, results *r) {
    enum { QUERIES = 3 };
    size_t heads = draw_size(d, 3), head_width = draw_size(d, 40), keys = 20, width = heads * head_width, used = 0;
    int32_t starts[QUERIES], counts[QUERIES];
    size_t offsets[QUERIES];
    for (size_t i = 0; i < QUERIES; i++) {
        starts[i] = (int32_t)(draw(d) % keys);
        counts[i] = (int32_t)draw_size(d, keys - (size_t)starts[i]);
        offsets[i] = used;
        used += heads * (((size_t)counts[i] + 15) / 16 * 16);
    }
    ck_attention_train_args a = {
        .query_stride = width, .stride = width, .starts = starts, .counts = counts, .offsets = offsets, .queries = QUERIES,
        .heads = heads, .head_width = head_width, .out_stride = width,
    };
    a.query = draw_floats(d, QUERIES * width, 1);
    a.keys = draw_floats(d, keys * width, 1);
    a.values = draw_floats(d, keys * width, 1);
    a.weights = take(d, used * sizeof *a.weights);
    a.out = take(d, QUERIES * width * sizeof *a.out);
    a.dout = draw_floats(d, QUERIES * width, 1);
    a.dquery = take(d, QUERIES * width * sizeof *a.dquery);
    a.dkeys = draw_floats(d, keys * width, 1);
    a.dvalues = draw_floats(d, keys * width, 1);
    a.scratch = take(d, 64 * sizeof *a.scratch);
    ck_attention_forward(isa, &a);
    ck_attention_backward(isa, &a);
    keep(r, a.weights, used * sizeof *a.weights);
    keep(r, a.out, QUERIES * width * sizeof *a.out);
    keep(r, a.dquery, QUERIES * width * sizeof *a.dquery);
    keep(r, a.dkeys, keys * width * sizeof *a.dkeys);
    keep(r, a.dvalues, keys * width * sizeof *a.dvalues);
}

static void run_logits(ck_isa isa, drawing *d, results *r) {
    size_t count = 8 + draw(d) % 300;
    float *logits = draw_floats(d, count, 5), *teacher = draw_floats(d, count, 0.1f), *p = take(d, count * sizeof *p);
    ck_top top = ck_row_top(isa, logits, count);
    keep(r, &top.value, sizeof top.value);
    keep(r, &top.log_sum_exp, sizeof top.log_sum_exp);
    keep(r, &top.id, sizeof top.id);
    float values[8];
    int32_t ids[8];
    size_t found = ck_top_k(isa, logits, count, draw(d) % 2 ? -INFINITY : 0.5f, 8, values, ids);
    keep(r, values, found * sizeof *values);
    keep(r, ids, found * sizeof *ids);
    ck_loss_args a = {
        .logits = logits, .count = count, .allowed = count, .target = draw(d) % count, .smoothing = 0.1f,
        .teacher = draw(d) % 2 ? teacher : 0, .teacher_weight = 0.5f, .scale = 0.25f,
    };
    if (!a.teacher) a.teacher_weight = 0.0f;
    ck_loss loss = ck_cross_entropy(isa, &a, p);
    keep(r, &loss.loss, sizeof loss.loss);
    keep(r, &loss.log_probability, sizeof loss.log_probability);
    keep(r, &loss.best, sizeof loss.best);
    keep(r, logits, count * sizeof *logits);
    keep(r, p, count * sizeof *p);
}

static void run_optimiser(ck_isa isa, drawing *d, results *r) {
    // One time in eight more than a block of rows.
    size_t rows = draw_size(d, draw(d) % 8 ? 30 : 300), outputs = draw_size(d, 30), inputs = draw_size(d, 100), count = outputs * inputs;
    ck_outer_args a = {.ldy = outputs, .ldx = inputs, .rows = rows, .outputs = outputs, .inputs = inputs};
    a.dy = draw_floats(d, rows * outputs, 1);
    a.x = draw_floats(d, rows * inputs, 1);
    a.dw = draw_floats(d, count, 1);
    a.db = draw_floats(d, outputs, 1);
    a.scratch = take(d, ck_outer_scratch_count(inputs) * sizeof *a.scratch);
    ck_outer(isa, &a);
    keep(r, a.dw, count * sizeof *a.dw);
    keep(r, a.db, outputs * sizeof *a.db);
    ck_adam_args b = {
        .gradient = a.dw, .count = count, .gradient_scale = 0.5f, .beta1 = 0.9f, .beta2 = 0.98f, .epsilon = 1e-9f,
        .rate = 1e-3f, .correction = 1.5f, .decay = 1e-4f,
    };
    b.parameters = draw_floats(d, count, 1);
    b.first_moment = draw_floats(d, count, 1);
    b.second_moment = draw_floats(d, count, 1);
    for (size_t i = 0; i < count; i++) b.second_moment[i] = fabsf(b.second_moment[i]);
    ck_adam(isa, &b);
    keep(r, b.parameters, count * sizeof *b.parameters);
    keep(r, b.first_moment, count * sizeof *b.first_moment);
    keep(r, b.second_moment, count * sizeof *b.second_moment);
}

/// That y of a product without function and residual is what 64-bit sums give.
static void check_sums(const ck_linear_int8_args *a, const int8_t *weights) {
    size_t stride = ck_int8_stride(a->inputs);
    for (size_t m = 0; m < a->rows; m++) {
        for (size_t n = 0; n < a->outputs; n++) {
            int64_t sum = 0;
            for (size_t k = 0; k < a->inputs; k++) sum += ((int64_t)a->x[m * stride + k] - 128) * weights[n * a->inputs + k];
            float expected = fmaf((float)sum, a->x_scales[m] * a->scales[n], a->bias ? a->bias[n] : 0.0f);
            if (memcmp(&expected, &a->y[m * a->ldy + n], sizeof expected) != 0) {
                printf("int8 sum of row %zu, output %zu is wrong\n", m, n);
                failures++;
                return;
            }
        }
    }
}

/// Weights that quantise to themselves: whole numbers, of which each output has one of the greatest magnitude.
static float *draw_whole_weights(drawing *d, int most, size_t outputs, size_t inputs, int8_t *whole) {
    float *weights = take(d, outputs * inputs * sizeof *weights);
    bool extreme = draw(d) % 3 == 0;
    for (size_t i = 0; i < outputs * inputs; i++) {
        int value = extreme ? (draw(d) % 2 ? most : -most) : (int)(draw(d) % (unsigned)(2 * most + 1)) - most;
        if (i % inputs == 0) value = most;
        whole[i] = (int8_t)value;
        weights[i] = (float)value;
    }
    return weights;
}

/// Some outputs of the last row, which must have the bits that they have among all of them.
static void run_selection(ck_isa isa, drawing *d, const ck_linear_int8_args *all, results *r) {
    size_t row = all->rows - 1;
    const float *expected = all->y + row * all->ldy;
    ck_select_int8_args a = {
        .x = all->x + row * ck_int8_stride(all->inputs), .x_scale = all->x_scales[row], .panels = all->panels, .scales = all->scales,
        .offsets = all->offsets, .most = all->most, .bias = all->bias, .inputs = all->inputs, .count = draw_size(d, 20),
    };
    size_t *ids = take(d, a.count * sizeof *ids);
    for (size_t i = 0; i < a.count; i++) ids[i] = draw(d) % all->outputs;
    a.ids = ids;
    a.y = take(d, a.count * sizeof *a.y);
    ck_select_int8(isa, &a);
    keep(r, a.y, a.count * sizeof *a.y);
    for (size_t i = 0; i < a.count; i++) {
        if (memcmp(&a.y[i], &expected[ids[i]], sizeof *expected) == 0) continue;
        printf("int8 output %zu is another where it is selected\n", ids[i]);
        failures++;
        return;
    }
}

static void run_int8(ck_isa isa, drawing *d, results *r) {
    size_t rows = draw_size(d, 20), inputs = draw_size(d, 150), outputs = draw_size(d, 150), stride = ck_int8_stride(inputs);
    ck_weight_most most = draw(d) % 2 ? CK_WEIGHTS_8_BITS : CK_WEIGHTS_7_BITS;
    ck_linear_int8_args a = {
        .most = most, .rows = rows, .inputs = inputs, .outputs = outputs, .ldy = outputs + 2, .ldr = outputs};
    int8_t *whole = take(d, outputs * inputs), *panels = take(d, ck_int8_packed_count(outputs, inputs));
    float *scales = take(d, padded(outputs) * sizeof *scales), *x_scales = take(d, rows * sizeof *x_scales);
    int32_t *offsets = take(d, padded(outputs) * sizeof *offsets);
    float *weights = draw_whole_weights(d, most, outputs, inputs, whole);
    ck_quantize_weights(isa, most, weights, outputs, inputs, panels, scales, offsets);
    uint8_t *x = take(d, rows * stride);
    ck_quantize_args q = {.ldx = inputs + 3, .q = x, .scales = x_scales, .rows = rows, .width = inputs};
    q.x = draw_floats(d, rows * q.ldx, draw(d) % 8 ? 1.0f : 0.0f);
    ck_quantize_rows(isa, &q);
    keep(r, x, rows * stride);
    keep(r, x_scales, rows * sizeof *x_scales);
    if (draw(d) % 3 == 0) memset(x, draw(d) % 2 ? 255 : 1, rows * stride);
    a.x = x, a.x_scales = x_scales, a.panels = panels, a.scales = scales, a.offsets = offsets;
    a.bias = draw(d) % 2 ? draw_floats(d, padded(outputs), 1) : 0;
    a.y = take(d, rows * a.ldy * sizeof *a.y);
    ck_linear_int8(isa, &a);
    check_sums(&a, whole);
    keep(r, a.y, rows * a.ldy * sizeof *a.y);
    run_selection(isa, d, &a, r);
    a.residual = draw(d) % 2 ? draw_floats(d, rows * outputs, 1) : 0;
    a.activation = (ck_activation)(draw(d) % 4);
    ck_linear_int8(isa, &a);
    keep(r, a.y, rows * a.ldy * sizeof *a.y);
}

typedef struct kernel {
    const char *name;
    void (*run)(ck_isa isa, drawing *d, results *r);
} kernel;

static const kernel kernels[] = {
    {"linear", run_linear}, {"selection", run_select}, {"elementwise", run_elementwise}, {"layer norm", run_norm},
    {"half", run_half}, {"attention", run_attention}, {"attention in training", run_attention_training}, {"logits", run_logits},
    {"optimiser", run_optimiser}, {"int8", run_int8},
};

static const struct {
    ck_isa isa;
    const char *name;
} variants[] = {
    {CK_ISA_AVX2, "AVX2"}, {CK_ISA_AVX512, "AVX-512"}, {CK_ISA_AVX512_VNNI, "AVX-512 VNNI"}, {CK_ISA_NEON, "NEON"},
    {CK_ISA_NEON_DOTPROD, "NEON dot product"},
};

static void run(const kernel *k, ck_isa isa, uint64_t seed, results *r) {
    drawing d = {.state = seed};
    r->count = 0;
    k->run(isa, &d, r);
    for (size_t i = 0; i < d.used; i++) free(d.blocks[i]);
}

/// FNV-1a over what the reference gave.
static uint64_t digest(uint64_t hash, const results *r) {
    for (size_t i = 0; i < r->count; i++) hash = (hash ^ r->bytes[i]) * 1099511628211u;
    return hash;
}

/// Prints the digest of all reference results, by which processors of different kinds are compared.
static void print_digest(results *r) {
    uint64_t hash = 14695981039346656037u;
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            run(&kernels[k], CK_ISA_REFERENCE, seed, r);
            hash = digest(hash, r);
        }
    }
    printf("reference: digest %016llx\n", (unsigned long long)hash);
}

int main(void) {
    static results expected, got;
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
        if (!ck_available(variants[v].isa)) continue;
        int before = failures;
        for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
            for (uint64_t seed = 0; seed < SEEDS; seed++) {
                run(&kernels[k], CK_ISA_REFERENCE, seed, &expected);
                run(&kernels[k], variants[v].isa, seed, &got);
                if (got.count == expected.count && memcmp(got.bytes, expected.bytes, got.count) == 0) continue;
                printf("%s: %s differs from the reference at seed %d\n", variants[v].name, kernels[k].name, (int)seed);
                failures++;
            }
        }
        printf("%s: %s\n", variants[v].name, failures == before ? "all kernels give the bits of the reference" : "FAILED");
    }
    print_digest(&expected);
    return failures ? 1 : 0;
}

/// The vector versions, written once over vectors of 16 floats and compiled for each instruction set by the file that includes this
/// one. That file defines CK_NAME(kernel), CK_TILE_ROWS and CK_TILE_VECTORS (the register tile of the matrix product), and switches the
/// compiler to its instruction set around the include.
#include <math.h>
#include <string.h>

#include "scalar.h"
#include "variants.h"

#pragma STDC FP_CONTRACT OFF

typedef float v16 __attribute__((ext_vector_type(16)));
typedef float v8 __attribute__((ext_vector_type(8)));
typedef float v4 __attribute__((ext_vector_type(4)));
typedef float v2 __attribute__((ext_vector_type(2)));
typedef int32_t i16 __attribute__((ext_vector_type(16)));
typedef float v16_unaligned __attribute__((ext_vector_type(16), aligned(4)));

// Vectors wider than the registers are passed to functions that are always inlined, so no calling convention is at stake.
#pragma clang diagnostic ignored "-Wpsabi"

#define CK_INLINE static inline __attribute__((always_inline))
#define CK_UNROLL _Pragma("clang loop unroll(full)")

CK_INLINE v16 load(const float *p) { return *(const v16_unaligned *)p; }
CK_INLINE void store(float *p, v16 v) { *(v16_unaligned *)p = v; }
CK_INLINE v16 splat(float x) { return (v16)(x); }
CK_INLINE v16 fma16(v16 a, v16 b, v16 c) { return __builtin_elementwise_fma(a, b, c); }
CK_INLINE v16 choose(i16 mask, v16 yes, v16 no) { return (v16)((mask & (i16)yes) | (~mask & (i16)no)); }

/// The first `count` < 16 elements, `rest` in the lanes behind.
CK_INLINE v16 load_part(const float *p, size_t count, float rest) {
    v16 v = splat(rest);
    memcpy(&v, p, count * sizeof *p);
    return v;
}

CK_INLINE void store_part(float *p, v16 v, size_t count) { memcpy(p, &v, count * sizeof *p); }

CK_INLINE float fold_sum(v16 v) {
    v8 a = v.lo + v.hi;
    v4 b = a.lo + a.hi;
    v2 c = b.lo + b.hi;
    return c.x + c.y;
}

CK_INLINE float fold_max(v16 v) {
    float best = -INFINITY;
    CK_UNROLL for (int j = 0; j < 16; j++) best = v[j] > best ? v[j] : best;
    return best;
}

CK_INLINE v16 exp16(v16 x) {
    i16 is_number = x == x;
    v16 t = choose(x < splat(CK_EXP_LOWEST), splat(CK_EXP_LOWEST), x);
    t = choose(t > splat(CK_EXP_HIGHEST), splat(CK_EXP_HIGHEST), t);
    t = choose(is_number, t, splat(0.0f));
    v16 n = __builtin_elementwise_rint(t * splat(CK_LOG2_E));
    v16 r = fma16(n, splat(-CK_LN2_HIGH), t);
    r = fma16(n, splat(-CK_LN2_LOW), r);
    v16 p = fma16(splat(CK_EXP_C0), r, splat(CK_EXP_C1));
    p = fma16(p, r, splat(CK_EXP_C2));
    p = fma16(p, r, splat(CK_EXP_C3));
    p = fma16(p, r, splat(CK_EXP_C4));
    p = fma16(p, r, splat(CK_EXP_C5));
    v16 y = fma16(p, r * r, r) + splat(1.0f);
    i16 whole = __builtin_convertvector(n, i16), half = whole >> 1;
    y = y * (v16)((half + 127) << 23) * (v16)((whole - half + 127) << 23);
    y = choose(x < splat(CK_EXP_LOWEST), splat(0.0f), y);
    y = choose(x > splat(CK_EXP_HIGHEST), splat(INFINITY), y);
    return choose(is_number, y, x);
}

CK_INLINE v16 activate16(ck_activation activation, v16 x) {
    switch (activation) {
    case CK_RELU: return choose(x > splat(0.0f), x, splat(0.0f));
    case CK_SWISH: return x / (splat(1.0f) + exp16(-x));
    case CK_GELU: {
        v16 y;
        for (int j = 0; j < 16; j++) y[j] = ck_scalar_gelu(x[j]);
        return y;
    }
    case CK_IDENTITY: break;
    }
    return x;
}

/// Bias, activation and residual of 16 outputs of one row, then the store; `count` of them exist.
CK_INLINE void finish(const ck_linear_args *a, size_t row, size_t column, const v16 *sums) {
    v16 sum = *sums;
    if (a->bias) sum += load(a->bias + column);
    if (a->activation != CK_IDENTITY) sum = activate16(a->activation, sum);
    float *y = a->y + row * a->ldy + column;
    const float *residual = a->residual ? a->residual + row * a->ldr + column : 0;
    size_t count = a->outputs - column;
    if (count >= 16) {
        store(y, residual ? sum + load(residual) : sum);
    } else {
        store_part(y, residual ? sum + load_part(residual, count, 0.0f) : sum, count);
    }
}

/// A name with the size of the register tile in it, after the macros in its parts are expanded.
#define CK_PASTE(name, rows, vectors) name##_##rows##x##vectors
#define CK_SIZED(name, rows, vectors) CK_PASTE(name, rows, vectors)

/// Defines `tile`, rows × 16·vectors outputs that stay in registers while k runs, and `band`, all outputs of some rows.
#define CK_DEFINE_BAND(rows, vectors)                                                                                  \
    CK_INLINE void CK_SIZED(tile, rows, vectors)(const ck_linear_args *a, size_t row, size_t column) {                 \
        const float *w = a->panels + column / CK_PANEL * CK_PANEL * a->inputs + column % CK_PANEL;                     \
        const float *x = a->x + row * a->ldx;                                                                          \
        v16 sums[rows][vectors];                                                                                       \
        CK_UNROLL for (int i = 0; i < rows; i++) CK_UNROLL for (int j = 0; j < vectors; j++) sums[i][j] = splat(0.0f); \
        for (size_t k = 0; k < a->inputs; k++, w += CK_PANEL) {                                                        \
            v16 b[vectors];                                                                                            \
            CK_UNROLL for (int j = 0; j < vectors; j++) {                                                              \
                if (rows <= 2) __builtin_prefetch(w + 16 * j + CK_PREFETCH);                                           \
                b[j] = load(w + 16 * j);                                                                               \
            }                                                                                                          \
            CK_UNROLL for (int i = 0; i < rows; i++) {                                                                 \
                v16 factor = splat(x[i * a->ldx + k]);                                                                 \
                CK_UNROLL for (int j = 0; j < vectors; j++) sums[i][j] = fma16(factor, b[j], sums[i][j]);              \
            }                                                                                                          \
        }                                                                                                              \
        v16 done[rows][vectors]; /* in memory: the sums themselves are never indexed by a variable */                  \
        CK_UNROLL for (int i = 0; i < rows; i++) CK_UNROLL for (int j = 0; j < vectors; j++) done[i][j] = sums[i][j];  \
        for (int i = 0; i < rows; i++) {                                                                               \
            for (int j = 0; j < vectors && column + 16 * (size_t)j < a->outputs; j++) {                                \
                finish(a, row + (size_t)i, column + 16 * (size_t)j, &done[i][j]);                                      \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static __attribute__((noinline)) void CK_SIZED(band, rows, vectors)(const ck_linear_args *a, size_t row) {         \
        for (size_t column = 0; column < a->outputs; column += 16 * vectors) {                                         \
            CK_SIZED(tile, rows, vectors)(a, row, column);                                                             \
        }                                                                                                              \
    }

/// Floats ahead of the weights being multiplied: 4 KB, since a single row streams them from far away.
#define CK_PREFETCH 1024

CK_DEFINE_BAND(1, 4)
CK_DEFINE_BAND(2, CK_SKINNY_VECTORS)
CK_DEFINE_BAND(4, CK_TILE_VECTORS)
CK_DEFINE_BAND(6, CK_TILE_VECTORS)

/// All outputs of all rows, six rows at a time while there are six.
CK_INLINE void bands(const ck_linear_args *a) {
    size_t row = 0;
    for (; row + 6 <= a->rows; row += 6) CK_SIZED(band, 6, CK_TILE_VECTORS)(a, row);
    if (row + 4 <= a->rows) { CK_SIZED(band, 4, CK_TILE_VECTORS)(a, row); row += 4; }
    if (row + 2 <= a->rows) { CK_SIZED(band, 2, CK_SKINNY_VECTORS)(a, row); row += 2; }
    if (row < a->rows) CK_SIZED(band, 1, 4)(a, row);
}

void CK_NAME(ck_linear)(const ck_linear_args *a) {
    if (a->rows <= 6) return bands(a);
    // Many rows: panel by panel, so that each is read from far away once and from near by every band.
    for (size_t column = 0; column < a->outputs; column += CK_PANEL) {
        ck_linear_args panel = *a;
        panel.panels += column * a->inputs;
        panel.outputs = ck_min(CK_PANEL, a->outputs - column);
        panel.bias = a->bias ? a->bias + column : 0;
        panel.residual = a->residual ? a->residual + column : 0;
        panel.y += column;
        bands(&panel);
    }
}

void CK_NAME(ck_activate)(ck_activation activation, float *values, size_t count) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16) store(values + i, activate16(activation, load(values + i)));
    if (i < count) store_part(values + i, activate16(activation, load_part(values + i, count - i, 0.0f)), count - i);
}

void CK_NAME(ck_exp)(float *values, size_t count) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16) store(values + i, exp16(load(values + i)));
    if (i < count) store_part(values + i, exp16(load_part(values + i, count - i, 0.0f)), count - i);
}

CK_INLINE void norm_row(const ck_norm_args *a, const float *x, float *y) {
    size_t whole = a->width / 16 * 16, rest = a->width - whole;
    v16 sum = splat(0.0f);
    for (size_t i = 0; i < whole; i += 16) sum += load(x + i);
    if (rest) sum += load_part(x + whole, rest, 0.0f);
    float mean = fold_sum(sum) / (float)a->width;
    v16 squares = splat(0.0f);
    for (size_t i = 0; i < whole; i += 16) {
        v16 difference = load(x + i) - splat(mean);
        squares = fma16(difference, difference, squares);
    }
    if (rest) {
        v16 difference = load_part(x + whole, rest, mean) - splat(mean);
        squares = fma16(difference, difference, squares);
    }
    v16 scale = splat(1.0f / sqrtf(fold_sum(squares) / (float)a->width + a->epsilon));
    for (size_t i = 0; i < whole; i += 16) {
        store(y + i, fma16((load(x + i) - splat(mean)) * scale, load(a->gamma + i), load(a->beta + i)));
    }
    if (rest) {
        v16 centred = load_part(x + whole, rest, mean) - splat(mean);
        v16 out = fma16(centred * scale, load_part(a->gamma + whole, rest, 0.0f), load_part(a->beta + whole, rest, 0.0f));
        store_part(y + whole, out, rest);
    }
}

void CK_NAME(ck_layer_norm)(const ck_norm_args *a) {
    for (size_t m = 0; m < a->rows; m++) norm_row(a, a->x + m * a->ldx, a->y + m * a->ldy);
}

/// q · k over one head of `width` elements.
CK_INLINE float dot(const float *q, const float *k, size_t width) {
    v16 sum = splat(0.0f);
    size_t i = 0;
    for (; i + 16 <= width; i += 16) sum = fma16(load(q + i), load(k + i), sum);
    if (i < width) sum = fma16(load_part(q + i, width - i, 0.0f), load_part(k + i, width - i, 0.0f), sum);
    return fold_sum(sum);
}

/// Scores become exp(score − max); returns 1 / their sum.
CK_INLINE float softmax_scores(float *scores, size_t count) {
    size_t whole = count / 16 * 16, rest = count - whole;
    v16 highest = splat(-INFINITY);
    for (size_t t = 0; t < whole; t += 16) {
        v16 s = load(scores + t);
        highest = choose(s > highest, s, highest);
    }
    if (rest) {
        v16 s = load_part(scores + whole, rest, -INFINITY);
        highest = choose(s > highest, s, highest);
    }
    v16 best = splat(fold_max(highest));
    v16 sum = splat(0.0f);
    for (size_t t = 0; t < whole; t += 16) {
        v16 e = exp16(load(scores + t) - best);
        store(scores + t, e);
        sum += e;
    }
    if (rest) {
        v16 e = exp16(load_part(scores + whole, rest, -INFINITY) - best);
        store_part(scores + whole, e, rest);
        sum += load_part(scores + whole, rest, 0.0f);
    }
    return 1.0f / fold_sum(sum);
}

CK_INLINE void attend_head(const ck_attention_args *a, size_t head, float scale) {
    size_t first = head * a->head_width;
    for (size_t t = 0; t < a->count; t++) {
        a->scores[t] = dot(a->query + first, a->keys + ck_key_row(a, t) * a->stride + first, a->head_width) * scale;
    }
    v16 normaliser = splat(softmax_scores(a->scores, a->count));
    const float *values = a->values + first;
    float *out = a->out + first;
    size_t i = 0;
    for (; i + 32 <= a->head_width; i += 32) {
        v16 low = splat(0.0f), high = splat(0.0f);
        for (size_t t = 0; t < a->count; t++) {
            const float *value = values + ck_key_row(a, t) * a->stride + i;
            low = fma16(splat(a->scores[t]), load(value), low);
            high = fma16(splat(a->scores[t]), load(value + 16), high);
        }
        store(out + i, low * normaliser);
        store(out + i + 16, high * normaliser);
    }
    for (; i < a->head_width; i += 16) {
        size_t count = ck_min(16, a->head_width - i);
        v16 sum = splat(0.0f);
        for (size_t t = 0; t < a->count; t++) {
            const float *value = values + ck_key_row(a, t) * a->stride + i;
            sum = fma16(splat(a->scores[t]), count == 16 ? load(value) : load_part(value, count, 0.0f), sum);
        }
        store_part(out + i, sum * normaliser, count);
    }
}

void CK_NAME(ck_attention)(const ck_attention_args *a) {
    float scale = 1.0f / sqrtf((float)a->head_width);
    for (size_t head = 0; head < a->heads; head++) attend_head(a, head, scale);
}

/// Whether any lane of a comparison holds.
CK_INLINE bool any(i16 mask) { return __builtin_reduce_or(mask) != 0; }

ck_top CK_NAME(ck_row_top)(const float *logits, size_t count) {
    size_t whole = count / 16 * 16, rest = count - whole;
    v16 highest = splat(-INFINITY);
    for (size_t i = 0; i < whole; i += 16) {
        v16 x = load(logits + i);
        highest = choose(x > highest, x, highest);
    }
    if (rest) {
        v16 x = load_part(logits + whole, rest, -INFINITY);
        highest = choose(x > highest, x, highest);
    }
    ck_top top = {fold_max(highest), -INFINITY, 0};
    if (top.value == -INFINITY) return top;
    v16 best = splat(top.value);
    size_t i = 0;
    while (i < whole && !any(load(logits + i) == best)) i += 16;
    while (logits[i] != top.value) i++;
    top.id = (int32_t)i;
    v16 sum = splat(0.0f);
    for (i = 0; i < whole; i += 16) sum += exp16(load(logits + i) - best);
    if (rest) {
        v16 e = exp16(load_part(logits + whole, rest, -INFINITY) - best);
        sum += e;
    }
    top.log_sum_exp = top.value + logf(fold_sum(sum));
    return top;
}

size_t CK_NAME(ck_top_k)(const float *logits, size_t count, size_t k, float *values, int32_t *ids) {
    size_t held = 0, i = 0;
    while (i < count) {
        // Sixteen that are all worse than the k held are passed over at once.
        if (held == k && i + 16 <= count && !any(load(logits + i) > splat(values[k - 1]))) {
            i += 16;
            continue;
        }
        size_t end = ck_min(i + 16, count);
        for (; i < end; i++) {
            bool better = held < k ? logits[i] == logits[i] : logits[i] > values[k - 1];
            if (better) held = ck_insert(logits[i], (int32_t)i, held, k, values, ids);
        }
    }
    return held;
}

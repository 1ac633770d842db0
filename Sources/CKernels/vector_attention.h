/// Attention. Included after vector.h and vector_half.h. Keys and values are floats or halves, which every function here is told by a
/// constant, so that each has its own code.

/// Half as many numbers: two vectors' lower halves beside each other, and their upper halves.
#define CK_PAIR_LANES(a, b, low, high)                                                                               \
    v16 low = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);                 \
    v16 high = __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)

CK_INLINE v16 greater16(v16 a, v16 b) { return choose(b > a, b, a); }

/// Four vectors folded in the order of `fold_sum` or `fold_max`, in a quarter of the steps of one after the other.
CK_INLINE v4 fold_four(v16 a, v16 b, v16 c, v16 d, bool is_sum) {
    CK_PAIR_LANES(a, b, low_ab, high_ab);
    CK_PAIR_LANES(c, d, low_cd, high_cd);
    v16 ab = is_sum ? low_ab + high_ab : greater16(low_ab, high_ab), cd = is_sum ? low_cd + high_cd : greater16(low_cd, high_cd);
    v16 low = __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    v16 high = __builtin_shufflevector(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    v16 four = is_sum ? low + high : greater16(low, high);
    v8 first = __builtin_shufflevector(four, four, 0, 1, 4, 5, 8, 9, 12, 13);
    v8 second = __builtin_shufflevector(four, four, 2, 3, 6, 7, 10, 11, 14, 15);
    v8 two = is_sum ? first + second : second > first ? second : first;
    return is_sum ? two.even + two.odd : two.odd > two.even ? two.odd : two.even;
}

/// Where element i of a row of keys or values is.
CK_INLINE const void *at(const void *row, size_t i, bool is_half) {
    return is_half ? (const void *)((const uint16_t *)row + i) : (const float *)row + i;
}

CK_INLINE v16 load_attended(const void *p, bool is_half) { return is_half ? load_half(p) : load(p); }

/// The first `count` < 16 elements, 0 in the lanes behind.
CK_INLINE v16 load_attended_part(const void *p, size_t count, bool is_half) {
    return is_half ? load_half_part(p, count) : load_part(p, count, 0.0f);
}

/// q · k for four keys.
CK_INLINE v4 dots(const float *q, const void *const k[4], size_t width, bool is_half) {
    v16 sums[4];
    CK_UNROLL for (int j = 0; j < 4; j++) sums[j] = splat(0.0f);
    size_t i = 0;
    for (; i + 16 <= width; i += 16) {
        v16 x = load(q + i);
        CK_UNROLL for (int j = 0; j < 4; j++) sums[j] = fma16(x, load_attended(at(k[j], i, is_half), is_half), sums[j]);
    }
    if (i < width) {
        v16 x = load_part(q + i, width - i, 0.0f);
        CK_UNROLL for (int j = 0; j < 4; j++) {
            sums[j] = fma16(x, load_attended_part(at(k[j], i, is_half), width - i, is_half), sums[j]);
        }
    }
    return fold_four(sums[0], sums[1], sums[2], sums[3], true);
}

/// Where four keys or values from t on start, the last one again where there are fewer.
CK_INLINE void four_rows(const ck_attention_args *a, const void *base, size_t t, const void *rows[4], bool is_half) {
    CK_UNROLL for (size_t j = 0; j < 4; j++) {
        rows[j] = at(base, ck_key_row(a, ck_min(t + j, a->count - 1)) * a->stride, is_half);
    }
}

/// Scores of all heads for every key, then -inf up to a whole vector. Four keys are read from their start to their end, as memory is
/// read fastest.
CK_INLINE void score(const ck_attention_args *a, float scale, bool is_half) {
    size_t padded = ck_attention_stride(a->count), last = (a->count - 1) / 4 * 4;
    for (size_t t = 0; t <= last; t += 4) {
        const void *k[4];
        four_rows(a, a->keys, t, k, is_half);
        i4 exists = (i4)((int32_t)(a->count - t)) > (i4){0, 1, 2, 3};
        for (size_t head = 0; head < a->heads; head++) {
            size_t first = head * a->head_width;
            const void *own[4];
            CK_UNROLL for (int j = 0; j < 4; j++) own[j] = at(k[j], first, is_half);
            v4 scores = dots(a->query + first, own, a->head_width, is_half) * (v4)(scale);
            scores = exists ? scores : (v4)(-INFINITY);
            memcpy(a->scores + head * padded + t, &scores, sizeof scores);
        }
    }
    v4 none = (v4)(-INFINITY);
    for (size_t head = 0; head < a->heads; head++) {
        for (size_t t = last + 4; t < padded; t += 4) memcpy(a->scores + head * padded + t, &none, sizeof none);
    }
}

/// Scores of `heads` heads, four or one, become exp(score - the head's greatest); the normalisers 1 / their sums.
CK_INLINE void softmax_scores(float *scores, size_t padded, int heads, float *normalisers) {
    v16 highest[4], sums[4];
    CK_UNROLL for (int j = 0; j < heads; j++) highest[j] = splat(-INFINITY), sums[j] = splat(0.0f);
    for (size_t t = 0; t < padded; t += 16) {
        CK_UNROLL for (int j = 0; j < heads; j++) highest[j] = greater16(highest[j], load(scores + (size_t)j * padded + t));
    }
    v4 best;
    if (heads == 4) best = fold_four(highest[0], highest[1], highest[2], highest[3], false);
    else best[0] = fold_max(highest[0]);
    for (size_t t = 0; t < padded; t += 16) {
        CK_UNROLL for (int j = 0; j < heads; j++) {
            float *own = scores + (size_t)j * padded + t;
            v16 e = exp16_of(load(own) - splat(best[j]), false);
            store(own, e);
            sums[j] += e;
        }
    }
    if (heads == 4) {
        v4 inverse = (v4)(1.0f) / fold_four(sums[0], sums[1], sums[2], sums[3], true);
        memcpy(normalisers, &inverse, sizeof inverse);
    } else {
        *normalisers = 1.0f / fold_sum(sums[0]);
    }
}

/// Adds `some` values, from t on, to 16 columns of the output, of which `count` exist; the last ones are multiplied by `normaliser`.
CK_INLINE void add_values(
    const ck_attention_args *a, size_t t, int some, const void *const v[4], const float *weights, size_t column, size_t count,
    float normaliser, bool is_half) {
    float *out = a->out + column;
    v16 sum = splat(0.0f);
    if (t > 0) sum = count == 16 ? load(out) : load_part(out, count, 0.0f);
    CK_UNROLL for (int j = 0; j < some; j++) {
        const void *own = at(v[j], column, is_half);
        v16 value = count == 16 ? load_attended(own, is_half) : load_attended_part(own, count, is_half);
        sum = fma16(splat(weights[j]), value, sum);
    }
    if (t + (size_t)some == a->count) sum *= splat(normaliser);
    if (count == 16) store(out, sum);
    else store_part(out, sum, count);
}

/// The values from t on, `some` of them, of all heads.
CK_INLINE void weigh(const ck_attention_args *a, size_t t, int some, const float *normalisers, bool is_half) {
    size_t padded = ck_attention_stride(a->count);
    const void *v[4];
    four_rows(a, a->values, t, v, is_half);
    for (size_t head = 0; head < a->heads; head++) {
        const float *weights = a->scores + head * padded + t;
        size_t column = head * a->head_width, end = column + a->head_width;
        for (; column + 16 <= end; column += 16) add_values(a, t, some, v, weights, column, 16, normalisers[head], is_half);
        if (column < end) add_values(a, t, some, v, weights, column, end - column, normalisers[head], is_half);
    }
}

CK_INLINE void attend(const ck_attention_args *a, bool is_half) {
    size_t padded = ck_attention_stride(a->count), t = 0, head = 0;
    float *normalisers = a->scores + a->heads * padded;
    score(a, 1.0f / sqrtf((float)a->head_width), is_half);
    for (; head + 4 <= a->heads; head += 4) softmax_scores(a->scores + head * padded, padded, 4, normalisers + head);
    for (; head < a->heads; head++) softmax_scores(a->scores + head * padded, padded, 1, normalisers + head);
    for (; t + 4 <= a->count; t += 4) weigh(a, t, 4, normalisers, is_half);
    switch (a->count - t) {
    case 3: weigh(a, t, 3, normalisers, is_half); break;
    case 2: weigh(a, t, 2, normalisers, is_half); break;
    case 1: weigh(a, t, 1, normalisers, is_half); break;
    }
}

void CK_NAME(ck_attention)(const ck_attention_args *a) {
    if (a->is_half) attend(a, true);
    else attend(a, false);
}

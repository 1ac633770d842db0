/// Attention. Included after vector.h.

/// The folded sums of four vectors, each in the order of `fold_sum`, in a quarter of the steps of one after the other.
CK_INLINE v4 fold_sums(v16 a, v16 b, v16 c, v16 d) {
    v16 ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
             __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    v16 cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
             __builtin_shufflevector(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    v16 four = __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
               __builtin_shufflevector(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    v8 two = __builtin_shufflevector(four, four, 0, 1, 4, 5, 8, 9, 12, 13) +
             __builtin_shufflevector(four, four, 2, 3, 6, 7, 10, 11, 14, 15);
    return two.even + two.odd;
}

/// q · k for four keys.
CK_INLINE v4 dots(const float *q, const float *const k[4], size_t width) {
    v16 sums[4];
    CK_UNROLL for (int j = 0; j < 4; j++) sums[j] = splat(0.0f);
    size_t i = 0;
    for (; i + 16 <= width; i += 16) {
        v16 x = load(q + i);
        CK_UNROLL for (int j = 0; j < 4; j++) sums[j] = fma16(x, load(k[j] + i), sums[j]);
    }
    if (i < width) {
        v16 x = load_part(q + i, width - i, 0.0f);
        CK_UNROLL for (int j = 0; j < 4; j++) sums[j] = fma16(x, load_part(k[j] + i, width - i, 0.0f), sums[j]);
    }
    return fold_sums(sums[0], sums[1], sums[2], sums[3]);
}

/// Scores of the keys t ... t + 3, -inf where there are none.
CK_INLINE v4 score_four(const ck_attention_args *a, size_t first, float scale, size_t t) {
    if (t >= a->count) return (v4)(-INFINITY);
    const float *k[4];
    CK_UNROLL for (size_t j = 0; j < 4; j++) {
        k[j] = a->keys + first + ck_key_row(a, ck_min(t + j, a->count - 1)) * a->stride;
    }
    v4 scores = dots(a->query + first, k, a->head_width) * (v4)(scale);
    CK_UNROLL for (size_t j = 1; j < 4; j++) scores[j] = t + j < a->count ? scores[j] : -INFINITY;
    return scores;
}

/// Scores of one head for every key, then -inf up to a whole vector. Stored by whole vectors, as they will be loaded: a load waits
/// for a narrower store to leave the core.
CK_INLINE void score(const ck_attention_args *a, size_t first, float scale) {
    for (size_t t = 0; t < a->count; t += 16) {
        v16 scores;
        scores.lo.lo = score_four(a, first, scale, t);
        scores.lo.hi = score_four(a, first, scale, t + 4);
        scores.hi.lo = score_four(a, first, scale, t + 8);
        scores.hi.hi = score_four(a, first, scale, t + 12);
        store(a->scores + t, scores);
    }
}

/// Scores become exp(score − max); returns 1 / their sum.
CK_INLINE float softmax_scores(float *scores, size_t padded) {
    v16 highest = splat(-INFINITY);
    for (size_t t = 0; t < padded; t += 16) {
        v16 s = load(scores + t);
        highest = choose(s > highest, s, highest);
    }
    v16 best = splat(fold_max(highest));
    v16 sum = splat(0.0f);
    for (size_t t = 0; t < padded; t += 16) {
        v16 e = exp16(load(scores + t) - best);
        store(scores + t, e);
        sum += e;
    }
    return 1.0f / fold_sum(sum);
}

CK_INLINE void attend_head(const ck_attention_args *a, size_t head, float scale) {
    size_t first = head * a->head_width;
    score(a, first, scale);
    v16 normaliser = splat(softmax_scores(a->scores, ck_padded(a->count)));
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

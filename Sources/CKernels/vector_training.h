/// Gradients, losses and the optimiser's step. Included after vector.h and the other vector_ files.

CK_INLINE v16 load_up_to_16(const float *p, size_t count, float rest) {
    return count >= 16 ? load(p) : load_part(p, count, rest);
}

CK_INLINE void store_up_to_16(float *p, v16 v, size_t count) {
    if (count >= 16) store(p, v);
    else store_part(p, v, count);
}

CK_INLINE void norm_backward_row(const ck_norm_backward_args *a, const float *x, const float *dy, float *dx) {
    size_t width = a->width;
    v16 sum = splat(0.0f), squares = splat(0.0f), products = splat(0.0f), gradients = splat(0.0f);
    for (size_t i = 0; i < width; i += 16) sum += load_up_to_16(x + i, width - i, 0.0f);
    float mean = fold_sum(sum) / (float)width;
    for (size_t i = 0; i < width; i += 16) {
        v16 centred = load_up_to_16(x + i, width - i, mean) - splat(mean);
        squares = fma16(centred, centred, squares);
    }
    v16 scale = splat(1.0f / sqrtf(fold_sum(squares) / (float)width + a->epsilon));
    for (size_t i = 0; i < width; i += 16) {
        v16 normal = (load_up_to_16(x + i, width - i, mean) - splat(mean)) * scale;
        v16 g = load_up_to_16(dy + i, width - i, 0.0f);
        store_up_to_16(a->dgamma + i, fma16(g, normal, load_up_to_16(a->dgamma + i, width - i, 0.0f)), width - i);
        store_up_to_16(a->dbeta + i, load_up_to_16(a->dbeta + i, width - i, 0.0f) + g, width - i);
        g = g * load_up_to_16(a->gamma + i, width - i, 0.0f);
        gradients += g;
        products = fma16(g, normal, products);
    }
    v16 offset = splat(fold_sum(gradients) / (float)width), slope = splat(fold_sum(products) / (float)width);
    for (size_t i = 0; i < width; i += 16) {
        v16 normal = (load_up_to_16(x + i, width - i, mean) - splat(mean)) * scale;
        v16 g = load_up_to_16(dy + i, width - i, 0.0f) * load_up_to_16(a->gamma + i, width - i, 0.0f);
        store_up_to_16(dx + i, ((g - offset) - normal * slope) * scale, width - i);
    }
}

void CK_NAME(ck_layer_norm_backward)(const ck_norm_backward_args *a) {
    for (size_t m = 0; m < a->rows; m++) {
        norm_backward_row(a, a->x + m * a->width, a->dy + m * a->width, a->dx + m * a->width);
    }
}

/// The scores of four rows from `t` on against `query`, zero where there are none.
CK_INLINE void row_dots(const float *query, const float *rows, size_t stride, size_t count, size_t width, float *scores) {
    for (size_t t = 0; t < count; t += 16) {
        v16 out = splat(0.0f);
        v4 parts[4];
        CK_UNROLL for (size_t j = 0; j < 4; j++) {
            parts[j] = (v4)(0.0f);
            if (t + 4 * j >= count) continue;
            const void *k[4];
            CK_UNROLL for (size_t i = 0; i < 4; i++) k[i] = rows + ck_min(t + 4 * j + i, count - 1) * stride;
            parts[j] = dots(query, k, width, false);
            CK_UNROLL for (size_t i = 1; i < 4; i++) parts[j][i] = t + 4 * j + i < count ? parts[j][i] : 0.0f;
        }
        out.lo.lo = parts[0];
        out.lo.hi = parts[1];
        out.hi.lo = parts[2];
        out.hi.hi = parts[3];
        store(scores + t, out);
    }
}

/// out[i] = sum_t factors[t] * rows[t][i]
CK_INLINE void weighted_rows(const float *factors, const float *rows, size_t stride, size_t count, size_t width, float *out) {
    for (size_t i = 0; i < width; i += 16) {
        size_t part = ck_min(16, width - i);
        v16 sum = splat(0.0f);
        for (size_t t = 0; t < count; t++) {
            const float *row = rows + t * stride + i;
            sum = fma16(splat(factors[t]), load_up_to_16(row, part, 0.0f), sum);
        }
        store_up_to_16(out + i, sum, part);
    }
}

/// rows[t][i] += factors[t] * x[i]
CK_INLINE void add_outer(const float *factors, const float *x, float *rows, size_t stride, size_t count, size_t width) {
    for (size_t i = 0; i < width; i += 16) {
        size_t part = ck_min(16, width - i);
        v16 v = load_up_to_16(x + i, part, 0.0f);
        for (size_t t = 0; t < count; t++) {
            float *row = rows + t * stride + i;
            store_up_to_16(row, fma16(splat(factors[t]), v, load_up_to_16(row, part, 0.0f)), part);
        }
    }
}

CK_INLINE i16 lanes_from(size_t first) {
    i16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return lanes + (int32_t)first;
}

/// Scores become softmax(scale * score) in their first `count` places, 0 behind.
CK_INLINE void softmax_weights(float *scores, size_t count, float scale) {
    v16 highest = splat(-INFINITY);
    for (size_t t = 0; t < count; t += 16) {
        v16 s = load(scores + t) * splat(scale);
        s = choose(lanes_from(t) < (int32_t)count, s, splat(-INFINITY));
        store(scores + t, s);
        highest = choose(s > highest, s, highest);
    }
    v16 best = splat(fold_max(highest)), sum = splat(0.0f);
    for (size_t t = 0; t < count; t += 16) {
        v16 e = exp16(load(scores + t) - best);
        store(scores + t, e);
        sum += e;
    }
    v16 normaliser = splat(1.0f / fold_sum(sum));
    for (size_t t = 0; t < count; t += 16) store(scores + t, load(scores + t) * normaliser);
}

void CK_NAME(ck_attention_forward)(const ck_attention_train_args *a) {
    float scale = 1.0f / sqrtf((float)a->head_width);
    for (size_t i = 0; i < a->queries; i++) {
        size_t count = (size_t)a->counts[i], start = (size_t)a->starts[i] * a->stride;
        for (size_t h = 0; h < a->heads; h++) {
            size_t first = h * a->head_width;
            float *weights = a->weights + a->offsets[i] + h * ck_padded(count);
            const float *query = a->query + i * a->query_stride + first;
            row_dots(query, a->keys + start + first, a->stride, count, a->head_width, weights);
            softmax_weights(weights, count, scale);
            weighted_rows(weights, a->values + start + first, a->stride, count, a->head_width, a->out + i * a->out_stride + first);
        }
    }
}

void CK_NAME(ck_attention_backward)(const ck_attention_train_args *a) {
    float scale = 1.0f / sqrtf((float)a->head_width);
    for (size_t i = 0; i < a->queries; i++) {
        size_t count = (size_t)a->counts[i], start = (size_t)a->starts[i] * a->stride;
        for (size_t h = 0; h < a->heads; h++) {
            size_t first = h * a->head_width;
            const float *weights = a->weights + a->offsets[i] + h * ck_padded(count);
            const float *query = a->query + i * a->query_stride + first, *dout = a->dout + i * a->out_stride + first;
            row_dots(dout, a->values + start + first, a->stride, count, a->head_width, a->scratch);
            v16 sum = splat(0.0f);
            for (size_t t = 0; t < count; t += 16) sum = fma16(load(weights + t), load(a->scratch + t), sum);
            v16 mean = splat(fold_sum(sum));
            for (size_t t = 0; t < count; t += 16) {
                store(a->scratch + t, (load(a->scratch + t) - mean) * load(weights + t) * splat(scale));
            }
            weighted_rows(
                a->scratch, a->keys + start + first, a->stride, count, a->head_width, a->dquery + i * a->query_stride + first);
            add_outer(a->scratch, query, a->dkeys + start + first, a->stride, count, a->head_width);
            add_outer(weights, dout, a->dvalues + start + first, a->stride, count, a->head_width);
        }
    }
}

/// The derivative of GELU, Phi(x) + x phi(x), and of x s with s = 1 / (1 + exp(-a x)), s + a x s (1 - s).
CK_INLINE v16 derivative16(ck_activation activation, v16 x) {
    switch (activation) {
    case CK_RELU: return choose(x > splat(0.0f), splat(1.0f), splat(0.0f));
    case CK_SWISH: {
        v16 s = splat(1.0f) / (splat(1.0f) + exp16(-x));
        return fma16(x * s, splat(1.0f) - s, s);
    }
    case CK_QUICK_GELU: {
        v16 s = splat(1.0f) / (splat(1.0f) + exp16(x * splat(-CK_QUICK_GELU_SLOPE)));
        return fma16(x * splat(CK_QUICK_GELU_SLOPE) * s, splat(1.0f) - s, s);
    }
    case CK_GELU: {
        v16 density = exp16(-(x * x) * splat(0.5f)) * splat(CK_INVERSE_SQRT_TWO_PI);
        return fma16(x, density, normal_cdf16(x));
    }
    case CK_IDENTITY: break;
    }
    return splat(1.0f);
}

void CK_NAME(ck_activate_backward)(ck_activation activation, const float *x, float *dy, size_t count) {
    for (size_t i = 0; i < count; i += 16) {
        v16 slope = derivative16(activation, load_up_to_16(x + i, count - i, 0.0f));
        store_up_to_16(dy + i, load_up_to_16(dy + i, count - i, 0.0f) * slope, count - i);
    }
}

ck_loss CK_NAME(ck_cross_entropy)(const ck_loss_args *a, float *probabilities) {
    size_t count = a->count;
    ck_top top = CK_NAME(ck_row_top)(a->logits, count);
    ck_loss result = {0.0f, a->logits[a->target] - top.log_sum_exp, top.id};
    float uniform = a->smoothing / (float)a->allowed;
    v16 norm = splat(top.log_sum_exp), scale = splat(a->scale);
    v16 hard = splat((1.0f - a->teacher_weight) * uniform), soft = splat(a->teacher_weight);
    v16 sum = splat(0.0f);  // of distribution × log-probability, the target's own share left out
    for (size_t i = 0; i < count; i += 16) {
        v16 x = load_up_to_16(a->logits + i, count - i, -INFINITY) - norm;
        i16 live = x > splat(-INFINITY);
        v16 p = exp16(x), distribution = choose(live, hard, splat(0.0f));
        if (a->teacher) distribution = fma16(soft, load_up_to_16(a->teacher + i, count - i, 0.0f), distribution);
        sum = fma16(distribution, choose(live, x, splat(0.0f)), sum);
        store_up_to_16(a->logits + i, (p - distribution) * scale, count - i);
        if (probabilities) store_up_to_16(probabilities + i, p, count - i);
    }
    float own = (1.0f - a->teacher_weight) * (1.0f - a->smoothing);
    a->logits[a->target] -= own * a->scale;
    result.loss = -(fold_sum(sum) + own * result.log_probability);
    return result;
}

typedef uint32_t u16 __attribute__((ext_vector_type(16)));

void CK_NAME(ck_dropout)(float *values, const float *addend, size_t count, uint32_t key, uint32_t threshold, float scale) {
    for (size_t i = 0; i < count; i += 16) {
        u16 hash = ((u16)lanes_from(i) * CK_HASH_STEP) ^ key;
        hash = (hash ^ (hash >> 16)) * CK_HASH_FIRST;
        hash = (hash ^ (hash >> 15)) * CK_HASH_SECOND;
        hash ^= hash >> 16;
        v16 x = load_up_to_16(values + i, count - i, 0.0f) * splat(scale);
        x = choose((i16)(hash >= threshold), x, splat(0.0f));
        if (addend) x += load_up_to_16(addend + i, count - i, 0.0f);
        store_up_to_16(values + i, x, count - i);
    }
}

void CK_NAME(ck_adam)(const ck_adam_args *a) {
    for (size_t i = 0; i < a->count; i += 16) {
        size_t rest = a->count - i;
        v16 g = load_up_to_16(a->gradient + i, rest, 0.0f) * splat(a->gradient_scale);
        v16 m = load_up_to_16(a->first_moment + i, rest, 0.0f), v = load_up_to_16(a->second_moment + i, rest, 0.0f);
        m = fma16(splat(1.0f - a->beta1), g - m, m);
        v = fma16(splat(1.0f - a->beta2), g * g - v, v);
        v16 p = load_up_to_16(a->parameters + i, rest, 0.0f);
        p = p - p * splat(a->decay);
        v16 step = m * splat(a->rate) / (__builtin_elementwise_sqrt(v * splat(a->correction)) + splat(a->epsilon));
        store_up_to_16(a->first_moment + i, m, rest);
        store_up_to_16(a->second_moment + i, v, rest);
        store_up_to_16(a->parameters + i, p - step, rest);
    }
}

void CK_NAME(ck_add_scaled)(float *y, const float *x, size_t count, float scale) {
    for (size_t i = 0; i < count; i += 16) {
        v16 sum = fma16(splat(scale), load_up_to_16(x + i, count - i, 0.0f), load_up_to_16(y + i, count - i, 0.0f));
        store_up_to_16(y + i, sum, count - i);
    }
}

typedef double d16 __attribute__((ext_vector_type(16)));

double CK_NAME(ck_square_sum)(const float *values, size_t count) {
    d16 sums = (d16)(0.0);
    for (size_t i = 0; i < count; i += 16) {
        d16 x = __builtin_convertvector(load_up_to_16(values + i, count - i, 0.0f), d16);
        sums += x * x;
    }
    double total = 0.0;
    for (int j = 0; j < 16; j++) total += sums[j];
    return total;
}

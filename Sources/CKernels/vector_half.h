/// Numbers of 16 bits (binary16). Included after vector.h.

typedef _Float16 h16 __attribute__((ext_vector_type(16)));
typedef _Float16 h16_unaligned __attribute__((ext_vector_type(16), aligned(2)));

CK_INLINE v16 load_half(const uint16_t *p) { return __builtin_convertvector(*(const h16_unaligned *)p, v16); }

/// The first `count` < 16 elements, 0 in the lanes behind.
CK_INLINE v16 load_half_part(const uint16_t *p, size_t count) {
    h16 v = (h16)(0.0f16);
    memcpy(&v, p, count * sizeof *p);
    return __builtin_convertvector(v, v16);
}

/// To nearest, half to even; finite numbers beyond the greatest one become that.
CK_INLINE h16 round_to_half(v16 x) {
    v16 size = __builtin_elementwise_abs(x), most = splat(CK_HALF_MOST);
    i16 beyond = (size > most) & (size < splat(INFINITY));
    return __builtin_convertvector(choose(beyond, __builtin_elementwise_copysign(most, x), x), h16);
}

void CK_NAME(ck_to_half)(const float *values, uint16_t *halves, size_t count) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16) *(h16_unaligned *)(halves + i) = round_to_half(load(values + i));
    if (i == count) return;
    h16 last = round_to_half(load_part(values + i, count - i, 0.0f));
    memcpy(halves + i, &last, (count - i) * sizeof *halves);
}

void CK_NAME(ck_from_half)(const uint16_t *halves, float *values, size_t count) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16) store(values + i, load_half(halves + i));
    if (i < count) store_part(values + i, load_half_part(halves + i, count - i), count - i);
}

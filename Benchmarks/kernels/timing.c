/// Loops that time products and the machine; `kernels.py` builds them with the kernels into one library. Every function that times returns
/// seconds: processor time of the thread where there is one, the clock's where there are more.
#include <immintrin.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "CKernels.h"
#include "CKernelsInt8.h"

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double now(void) { return seconds(CLOCK_THREAD_CPUTIME_ID); }

static void *aligned(size_t bytes) { return aligned_alloc(64, (bytes + 127) / 64 * 64); }

static size_t padded(size_t outputs) { return (outputs + CK_PANEL - 1) / CK_PANEL * CK_PANEL; }

// The int8 products.

/// ctranslate2::primitives<Device::CPU>::gemm<int8_t, int32_t>, as its shared library exports it.
typedef void peer_gemm(
    bool a_is_packed, bool b_is_packed, bool transpose_a, bool transpose_b, long m, long n, long k, float alpha, const int8_t *a, long lda,
    const int8_t *b, long ldb, float beta, int32_t *c, long ldc, const int32_t *compensation);

typedef struct peer_case {
    peer_gemm *gemm;
    const int8_t *a, *b;  ///< [m, k], [n, k] or packed
    int32_t *c;           ///< [m, n]
    const int32_t *compensation;
    long m, n, k;
    bool b_is_packed;
} peer_case;

double time_peer(const peer_case *p, long repeats) {
    double start = now();
    for (long i = 0; i < repeats; i++) {
        p->gemm(false, p->b_is_packed, false, true, p->m, p->n, p->k, 1, p->a, p->k, p->b, p->k, 0, p->c, p->n, p->compensation);
    }
    return now() - start;
}

/// A product of ours on weights [n, k] and rows [m, k]; lives as long as the process.
ck_linear_int8_args *make_int8(const float *weights, size_t n, size_t k, const float *x, size_t m, int most) {
    int8_t *panels = aligned(ck_int8_packed_count(n, k));
    float *scales = aligned(padded(n) * sizeof(float));
    int32_t *offsets = aligned(padded(n) * sizeof(int32_t));
    ck_quantize_weights(ck_detect(), (ck_weight_most)most, weights, n, k, panels, scales, offsets);
    uint8_t *q = aligned(m * ck_int8_stride(k));
    float *x_scales = aligned(m * sizeof(float));
    ck_quantize_rows(ck_detect(), &(ck_quantize_args){.x = x, .ldx = k, .q = q, .scales = x_scales, .rows = m, .width = k});
    ck_linear_int8_args *args = malloc(sizeof *args);
    *args = (ck_linear_int8_args){
        .most = (ck_weight_most)most,
        .x = q, .x_scales = x_scales, .panels = panels, .scales = scales, .offsets = offsets,
        .y = aligned(m * n * sizeof(float)), .ldy = n, .rows = m, .inputs = k, .outputs = n};
    return args;
}

const float *int8_result(const ck_linear_int8_args *args) { return args->y; }

double time_int8(const ck_linear_int8_args *args, long repeats) {
    ck_isa isa = ck_detect();
    double start = now();
    for (long i = 0; i < repeats; i++) ck_linear_int8(isa, args);
    return now() - start;
}

// The fp32 products, split by rows (the gradient of weights: by outputs) over threads as training splits its batch.

typedef enum fp32_kind { FORWARD, FORWARD_WITH_PACKING, WEIGHT_GRADIENT } fp32_kind;

typedef struct fp32_case {
    fp32_kind kind;
    const float *x, *weights;  ///< [m, k]; [n, k], or dy [m, n]
    float *y;                  ///< [m, n], or dw [n, k]
    long m, n, k, threads;
} fp32_case;

typedef struct fp32_part {
    const fp32_case *whole;
    float *panels;
    size_t first, count;
    long repeats;
} fp32_part;

static void *run_part(void *argument) {
    const fp32_part *part = argument;
    const fp32_case *c = part->whole;
    ck_isa isa = ck_detect();
    float *scratch = aligned(ck_outer_scratch_count((size_t)c->k) * sizeof(float));
    for (long i = 0; i < part->repeats; i++) {
        if (c->kind == WEIGHT_GRADIENT) {
            float *dw = c->y + part->first * (size_t)c->k;
            memset(dw, 0, part->count * (size_t)c->k * sizeof(float));
            ck_outer(isa, &(ck_outer_args){
                .dy = c->weights + part->first, .ldy = (size_t)c->n, .x = c->x, .ldx = (size_t)c->k, .dw = dw,
                .rows = (size_t)c->m, .outputs = part->count, .inputs = (size_t)c->k, .scratch = scratch});
            continue;
        }
        if (c->kind == FORWARD_WITH_PACKING) ck_pack(c->weights, (size_t)c->n, (size_t)c->k, part->panels);
        ck_linear(isa, &(ck_linear_args){
            .x = c->x + part->first * (size_t)c->k, .ldx = (size_t)c->k, .panels = part->panels,
            .y = c->y + part->first * (size_t)c->n, .ldy = (size_t)c->n, .rows = part->count, .inputs = (size_t)c->k,
            .outputs = (size_t)c->n});
    }
    free(scratch);
    return NULL;
}

enum { MAX_THREADS = 64 };

/// With packing every thread packs all weights for itself, so the cost of it is the upper bound.
double time_fp32(const fp32_case *c, long repeats) {
    fp32_part parts[MAX_THREADS];
    pthread_t ids[MAX_THREADS];
    size_t all = (size_t)(c->kind == WEIGHT_GRADIENT ? c->n : c->m);
    size_t threads = (size_t)c->threads;
    for (size_t t = 0; t < threads; t++) {
        size_t first = all * t / threads;
        parts[t] = (fp32_part){c, NULL, first, all * (t + 1) / threads - first, repeats};
        if (c->kind == WEIGHT_GRADIENT) continue;
        parts[t].panels = aligned(ck_packed_count((size_t)c->n, (size_t)c->k) * sizeof(float));
        ck_pack(c->weights, (size_t)c->n, (size_t)c->k, parts[t].panels);
    }
    double start = seconds(CLOCK_MONOTONIC);
    for (size_t t = 1; t < threads; t++) pthread_create(&ids[t], NULL, run_part, &parts[t]);
    run_part(&parts[0]);
    for (size_t t = 1; t < threads; t++) pthread_join(ids[t], NULL);
    double elapsed = seconds(CLOCK_MONOTONIC) - start;
    for (size_t t = 0; t < threads; t++) free(parts[t].panels);
    return elapsed;
}

// The machine. Results go through an asm statement, so that no loop is left out.

#define KEEP(value) __asm__ volatile("" : "+v"(value))

enum { CHAINS = 12 };  // enough for two units with a latency of four or five cycles

#define UNROLLED _Pragma("clang loop unroll(full)")

/// CHAINS × 16 × 2 operations a round.
__attribute__((target("avx512f"))) double time_fma_avx512(long rounds) {
    __m512 sums[CHAINS], a = _mm512_set1_ps(1.0f), b = _mm512_set1_ps(1e-9f);
    UNROLLED for (int i = 0; i < CHAINS; i++) sums[i] = _mm512_setzero_ps();
    double start = now();
    for (long r = 0; r < rounds; r++) {
        UNROLLED for (int i = 0; i < CHAINS; i++) {
            sums[i] = _mm512_fmadd_ps(a, b, sums[i]);
            KEEP(sums[i]);
        }
    }
    return now() - start;
}

/// CHAINS × 64 × 2 operations a round.
__attribute__((target("avx512f,avx512vnni"))) double time_dot_avx512(long rounds) {
    __m512i sums[CHAINS], a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
    UNROLLED for (int i = 0; i < CHAINS; i++) sums[i] = _mm512_setzero_si512();
    double start = now();
    for (long r = 0; r < rounds; r++) {
        UNROLLED for (int i = 0; i < CHAINS; i++) {
            sums[i] = _mm512_dpbusd_epi32(sums[i], a, b);
            KEEP(sums[i]);
        }
    }
    return now() - start;
}

/// CHAINS × 8 × 2 operations a round.
__attribute__((target("avx2,fma"))) double time_fma_avx2(long rounds) {
    __m256 sums[CHAINS], a = _mm256_set1_ps(1.0f), b = _mm256_set1_ps(1e-9f);
    UNROLLED for (int i = 0; i < CHAINS; i++) sums[i] = _mm256_setzero_ps();
    double start = now();
    for (long r = 0; r < rounds; r++) {
        UNROLLED for (int i = 0; i < CHAINS; i++) {
            sums[i] = _mm256_fmadd_ps(a, b, sums[i]);
            KEEP(sums[i]);
        }
    }
    return now() - start;
}

/// CHAINS × 32 × 2 operations a round, by the three instructions that AVX2 takes for them.
__attribute__((target("avx2"))) double time_dot_avx2(long rounds) {
    __m256i sums[CHAINS], a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(5), ones = _mm256_set1_epi16(1);
    UNROLLED for (int i = 0; i < CHAINS; i++) sums[i] = _mm256_setzero_si256();
    double start = now();
    for (long r = 0; r < rounds; r++) {
        UNROLLED for (int i = 0; i < CHAINS; i++) {
            __m256i pairs = _mm256_maddubs_epi16(a, b);
            KEEP(pairs);
            sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(pairs, ones));
            KEEP(sums[i]);
        }
    }
    return now() - start;
}

/// Reads `bytes`, a multiple of 256, from a 64-byte aligned buffer, asking for what is `ahead` bytes ahead.
__attribute__((target("avx2"))) double time_read(const char *buffer, size_t bytes, size_t ahead, long rounds) {
    double start = now();
    for (long r = 0; r < rounds; r++) {
        for (size_t i = 0; i < bytes; i += 256) {
            UNROLLED for (size_t j = 0; j < 256; j += 64) {
                if (ahead) _mm_prefetch(buffer + i + j + ahead, _MM_HINT_T0);
                __m256i low = _mm256_load_si256((const __m256i *)(buffer + i + j));
                __m256i high = _mm256_load_si256((const __m256i *)(buffer + i + j + 32));
                KEEP(low);
                KEEP(high);
            }
        }
    }
    return now() - start;
}

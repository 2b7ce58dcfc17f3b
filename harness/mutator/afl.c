/* SPDX-License-Identifier: Apache-2.0
 *
 * The mutator as a library for AFL++ 4.04c: AFL_CUSTOM_MUTATOR_LIBRARY=.../popquiz-mutator.so. What
 * kind of input the target takes, POPQUIZ_MUTATOR says: the name of a kind of script.h, "wire"
 * without it, as the bridge takes them. POPQUIZ_LOGIN names a file that holds the login which most
 * inputs are given. AFL's own havoc stays on.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/mutator/login.h"
#include "harness/mutator/mutator.h"
#include "harness/mutator/trim.h"

#define KIND_VARIABLE "POPQUIZ_MUTATOR"
#define LOGIN_VARIABLE "POPQUIZ_LOGIN"
/* Mutations of an input that has so many items; AFL++ asks for each input of its queue. */
#define FUZZ_COUNT(items) (1024u + 8u * (items))
#define FUZZ_COUNT_MAX 4096u

struct afl_mutator {
    enum script_kind kind;
    struct pq_rand rand;
    struct mutator mutator;
    struct trim trim;
    struct login login;
    struct pq_bytes out, trimmed; /* what was handed out, and what is trimmed */
    char description[256];
};

/* What AFL++ looks for by name; `afl` is its state, which is none of our business. */
void *afl_custom_init(void *afl, unsigned seed);
unsigned afl_custom_fuzz_count(void *data, const uint8_t *buf, size_t size);
// NOLINTNEXTLINE(readability-function-size): the engine says what it gives
size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t size, uint8_t **out, uint8_t *add,
                       size_t add_size, size_t max_size);
size_t afl_custom_havoc_mutation(void *data, uint8_t *buf, size_t size, uint8_t **out,
                                 size_t max_size);
const char *afl_custom_describe(void *data, size_t max_len);
size_t afl_custom_post_process(void *data, uint8_t *buf, size_t size, uint8_t **out);
uint8_t afl_custom_queue_new_entry(void *data, const uint8_t *name, const uint8_t *from);
int32_t afl_custom_init_trim(void *data, uint8_t *buf, size_t size);
size_t afl_custom_trim(void *data, uint8_t **out);
int32_t afl_custom_post_trim(void *data, uint8_t success);
void afl_custom_deinit(void *data);

/* The kind of inputs; false after a line on stderr. */
static bool read_kind(enum script_kind *kind)
{
    const char *name = getenv(KIND_VARIABLE);
    *kind = SCRIPT_WIRE;
    if (!name || script_kind_of(name, kind))
        return true;
    (void)fprintf(stderr, "popquiz-mutator: " KIND_VARIABLE "=%s is unknown; there are:", name);
    for (size_t i = 0; i < SCRIPT_KIND_COUNT; i++)
        (void)fprintf(stderr, " %s", script_row((enum script_kind)i)->name);
    (void)fputc('\n', stderr);
    return false;
}

static bool read_login(struct login *l)
{
    const char *path = getenv(LOGIN_VARIABLE);
    if (!path || login_learn(l, path))
        return true;
    (void)fprintf(stderr, "popquiz-mutator: " LOGIN_VARIABLE "=%s cannot be read, or is empty\n",
                  path);
    return false;
}

void *afl_custom_init(void *afl, unsigned seed)
{
    struct afl_mutator *a = calloc(1, sizeof(*a));
    (void)afl;
    if (!a || !read_kind(&a->kind)) {
        free(a);
        return NULL;
    }
    pq_rand_init(&a->rand, seed);
    pq_bytes_init(&a->out, pq_alloc_default(), SIZE_MAX);
    pq_bytes_init(&a->trimmed, pq_alloc_default(), SIZE_MAX);
    login_init(&a->login, a->kind);
    if (read_login(&a->login))
        return a;
    afl_custom_deinit(a);
    return NULL;
}

void afl_custom_deinit(void *data)
{
    struct afl_mutator *a = data;
    pq_bytes_free(&a->out);
    pq_bytes_free(&a->trimmed);
    login_free(&a->login);
    free(a);
}

/* ---- changing -------------------------------------------------------------------------------- */

static uint64_t roll(void *ctx, uint64_t below)
{
    return pq_rand_below(ctx, below);
}

/* A buffer over our memory of so many octets, which the last one gives up. False: no memory. */
static bool lend(struct afl_mutator *a, size_t size, struct pq_buf *b)
{
    pq_bytes_clear(&a->out);
    if (size == 0 || pq_bytes_reserve(&a->out, size) != PQ_STATUS_OK)
        return false;
    pq_buf_init(b, a->out.at, size);
    return true;
}

// NOLINTNEXTLINE(readability-function-size): the engine says what it gives
size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t size, uint8_t **out, uint8_t *add,
                       size_t add_size, size_t max_size)
{
    struct afl_mutator *a = data;
    const struct mutator_input input = {.kind = a->kind,
                                        .in = pq_slice_of(buf, size),
                                        .other = pq_slice_of(add, add ? add_size : 0)};
    struct pq_buf b;
    *out = buf;
    if (!lend(a, max_size, &b))
        return 0;
    mutator_change(&a->mutator, &input, (struct mutator_dice){roll, &a->rand}, &b);
    *out = b.at;
    return b.len;
}

size_t afl_custom_havoc_mutation(void *data, uint8_t *buf, size_t size, uint8_t **out,
                                 size_t max_size)
{
    return afl_custom_fuzz(data, buf, size, out, NULL, 0, max_size);
}

unsigned afl_custom_fuzz_count(void *data, const uint8_t *buf, size_t size)
{
    struct afl_mutator *a = data;
    script_split(&a->trim.script, a->kind, pq_slice_of(buf, size));
    size_t count = FUZZ_COUNT(a->trim.script.count);
    return count < FUZZ_COUNT_MAX ? (unsigned)count : FUZZ_COUNT_MAX;
}

const char *afl_custom_describe(void *data, size_t max_len)
{
    struct afl_mutator *a = data;
    size_t cap = max_len < sizeof(a->description) ? max_len : sizeof(a->description);
    mutator_describe(&a->mutator, a->description, cap);
    return a->description;
}

/* ---- the login ------------------------------------------------------------------------------- */

/* AFL++ keeps what this gives, so that every input stands for itself. */
size_t afl_custom_post_process(void *data, uint8_t *buf, size_t size, uint8_t **out)
{
    struct afl_mutator *a = data;
    struct pq_slice put = login_put(&a->login, pq_slice_of(buf, size));
    *out = put.at == buf ? buf : a->login.out.at;
    return put.len;
}

/* Without `from` it is a seed; the rest are made of what was given above. The file stays. */
uint8_t afl_custom_queue_new_entry(void *data, const uint8_t *name, const uint8_t *from)
{
    struct afl_mutator *a = data;
    if (!from)
        login_leave(&a->login, (const char *)name);
    return 0;
}

/* ---- trimming -------------------------------------------------------------------------------- */

/* The most steps that there will be; zero: there is nothing to trim. AFL++ ends itself on less. */
int32_t afl_custom_init_trim(void *data, uint8_t *buf, size_t size)
{
    struct afl_mutator *a = data;
    pq_bytes_clear(&a->trimmed);
    if (size == 0 || pq_bytes_put(&a->trimmed, pq_slice_of(buf, size)) != PQ_STATUS_OK)
        return 0;
    struct pq_slice in = pq_bytes_slice(&a->trimmed), text = pq_bytes_slice(&a->login.text);
    trim_begin(&a->trim, a->kind, in, pq_slice_starts(in, text) ? a->login.items : 0);
    return trim_is_over(&a->trim) ? 0 : (int32_t)a->trim.steps;
}

size_t afl_custom_trim(void *data, uint8_t **out)
{
    struct afl_mutator *a = data;
    struct pq_buf b;
    *out = a->trimmed.at;
    if (!lend(a, a->trimmed.len, &b))
        return 0;
    trim_write(&a->trim, &b);
    *out = b.at;
    return b.len;
}

int32_t afl_custom_post_trim(void *data, uint8_t success)
{
    struct afl_mutator *a = data;
    trim_next(&a->trim, success != 0);
    return (int32_t)(trim_is_over(&a->trim) ? a->trim.steps : a->trim.step);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/support.h"

#include <string.h>

/* ---- taking an input apart ------------------------------------------------------------------- */

struct pq_slice fuzz_write(struct pq_slice octets, size_t cut, unsigned i)
{
    return i == 0 ? pq_slice_first(octets, cut) : pq_slice_after(octets, cut);
}

struct pq_slice fuzz_line(struct pq_slice *rest)
{
    size_t at = 0;
    while (at + 1 < rest->len && !(rest->at[at] == '\r' && rest->at[at + 1] == '\n'))
        at++;
    if (at + 1 >= rest->len)
        at = rest->len;
    struct pq_slice line = pq_slice_first(*rest, at);
    *rest = pq_slice_after(*rest, at + 2);
    return line;
}

bool fuzz_is_within(struct pq_slice part, struct pq_slice whole)
{
    return part.len == 0 || (part.len <= whole.len && part.at >= whole.at &&
                             (size_t)(part.at - whole.at) <= whole.len - part.len);
}

/* ---- what a run gave ------------------------------------------------------------------------- */

bool fuzz_trace;

struct fuzz_log fuzz_log_of(const char *name)
{
    return (struct fuzz_log){.name = name, .hash = UINT64_C(0xCBF29CE484222325)};
}

static void mix(struct fuzz_log *log, uint64_t number)
{
    log->hash = (log->hash ^ number) * UINT64_C(0x9E3779B97F4A7C15);
    log->hash ^= log->hash >> 32;
}

/* Eight octets as the number that this machine takes them for. */
static void mix_octets(struct fuzz_log *log, const uint8_t *octets)
{
    uint64_t word;
    memcpy(&word, octets, sizeof(word));
    mix(log, word);
}

/* Ends a stream of octets. */
static void flush(struct fuzz_log *log)
{
    if (log->fill == 0)
        return;
    memset(log->part + log->fill, 0, sizeof(log->part) - log->fill);
    mix_octets(log, log->part);
    mix(log, log->fill);
    log->fill = 0;
}

bool fuzz_log_is_same(const struct fuzz_log *a, const struct fuzz_log *b)
{
    struct fuzz_log x = *a, y = *b;
    flush(&x);
    flush(&y);
    return x.hash == y.hash;
}

static void trace(const struct fuzz_log *log, const char *what, uint64_t number, struct pq_slice s)
{
    (void)fprintf(stderr, "%s: %s %llu ", log->name, what, (unsigned long long)number);
    for (size_t i = 0; i < s.len; i++)
        (void)fprintf(stderr, pq_ascii_is_printable(s.at[i]) ? "%c" : "\\x%02X", s.at[i]);
    (void)fputc('\n', stderr);
}

void fuzz_log_octets(struct fuzz_log *log, struct pq_slice s)
{
    for (size_t i = 0; i < s.len;) {
        if (log->fill == 0 && s.len - i >= sizeof(log->part)) {
            mix_octets(log, s.at + i);
            i += sizeof(log->part);
            continue;
        }
        log->part[log->fill++] = s.at[i++];
        if (log->fill == sizeof(log->part)) {
            mix_octets(log, log->part);
            log->fill = 0;
        }
    }
    if (fuzz_trace && s.len > 0)
        trace(log, "octets", s.len, s);
}

void fuzz_log_number(struct fuzz_log *log, const char *what, uint64_t number)
{
    flush(log);
    mix(log, number);
    if (fuzz_trace)
        trace(log, what, number, pq_slice_of(NULL, 0));
}

void fuzz_log_slice(struct fuzz_log *log, const char *what, struct pq_slice s)
{
    fuzz_log_number(log, what, s.len);
    fuzz_log_octets(log, s);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static size_t find_block(const struct fuzz_memory *m, const void *at)
{
    size_t i = 0;
    while (i < m->count && m->blocks[i].at != at)
        i++;
    return i;
}

/* Notes that the block `i` lies at `at` now and has `size` octets; zero octets forget it. */
static void note_block(struct fuzz_memory *m, size_t i, void *at, size_t size)
{
    FUZZ_ASSERT(i < FUZZ_BLOCKS_MAX);
    if (i == m->count)
        m->blocks[m->count++].size = 0;
    m->held += size - m->blocks[i].size;
    m->peak = m->held > m->peak ? m->held : m->peak;
    m->blocks[i].at = at;
    m->blocks[i].size = size;
    if (size == 0)
        m->blocks[i] = m->blocks[--m->count];
}

static void *count_resize(void *ctx, void *old, size_t size)
{
    struct fuzz_memory *m = ctx;
    struct pq_alloc real = pq_alloc_default();
    size_t i = old ? find_block(m, old) : m->count;
    FUZZ_ASSERT(!old || i < m->count);
    if (size > 0 && ++m->calls == m->fail_at)
        return NULL;
    void *at = real.resize(real.ctx, old, size);
    FUZZ_ASSERT(at || size == 0);
    if (old || size > 0)
        note_block(m, i, at, size);
    return at;
}

struct pq_alloc fuzz_alloc(struct fuzz_memory *m)
{
    return (struct pq_alloc){.resize = count_resize, .ctx = m};
}

static void *refuse_resize(void *ctx, void *old, size_t size)
{
    struct fuzz_refusal *r = ctx;
    struct pq_alloc real = pq_alloc_default();
    if (size > 0 && ++r->calls == r->refused)
        return NULL;
    r->live += !old && size > 0 ? 1 : 0;
    r->live -= old && size == 0 ? 1 : 0;
    return real.resize(real.ctx, old, size);
}

struct pq_alloc fuzz_alloc_refusing(struct fuzz_refusal *r)
{
    return (struct pq_alloc){.resize = refuse_resize, .ctx = r, .block = 1};
}

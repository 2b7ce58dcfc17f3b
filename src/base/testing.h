/* SPDX-License-Identifier: Apache-2.0
 *
 * What unit tests share. Included by *_test.c only, after <cmocka.h>'s own headers.
 */
#ifndef PQ_BASE_TESTING_H
#define PQ_BASE_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "popquiz/base.h"

/* Copies `s` so that reading one octet past it faults, with or without a sanitizer. The copy lives
 * until the next call. */
static inline struct pq_slice guard_slice(struct pq_slice s)
{
    static uint8_t *wall; /* the first octet that faults */
    const size_t span = 1u << 20;
    if (!wall) {
        long page = sysconf(_SC_PAGESIZE);
        uint8_t *map = mmap(NULL, span + (size_t)page, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(map != MAP_FAILED);
        assert_int_equal(mprotect(map + span, (size_t)page, PROT_NONE), 0);
        wall = map + span;
    }
    assert_true(s.len <= span);
    if (s.len > 0)
        memcpy(wall - s.len, s.at, s.len);
    return pq_slice_of(wall - s.len, s.len);
}

/* ---- failing the n-th call, for every n ------------------------------------------------------ */

/* An allocator that refuses the `fail_at`-th request, or all from that one on, and counts. A test
 * runs its scenario for 1, 2, ... until `calls` stays below `fail_at`. */
struct nth_fault {
    size_t fail_at; /* from one on; zero: none */
    bool lasts;     /* all later ones are refused too */
    size_t calls;   /* requests so far */
    size_t live;    /* blocks that were not given back */
};

static inline void *fault_resize(void *ctx, void *old, size_t size)
{
    struct nth_fault *f = ctx;
    struct pq_alloc real = pq_alloc_default();
    f->calls += size > 0 ? 1 : 0;
    bool due = f->lasts ? f->calls >= f->fail_at : f->calls == f->fail_at;
    if (size > 0 && f->fail_at > 0 && due)
        return NULL;
    f->live += !old && size > 0 ? 1 : 0;
    f->live -= old && size == 0 ? 1 : 0;
    return real.resize(real.ctx, old, size);
}

static inline struct pq_alloc fault_alloc(struct nth_fault *f)
{
    return (struct pq_alloc){.resize = fault_resize, .ctx = f};
}

/* The same, and each piece of an arena is a request of its own. */
static inline struct pq_alloc fault_alloc_pieces(struct nth_fault *f)
{
    return (struct pq_alloc){.resize = fault_resize, .ctx = f, .block = 1};
}

/* ---- logs of events -------------------------------------------------------------------------- */

/* A text log of events, for comparing what different cuts of one input give. */
struct event_log {
    char text[1u << 16];
    size_t len;
};

static inline void log_text(struct event_log *log, const char *text)
{
    size_t n = strlen(text);
    assert_true(log->len + n < sizeof(log->text));
    memcpy(log->text + log->len, text, n + 1);
    log->len += n;
}

/* Appends octets with everything but printable ASCII escaped. */
static inline void log_octets(struct event_log *log, struct pq_slice s)
{
    char hex[8];
    for (size_t i = 0; i < s.len; i++) {
        if (pq_ascii_is_printable(s.at[i]) && s.at[i] != '\\')
            (void)snprintf(hex, sizeof(hex), "%c", s.at[i]);
        else
            (void)snprintf(hex, sizeof(hex), "\\x%02X", s.at[i]);
        log_text(log, hex);
    }
}

#endif

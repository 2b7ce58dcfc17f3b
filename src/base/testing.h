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

/* SPDX-License-Identifier: Apache-2.0
 *
 * A session whose transcript is read again. Included by *_test.c only, with _DEFAULT_SOURCE
 * defined.
 */
#ifndef PQ_MOCK_TRANSCRIPT_TESTING_H
#define PQ_MOCK_TRANSCRIPT_TESTING_H

#include "mock/testing.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "mock/link.h"
#include "mock/mask.h"

/* ---- a session that is written down ---------------------------------------------------------- */

struct written {
    char text[1u << 20];
    size_t len;
};

struct recorder {
    struct pq_mock mock;
    struct pq_link_config config;
    char file[64];
};

static inline void record_begin(struct recorder *r, struct pq_slice password)
{
    struct pq_why why = {""};
    *r = (struct recorder){.file = "/tmp/popquiz-transcript-XXXXXX"};
    int fd = mkstemp(r->file);
    assert_true(fd >= 0);
    (void)close(fd);
    mock_begin(&r->mock);
    if (password.len > 0)
        r->mock.store.accounts[0].password = password;
    r->config =
        (struct pq_link_config){.mock = &r->mock, .transcript = pq_transcript_open(r->file, &why)};
    assert_string_equal(why.text, "");
}

/* Says `input` in writes of `step` octets; answers are read in reads of `step`. */
static inline void record(struct recorder *r, struct pq_slice input, size_t step)
{
    struct pq_link *l = pq_link_new(&r->config, false, 5);
    assert_non_null(l);
    while (input.len > 0 && !pq_link_is_over(l)) {
        while (pq_link_output(l).len > 0)
            pq_link_sent(l, pq_slice_first(pq_link_output(l), step).len, 7);
        if (pq_link_wants_input(l)) {
            pq_link_input(l, guard_slice(pq_slice_first(input, step)), 6);
            input = pq_slice_after(input, step);
        }
    }
    while (pq_link_output(l).len > 0)
        pq_link_sent(l, pq_slice_first(pq_link_output(l), step).len, 7);
    pq_link_free(l);
}

/* Ends it and reads what was written. */
static inline void record_end(struct recorder *r, struct written *w)
{
    assert_int_equal(pq_transcript_close(r->config.transcript), PQ_STATUS_OK);
    FILE *f = fopen(r->file, "rb");
    assert_non_null(f);
    w->len = fread(w->text, 1, sizeof(w->text) - 1, f);
    w->text[w->len] = 0;
    (void)fclose(f);
    (void)unlink(r->file);
    pq_mock_free(&r->mock);
}

static inline void write_down(struct pq_slice input, size_t step, struct written *w)
{
    static struct recorder r;
    record_begin(&r, pq_slice_of(NULL, 0));
    record(&r, input, step);
    record_end(&r, w);
}

#endif

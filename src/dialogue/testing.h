/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of this folder share. Included by *_test.c only.
 */
#ifndef PQ_DIALOGUE_TESTING_H
#define PQ_DIALOGUE_TESTING_H

#include "base/testing.h"

#include "dialogue/dlg.h"

static const char *const example_names[] = {
    "crash.resp.uidl.0f3a9c.dlg",         "mock.stls.response-injection.dlg",
    "rfc1939.lock.second-login.dlg",      "rfc1939.multiline.stuffing.dlg",
    "rfc1939.update.drop-keeps-mail.dlg", "rfc2449.pipelining.in-turn.dlg",
    "rfc2595.stls.injection.line.dlg",    "rfc5034.plain.initial-response.dlg",
};

#define EXAMPLES (sizeof(example_names) / sizeof(example_names[0]))

/* Reads a file of ours whole; `*b` is to be freed. */
static inline struct pq_slice read_whole(const char *folder, const char *name, struct pq_bytes *b)
{
    char path[512];
    uint8_t piece[4096];
    pq_bytes_init(b, pq_alloc_default(), 1u << 22);
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot read %s", path);
    for (size_t n; (n = fread(piece, 1, sizeof(piece), file)) > 0;)
        assert_int_equal(pq_bytes_put(b, pq_slice_of(piece, n)), PQ_STATUS_OK);
    (void)fclose(file);
    return pq_bytes_slice(b);
}

static inline struct pq_slice read_example(const char *folder, size_t n, struct pq_bytes *b)
{
    return read_whole(folder, example_names[n], b);
}

/* The problems as text, one a line, with "f" as the file's name; valid until the next call. */
static inline const char *problems_text(const struct pq_dlg_problems *p)
{
    static struct pq_bytes text;
    if (!text.max)
        pq_bytes_init(&text, pq_alloc_default(), 1u << 20);
    pq_bytes_clear(&text);
    assert_int_equal(pq_dlg_problems_write(p, "f", &text), PQ_STATUS_OK);
    assert_int_equal(pq_bytes_put(&text, pq_slice_of("", 1)), PQ_STATUS_OK);
    return (const char *)text.at;
}

/* Changes a few octets of `text` in place, deletes or repeats a part: what a fuzzer does first. */
static inline void mutate(struct pq_rand *r, struct pq_bytes *b)
{
    static const char alphabet[] = "{}[]()\"\\|@#:!~*.=<>+-,CSmr019 \n\r\t\0\xff\xc3";
    for (uint64_t n = 1 + pq_rand_below(r, 4); n > 0 && b->len > 0; n--) {
        size_t at = (size_t)pq_rand_below(r, b->len);
        size_t len = (size_t)pq_rand_below(r, b->len - at) % 16;
        uint64_t how = pq_rand_below(r, 4);
        if (how == 0) {
            memmove(b->at + at, b->at + at + len, b->len - at - len);
            b->len -= len;
        } else if (how == 1) {
            memmove(b->at + at, b->at + (size_t)pq_rand_below(r, b->len - len), len);
        } else {
            b->at[at] = (uint8_t)alphabet[pq_rand_below(r, sizeof(alphabet) - 1)];
        }
    }
}

#endif

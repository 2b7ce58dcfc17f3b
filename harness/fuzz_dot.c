/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: in whichever two writes a multi-line body arrives, the reader gives the content that a
 * plain reading line by line gives, counts it, and stops behind the terminator and nowhere else.
 * What the writer stuffs, however little room it has, the reader gives back.
 */
#include "harness/support.h"

#include "popquiz/wire.h"

#define OPTION_ROOM 123u /* octets that the writer has less than at most */
#define ROOM_MOST 128u

/* ---- reading --------------------------------------------------------------------------------- */

/* What a reader found: the content, and the octets that it took up to the end of the body. */
struct reading {
    struct fuzz_log content;
    uint64_t octets;
    size_t taken;
    bool ended, unstuffed;
};

static void take(struct reading *r, struct pq_dot *d, struct pq_slice in)
{
    struct pq_slice before = in, piece;
    while (!d->ended && pq_dot_next(d, &in, &piece) == PQ_NEXT_EVENT) {
        FUZZ_ASSERT(d->ended ? piece.len == 0 : piece.len > 0);
        fuzz_log_octets(&r->content, piece);
        r->octets += piece.len;
    }
    FUZZ_ASSERT(d->ended || in.len == 0);
    FUZZ_ASSERT(d->octets == r->octets);
    r->taken += before.len - in.len;
    r->ended = d->ended;
    r->unstuffed = d->unstuffed;
}

static struct reading read_in_two(struct pq_slice input, size_t cut)
{
    struct reading r = {.content = fuzz_log_of("read")};
    struct pq_dot d;
    pq_dot_init(&d);
    for (unsigned i = 0; i < 2; i++)
        take(&r, &d, fuzz_write(input, cut, i));
    return r;
}

/* A line with its CRLF, or what is left without one. False: it is the terminator. A dot that
 * nothing follows yet, or only CR, is held back. */
static bool read_line(struct reading *r, struct pq_slice line)
{
    if (pq_slice_equal(line, PQ_SLICE(".\r\n")))
        return false;
    if (pq_slice_equal(line, PQ_SLICE(".")) || pq_slice_equal(line, PQ_SLICE(".\r")))
        return true;
    if (line.at[0] == '.') {
        r->unstuffed |= line.at[1] != '.';
        line = pq_slice_after(line, 1);
    }
    fuzz_log_octets(&r->content, line);
    r->octets += line.len;
    return true;
}

static struct reading read_plainly(struct pq_slice input)
{
    struct reading r = {.content = fuzz_log_of("plain")};
    struct pq_slice rest = input;
    while (rest.len > 0 && !r.ended) {
        struct pq_slice line = rest;
        (void)fuzz_line(&rest);
        r.ended = !read_line(&r, pq_slice_first(line, line.len - rest.len));
    }
    r.taken = input.len - rest.len;
    return r;
}

static void check_same(const struct reading *a, const struct reading *b)
{
    FUZZ_ASSERT(a->ended == b->ended);
    FUZZ_ASSERT(a->taken == b->taken);
    FUZZ_ASSERT(a->octets == b->octets);
    FUZZ_ASSERT(a->unstuffed == b->unstuffed);
    FUZZ_ASSERT(fuzz_log_is_same(&a->content, &b->content));
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Stuffs `content` into a buffer of `room` octets, which the reader empties each time. */
static struct reading write_and_read(struct pq_slice content, size_t room)
{
    uint8_t memory[ROOM_MOST];
    struct reading r = {.content = fuzz_log_of("written")};
    struct pq_stuffer s;
    struct pq_dot d;
    struct pq_buf out;
    pq_stuffer_init(&s);
    pq_dot_init(&d);
    pq_buf_init(&out, memory, room);
    while (content.len > 0) {
        size_t taken = pq_stuffer_put(&s, content, &out);
        FUZZ_ASSERT(taken > 0);
        content = pq_slice_after(content, taken);
        take(&r, &d, pq_buf_slice(&out));
        FUZZ_ASSERT(!r.ended && !out.overflowed);
        pq_buf_clear(&out);
    }
    FUZZ_ASSERT(pq_stuffer_end(&s, &out));
    take(&r, &d, pq_buf_slice(&out));
    return r;
}

static bool ends_in_crlf(struct pq_slice s)
{
    return s.len == 0 ||
           (s.len >= 2 && pq_slice_equal(pq_slice_after(s, s.len - 2), PQ_SLICE("\r\n")));
}

static void check_round_trip(struct pq_slice content, size_t room)
{
    struct fuzz_log want = fuzz_log_of("content");
    struct pq_slice end = ends_in_crlf(content) ? PQ_SLICE("") : PQ_SLICE("\r\n");
    fuzz_log_octets(&want, content);
    fuzz_log_octets(&want, end);
    struct reading got = write_and_read(content, room);
    FUZZ_ASSERT(got.ended && !got.unstuffed);
    FUZZ_ASSERT(got.octets == content.len + end.len);
    FUZZ_ASSERT(fuzz_log_is_same(&got.content, &want));
}

static void check_dot(struct pq_slice input, size_t cut)
{
    struct reading plain = read_plainly(input), got = read_in_two(input, cut);
    check_same(&plain, &got);
    check_round_trip(input, ROOM_MOST - (fuzz_options(input) & OPTION_ROOM));
}

const struct fuzz_target fuzz_target = {.check = check_dot, .has_cut = true};

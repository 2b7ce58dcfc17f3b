/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: in whichever two writes a stream arrives, the framer gives the lines that a plain
 * search for their ends finds in the whole; it accounts for every octet, and it never holds more
 * than it was lent.
 */
#include "harness/support.h"

#include "popquiz/wire.h"

#define HOLD_MAX 64u
#define OPTION_LF_ENDS_LINE 1u

/* Octets of the first line of `rest`, its end included; zero when it has none. */
static size_t plain_line(struct pq_slice rest, bool lf_ends_line)
{
    for (size_t i = 0; i < rest.len; i++)
        if (rest.at[i] == '\n' && (lf_ends_line || (i > 0 && rest.at[i - 1] == '\r')))
            return i + 1;
    return 0;
}

/* Compares a line with the `len` octets in front of `rest`. */
static void check_line(const struct pq_line *line, struct pq_slice rest, size_t len)
{
    bool crlf = len > 1 && rest.at[len - 2] == '\r';
    struct pq_slice text = pq_slice_first(rest, len - (crlf ? 2 : 1));
    FUZZ_ASSERT(line->lf_only == !crlf);
    FUZZ_ASSERT(line->too_long == (text.len > HOLD_MAX - 2));
    FUZZ_ASSERT(pq_slice_equal(line->text, pq_slice_first(text, HOLD_MAX - 2)));
}

static void check_framer(struct pq_slice input, size_t cut)
{
    uint8_t hold[HOLD_MAX];
    struct pq_framer f;
    struct pq_line line;
    struct pq_slice rest = input;
    pq_framer_init(&f, hold, sizeof(hold));
    f.lf_ends_line = (fuzz_options(input) & OPTION_LF_ENDS_LINE) != 0;
    for (unsigned i = 0; i < 2; i++) {
        struct pq_slice in = fuzz_write(input, cut, i);
        while (pq_framer_next(&f, &in, &line) == PQ_NEXT_EVENT) {
            size_t len = plain_line(rest, f.lf_ends_line);
            FUZZ_ASSERT(len > 0 && line.offset == input.len - rest.len);
            check_line(&line, rest, len);
            rest = pq_slice_after(rest, len);
        }
        FUZZ_ASSERT(in.len == 0 && f.held <= HOLD_MAX);
    }
    FUZZ_ASSERT(plain_line(rest, f.lf_ends_line) == 0);
    FUZZ_ASSERT(pq_framer_pending(&f) == rest.len);
}

const struct fuzz_target fuzz_target = {.check = check_framer, .has_cut = true};

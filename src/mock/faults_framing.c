/* SPDX-License-Identifier: Apache-2.0
 * Faults of framing: what becomes of the lines of a body (RFC 1939 section 3). */
#include "mock/fault_internal.h"

/* ---- dots ------------------------------------------------------------------------------------ */

static bool write_unstuffed(const struct pq_fault *f, struct pq_slice content,
                            struct pq_bytes *wire)
{
    (void)f;
    return fault_put(wire, content) && fault_put_end(wire, content);
}

const struct fault_effect effect_retr_no_dot_stuffing = {
    .shows = fault_has_dot_line, .verb = PQ_VERB_RETR, .write = write_unstuffed};
const struct fault_effect effect_top_no_dot_stuffing = {
    .shows = fault_has_dot_line, .verb = PQ_VERB_TOP, .write = write_unstuffed};

static bool begins_with_dot(const struct pq_server *s, const struct pq_fault *f,
                            struct pq_slice content)
{
    (void)s;
    (void)f;
    return pq_slice_starts(content, PQ_SLICE("."));
}

static bool write_first_line_unstuffed(const struct pq_fault *f, struct pq_slice content,
                                       struct pq_bytes *wire)
{
    struct pq_slice rest = content;
    (void)f;
    return fault_put(wire, fault_line(&rest)) && fault_put_lines(wire, rest) &&
           fault_put_end(wire, content);
}

const struct fault_effect effect_retr_first_line_unstuffed = {
    .shows = begins_with_dot, .verb = PQ_VERB_RETR, .write = write_first_line_unstuffed};

/* ---- the end --------------------------------------------------------------------------------- */

static bool lacks_last_crlf(const struct pq_server *s, const struct pq_fault *f,
                            struct pq_slice content)
{
    struct pq_slice line = pq_slice_of(NULL, 0);
    (void)s;
    (void)f;
    while (content.len > 0)
        line = fault_line(&content);
    return line.len > 0 && fault_line_text(line).len == line.len;
}

static bool write_terminator_glued(const struct pq_fault *f, struct pq_slice content,
                                   struct pq_bytes *wire)
{
    (void)f;
    return fault_put_lines(wire, content) && fault_put(wire, PQ_SLICE(".\r\n"));
}

const struct fault_effect effect_retr_terminator_glued = {
    .shows = lacks_last_crlf, .verb = PQ_VERB_RETR, .write = write_terminator_glued};

static bool write_extra_blank_line(const struct pq_fault *f, struct pq_slice content,
                                   struct pq_bytes *wire)
{
    (void)f;
    return fault_put_lines(wire, content) && fault_put_last_crlf(wire, content) &&
           fault_put(wire, PQ_SLICE("\r\n.\r\n"));
}

const struct fault_effect effect_retr_extra_blank_line = {.verb = PQ_VERB_RETR,
                                                          .write = write_extra_blank_line};

static bool is_empty(const struct pq_server *s, const struct pq_fault *f, struct pq_slice content)
{
    (void)s;
    (void)f;
    return content.len == 0;
}

static bool write_nothing(const struct pq_fault *f, struct pq_slice content, struct pq_bytes *wire)
{
    (void)f;
    (void)content;
    (void)wire;
    return true;
}

const struct fault_effect effect_retr_empty_message_no_terminator = {
    .shows = is_empty, .verb = PQ_VERB_RETR, .write = write_nothing};

/* ---- lines ----------------------------------------------------------------------------------- */

static bool write_bare_lf(const struct pq_fault *f, struct pq_slice content, struct pq_bytes *wire)
{
    (void)f;
    while (content.len > 0) {
        struct pq_slice line = fault_line_text(fault_line(&content));
        if (!fault_put_stuffed(wire, line) || !fault_put(wire, PQ_SLICE("\n")))
            return false;
    }
    return fault_put(wire, PQ_SLICE(".\r\n"));
}

const struct fault_effect effect_retr_body_bare_lf = {
    .shows = fault_has_octets, .verb = PQ_VERB_RETR, .write = write_bare_lf};

/* Writes every line up to the length that `keep` gives, with CRLF. */
static bool write_cut(const struct pq_fault *f, struct pq_slice content, struct pq_bytes *wire,
                      size_t (*keep)(const struct pq_fault *f, struct pq_slice line))
{
    while (content.len > 0) {
        struct pq_slice line = fault_line_text(fault_line(&content));
        if (!fault_put_stuffed(wire, pq_slice_first(line, keep(f, line))) ||
            !fault_put(wire, PQ_SLICE("\r\n")))
            return false;
    }
    return fault_put(wire, PQ_SLICE(".\r\n"));
}

/* Whether `keep` shortens some line. */
static bool is_cut(const struct pq_fault *f, struct pq_slice content,
                   size_t (*keep)(const struct pq_fault *f, struct pq_slice line))
{
    while (content.len > 0) {
        struct pq_slice line = fault_line_text(fault_line(&content));
        if (keep(f, line) < line.len)
            return true;
    }
    return false;
}

static size_t keep_octets(const struct pq_fault *f, struct pq_slice line)
{
    (void)line;
    return (size_t)f->values[0];
}

static bool has_long_line(const struct pq_server *s, const struct pq_fault *f,
                          struct pq_slice content)
{
    (void)s;
    return is_cut(f, content, keep_octets);
}

static bool write_truncated(const struct pq_fault *f, struct pq_slice content,
                            struct pq_bytes *wire)
{
    return write_cut(f, content, wire, keep_octets);
}

const struct fault_effect effect_retr_truncates_long_line = {
    .shows = has_long_line, .verb = PQ_VERB_RETR, .write = write_truncated};

static size_t keep_up_to_nul(const struct pq_fault *f, struct pq_slice line)
{
    (void)f;
    return pq_slice_index(line, 0);
}

static bool has_nul(const struct pq_server *s, const struct pq_fault *f, struct pq_slice content)
{
    (void)s;
    return is_cut(f, content, keep_up_to_nul);
}

static bool write_up_to_nul(const struct pq_fault *f, struct pq_slice content,
                            struct pq_bytes *wire)
{
    return write_cut(f, content, wire, keep_up_to_nul);
}

const struct fault_effect effect_retr_stops_at_nul = {
    .shows = has_nul, .verb = PQ_VERB_RETR, .write = write_up_to_nul};

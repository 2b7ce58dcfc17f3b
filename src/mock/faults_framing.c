/* SPDX-License-Identifier: Apache-2.0
 * Faults of framing in bodies: lines, dots and the terminator (RFC 1939 section 3). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

#include <string.h>

static bool put_plain(const struct fault_line *l)
{
    return fault_put_line(l->wire, l->text);
}

static bool put_stuffed(const struct fault_line *l)
{
    return fault_put_stuffed(l->wire, l->text);
}

/* ---- dots ------------------------------------------------------------------------------------ */

const struct fault_effect effect_retr_no_dot_stuffing = {.verb = PQ_VERB_RETR, .line = put_plain};
const struct fault_effect effect_top_no_dot_stuffing = {.verb = PQ_VERB_TOP, .line = put_plain};

static bool stuff_lone_dot(const struct fault_line *l)
{
    return l->text.len == 1 ? put_stuffed(l) : put_plain(l);
}

const struct fault_effect effect_retr_stuff_only_lone_dot = {.verb = PQ_VERB_RETR,
                                                             .line = stuff_lone_dot};

static bool stuff_but_first(const struct fault_line *l)
{
    return l->first ? put_plain(l) : put_stuffed(l);
}

const struct fault_effect effect_retr_first_line_unstuffed = {.verb = PQ_VERB_RETR,
                                                              .line = stuff_but_first};

static bool stuff_but_last(const struct fault_line *l)
{
    return l->ended ? put_stuffed(l) : put_plain(l);
}

const struct fault_effect effect_retr_last_line_unstuffed = {.verb = PQ_VERB_RETR,
                                                             .line = stuff_but_last};

static bool stuff_twice(const struct fault_line *l)
{
    bool dot = pq_slice_starts(l->text, PQ_SLICE("."));
    return (!dot || fault_put(l->wire, PQ_SLICE("."))) && put_stuffed(l);
}

const struct fault_effect effect_retr_double_stuffing = {.verb = PQ_VERB_RETR, .line = stuff_twice};

/* Such a line looks shorter to who takes CR for a line end. */
static bool stuff_unless_cr(const struct fault_line *l)
{
    return pq_slice_index(l->text, '\r') < l->text.len ? put_plain(l) : put_stuffed(l);
}

const struct fault_effect effect_retr_barecr_dot_unstuffed = {.verb = PQ_VERB_RETR,
                                                              .line = stuff_unless_cr};

/* The line begins where a part of what is sent begins. */
static bool stuff_inside_parts(const struct fault_line *l)
{
    bool border = l->wire->len > 0 && l->wire->len % l->f->values[0] == 0;
    return border ? put_plain(l) : put_stuffed(l);
}

const struct fault_effect effect_retr_stuffing_lost_at_4096 = {.verb = PQ_VERB_RETR,
                                                               .line = stuff_inside_parts};

static bool is_lost_in_tls(const struct pq_server *s, const struct pq_fault *f,
                           struct pq_slice content)
{
    return s->conn.session.tls != PQ_TLS_NONE && fault_changes_body(s, f, content);
}

const struct fault_effect effect_retr_stuffing_lost_in_tls_record = {
    .shows = is_lost_in_tls, .verb = PQ_VERB_RETR, .line = stuff_inside_parts};

/* ---- lines that LF alone ends ---------------------------------------------------------------- */

enum { BEHIND_LF = 1, BEFORE_LF = 2 };

static bool ends_in_bare_lf(struct pq_slice line)
{
    return line.len > 0 && line.at[line.len - 1] == '\n' && !fault_ends_in_crlf(line);
}

/* A message as it was delivered; the dot of a line with LF alone before or behind it is kept. */
static bool put_raw(const struct pq_fault *f, struct pq_slice raw, struct pq_bytes *wire)
{
    bool behind = false, ended = true;
    while (raw.len > 0) {
        struct pq_slice line = fault_line(&raw);
        bool before = ends_in_bare_lf(line);
        bool kept =
            (behind && (f->values[0] & BEHIND_LF)) || (before && (f->values[0] & BEFORE_LF));
        bool dot = pq_slice_starts(line, PQ_SLICE(".")) && !kept;
        if ((dot && !fault_put(wire, PQ_SLICE("."))) || !fault_put(wire, line))
            return false;
        ended = before || fault_ends_in_crlf(line);
        behind = before;
    }
    return (ended || fault_put(wire, PQ_SLICE("\r\n"))) && fault_put(wire, PQ_SLICE(FAULT_END));
}

static bool body_with_bare_lf(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                              struct pq_bytes *wire)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_retr_barelf_dot_unstuffed);
    const struct pq_stored *m = s->stored[index];
    bool has_bare_lf = m->raw.at != m->content.at;
    if (verb == PQ_VERB_RETR && has_bare_lf && fault_fires(f))
        return put_raw(f, m->raw, wire);
    return f->base.body(s, verb, index, lines, wire);
}

const struct fault_effect effect_retr_barelf_dot_unstuffed = {.hooks = {.body = body_with_bare_lf}};

/* ---- the end --------------------------------------------------------------------------------- */

static bool put_unfinished(const struct fault_line *l)
{
    return l->ended ? put_stuffed(l) : fault_put_dotted(l->wire, l->text);
}

const struct fault_effect effect_retr_terminator_glued = {.verb = PQ_VERB_RETR,
                                                          .line = put_unfinished};
const struct fault_effect effect_retr_extra_blank_line = {.verb = PQ_VERB_RETR,
                                                          .end = "\r\n" FAULT_END};
const struct fault_effect effect_retr_terminator_lf_only = {.verb = PQ_VERB_RETR, .end = ".\n"};

static bool write_unless_empty(const struct pq_fault *f, struct pq_slice content,
                               struct pq_bytes *wire)
{
    (void)f;
    return content.len == 0 || fault_put_body(wire, content, FAULT_END);
}

const struct fault_effect effect_retr_empty_message_no_terminator = {.verb = PQ_VERB_RETR,
                                                                     .write = write_unless_empty};

/* The LF would be the last octet that fits into the part. */
static bool write_without_last_lf(const struct pq_fault *f, struct pq_slice content,
                                  struct pq_bytes *wire)
{
    bool done = fault_put_body(wire, content, "");
    bool border = (wire->len + strlen(FAULT_END)) % f->values[0] == f->values[0] - 1;
    return done && fault_put(wire, border ? PQ_SLICE(".\r") : PQ_SLICE(FAULT_END));
}

const struct fault_effect effect_retr_terminator_lf_lost_at_buffer_end = {
    .verb = PQ_VERB_RETR, .write = write_without_last_lf};

/* The last message of an mbox has none behind it. */
static bool is_not_last(const struct pq_server *s, const struct pq_fault *f,
                        struct pq_slice content)
{
    (void)f;
    return content.at != s->stored[s->maildrop.count - 1]->content.at;
}

const struct fault_effect effect_retr_leaks_next_separator = {
    .shows = is_not_last,
    .verb = PQ_VERB_RETR,
    .end = "From mrose@dbc.mtview.ca.us Tue Nov 19 08:22:50 1996\r\n" FAULT_END};

/* ---- what lines hold ------------------------------------------------------------------------- */

static bool put_with_lf(const struct fault_line *l)
{
    return fault_put_dotted(l->wire, l->text) && fault_put(l->wire, PQ_SLICE("\n"));
}

const struct fault_effect effect_retr_body_bare_lf = {.verb = PQ_VERB_RETR, .line = put_with_lf};

static bool put_truncated(const struct fault_line *l)
{
    return fault_put_stuffed(l->wire, pq_slice_first(l->text, (size_t)l->f->values[0]));
}

const struct fault_effect effect_retr_truncates_long_line = {.verb = PQ_VERB_RETR,
                                                             .line = put_truncated};

/* The parts behind the first are not stuffed. */
static bool put_wrapped(const struct fault_line *l)
{
    size_t width = (size_t)l->f->values[0];
    struct pq_slice rest = pq_slice_after(l->text, width);
    bool done = fault_put_stuffed(l->wire, pq_slice_first(l->text, width));
    for (; done && rest.len > 0; rest = pq_slice_after(rest, width))
        done = fault_put_line(l->wire, pq_slice_first(rest, width));
    return done;
}

const struct fault_effect effect_retr_wraps_long_line = {.verb = PQ_VERB_RETR, .line = put_wrapped};

static bool put_up_to_nul(const struct fault_line *l)
{
    return fault_put_stuffed(l->wire, pq_slice_first(l->text, pq_slice_index(l->text, 0)));
}

const struct fault_effect effect_retr_stops_at_nul = {.verb = PQ_VERB_RETR, .line = put_up_to_nul};

static bool put_by_cr(const struct fault_line *l)
{
    struct pq_slice rest = l->text;
    bool done = true;
    while (done && pq_slice_index(rest, '\r') < rest.len)
        done = fault_put_stuffed(l->wire, pq_slice_cut(&rest, '\r'));
    return done && fault_put_stuffed(l->wire, rest);
}

const struct fault_effect effect_retr_normalises_lone_cr = {.verb = PQ_VERB_RETR,
                                                            .line = put_by_cr};

static bool put_stripped(const struct fault_line *l)
{
    size_t len = l->text.len;
    while (len > 0 && (l->text.at[len - 1] == ' ' || l->text.at[len - 1] == '\t'))
        len--;
    return fault_put_stuffed(l->wire, pq_slice_first(l->text, len));
}

const struct fault_effect effect_retr_strips_trailing_blanks = {.verb = PQ_VERB_RETR,
                                                                .line = put_stripped};

static bool put_from_mangled(const struct fault_line *l)
{
    bool from = l->in_body && pq_slice_starts(l->text, PQ_SLICE("From "));
    return (!from || fault_put(l->wire, PQ_SLICE(">"))) && put_stuffed(l);
}

const struct fault_effect effect_retr_mangles_from = {.verb = PQ_VERB_RETR,
                                                      .line = put_from_mangled};

static bool put_with_status(const struct fault_line *l)
{
    bool blank = !l->in_body && l->text.len == 0;
    return (!blank || fault_put_line(l->wire, PQ_SLICE("Status: RO"))) && put_stuffed(l);
}

const struct fault_effect effect_retr_adds_status_header = {.verb = PQ_VERB_RETR,
                                                            .line = put_with_status};

static bool write_without_last_blank_lines(const struct pq_fault *f, struct pq_slice content,
                                           struct pq_bytes *wire)
{
    (void)f;
    while (fault_ends_in_crlf(content) &&
           fault_ends_in_crlf(pq_slice_first(content, content.len - 2)))
        content.len -= 2;
    return fault_put_body(wire, content, FAULT_END);
}

const struct fault_effect effect_retr_drops_trailing_empty_lines = {
    .verb = PQ_VERB_RETR, .write = write_without_last_blank_lines};

/* ---- TOP ------------------------------------------------------------------------------------- */

static bool put_but_separator(const struct fault_line *l)
{
    return (!l->in_body && l->text.len == 0) || put_stuffed(l);
}

const struct fault_effect effect_top_omits_blank_line = {.verb = PQ_VERB_TOP,
                                                         .line = put_but_separator};

static bool write_up_to_dot(const struct pq_fault *f, struct pq_slice content,
                            struct pq_bytes *wire)
{
    struct pq_slice rest = content, line = pq_slice_of(NULL, 0);
    (void)f;
    while (rest.len > 0 && !pq_slice_equal(fault_line_text(line), PQ_SLICE(".")))
        line = fault_line(&rest);
    bool dot = pq_slice_equal(fault_line_text(line), PQ_SLICE("."));
    return fault_put_body(
        wire, pq_slice_first(content, content.len - rest.len - (dot ? line.len : 0)), FAULT_END);
}

const struct fault_effect effect_top_stops_at_dot_line = {.verb = PQ_VERB_TOP,
                                                          .write = write_up_to_dot};

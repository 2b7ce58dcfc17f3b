/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/write.h"

#include "dialogue/escape.h"
#include "dialogue/format.h"

struct scribe {
    const struct pq_plan_text *from;
    struct pq_bytes *out;
    enum pq_status status;
    size_t step;
    bool test;     /* in [test], no more in [given] */
    bool demanded; /* [test] can fail */
    bool fence;    /* somebody spoke without being asked */
    unsigned branches;
};

/* ---- text ------------------------------------------------------------------------------------ */

static void put(struct scribe *s, const char *text)
{
    if (s->status == PQ_STATUS_OK)
        s->status = pq_bytes_put_text(s->out, text);
}

static void put_slice(struct scribe *s, struct pq_slice text)
{
    if (s->status == PQ_STATUS_OK)
        s->status = pq_bytes_put(s->out, text);
}

static void put_lower(struct scribe *s, struct pq_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t octet = pq_ascii_lower(text.at[i]);
        put_slice(s, pq_slice_of(&octet, 1));
    }
}

static void put_number(struct scribe *s, uint64_t number)
{
    uint8_t memory[PQ_U64_TEXT_MAX];
    struct pq_buf b;
    pq_buf_init(&b, memory, sizeof(memory));
    pq_buf_put_u64(&b, number);
    put_slice(s, pq_buf_slice(&b));
}

static void put_octets(struct scribe *s, struct pq_slice octets)
{
    if (s->status == PQ_STATUS_OK)
        s->status = pq_escape_write(octets, PQ_ESCAPE_PAYLOAD, true, s->out);
}

/* "C: " or "S2: ": who, the connection unless it is the first, the sign. */
static void put_head(struct scribe *s, const char *who, unsigned conn, const char *sign)
{
    put(s, who);
    if (conn > 1)
        put_number(s, conn);
    put(s, sign);
}

static void put_line(struct scribe *s, const char *who, unsigned conn, const char *payload)
{
    put_head(s, who, conn, ": ");
    put(s, payload);
    put(s, "\n");
}

static void put_directive(struct scribe *s, const char *name, unsigned conn)
{
    put_head(s, name, 1, "");
    if (conn > 1) {
        put(s, " ");
        put_number(s, conn);
    }
    put(s, "\n");
}

/* ---- what the client does -------------------------------------------------------------------- */

/* Whether a write is one line that a step "C:" can send. */
static bool is_line(struct pq_slice octets)
{
    size_t end = pq_slice_index(octets, '\n');
    return octets.len >= 2 && end == octets.len - 1 && octets.at[end - 1] == '\r' &&
           pq_slice_index(octets, '\r') == end - 1;
}

static void put_write(struct scribe *s, unsigned conn, struct pq_slice octets)
{
    if (octets.len == 0)
        return;
    bool line = is_line(octets);
    put_head(s, "C", conn, line ? ":" : "!");
    if (line)
        octets.len -= 2;
    if (octets.len > 0)
        put(s, " ");
    put_octets(s, octets);
    put(s, "\n");
}

/* ---- what the server says -------------------------------------------------------------------- */

static void put_lines(struct scribe *s, unsigned conn)
{
    put_head(s, "S", conn, "*\n");
    put_head(s, "S", conn, ".\n");
}

static void put_case(struct scribe *s, const char *name, unsigned conn, const char *payload)
{
    put(s, "@case ");
    put(s, name);
    put(s, "-");
    put_number(s, s->branches);
    put(s, " pass\n");
    put_line(s, "S", conn, payload);
}

/* Either answer is whole: +OK with its lines, or -ERR. */
static void put_either(struct scribe *s, unsigned conn)
{
    s->branches++;
    put(s, "@match\n");
    put_case(s, "obeyed", conn, "+OK{*?}");
    put_lines(s, conn);
    put_case(s, "refused", conn, "-ERR{*?}");
    put(s, "@end\n");
}

/* What a whole answer is, where the answer is what is tested. */
static void put_demand(struct scribe *s, const struct pq_seen *seen)
{
    s->demanded = s->demanded || (seen->kind != PQ_SEEN_END && seen->kind != PQ_SEEN_CLOSED);
    switch ((enum pq_seen_kind)seen->kind) {
    case PQ_SEEN_OK:
    case PQ_SEEN_ERR:
        if (seen->multi)
            put_either(s, seen->conn);
        else
            put_line(s, "S", seen->conn, "{:status}{*?}");
        break;
    case PQ_SEEN_BAD:
    case PQ_SEEN_MISSING:
        put_line(s, "S", seen->conn, "{:status}{*?}");
        break;
    case PQ_SEEN_CONTINUE:
        put_line(s, "S", seen->conn, "+{*?}");
        break;
    case PQ_SEEN_STRAY:
        s->fence = true;
        break;
    case PQ_SEEN_TLS:
    case PQ_SEEN_NO_TLS:
        put_directive(s, "@tls", seen->conn);
        break;
    case PQ_SEEN_END:
    case PQ_SEEN_CLOSED:
        break;
    }
}

/* What came, where it only leads to what is tested. */
static void put_given(struct scribe *s, const struct pq_seen *seen)
{
    switch ((enum pq_seen_kind)seen->kind) {
    case PQ_SEEN_OK:
        put_line(s, "S", seen->conn, "+OK{*?}");
        if (seen->multi)
            put_lines(s, seen->conn);
        break;
    case PQ_SEEN_ERR:
        put_line(s, "S", seen->conn, "-ERR{*?}");
        break;
    case PQ_SEEN_CONTINUE:
        put_line(s, "S", seen->conn, "+{*?}");
        break;
    case PQ_SEEN_BAD:
    case PQ_SEEN_STRAY:
        put_line(s, "S", seen->conn, "{:rest}");
        break;
    case PQ_SEEN_TLS:
        put_directive(s, "@tls", seen->conn);
        break;
    case PQ_SEEN_CLOSED:
        put_directive(s, "@eof", seen->conn);
        break;
    case PQ_SEEN_END:
    case PQ_SEEN_NO_TLS:
    case PQ_SEEN_MISSING:
        break;
    }
}

static void put_seen(struct scribe *s, uint8_t login)
{
    const struct pq_drive_result *r = s->from->result;
    for (size_t i = 0; i < r->seen_count; i++) {
        const struct pq_seen *seen = &r->seen[i];
        if (seen->step != s->step || seen->login != login)
            continue;
        if (s->test)
            put_demand(s, seen);
        else
            put_given(s, seen);
    }
}

/* ---- steps ----------------------------------------------------------------------------------- */

static bool was_seen(const struct scribe *s, uint8_t login)
{
    const struct pq_drive_result *r = s->from->result;
    for (size_t i = 0; i < r->seen_count; i++)
        if (r->seen[i].step == s->step && r->seen[i].login == login)
            return true;
    return false;
}

static void put_login(struct scribe *s, unsigned conn)
{
    if (s->from->login == PQ_DRIVE_LOGIN_PLAIN) {
        put_line(s, "C", conn, "AUTH PLAIN {= b64(\"\\0\" + user + \"\\0\" + pw)}");
        put_seen(s, 1);
        return;
    }
    put_line(s, "C", conn, "USER {user}");
    put_seen(s, 1);
    if (!was_seen(s, 2))
        return;
    put_line(s, "C", conn, "PASS {pw}");
    put_seen(s, 2);
}

static void put_step(struct scribe *s, const struct pq_step *step)
{
    static const char *const directives[] = {
        [PQ_STEP_CONNECT] = "@connect",
        [PQ_STEP_CLOSE] = "@close",
        [PQ_STEP_DROP] = "@drop",
        [PQ_STEP_HALF_CLOSE] = "@halfclose",
    };
    switch ((enum pq_step_kind)step->kind) {
    case PQ_STEP_SEND:
        put_write(s, step->conn, pq_plan_octets(s->from->plan, step));
        break;
    case PQ_STEP_USER:
        put_line(s, "C", step->conn, "USER {user}");
        break;
    case PQ_STEP_PASS:
        put_line(s, "C", step->conn, "PASS {pw}");
        break;
    case PQ_STEP_LOGIN:
        put_login(s, step->conn);
        break;
    case PQ_STEP_CONNECT:
    case PQ_STEP_CLOSE:
    case PQ_STEP_DROP:
    case PQ_STEP_HALF_CLOSE:
        put_directive(s, directives[step->kind], step->conn);
        break;
    }
    put_seen(s, 0);
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Whether something in the plan can remove mail. */
static bool is_destructive(const struct pq_plan *p)
{
    const struct pq_slice word = PQ_SLICE("DELE");
    for (size_t i = 0; i + word.len <= p->used; i++)
        if (pq_slice_equal_nocase(pq_slice_of(p->octets + i, word.len), word))
            return true;
    return false;
}

static void put_header(struct scribe *s)
{
    const struct pq_drive_finding *f = s->from->finding;
    put(s, "#!dlg 1\nid: ");
    put(s, s->from->id);
    put(s, "\ntitle: ");
    put(s, f->rule->id);
    put(s, " in ");
    put(s, pq_state_text(f->state));
    if (f->verb != PQ_VERB_UNKNOWN) {
        put(s, " with ");
        put_slice(s, pq_verb_row(f->verb)->name);
    }
    put(s, ": ");
    put(s, f->rule->sees);
    put(s, "\nreq: ");
    put(s, f->rule->requirement);
    if (is_destructive(s->from->plan))
        put(s, "\nneeds: destructive");
    put(s, "\ntags: explored ");
    put_lower(s, pq_slice_text(f->rule->id));
    put(s, "\n---\n");
}

static void put_cut(struct scribe *s)
{
    const struct pq_cut *cut = &s->from->cut;
    if (cut->kind == PQ_DLG_CUT_WHOLE)
        return;
    put(s, "@segment ");
    if (cut->kind == PQ_DLG_CUT_OCTETS)
        put_number(s, cut->octets);
    else
        put_slice(s, pq_dlg_cuts.at[cut->kind]);
    put(s, "\n");
}

static void put_steps(struct scribe *s)
{
    const struct pq_plan *p = s->from->plan;
    size_t test = s->from->finding->step;
    if (test > 0)
        put(s, "[given]\n");
    for (s->step = 0; s->step < p->count; s->step++) {
        if (s->step == test) {
            put(s, test > 0 ? "\n[test]\n" : "[test]\n");
            s->test = true;
        }
        if (s->step == 0)
            put_cut(s);
        put_step(s, &p->steps[s->step]);
    }
    if (s->fence)
        put_directive(s, "@fence", s->from->finding->conn);
    else if (!s->demanded)
        put(s, "@expect no-crash\n");
}

enum pq_status pq_plan_write(const struct pq_plan_text *text, struct pq_bytes *out,
                             struct pq_alloc alloc)
{
    struct pq_bytes draft;
    struct pq_dlg dlg;
    pq_bytes_init(&draft, alloc, PQ_DLG_TEXT_MAX);
    struct scribe s = {.from = text, .out = &draft, .status = PQ_STATUS_OK};
    put_header(&s);
    put_steps(&s);
    if (s.status == PQ_STATUS_OK) {
        s.status = pq_dlg_parse(&dlg, pq_bytes_slice(&draft), alloc);
        if (s.status == PQ_STATUS_OK)
            s.status = pq_dlg_format(&dlg, out);
        pq_dlg_free(&dlg);
    }
    pq_bytes_free(&draft);
    return s.status;
}

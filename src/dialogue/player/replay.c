/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/player/replay.h"

#include <stdlib.h>
#include <string.h>

#include "dialogue/escape.h"
#include "dialogue/player/script.h"

/* ---- variables ------------------------------------------------------------------------------- */

/* Patience costs nothing here; it only shows in texts. */
#define REPLAY_PATIENCE_MS 1000u

static const char *const tls_words[] = {
    [PQ_RUN_TLS_NONE] = "none",
    [PQ_RUN_TLS_STLS] = "stls",
    [PQ_RUN_TLS_IMPLICIT] = "implicit",
};

static bool read_tls(struct pq_slice text, enum pq_run_tls *out)
{
    for (size_t i = 0; i < sizeof(tls_words) / sizeof(tls_words[0]); i++)
        if (pq_slice_equal(text, pq_slice_text(tls_words[i]))) {
            *out = (enum pq_run_tls)i;
            return true;
        }
    return false;
}

/* Everything that the judgement depends on. NULL, or the name of a variable that is wrong. */
static const char *set_vars(const struct pq_golden_run *golden, struct pq_run *run)
{
    struct pq_slice text;
    run->vars.user = PQ_SLICE("user");
    run->vars.pw = PQ_SLICE(PQ_REPLAY_PASSWORD);
    (void)pq_golden_var(golden, "user", &run->vars.user);
    (void)pq_golden_var(golden, "pw", &run->vars.pw);
    (void)pq_golden_var(golden, "host", &run->vars.host);
    (void)pq_golden_var(golden, "port", &run->vars.port);
    if (pq_golden_var(golden, "user2", &run->vars.user2))
        run->vars.pw2 = PQ_SLICE(PQ_REPLAY_PASSWORD);
    (void)pq_golden_var(golden, "pw2", &run->vars.pw2);
    if (pq_golden_var(golden, "tls", &text) && !read_tls(text, &run->tls))
        return "tls";
    if (pq_golden_var(golden, "clear", &text)) {
        run->only_tls = pq_slice_equal(text, PQ_SLICE("no"));
        if (!run->only_tls)
            return "clear";
    }
    if (pq_golden_var(golden, "seed", &text) && pq_parse_u64(text, &run->seed) != PQ_STATUS_OK)
        return "seed";
    if (pq_golden_var(golden, "clock", &text)) {
        run->ask_clock = pq_slice_equal(text, PQ_SLICE("ask"));
        if (!run->ask_clock)
            return "clock";
    }
    return NULL;
}

const char *pq_replay_play(const struct pq_replay *r, struct pq_mask *mask, struct pq_outcome *out)
{
    struct pq_script script;
    pq_script_init(&script, r->golden);
    struct pq_wire wire = pq_script_wire(&script);
    struct pq_run run = {
        .what = r->what,
        .login = r->login,
        .patience_ms = REPLAY_PATIENCE_MS,
        .wire = &wire,
        .alloc = r->alloc,
    };
    const char *bad = set_vars(r->golden, &run);
    if (!bad)
        pq_run_play(&run, mask, out);
    return bad;
}

/* ---- comparison ------------------------------------------------------------------------------ */

/* Appends "  WHAT: recorded A, now B"; a diff that cannot be told is still a diff. */
static bool differ(struct pq_bytes *diff, struct pq_slice what, struct pq_slice recorded,
                   struct pq_slice now)
{
    struct pq_slice parts[] = {PQ_SLICE("  "),     what, PQ_SLICE(": recorded "), recorded,
                               PQ_SLICE(", now "), now,  PQ_SLICE("\n")};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (pq_bytes_put(diff, parts[i]) != PQ_STATUS_OK)
            break;
    return false;
}

static struct pq_slice or_none(struct pq_slice s)
{
    return s.len > 0 ? s : PQ_SLICE("none");
}

/* What a requirement got in the run. */
static struct pq_slice row_now(const struct pq_outcome *out, struct pq_slice id)
{
    for (size_t i = 0; i < out->rows_count; i++)
        if (pq_slice_equal(out->rows[i].id, id))
            return pq_slice_text(pq_verdict_word(out->rows[i].verdict));
    return PQ_SLICE("none");
}

static struct pq_slice row_recorded(const struct pq_golden_run *golden, struct pq_slice id)
{
    for (const struct pq_golden_pair *pair = golden->rows; pair; pair = pair->next)
        if (pq_slice_equal(pair->name, id))
            return pair->value;
    return PQ_SLICE("none");
}

static bool rows_agree(const struct pq_golden_run *golden, const struct pq_outcome *out,
                       struct pq_bytes *diff)
{
    bool same = true;
    for (const struct pq_golden_pair *pair = golden->rows; pair; pair = pair->next) {
        struct pq_slice now = row_now(out, pair->name);
        if (!pq_slice_equal(now, pair->value))
            same = differ(diff, pair->name, pair->value, now);
    }
    for (size_t i = 0; i < out->rows_count; i++) {
        struct pq_slice id = out->rows[i].id;
        struct pq_slice recorded = row_recorded(golden, id);
        if (pq_slice_equal(recorded, PQ_SLICE("none")))
            same = differ(diff, id, recorded, row_now(out, id));
    }
    return same;
}

/* What a person needs to see why: the line and the texts of the finding. */
static void explain(const struct pq_outcome *out, struct pq_bytes *diff)
{
    const struct pq_slice parts[] = {
        PQ_SLICE("    now: "),
        pq_slice_text(out->why),
        PQ_SLICE("\n    expected: "),
        pq_slice_text(out->expected),
        PQ_SLICE("\n    actual: "),
        pq_slice_text(out->actual),
        PQ_SLICE("\n"),
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (pq_bytes_put(diff, parts[i]) != PQ_STATUS_OK)
            return;
}

bool pq_replay_agrees(const struct pq_golden_run *golden, const struct pq_outcome *out,
                      struct pq_bytes *diff)
{
    struct pq_slice verdict = pq_slice_text(pq_verdict_word(out->verdict));
    struct pq_slice branch = pq_slice_text(out->branch);
    bool same = rows_agree(golden, out, diff);
    if (!pq_slice_equal(verdict, golden->outcome))
        same = differ(diff, PQ_SLICE("outcome"), golden->outcome, verdict);
    if (!pq_slice_equal(branch, golden->branch))
        same = differ(diff, PQ_SLICE("branch"), or_none(golden->branch), or_none(branch));
    if (!same)
        explain(out, diff);
    return same;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Appends to `out` until something does not fit. */
struct writer {
    struct pq_bytes *out;
    enum pq_status status;
};

static void put(struct writer *w, struct pq_slice s)
{
    if (w->status == PQ_STATUS_OK)
        w->status = pq_bytes_put(w->out, s);
}

static void put_text(struct writer *w, const char *text)
{
    put(w, pq_slice_text(text));
}

static void put_key(struct writer *w, const char *key, struct pq_slice value)
{
    put_text(w, key);
    put(w, value);
    put_text(w, "\n");
}

static void put_var(struct writer *w, const char *name, struct pq_slice value)
{
    if (!value.at)
        return;
    put_text(w, " ");
    put_text(w, name);
    put_text(w, "=");
    if (w->status == PQ_STATUS_OK)
        w->status = pq_escape_write_string(value, false, w->out);
}

static void put_rows(struct writer *w, const struct pq_outcome *out)
{
    put_text(w, "rows:");
    for (size_t i = 0; i < out->rows_count; i++) {
        put_text(w, " ");
        put(w, out->rows[i].id);
        put_text(w, "=");
        put_text(w, pq_verdict_word(out->rows[i].verdict));
    }
    put_text(w, "\n");
}

static void put_vars(struct writer *w, const struct pq_record *record)
{
    const struct pq_run *run = record->run;
    uint8_t memory[PQ_U64_TEXT_MAX];
    struct pq_buf seed;
    pq_buf_init(&seed, memory, sizeof(memory));
    pq_buf_put_u64(&seed, run->seed);
    put_text(w, "vars: tls=");
    put_text(w, tls_words[run->tls]);
    put_text(w, " seed=");
    put(w, pq_buf_slice(&seed));
    if (run->only_tls)
        put_text(w, " clear=no");
    if (run->ask_clock)
        put_text(w, " clock=ask");
    put_var(w, "user", run->vars.user);
    put_var(w, "user2", run->vars.user2);
    if (record->with_secrets) {
        put_var(w, "pw", run->vars.pw);
        put_var(w, "pw2", run->vars.pw2);
    }
    put_var(w, "host", run->vars.host);
    put_var(w, "port", run->vars.port);
    put_text(w, "\n");
}

enum pq_status pq_record_write_head(struct pq_slice file, struct pq_slice login,
                                    struct pq_bytes *out)
{
    struct writer w = {.out = out, .status = PQ_STATUS_OK};
    put_text(&w, "#!golden 1\n");
    put_key(&w, "file: ", file);
    if (login.len > 0)
        put_key(&w, "login: ", login);
    return w.status;
}

enum pq_status pq_record_write(const struct pq_record *record, struct pq_bytes *out)
{
    struct writer w = {.out = out, .status = PQ_STATUS_OK};
    put_text(&w, "\n");
    put_key(&w, "case: ", record->name);
    put_key(&w, "outcome: ", pq_slice_text(pq_verdict_word(record->out->verdict)));
    if (record->out->branch[0])
        put_key(&w, "branch: ", pq_slice_text(record->out->branch));
    put_rows(&w, record->out);
    put_vars(&w, record);
    put(&w, record->events);
    return w.status;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the player share: a dialogue and a record as text, played and summed up in one
 * line. Included by *_test.c only.
 */
#ifndef PQ_DIALOGUE_PLAYER_TESTING_H
#define PQ_DIALOGUE_PLAYER_TESTING_H

#include "base/testing.h"
#include "dialogue/player/replay.h"
#include "dialogue/player/script.h"

#define PRELUDE                                                                                    \
    "#!dlg 1\nid: login\nkind: seed\n---\n[test]\n@connect\nS: +OK{*?}\nC: USER {user}\n"          \
    "S: +OK{*?}\nC: PASS {pw}\nS: +OK{*?}\n"

struct played {
    struct pq_dlg dlg, login;
    struct pq_golden golden;
    struct pq_mask mask;
    struct pq_outcome out;
    char sum[2048];
};

static inline void parse_dialogue(struct pq_dlg *d, const char *text)
{
    enum pq_status status = pq_dlg_parse(d, pq_slice_text(text), pq_alloc_default());
    if (status != PQ_STATUS_OK)
        fail_msg("%u:%u: %s\n%s", d->problems.at[0].at.line, d->problems.at[0].at.column,
                 d->problems.at[0].text, text);
}

static inline void parse_golden(struct pq_golden *g, const char *text)
{
    enum pq_status status = pq_golden_parse(g, pq_slice_text(text), pq_alloc_default());
    if (status != PQ_STATUS_OK)
        fail_msg("%u:%u: %s\n%s", g->problems.at[0].at.line, g->problems.at[0].at.column,
                 g->problems.at[0].text, text);
}

/* "VERDICT[(SKIP)] SECTION LINE branch ROW=VERDICT ...": what a test states about a run. */
static inline void sum_up(const struct pq_outcome *out, char *sum, size_t cap)
{
    static const char *const sections[] = {"given", "test", "after", "-"};
    int n = snprintf(sum, cap, "%s%s%s%s %s %u%s%s", pq_verdict_word(out->verdict),
                     out->skip ? "(" : "", pq_skip_word(out->skip), out->skip ? ")" : "",
                     sections[out->section], out->at.line, out->branch[0] ? " #" : "", out->branch);
    for (size_t i = 0; i < out->rows_count; i++)
        n += snprintf(sum + n, cap - (size_t)n, " %.*s=%s", (int)out->rows[i].id.len,
                      (const char *)out->rows[i].id.at, pq_verdict_word(out->rows[i].verdict));
}

static inline void play_init_text(struct played *p, const char *dialogue, const char *record)
{
    memset(p, 0, sizeof(*p));
    parse_dialogue(&p->dlg, dialogue);
    parse_dialogue(&p->login, PRELUDE);
    parse_golden(&p->golden, record);
    pq_mask_init(&p->mask, pq_alloc_default());
}

/* Plays `dialogue` against the events (and vars:) of one run, with a prelude. */
static inline void play_text_with(struct played *p, const char *login, const char *dialogue,
                                  const char *events)
{
    static char record[1u << 16];
    (void)snprintf(record, sizeof(record), "#!golden 1\nfile: x\ncase: x\noutcome: pass\n%s",
                   events);
    play_init_text(p, dialogue, record);
    pq_dlg_free(&p->login);
    parse_dialogue(&p->login, login);
    struct pq_replay replay = {p->golden.runs,
                               {&p->dlg, pq_slice_text(dialogue)},
                               {&p->login, pq_slice_text(login)},
                               pq_alloc_default()};
    assert_null(pq_replay_play(&replay, &p->mask, &p->out));
    sum_up(&p->out, p->sum, sizeof(p->sum));
}

static inline void play_text(struct played *p, const char *dialogue, const char *events)
{
    play_text_with(p, PRELUDE, dialogue, events);
}

static inline void play_done(struct played *p)
{
    pq_outcome_free(&p->out);
    pq_mask_free(&p->mask);
    pq_golden_free(&p->golden);
    pq_dlg_free(&p->dlg);
    pq_dlg_free(&p->login);
}

/* The transcript as lines "DIR CONN text". */
static inline void show_transcript(const struct pq_outcome *out, char *to, size_t cap)
{
    const struct pq_playlog_entry *e = NULL;
    int n = 0;
    to[0] = 0;
    for (size_t i = 0; (e = pq_playlog_entry(&out->transcript, i)) != NULL && (size_t)n < cap; i++)
        n += snprintf(to + n, cap - (size_t)n, "%c%u %.*s\n", e->dir, e->conn, (int)e->text.len,
                      (const char *)e->text.at);
}

#endif

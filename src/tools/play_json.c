/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/play_json.h"

#include <stdio.h>
#include <stdlib.h>

#include "dialogue/player/golden.h"

/* Adds to `o`; a failure is found at the end, by the number of members. */
struct maker {
    cJSON *o;
    bool failed;
};

static void add(struct maker *m, const char *key, cJSON *value)
{
    if (!value || !cJSON_AddItemToObject(m->o, key, value))
        m->failed = true;
}

static void add_text(struct maker *m, const char *key, const char *text)
{
    add(m, key, cJSON_CreateString(text));
}

static void add_number(struct maker *m, const char *key, uint64_t number)
{
    add(m, key, cJSON_CreateNumber((double)number));
}

/* Octets that are text, as a C string. */
static void add_slice(struct maker *m, const char *key, struct pq_slice s)
{
    char *text = malloc(s.len + 1);
    if (text)
        (void)snprintf(text, s.len + 1, "%.*s", (int)s.len, s.len > 0 ? (const char *)s.at : "");
    add(m, key, text ? cJSON_CreateString(text) : NULL);
    free(text);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static cJSON *make_rows(const struct pq_outcome *out)
{
    struct maker m = {.o = cJSON_CreateObject()};
    char id[PQ_DLG_NAME_MAX + 1];
    for (size_t i = 0; m.o && i < out->rows_count; i++) {
        struct pq_slice s = out->rows[i].id;
        (void)snprintf(id, sizeof(id), "%.*s", (int)s.len, (const char *)s.at);
        add_text(&m, id, pq_verdict_word(out->rows[i].verdict));
    }
    return m.o;
}

static cJSON *make_barrier(const struct pq_outcome *out)
{
    struct maker m = {.o = cJSON_CreateObject()};
    add_text(&m, "probe", pq_probe_word(out->probe));
    add_text(&m, "noop", pq_noop_word(out->noop));
    return m.o;
}

static cJSON *make_entry(const struct pq_playlog_entry *e)
{
    const char dir[2] = {e->dir, 0};
    struct maker m = {.o = cJSON_CreateObject()};
    add_number(&m, "conn", e->conn);
    add_text(&m, "dir", dir);
    add_number(&m, "ms", e->ms);
    add(&m, "tls", cJSON_CreateBool(e->tls));
    add_slice(&m, "octets", pq_bytes_slice(&e->text));
    if (e->left_out > 0)
        add_number(&m, "left_out", e->left_out);
    return m.o;
}

static cJSON *make_transcript(const struct pq_outcome *out)
{
    cJSON *entries = cJSON_CreateArray();
    const struct pq_playlog_entry *e = NULL;
    for (size_t i = 0; entries && (e = pq_playlog_entry(&out->transcript, i)) != NULL; i++)
        cJSON_AddItemToArray(entries, make_entry(e));
    return entries;
}

static cJSON *make_gap(size_t count, size_t before)
{
    struct maker m = {.o = cJSON_CreateObject()};
    add_number(&m, "entries", count);
    add_number(&m, "before", before);
    return m.o;
}

static cJSON *make_findings(const struct play_findings *list)
{
    cJSON *findings = cJSON_CreateArray();
    for (size_t i = 0; findings && i < list->count; i++)
        cJSON_AddItemToArray(findings, play_findings_json(&list->each[i]));
    return findings;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void add_finding(struct maker *m, const struct pq_outcome *out)
{
    static const char *const sections[] = {"given", "test", "after", ""};
    add_text(m, "outcome", pq_verdict_word(out->verdict));
    if (out->skip != PQ_SKIP_NONE && out->verdict == PQ_VERDICT_SKIP)
        add_text(m, "skip", pq_skip_word(out->skip));
    add_text(m, "section", sections[out->section]);
    add_number(m, "line", out->at.line);
    add_number(m, "column", out->at.column);
    add_text(m, "branch", out->branch);
    add_text(m, "why", out->why);
    add_text(m, "expected", out->expected);
    add_text(m, "actual", out->actual);
    add(m, "rows", make_rows(out));
}

static void add_figures(struct maker *m, const struct pq_outcome *out)
{
    if (out->probe != PQ_PROBE_NONE)
        add(m, "barrier", make_barrier(out));
    add(m, "late", cJSON_CreateBool(out->late));
    add(m, "hang", cJSON_CreateBool(out->hang));
    add(m, "peer_gone", cJSON_CreateBool(out->peer_gone));
    add_number(m, "connects", out->connects);
    add_number(m, "wrong_logins", out->wrong_logins);
    add_number(m, "slowest_reply_ms", out->slowest_reply_ms);
    add_number(m, "ms", out->ms);
}

cJSON *play_json_case(const struct play_result *r)
{
    size_t before = 0;
    size_t gap = pq_playlog_gap(&r->out.transcript, &before);
    struct maker m = {.o = cJSON_CreateObject()};
    if (!m.o)
        return NULL;
    add_finding(&m, &r->out);
    add_figures(&m, &r->out);
    add(&m, "transcript", make_transcript(&r->out));
    if (r->findings.total > 0)
        add(&m, "findings", make_findings(&r->findings));
    if (r->findings.total > r->findings.count)
        add_number(&m, "findings_total", r->findings.total);
    if (gap > 0)
        add(&m, "transcript_gap", make_gap(gap, before));
    if (r->out.transcript.lost)
        add(&m, "transcript_lost", cJSON_CreateTrue());
    if (r->golden.len > 0)
        add_slice(&m, "golden", pq_bytes_slice(&r->golden));
    if (r->record_why[0])
        add_text(&m, "no_golden", r->record_why);
    if (m.failed) {
        cJSON_Delete(m.o);
        return NULL;
    }
    return m.o;
}

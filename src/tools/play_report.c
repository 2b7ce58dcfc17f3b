/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/play_report.h"

#include <inttypes.h>

static void print_line(FILE *to, const char *what, const char *text)
{
    if (text[0])
        (void)fprintf(to, "    %-12s %s\n", what, text);
}

/* The rows that did not pass. */
static void print_rows(FILE *to, const struct pq_outcome *out)
{
    const char *sign = "";
    for (size_t i = 0; i < out->rows_count; i++) {
        const struct pq_outcome_row *row = &out->rows[i];
        if (row->verdict == PQ_VERDICT_PASS)
            continue;
        (void)fprintf(to, "%s%.*s %s", sign[0] ? sign : "    requirement  ", (int)row->id.len,
                      (const char *)row->id.at, pq_verdict_word(row->verdict));
        sign = ", ";
    }
    if (sign[0])
        (void)fprintf(to, "\n");
}

static void print_barrier(FILE *to, const struct pq_outcome *out)
{
    if (out->probe == PQ_PROBE_NONE)
        return;
    (void)fprintf(to, "    barrier      a new connection: %s; NOOP on the stalled one: %s\n",
                  pq_probe_word(out->probe), out->noop ? pq_noop_word(out->noop) : "not sent");
}

static void print_transcript(FILE *to, const struct pq_outcome *out)
{
    const struct pq_playlog_entry *e = NULL;
    size_t before = 0;
    size_t gap = pq_playlog_gap(&out->transcript, &before);
    for (size_t i = 0; (e = pq_playlog_entry(&out->transcript, i)) != NULL; i++) {
        if (gap > 0 && i == before)
            (void)fprintf(to, "    ... %zu entries are left out\n", gap);
        (void)fprintf(to, "    %6" PRIu64 " %u%c %c %.*s", e->ms, e->conn, e->tls ? '+' : ' ',
                      e->dir, (int)e->text.len, (const char *)e->text.at);
        if (e->left_out > 0)
            (void)fprintf(to, "... and %" PRIu64 " octets", e->left_out);
        (void)fprintf(to, "\n");
    }
}

static void print_findings(FILE *to, const struct play_findings *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct play_finding *f = &list->each[i];
        (void)fprintf(to, "    referee      %s (%s) on %u at octet %" PRIu64 "%s: %s: \"%s\"\n",
                      f->rule->id, f->rule->requirement, f->conn, f->offset,
                      f->follows ? ", after another" : "", f->why, f->excerpt);
    }
    if (list->total > list->count)
        (void)fprintf(to, "    referee      and %" PRIu64 " more\n", list->total - list->count);
}

void play_report(FILE *to, const char *file, struct pq_slice name, const struct play_result *r)
{
    const struct pq_outcome *out = &r->out;
    (void)fprintf(to, "%s%s%s%s  %.*s%s%s  (%" PRIu64 " ms)\n", pq_verdict_word(out->verdict),
                  out->skip ? " (" : "", pq_skip_word(out->skip), out->skip ? ")" : "",
                  (int)name.len, name.len > 0 ? (const char *)name.at : "",
                  out->branch[0] ? "#" : "", out->branch, out->ms);
    if (r->record_why[0])
        print_line(to, "no record", r->record_why);
    print_findings(to, &r->findings);
    if (out->verdict == PQ_VERDICT_PASS)
        return;
    if (out->at.line > 0)
        (void)fprintf(to, "    at           %s:%u:%u\n", file, out->at.line, out->at.column);
    print_rows(to, out);
    print_line(to, "why", out->why);
    print_line(to, "expected", out->expected);
    print_line(to, "actual", out->actual);
    print_barrier(to, out);
    if (out->verdict > PQ_VERDICT_NOTE)
        print_transcript(to, out);
}

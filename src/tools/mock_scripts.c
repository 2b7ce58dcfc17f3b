/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "tools/mock_scripts.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/file.h"

/* Writes are that far apart, so that a client reads them one by one. */
#define GAP_MS 1u

/* ---- verdicts -------------------------------------------------------------------------------- */

static bool add_text(cJSON *object, const char *name, const char *text)
{
    return !text[0] || cJSON_AddStringToObject(object, name, text);
}

static const char *section_word(enum pq_dlg_section_kind section)
{
    return section == PQ_DLG_GIVEN ? "given" : "test";
}

static bool fill(cJSON *verdict, const struct pq_overlay_outcome *o)
{
    char name[PQ_OUTCOME_TEXT_MAX];
    (void)snprintf(name, sizeof(name), "%.*s", (int)o->name.len, (const char *)o->name.at);
    return cJSON_AddStringToObject(verdict, "script", name) &&
           cJSON_AddNumberToObject(verdict, "connection", (double)o->connection) &&
           cJSON_AddStringToObject(verdict, "outcome", pq_verdict_word(o->verdict)) &&
           (o->line == 0 ||
            (cJSON_AddStringToObject(verdict, "section", section_word(o->section)) &&
             cJSON_AddNumberToObject(verdict, "line", o->line))) &&
           add_text(verdict, "branch", o->branch) && add_text(verdict, "why", o->why) &&
           add_text(verdict, "expected", o->expected) && add_text(verdict, "actual", o->actual) &&
           cJSON_AddNumberToObject(verdict, "used", (double)o->used);
}

static void tell(void *ctx, const struct pq_overlay_outcome *outcome)
{
    bool *lost = ctx;
    cJSON *line = cJSON_CreateObject();
    cJSON *verdict = cJSON_AddObjectToObject(line, "verdict");
    char *text = verdict && fill(verdict, outcome) ? cJSON_PrintUnformatted(line) : NULL;
    *lost |= !text || printf("%s\n", text) < 0 || fflush(stdout) != 0;
    cJSON_free(text);
    cJSON_Delete(line);
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum pq_status read_one(struct mock_options *o, const char *file, struct pq_why *why)
{
    struct pq_bytes text;
    pq_bytes_init(&text, o->mock.alloc, PQ_DLG_TEXT_MAX + 1);
    enum pq_status status = pq_file_read(file, &text);
    if (status != PQ_STATUS_OK)
        status = pq_why_fail(why, PQ_STATUS_SYNTAX, "%s: cannot be read: %s", file,
                             status == PQ_STATUS_FILE ? strerror(errno) : pq_status_text(status));
    else
        status = pq_overlays_add(&o->overlays, file, pq_bytes_slice(&text), &o->mock, why);
    pq_bytes_free(&text);
    return status;
}

enum pq_status mock_scripts_read(struct mock_options *o, struct pq_why *why)
{
    enum pq_status status = PQ_STATUS_OK;
    pq_overlays_init(&o->overlays, o->mock.alloc, o->seed);
    o->overlays.gap_ms = o->hub.manual_clock ? 0 : GAP_MS;
    o->overlays.verdict = tell;
    o->overlays.ctx = &o->verdict_lost;
    o->mock.overlays = &o->overlays;
    for (size_t i = 0; i < o->script_count && status == PQ_STATUS_OK; i++)
        status = read_one(o, o->scripts[i], why);
    o->tls |= pq_overlays_want_tls(&o->overlays);
    o->mock.config.tls = o->tls;
    return status;
}

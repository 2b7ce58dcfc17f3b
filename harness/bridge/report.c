/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "harness/bridge/report.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "harness/bridge/finding.h"
#include "harness/bridge/growth.h"

/* ---- texts ----------------------------------------------------------------------------------- */

/* Each octet as one character, U+0000 to U+00FF. Written here, since the library's texts end at the
 * first NUL. */
static cJSON *octets_as_text(struct pq_slice octets)
{
    const size_t longest = sizeof("\\u0000") - 1;
    char *text = malloc(octets.len * longest + 3), *to = text;
    if (!text)
        return cJSON_CreateString("");
    *to++ = '"';
    for (size_t i = 0; i < octets.len; i++) {
        uint8_t c = octets.at[i];
        if (pq_ascii_is_printable(c) && c != '"' && c != '\\')
            *to++ = (char)c;
        else
            to += snprintf(to, longest + 1, "\\u%04x", c);
    }
    memcpy(to, "\"", 2);
    cJSON *made = cJSON_CreateRaw(text);
    free(text);
    return made;
}

static void add_text_or_null(cJSON *to, const char *name, const char *text)
{
    if (text)
        (void)cJSON_AddStringToObject(to, name, text);
    else
        (void)cJSON_AddNullToObject(to, name);
}

void pq_report_add_death(cJSON *to, const struct pq_player *p, const struct pq_outcome *out)
{
    bool crashed = out->came == PQ_CAME_CRASH, grew = out->came == PQ_CAME_GROWTH,
         signalled = crashed && WIFSIGNALED(out->death.status);
    static const char *const depths[] = {"server", "session", "child"};
    uint32_t depth = grew ? out->growth.depth : out->death.depth,
             exe = grew ? out->growth.exe : out->death.exe;
    char name[32] = "SIG";
    const char *abbreviation = signalled ? pq_signal_name(WTERMSIG(out->death.status)) : NULL;
    if (abbreviation)
        (void)snprintf(name, sizeof(name), "SIG%s", abbreviation);
    add_text_or_null(to, "signal", signalled ? name : NULL);
    add_text_or_null(to, "process", crashed || grew ? depths[depth < 2 ? depth : 2] : NULL);
    const char *path = p->server.page->exes[exe < PQ_SHIM_EXES ? exe : 0].path;
    add_text_or_null(to, "executable", crashed || grew ? path : NULL);
    add_text_or_null(to, "grew", grew ? pq_grown_text(out->growth.what) : NULL);
}

void pq_report_add_violation(cJSON *to, const struct pq_violation *v)
{
    struct pq_slice verb = pq_verb_row(v ? v->verb : PQ_VERB_UNKNOWN)->name;
    add_text_or_null(to, "rule", v ? v->rule->id : NULL);
    add_text_or_null(to, "verb", verb.len > 0 ? (const char *)verb.at : NULL);
    add_text_or_null(to, "state", v ? pq_state_name(v->state) : NULL);
}

void pq_report_add_said(cJSON *to, const struct pq_player *p, const struct pq_outcome *out)
{
    static char said[PQ_EARS_MAX];
    size_t len = out->came == PQ_CAME_OK ? 0 : pq_server_said(&p->server, said, sizeof(said));
    if (out->came == PQ_CAME_GROWTH)
        len = pq_growth_text(&out->growth, said);
    (void)cJSON_AddItemToObject(to, "report", octets_as_text(pq_slice_of(said, len)));
}

/* ---- transcript ------------------------------------------------------------------------------ */

void pq_transcript_begin(struct pq_transcript *t)
{
    t->lines = cJSON_CreateArray();
    t->octets = 0;
}

static const char *from_of(enum pq_heard what)
{
    if (what == PQ_HEARD_CLIENT)
        return "C";
    return what == PQ_HEARD_SERVER ? "S" : "E";
}

static struct pq_slice words_of(enum pq_heard what, struct pq_slice octets, char *room, size_t cap)
{
    const char *before = what == PQ_HEARD_TLS ? "TLS " : "";
    if (what == PQ_HEARD_CLIENT || what == PQ_HEARD_SERVER)
        return octets;
    if (what == PQ_HEARD_OPEN)
        return PQ_SLICE("open");
    int n = snprintf(room, cap, "%s%.*s", before, (int)octets.len, (const char *)octets.at);
    return pq_slice_of(room, n > 0 ? (size_t)n : 0);
}

void pq_transcript_hear(void *ctx, unsigned conn, enum pq_heard what, struct pq_slice octets)
{
    struct pq_transcript *t = ctx;
    char room[128];
    if (!t->lines || t->octets > PQ_TRANSCRIPT_MAX)
        return;
    cJSON *line = cJSON_CreateObject();
    (void)cJSON_AddNumberToObject(line, "conn", conn);
    (void)cJSON_AddStringToObject(line, "from", from_of(what));
    (void)cJSON_AddItemToObject(line, "octets",
                                octets_as_text(words_of(what, octets, room, sizeof(room))));
    (void)cJSON_AddItemToArray(t->lines, line);
    t->octets += octets.len;
}

/* ---- --play ---------------------------------------------------------------------------------- */

void pq_report_print(struct pq_player *p, const char *file, const struct pq_outcome *out,
                     struct pq_transcript *t)
{
    cJSON *line = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(line, "file", file);
    (void)cJSON_AddStringToObject(line, "status", pq_came_text(out->came));
    pq_report_add_death(line, p, out);
    pq_report_add_said(line, p, out);
    (void)cJSON_AddNumberToObject(line, "edges", (double)pq_map_edges(&p->map));
    (void)cJSON_AddBoolToObject(line, "transaction", out->transaction);
    (void)cJSON_AddNumberToObject(line, "ms", (double)(long)(out->ms * 1000) / 1000);
    cJSON *violations = cJSON_AddArrayToObject(line, "violations");
    for (size_t i = 0; i < p->judge.violations_len; i++) {
        cJSON *one = cJSON_CreateObject();
        pq_report_add_violation(one, &p->judge.violations[i]);
        (void)cJSON_AddStringToObject(one, "why", p->judge.violations[i].why);
        (void)cJSON_AddItemToArray(violations, one);
    }
    (void)cJSON_AddItemToObject(line, "transcript", t->lines);
    char *text = cJSON_PrintUnformatted(line);
    if (text)
        (void)puts(text);
    (void)fflush(stdout);
    free(text);
    cJSON_Delete(line);
    t->lines = NULL;
}

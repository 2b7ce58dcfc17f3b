/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/play_serve.h"

#include <stdlib.h>

#include "net/io.h"
#include "tools/play_json.h"
#include "tools/play_lines.h"
#include "tools/play_request.h"
#include "tools/version.h"

struct server {
    struct play_lines lines;
    struct play_shop shop;
};

static void tell_ready(struct server *s)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "protocol", PLAY_PROTOCOL);
    cJSON_AddStringToObject(o, "version", PQ_VERSION);
    play_lines_tell(&s->lines, "ready", o);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void trace(void *ctx, const struct pq_run_step *step)
{
    static const char *const sections[] = {"given", "test", "after", ""};
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "section", sections[step->section]);
    cJSON_AddBoolToObject(o, "login", step->login);
    cJSON_AddNumberToObject(o, "line", step->at.line);
    cJSON_AddItemToObject(o, "text", play_lines_text(step->line));
    play_lines_tell(ctx, "step", o);
}

static void serve_run(struct server *s, struct play_request *r)
{
    struct play_result *result = malloc(sizeof(*result));
    if (!result) {
        play_lines_error(&s->lines, r->run, "no memory for the run");
        return;
    }
    r->job.asker = (struct pq_asker){.ask = play_lines_ask, .ctx = &s->lines};
    if (r->trace)
        r->job.trace = (struct pq_run_trace){.step = trace, .ctx = &s->lines};
    play_job_run(&s->shop, &r->job, result);
    cJSON *o = play_json_case(result);
    if (o)
        cJSON_AddItemToObject(o, "run", cJSON_Duplicate(r->run, false));
    play_lines_tell(&s->lines, "case", o);
    play_result_free(result);
    free(result);
}

/* False: the runner wants no more. */
static bool serve_line(struct server *s, struct pq_slice line)
{
    struct play_request r;
    play_request_read(&r, line);
    switch (r.kind) {
    case PLAY_REQUEST_BAD:
        play_lines_error(&s->lines, r.run, r.why);
        break;
    case PLAY_REQUEST_RUN:
        serve_run(s, &r);
        break;
    case PLAY_REQUEST_ANSWER:
        play_lines_error(&s->lines, NULL, "line: an answer, and nothing was asked");
        break;
    case PLAY_REQUEST_QUIT:
        break;
    }
    bool goes_on = r.kind != PLAY_REQUEST_QUIT;
    play_request_free(&r);
    return goes_on;
}

static void serve_all(struct server *s)
{
    struct pq_slice line;
    tell_ready(s);
    while (!s->lines.gone) {
        switch (play_lines_next(&s->lines, PQ_DEADLINE_NEVER, &line)) {
        case PLAY_INPUT_LINE:
            if (!serve_line(s, line))
                return;
            break;
        case PLAY_INPUT_TOO_LONG:
            play_lines_error(&s->lines, NULL, "line: it is longer than 16 MiB");
            break;
        case PLAY_INPUT_END:
            return;
        case PLAY_INPUT_LATE:
            break;
        }
    }
}

bool play_serve(int in, FILE *out)
{
    struct server *s = calloc(1, sizeof(*s));
    if (!s)
        return false;
    play_lines_init(&s->lines, in, out);
    play_shop_init(&s->shop);
    serve_all(s);
    bool good = !s->lines.gone;
    play_shop_free(&s->shop);
    play_lines_free(&s->lines);
    free(s);
    return good;
}

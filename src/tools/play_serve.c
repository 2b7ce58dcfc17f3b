/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/play_serve.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/io.h"
#include "tools/play_json.h"
#include "tools/play_request.h"
#include "tools/version.h"

struct server {
    int in;
    FILE *out;
    struct pq_bytes held; /* octets of lines that are not yet taken */
    size_t line_len;      /* of the line that was given out, with its LF */
    bool skips;           /* the rest of a line that is too long is passed over */
    bool gone;            /* the runner closed its side, or cannot be written to */
    struct play_shop shop;
};

/* ---- writing --------------------------------------------------------------------------------- */

/* Writes {"KEY": VALUE} as a line; takes over `value`. */
static void tell(struct server *s, const char *key, cJSON *value)
{
    cJSON *line = cJSON_CreateObject();
    bool made = line && value && cJSON_AddItemToObject(line, key, value);
    char *text = made ? cJSON_PrintUnformatted(line) : NULL;
    if (!text || fprintf(s->out, "%s\n", text) < 0 || fflush(s->out) != 0)
        s->gone = true;
    cJSON_free(text);
    if (!made)
        cJSON_Delete(value);
    cJSON_Delete(line);
}

static void tell_ready(struct server *s)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "protocol", PLAY_PROTOCOL);
    cJSON_AddStringToObject(o, "version", PQ_VERSION);
    tell(s, "ready", o);
}

static void tell_error(struct server *s, const cJSON *run, const char *why)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "run", run ? cJSON_Duplicate(run, false) : cJSON_CreateNull());
    cJSON_AddStringToObject(o, "why", why);
    tell(s, "error", o);
}

/* ---- reading --------------------------------------------------------------------------------- */

enum input { INPUT_LINE, INPUT_TOO_LONG, INPUT_END, INPUT_LATE };

/* Reads once. False: the end. */
static bool fill(struct server *s)
{
    if (pq_bytes_reserve(&s->held, 65536) != PQ_STATUS_OK)
        return false;
    ssize_t n = read(s->in, s->held.at + s->held.len, 65536);
    if (n > 0)
        s->held.len += (size_t)n;
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static bool wait_for_input(const struct server *s, uint64_t deadline)
{
    struct pollfd fd = {.fd = s->in, .events = POLLIN};
    const struct pq_io *io = pq_io_system();
    int n = io->wait(io->ctx, &fd, 1, pq_io_left_ms(io, deadline));
    return n != 0 || deadline > io->now_ms(io->ctx);
}

/* The next line, without its LF; valid until the next call. */
static enum input next_line(struct server *s, uint64_t deadline, struct pq_slice *line)
{
    pq_bytes_drop(&s->held, s->line_len);
    s->line_len = 0;
    for (size_t scanned = 0;;) {
        struct pq_slice held = pq_bytes_slice(&s->held);
        size_t end = scanned + pq_slice_index(pq_slice_after(held, scanned), '\n');
        if (end < held.len && !s->skips) {
            s->line_len = end + 1;
            *line = pq_slice_first(held, end);
            return INPUT_LINE;
        }
        if (end < held.len) {
            pq_bytes_drop(&s->held, end + 1);
            s->skips = false;
            return INPUT_TOO_LONG;
        }
        scanned = held.len;
        if (s->skips || held.len > PLAY_LINE_MAX) {
            s->skips = true;
            pq_bytes_clear(&s->held);
            scanned = 0;
        }
        if (!wait_for_input(s, deadline))
            return INPUT_LATE;
        if (!fill(s))
            return INPUT_END;
    }
}

/* ---- asks ------------------------------------------------------------------------------------ */

static cJSON *text_item(struct pq_slice s)
{
    char *text = malloc(s.len + 1);
    if (!text)
        return NULL;
    if (s.len > 0)
        memcpy(text, s.at, s.len);
    text[s.len] = 0;
    cJSON *item = cJSON_CreateString(text);
    free(text);
    return item;
}

static cJSON *base64_item(struct pq_slice octets)
{
    struct pq_bytes text;
    pq_bytes_init(&text, pq_alloc_default(), pq_base64_encoded_len(octets.len) + 1);
    cJSON *item = NULL;
    if (pq_bytes_reserve(&text, text.max) == PQ_STATUS_OK) {
        struct pq_buf b;
        pq_buf_init(&b, text.at, text.max);
        if (pq_base64_encode(octets, &b) == PQ_STATUS_OK)
            item = text_item(pq_buf_slice(&b));
    }
    pq_bytes_free(&text);
    return item;
}

static void tell_ask(struct server *s, const struct pq_ask *ask)
{
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "ask", pq_ask_word(ask->what));
    if (ask->what == PQ_ASK_DELIVER) {
        cJSON_AddItemToObject(line, "name", text_item(ask->name));
        cJSON_AddItemToObject(line, "octets", base64_item(ask->octets));
    }
    if (ask->what == PQ_ASK_ADVANCE)
        cJSON_AddNumberToObject(line, "ms", (double)ask->ms);
    char *text = cJSON_PrintUnformatted(line);
    if (!text || fprintf(s->out, "%s\n", text) < 0 || fflush(s->out) != 0)
        s->gone = true;
    cJSON_free(text);
    cJSON_Delete(line);
}

static void no_answer(struct pq_answer *answer, const char *why)
{
    answer->kind = PQ_ANSWER_FAILED;
    (void)snprintf(answer->why, sizeof(answer->why), "%s", why);
}

/* Asks the runner, whose next line must be the answer. */
static void ask_runner(void *ctx, const struct pq_ask *ask, struct pq_answer *answer)
{
    struct server *s = ctx;
    struct play_request r;
    struct pq_slice line;
    tell_ask(s, ask);
    switch (s->gone ? INPUT_END
                    : next_line(s, pq_io_deadline(pq_io_system(), PLAY_ASK_MS), &line)) {
    case INPUT_LINE:
        play_request_read(&r, line);
        if (r.kind == PLAY_REQUEST_ANSWER)
            play_request_answer(r.answer, ask, answer);
        else
            no_answer(answer, r.kind == PLAY_REQUEST_BAD ? r.why : "the line is not an answer");
        play_request_free(&r);
        break;
    case INPUT_TOO_LONG:
        no_answer(answer, "the answer is longer than 16 MiB");
        break;
    case INPUT_END:
        s->gone = true;
        no_answer(answer, "the runner is gone");
        break;
    case INPUT_LATE:
        no_answer(answer, "the runner did not answer within 120 seconds");
        break;
    }
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void trace(void *ctx, const struct pq_run_step *step)
{
    static const char *const sections[] = {"given", "test", "after", ""};
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "section", sections[step->section]);
    cJSON_AddBoolToObject(o, "login", step->login);
    cJSON_AddNumberToObject(o, "line", step->at.line);
    cJSON_AddItemToObject(o, "text", text_item(step->line));
    tell(ctx, "step", o);
}

static void serve_run(struct server *s, struct play_request *r)
{
    struct play_result *result = malloc(sizeof(*result));
    if (!result) {
        tell_error(s, r->run, "no memory for the run");
        return;
    }
    r->job.asker = (struct pq_asker){.ask = ask_runner, .ctx = s};
    if (r->trace)
        r->job.trace = (struct pq_run_trace){.step = trace, .ctx = s};
    play_job_run(&s->shop, &r->job, result);
    cJSON *o = play_json_case(result);
    if (o)
        cJSON_AddItemToObject(o, "run", cJSON_Duplicate(r->run, false));
    tell(s, "case", o);
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
        tell_error(s, r.run, r.why);
        break;
    case PLAY_REQUEST_RUN:
        serve_run(s, &r);
        break;
    case PLAY_REQUEST_ANSWER:
        tell_error(s, NULL, "line: an answer, and nothing was asked");
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
    while (!s->gone) {
        switch (next_line(s, PQ_DEADLINE_NEVER, &line)) {
        case INPUT_LINE:
            if (!serve_line(s, line))
                return;
            break;
        case INPUT_TOO_LONG:
            tell_error(s, NULL, "line: it is longer than 16 MiB");
            break;
        case INPUT_END:
            return;
        case INPUT_LATE:
            break;
        }
    }
}

bool play_serve(int in, FILE *out)
{
    struct server *s = calloc(1, sizeof(*s));
    if (!s)
        return false;
    s->in = in;
    s->out = out;
    pq_bytes_init(&s->held, pq_alloc_default(), PLAY_LINE_MAX + 3 * 65536u);
    play_shop_init(&s->shop);
    serve_all(s);
    bool good = !s->gone;
    play_shop_free(&s->shop);
    pq_bytes_free(&s->held);
    free(s);
    return good;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/play_lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/io.h"
#include "tools/play_request.h"

void play_lines_init(struct play_lines *s, int in, FILE *out)
{
    *s = (struct play_lines){.in = in, .out = out};
    pq_bytes_init(&s->held, pq_alloc_default(), PLAY_LINE_MAX + 3 * 65536u);
}

void play_lines_free(struct play_lines *s)
{
    pq_bytes_free(&s->held);
}

/* ---- writing --------------------------------------------------------------------------------- */

void play_lines_tell(struct play_lines *s, const char *key, cJSON *value)
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

void play_lines_error(struct play_lines *s, const cJSON *run, const char *why)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "run", run ? cJSON_Duplicate(run, false) : cJSON_CreateNull());
    cJSON_AddStringToObject(o, "why", why);
    play_lines_tell(s, "error", o);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Reads once. False: the end. */
static bool fill(struct play_lines *s)
{
    if (pq_bytes_reserve(&s->held, 65536) != PQ_STATUS_OK)
        return false;
    ssize_t n = read(s->in, s->held.at + s->held.len, 65536);
    if (n > 0)
        s->held.len += (size_t)n;
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static bool wait_for_input(const struct play_lines *s, uint64_t deadline)
{
    struct pollfd fd = {.fd = s->in, .events = POLLIN};
    const struct pq_io *io = pq_io_system();
    int n = io->wait(io->ctx, &fd, 1, pq_io_left_ms(io, deadline));
    return n != 0 || deadline > io->now_ms(io->ctx);
}

enum play_input play_lines_next(struct play_lines *s, uint64_t deadline, struct pq_slice *line)
{
    pq_bytes_drop(&s->held, s->line_len);
    s->line_len = 0;
    for (size_t scanned = 0;;) {
        struct pq_slice held = pq_bytes_slice(&s->held);
        size_t end = scanned + pq_slice_index(pq_slice_after(held, scanned), '\n');
        if (end < held.len && !s->skips) {
            s->line_len = end + 1;
            *line = pq_slice_first(held, end);
            return PLAY_INPUT_LINE;
        }
        if (end < held.len) {
            pq_bytes_drop(&s->held, end + 1);
            s->skips = false;
            return PLAY_INPUT_TOO_LONG;
        }
        scanned = held.len;
        if (s->skips || held.len > PLAY_LINE_MAX) {
            s->skips = true;
            pq_bytes_clear(&s->held);
            scanned = 0;
        }
        if (!wait_for_input(s, deadline))
            return PLAY_INPUT_LATE;
        if (!fill(s))
            return PLAY_INPUT_END;
    }
}

/* ---- asks ------------------------------------------------------------------------------------ */

cJSON *play_lines_text(struct pq_slice s)
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
            item = play_lines_text(pq_buf_slice(&b));
    }
    pq_bytes_free(&text);
    return item;
}

static void tell_ask(struct play_lines *s, const struct pq_ask *ask)
{
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "ask", pq_ask_word(ask->what));
    if (ask->what == PQ_ASK_DELIVER) {
        cJSON_AddItemToObject(line, "name", play_lines_text(ask->name));
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

void play_lines_ask(void *ctx, const struct pq_ask *ask, struct pq_answer *answer)
{
    struct play_lines *s = ctx;
    struct play_request r;
    struct pq_slice line;
    tell_ask(s, ask);
    switch (s->gone ? PLAY_INPUT_END
                    : play_lines_next(s, pq_io_deadline(pq_io_system(), PLAY_ASK_MS), &line)) {
    case PLAY_INPUT_LINE:
        play_request_read(&r, line);
        if (r.kind == PLAY_REQUEST_ANSWER)
            play_request_answer(r.answer, ask, answer);
        else
            no_answer(answer, r.kind == PLAY_REQUEST_BAD ? r.why : "the line is not an answer");
        play_request_free(&r);
        break;
    case PLAY_INPUT_TOO_LONG:
        no_answer(answer, "the answer is longer than 16 MiB");
        break;
    case PLAY_INPUT_END:
        s->gone = true;
        no_answer(answer, "the runner is gone");
        break;
    case PLAY_INPUT_LATE:
        no_answer(answer, "the runner did not answer within 120 seconds");
        break;
    }
}

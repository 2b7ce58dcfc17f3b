/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/transcript.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mock/mask.h"

struct pq_transcript {
    FILE *file;
    bool failed;
};

struct pq_transcript *pq_transcript_open(const char *file, struct pq_why *why)
{
    bool standard = strcmp(file, "-") == 0;
    int fd =
        standard ? dup(STDERR_FILENO) : open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "a");
    struct pq_transcript *t = stream ? malloc(sizeof(*t)) : NULL;
    if (t) {
        *t = (struct pq_transcript){.file = stream};
        return t;
    }
    (void)pq_why_errno(why, PQ_STATUS_FILE, errno, "%s: cannot be written", file);
    if (stream)
        (void)fclose(stream);
    else if (fd >= 0)
        (void)close(fd);
    return NULL;
}

enum pq_status pq_transcript_close(struct pq_transcript *t)
{
    if (!t)
        return PQ_STATUS_OK;
    bool failed = fclose(t->file) != 0 || t->failed;
    free(t);
    return failed ? PQ_STATUS_FILE : PQ_STATUS_OK;
}

/* ---- entries --------------------------------------------------------------------------------- */

static const struct {
    uint8_t octet;
    const char *text;
} escapes[] = {{'\r', "\\r"}, {'\n', "\\n"}, {'\t', "\\t"}, {0, "\\0"}, {'\\', "\\\\"}};

static void put_escaped(struct pq_buf *to, uint8_t octet)
{
    char hex[8];
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
        if (octet == escapes[i].octet) {
            pq_buf_put_text(to, escapes[i].text);
            return;
        }
    (void)snprintf(hex, sizeof(hex), "\\x%02X", octet);
    if (pq_ascii_is_printable(octet))
        pq_buf_put_octet(to, octet);
    else
        pq_buf_put_text(to, hex);
}

/* `cut` tells that there was more. */
static void write_entry(struct pq_transcript *t, struct pq_transcript_at at, const char *from,
                        struct pq_slice octets, bool cut)
{
    char text[sizeof("\\xHH") * (PQ_MASK_MAX + 8) + sizeof("...")];
    struct pq_buf escaped;
    pq_buf_init(&escaped, text, sizeof(text) - 1);
    for (size_t i = 0; i < octets.len; i++)
        put_escaped(&escaped, octets.at[i]);
    if (cut)
        pq_buf_put_text(&escaped, "...");
    text[escaped.len] = 0;
    char ms[PQ_U64_TEXT_MAX + 1]; /* cJSON would write large numbers with an exponent */
    (void)snprintf(ms, sizeof(ms), "%llu", (unsigned long long)at.ms);
    cJSON *entry = cJSON_CreateObject();
    bool made = entry && cJSON_AddRawToObject(entry, "ms", ms) &&
                cJSON_AddNumberToObject(entry, "conn", (double)at.conn) &&
                cJSON_AddStringToObject(entry, "from", from) &&
                cJSON_AddBoolToObject(entry, "tls", at.tls) &&
                cJSON_AddStringToObject(entry, "octets", text);
    char *line = made ? cJSON_PrintUnformatted(entry) : NULL;
    if (!line || fprintf(t->file, "%s\n", line) < 0 || fflush(t->file) != 0)
        t->failed = true;
    cJSON_free(line);
    cJSON_Delete(entry);
}

/* Room for what a mask gives. */
struct shown {
    uint8_t at[PQ_MASK_MAX + 8];
    struct pq_buf buf;
};

static struct pq_buf *begin_shown(struct shown *s)
{
    pq_buf_init(&s->buf, s->at, sizeof(s->at));
    return &s->buf;
}

void pq_transcript_command(struct pq_transcript *t, struct pq_transcript_at at,
                           const struct pq_event *e, const struct pq_store *store)
{
    struct shown shown;
    if (!t)
        return;
    pq_mask_event(e, store, begin_shown(&shown));
    write_entry(t, at, "client", pq_buf_slice(&shown.buf), false);
}

void pq_transcript_answer(struct pq_transcript *t, struct pq_transcript_at at,
                          struct pq_slice octets, const struct pq_store *store)
{
    struct shown shown;
    if (!t || octets.len == 0)
        return;
    pq_mask_answer(octets, store, begin_shown(&shown));
    write_entry(t, at, "server", pq_buf_slice(&shown.buf), octets.len > PQ_MASK_MAX);
}

void pq_transcript_note(struct pq_transcript *t, struct pq_transcript_at at, const char *note)
{
    if (t)
        write_entry(t, at, "event", pq_slice_first(pq_slice_text(note), PQ_MASK_MAX), false);
}

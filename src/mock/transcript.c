/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/transcript.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pq_transcript {
    FILE *file;
    bool failed;
};

struct pq_transcript *pq_transcript_open(const char *file, struct pq_why *why)
{
    struct pq_transcript *t = malloc(sizeof(*t));
    int fd = strcmp(file, "-") == 0 ? dup(STDERR_FILENO)
                                    : open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "a");
    if (!t || !stream) {
        (void)pq_why_errno(why, PQ_STATUS_FILE, errno, "%s: cannot be written", file);
        if (fd >= 0 && !stream)
            (void)close(fd);
        free(t);
        return NULL;
    }
    *t = (struct pq_transcript){.file = stream};
    return t;
}

enum pq_status pq_transcript_close(struct pq_transcript *t)
{
    if (!t)
        return PQ_STATUS_OK;
    bool failed = fclose(t->file) != 0 || t->failed;
    free(t);
    return failed ? PQ_STATUS_FILE : PQ_STATUS_OK;
}

/* ---- masking --------------------------------------------------------------------------------- */

/* Replaces every occurrence of `secret` by asterisks. */
static void mask(uint8_t *text, size_t len, struct pq_slice secret)
{
    for (size_t i = 0; secret.len > 0 && i + secret.len <= len; i++)
        if (memcmp(text + i, secret.at, secret.len) == 0)
            memset(text + i, '*', secret.len);
}

/* Where the part of a command that nobody may read begins. */
static size_t secret_from(const struct pq_event *e)
{
    struct pq_slice line = e->octets;
    if (e->kind == PQ_EVENT_RESPONSE)
        return pq_slice_equal(line, PQ_SLICE("*")) ? line.len : 0;
    if (e->verb != PQ_VERB_PASS && e->verb != PQ_VERB_APOP && e->verb != PQ_VERB_AUTH)
        return line.len;
    size_t at = pq_slice_index(line, ' ');
    if (e->verb != PQ_VERB_PASS && at < line.len)
        at += 1 + pq_slice_index(pq_slice_after(line, at + 1), ' ');
    return at < line.len ? at + 1 : line.len;
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

static void write_entry(struct pq_transcript *t, struct pq_transcript_at at, const char *from,
                        struct pq_slice octets)
{
    char text[4 * PQ_TRANSCRIPT_ENTRY_MAX + 8];
    struct pq_buf escaped;
    pq_buf_init(&escaped, text, sizeof(text) - 1);
    for (size_t i = 0; i < octets.len && i < PQ_TRANSCRIPT_ENTRY_MAX; i++)
        put_escaped(&escaped, octets.at[i]);
    if (octets.len > PQ_TRANSCRIPT_ENTRY_MAX)
        pq_buf_put_text(&escaped, "...");
    text[escaped.len] = 0;
    cJSON *entry = cJSON_CreateObject();
    bool made = entry && cJSON_AddNumberToObject(entry, "ms", (double)at.ms) &&
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

void pq_transcript_command(struct pq_transcript *t, struct pq_transcript_at at,
                           const struct pq_event *e, const struct pq_store *store)
{
    uint8_t text[PQ_TRANSCRIPT_ENTRY_MAX];
    struct pq_buf shown;
    if (!t)
        return;
    pq_buf_init(&shown, text, sizeof(text));
    struct pq_slice line = pq_slice_first(e->octets, sizeof(text) - 4);
    size_t secret = secret_from(e);
    pq_buf_put(&shown, pq_slice_first(line, secret));
    for (size_t i = 0; i < store->count; i++)
        mask(text, shown.len, store->accounts[i].password);
    if (secret < e->octets.len)
        pq_buf_put_text(&shown, "****");
    write_entry(t, at, "client", pq_buf_slice(&shown));
}

void pq_transcript_answer(struct pq_transcript *t, struct pq_transcript_at at,
                          struct pq_slice octets)
{
    if (t && octets.len > 0)
        write_entry(t, at, "server", octets);
}

void pq_transcript_note(struct pq_transcript *t, struct pq_transcript_at at, const char *note)
{
    if (t)
        write_entry(t, at, "event", pq_slice_text(note));
}

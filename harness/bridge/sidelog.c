/* SPDX-License-Identifier: Apache-2.0
 * The side log: what AFL++ has no words for. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "harness/bridge/finding.h"
#include "tools/file.h"

#define PERIOD_MS 1000u
#define NAME_OCTETS 8u /* of a digest, in the name of a file */

const char *pq_signal_name(int number)
{
    const char *name = sigabbrev_np(number);
    return name ? name : "UNKNOWN";
}

static uint64_t now_ms(void)
{
    const struct pq_io *io = pq_io_system();
    return io->now_ms(io->ctx);
}

static bool is_new(struct pq_side_log *l, const char *words)
{
    const size_t cap = sizeof(l->seen) / sizeof(l->seen[0]);
    uint64_t hash = pq_slice_hash(pq_slice_text(words));
    for (size_t i = 0; i < l->seen_len && i < cap; i++)
        if (l->seen[i] == hash)
            return false;
    l->seen[l->seen_len++ % cap] = hash;
    return l->findings++ < PQ_FINDINGS_MAX;
}

/* What a line is of: everything before its input. */
static void note_seen(struct pq_side_log *l, char *line)
{
    char *ends = strstr(line, ",\"input\"");
    if (!ends)
        return;
    memcpy(ends, "}", 2);
    (void)is_new(l, line);
}

static void read_seen(struct pq_side_log *l)
{
    char path[4096], *line = NULL;
    size_t cap = 0;
    (void)snprintf(path, sizeof(path), "%s/findings.jsonl", l->folder);
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    while (getline(&line, &cap, file) > 0)
        note_seen(l, line);
    free(line);
    (void)fclose(file);
}

bool pq_side_log_open(struct pq_side_log *l, const char *folder)
{
    char inputs[4096];
    *l = (struct pq_side_log){.folder = folder, .begun_ms = now_ms()};
    if (!folder)
        return true;
    (void)snprintf(inputs, sizeof(inputs), "%s/inputs", folder);
    if ((mkdir(folder, 0777) == 0 || errno == EEXIST) &&
        (mkdir(inputs, 0777) == 0 || errno == EEXIST)) {
        read_seen(l);
        return true;
    }
    (void)fprintf(stderr, "popquiz-bridge: %s: %s\n", folder, strerror(errno));
    return false;
}

/* ---- figures --------------------------------------------------------------------------------- */

static void write_figures(struct pq_side_log *l, const struct pq_player *p)
{
    char path[4096], text[512];
    uint64_t hangs = l->came[PQ_CAME_HANG] + l->came[PQ_CAME_KILLED];
    (void)snprintf(path, sizeof(path), "%s/stats.json", l->folder);
    int n = snprintf(
        text, sizeof(text),
        "{\"cases\": %llu, \"transaction\": %llu, \"crashes\": %llu, \"hangs\": %llu, "
        "\"leaks\": %llu, \"growths\": %llu, \"violations\": %llu, \"restarts\": %lu, "
        "\"edges\": %zu, \"edges_of\": %zu, \"seconds\": %.1f}\n",
        (unsigned long long)l->cases, (unsigned long long)l->transaction,
        (unsigned long long)l->came[PQ_CAME_CRASH], (unsigned long long)hangs,
        (unsigned long long)l->came[PQ_CAME_LEAK], (unsigned long long)l->came[PQ_CAME_GROWTH],
        (unsigned long long)l->came[PQ_CAME_VIOLATION], (unsigned long)(p->server.starts - 1),
        pq_map_seen(&p->map), p->map.cells, (double)(now_ms() - l->begun_ms) / 1000.0);
    if (n > 0 && pq_file_replace(path, pq_slice_of(text, (size_t)n)) != PQ_STATUS_OK)
        l->folder = NULL; /* the folder is gone: nobody wants it any more */
    l->written_ms = now_ms();
}

/* ---- findings -------------------------------------------------------------------------------- */

/* Copies the input; its name goes to `name`, of at least 64 octets. */
static void keep_input(const struct pq_side_log *l, struct pq_slice input, char *name)
{
    char path[4096];
    struct pq_digest digest;
    struct pq_buf out;
    pq_buf_init(&out, name, 64);
    (void)pq_buf_put_text(&out, "inputs/");
    if (pq_hash_digest(PQ_HASH_SHA256, input, &digest) != PQ_STATUS_OK ||
        pq_hex_encode(pq_slice_first(pq_digest_slice(&digest), NAME_OCTETS), &out) != PQ_STATUS_OK)
        return;
    (void)pq_buf_put_octet(&out, 0);
    (void)snprintf(path, sizeof(path), "%s/%s", l->folder, name);
    if (pq_file_replace(path, input) != PQ_STATUS_OK)
        *name = '\0';
}

static void append_line(const struct pq_side_log *l, const char *text)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/findings.jsonl", l->folder);
    FILE *file = fopen(path, "ae");
    if (!file)
        return;
    (void)fprintf(file, "%s\n", text);
    (void)fclose(file);
}

/* Several growths are told apart by nothing but their inputs; the grower sees to it that there are
 * few. */
void pq_side_log_find(struct pq_side_log *l, struct pq_player *p, const struct pq_outcome *out,
                      struct pq_slice input)
{
    char name[64] = "";
    cJSON *line = cJSON_CreateObject();
    l->came[out->came]++;
    (void)cJSON_AddStringToObject(line, "kind", pq_came_text(out->came));
    pq_report_add_death(line, p, out);
    const struct pq_violation *v = out->came == PQ_CAME_VIOLATION ? p->judge.violations : NULL;
    pq_report_add_violation(line, v);
    char *words = cJSON_PrintUnformatted(line);
    if (l->folder && words && (is_new(l, words) || out->came == PQ_CAME_GROWTH)) {
        keep_input(l, input, name);
        (void)cJSON_AddStringToObject(line, "input", name);
        (void)cJSON_AddNumberToObject(line, "case", (double)p->cases);
        (void)cJSON_AddNumberToObject(
            line, "pid", out->came == PQ_CAME_GROWTH ? out->growth.pid : out->death.pid);
        pq_report_add_said(line, p, out);
        (void)cJSON_AddStringToObject(line, "why", v ? v->why : "");
        char *text = cJSON_PrintUnformatted(line);
        if (text)
            append_line(l, text);
        free(text);
    }
    free(words);
    cJSON_Delete(line);
}

void pq_side_log_note(struct pq_side_log *l, struct pq_player *p, const struct pq_outcome *out,
                      struct pq_slice input)
{
    l->cases++;
    l->transaction += out->transaction;
    /* What the fuzzer has killed, it tries again and saves by itself. */
    if (out->came != PQ_CAME_OK && out->came != PQ_CAME_KILLED)
        pq_side_log_find(l, p, out, input);
    else
        l->came[out->came]++;
    if (l->folder && now_ms() - l->written_ms >= PERIOD_MS)
        write_figures(l, p);
}

void pq_side_log_close(struct pq_side_log *l, const struct pq_player *p)
{
    if (l->folder)
        write_figures(l, p);
}

/* SPDX-License-Identifier: Apache-2.0
 * popquiz-mock: the mock server as a program. */
#define _XOPEN_SOURCE 700
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tools/mock_options.h"

enum { EXIT_SERVED = 0, EXIT_USAGE = 2, EXIT_CANNOT_SERVE = 3 };

/* The fixture of a server that was started without any mail: three small messages. */
static const char *const default_messages[] = {
    "From: alice@example.com\r\nTo: user@example.com\r\nSubject: first\r\n\r\nHello.\r\n",
    "From: bob@example.com\r\nTo: user@example.com\r\nSubject: second\r\n\r\n"
    ".a line that begins with a dot\r\n..and one with two\r\n.\r\nlast\r\n",
    "From: carol@example.com\r\nTo: user@example.com\r\nSubject: third\r\n\r\n"
    "line 1\r\nline 2\r\nline 3\r\n",
};

static enum pq_status load_default(struct pq_mock *m, const char *folder, struct pq_why *why)
{
    char label[2] = "1";
    struct pq_account *a = pq_store_add(&m->store, PQ_SLICE("user"), PQ_SLICE("secret pass"));
    if (!a)
        return pq_why_fail(why, PQ_STATUS_NO_MEMORY, "no memory for the account");
    if (folder)
        return pq_store_load(&m->store, a, folder, why);
    for (size_t i = 0; i < sizeof(default_messages) / sizeof(default_messages[0]); i++, label[0]++)
        if (pq_store_deliver(&m->store, a, pq_slice_text(label),
                             pq_slice_text(default_messages[i])) != PQ_STATUS_OK)
            return pq_why_fail(why, PQ_STATUS_NO_MEMORY, "no memory for the messages");
    return PQ_STATUS_OK;
}

/* ---- the ready line -------------------------------------------------------------------------- */

static const char *ca_file_to_tell; /* set once before the hub runs */

static void tell_ready(const struct pq_hub_config *config)
{
    cJSON *line = cJSON_CreateObject();
    cJSON_AddNumberToObject(line, "pid", (double)getpid());
    cJSON *listen = cJSON_AddArrayToObject(line, "listen");
    for (size_t i = 0; i < config->listener_count; i++) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "address", pq_addr_text(&config->listeners[i].addr).at);
        cJSON_AddStringToObject(one, "tls",
                                config->listeners[i].implicit ? "implicit"
                                : config->links.tls           ? "stls"
                                                              : "none");
        cJSON_AddItemToArray(listen, one);
    }
    if (ca_file_to_tell)
        cJSON_AddStringToObject(line, "ca_file", ca_file_to_tell);
    char *text = cJSON_PrintUnformatted(line);
    if (!text || printf("%s\n", text) < 0 || fflush(stdout) != 0)
        (void)fprintf(stderr, "popquiz-mock: the ready line cannot be written\n");
    cJSON_free(text);
    cJSON_Delete(line);
}

/* ---- running --------------------------------------------------------------------------------- */

struct tls_place {
    char folder[PQ_MOCK_PATH_MAX], ca_file[PQ_MOCK_PATH_MAX];
    bool temporary;
};

static enum pq_status prepare_tls(struct mock_options *o, struct tls_place *place,
                                  struct pq_why *why)
{
    if (!o->tls)
        return PQ_STATUS_OK;
    place->temporary = o->tls_folder == NULL;
    const char *base = getenv("TMPDIR");
    int n = place->temporary ? snprintf(place->folder, sizeof(place->folder),
                                        "%s/popquiz-mock-XXXXXX", base && *base ? base : "/tmp")
                             : snprintf(place->folder, sizeof(place->folder), "%s", o->tls_folder);
    if (n < 0 || (size_t)n >= sizeof(place->folder) - 16)
        return pq_why_fail(why, PQ_STATUS_FILE, "the folder for certificates has too long a path");
    if (place->temporary && !mkdtemp(place->folder))
        return pq_why_fail(why, PQ_STATUS_FILE, "%s: cannot be made", place->folder);
    o->identity.folder = place->folder;
    o->identity.seed = o->seed;
    o->identity.now_s = (int64_t)time(NULL);
    o->hub.links.tls = pq_identity_make(&o->identity, place->ca_file, sizeof(place->ca_file), why);
    ca_file_to_tell = place->ca_file;
    return o->hub.links.tls ? PQ_STATUS_OK : PQ_STATUS_TLS;
}

static enum pq_status prepare(struct mock_options *o, struct tls_place *place, struct pq_why *why)
{
    enum pq_status status = o->users ? pq_store_load_users(&o->mock.store, o->users, why)
                                     : load_default(&o->mock, o->maildrop, why);
    if (status == PQ_STATUS_OK && o->transcript) {
        o->hub.links.transcript = pq_transcript_open(o->transcript, why);
        status = o->hub.links.transcript ? PQ_STATUS_OK : PQ_STATUS_FILE;
    }
    if (status == PQ_STATUS_OK)
        status = prepare_tls(o, place, why);
    o->hub.links.mock = &o->mock;
    o->hub.ready = tell_ready;
    return status;
}

static enum pq_status serve(struct mock_options *o, struct pq_why *why)
{
    struct tls_place place = {.temporary = false};
    enum pq_status status = prepare(o, &place, why);
    if (status == PQ_STATUS_OK)
        status = o->inetd ? pq_hub_inetd(&o->hub, o->inetd_tls, why) : pq_hub_run(&o->hub, why);
    pq_tls_context_free(o->hub.links.tls);
    if (place.temporary)
        pq_identity_remove(place.folder);
    enum pq_status closed = pq_transcript_close(o->hub.links.transcript);
    if (status == PQ_STATUS_OK && closed != PQ_STATUS_OK)
        status = pq_why_fail(why, closed, "%s: not everything could be written", o->transcript);
    pq_mock_free(&o->mock);
    return status;
}

int main(int argc, char **argv)
{
    static struct mock_options options;
    struct pq_why why = {""};
    switch (mock_options_read(&options, argc, argv, &why)) {
    case MOCK_DONE:
        return EXIT_SERVED;
    case MOCK_USAGE:
        (void)fprintf(stderr, "popquiz-mock: %s\n", why.text);
        return EXIT_USAGE;
    case MOCK_SERVE:
        break;
    }
    if (serve(&options, &why) == PQ_STATUS_OK)
        return EXIT_SERVED;
    (void)fprintf(stderr, "popquiz-mock: %s\n", why.text);
    return EXIT_CANNOT_SERVE;
}

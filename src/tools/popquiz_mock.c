/* SPDX-License-Identifier: Apache-2.0
 * popquiz-mock: the mock server as a program. */
#define _XOPEN_SOURCE 700
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tools/mock_options.h"
#include "tools/mock_scripts.h"

enum { EXIT_SERVED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CANNOT_SERVE = 3, EXIT_SCRIPT = 4 };

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
    enum pq_status filled = PQ_STATUS_OK;
    char label[2] = "1";
    struct pq_account *a = pq_store_add(&m->store, PQ_SLICE("user"), PQ_SLICE("secret pass"));
    if (!a)
        return pq_why_fail(why, PQ_STATUS_NO_MEMORY, "no memory for the account");
    if (folder)
        return pq_store_load(&m->store, a, folder, why);
    if (pq_overlays_fill(m->overlays, &m->store, a, &filled))
        return filled == PQ_STATUS_OK
                   ? filled
                   : pq_why_fail(why, filled, "no memory for the messages of a script");
    for (size_t i = 0; i < sizeof(default_messages) / sizeof(default_messages[0]); i++, label[0]++)
        if (pq_store_deliver(&m->store, a, pq_slice_text(label),
                             pq_slice_text(default_messages[i])) != PQ_STATUS_OK)
            return pq_why_fail(why, PQ_STATUS_NO_MEMORY, "no memory for the messages");
    return PQ_STATUS_OK;
}

/* ---- the ready line -------------------------------------------------------------------------- */

struct tls_place {
    const struct pq_identity_options *identity; /* NULL: nothing was written */
    char folder[PQ_MOCK_PATH_MAX], ca_file[PQ_MOCK_PATH_MAX];
    bool temporary;
};

static const char *tls_word(const struct pq_hub_config *config, size_t i)
{
    if (config->listeners[i].implicit)
        return "implicit";
    return config->links.tls ? "stls" : "none";
}

static bool add_listener(cJSON *list, const struct pq_hub_config *config, size_t i)
{
    cJSON *one = cJSON_CreateObject();
    return cJSON_AddItemToArray(list, one) &&
           cJSON_AddStringToObject(one, "address", pq_addr_text(&config->listeners[i].addr).at) &&
           cJSON_AddStringToObject(one, "tls", tls_word(config, i));
}

/* The certificates that the authority has made for accounts: {"NAME": "FILE.pem"}. */
static bool add_clients(cJSON *line, const struct pq_identity_options *o)
{
    cJSON *list = cJSON_AddObjectToObject(line, "client_certificates");
    bool made = list != NULL;
    for (size_t i = 0; i < o->store->count && made; i++) {
        char path[PQ_MOCK_PATH_MAX], name[PQ_STORE_NAME_MAX + 1];
        struct pq_slice given = o->store->accounts[i].name;
        (void)snprintf(name, sizeof(name), "%.*s", (int)given.len, (const char *)given.at);
        if (pq_identity_client(o, i, path, sizeof(path)))
            made = cJSON_AddStringToObject(list, name, path) != NULL;
    }
    return made;
}

static bool fill_ready(cJSON *line, const struct pq_hub_config *config)
{
    const struct tls_place *place = config->ctx;
    bool made = cJSON_AddNumberToObject(line, "pid", (double)getpid()) != NULL;
    cJSON *listen = cJSON_AddArrayToObject(line, "listen");
    for (size_t i = 0; i < config->listener_count && made; i++)
        made = add_listener(listen, config, i);
    if (made && config->links.tls)
        made = cJSON_AddStringToObject(line, "ca_file", place->ca_file) &&
               (!place->identity->client_ca || add_clients(line, place->identity));
    return made;
}

static bool tell_ready(const struct pq_hub_config *config)
{
    cJSON *line = cJSON_CreateObject();
    char *text = fill_ready(line, config) ? cJSON_PrintUnformatted(line) : NULL;
    bool told = text && printf("%s\n", text) >= 0 && fflush(stdout) == 0;
    cJSON_free(text);
    cJSON_Delete(line);
    return told;
}

/* ---- running --------------------------------------------------------------------------------- */

/* Finds the folder for certificates, which is made unless there was a name for it. */
static enum pq_status prepare_folder(const struct mock_options *o, struct tls_place *place,
                                     struct pq_why *why)
{
    const char *base = getenv("TMPDIR");
    const char *name = o->tls_folder ? o->tls_folder : base && *base ? base : "/tmp";
    int n = snprintf(place->folder, sizeof(place->folder), "%s%s", name,
                     o->tls_folder ? "" : "/popquiz-mock-XXXXXX");
    if (n < 0 || (size_t)n >= sizeof(place->folder))
        return pq_why_fail(why, PQ_STATUS_FILE,
                           "the path of the folder for certificates is too long");
    place->temporary = !o->tls_folder && mkdtemp(place->folder);
    if (!o->tls_folder && !place->temporary)
        return pq_why_errno(why, PQ_STATUS_FILE, errno, "%s: cannot be made", place->folder);
    return PQ_STATUS_OK;
}

static void remove_folder(struct tls_place *place)
{
    if (place->temporary)
        pq_identity_remove(place->folder, place->identity ? place->identity->store->count : 0);
    place->temporary = false;
}

static enum pq_status prepare_tls(struct mock_options *o, struct tls_place *place,
                                  struct pq_why *why)
{
    enum pq_status status = o->tls ? prepare_folder(o, place, why) : PQ_STATUS_OK;
    if (!o->tls || status != PQ_STATUS_OK)
        return status;
    o->identity.folder = place->folder;
    o->identity.seed = o->seed;
    o->identity.now_s = (int64_t)time(NULL);
    o->identity.store = &o->mock.store;
    place->identity = &o->identity;
    o->hub.links.tls = pq_identity_make(&o->identity, place->ca_file, sizeof(place->ca_file), why);
    if (o->inetd)
        remove_folder(place); /* nobody is told where it is, and a signal may end us any time */
    return o->hub.links.tls ? PQ_STATUS_OK : PQ_STATUS_TLS;
}

static void complain(const char *sentence)
{
    (void)fprintf(stderr, "popquiz-mock: %s\n", sentence);
}

static enum pq_status prepare(struct mock_options *o, struct tls_place *place, struct pq_why *why)
{
    enum pq_status status = mock_scripts_read(o, why);
    if (status == PQ_STATUS_OK)
        status = o->users ? pq_store_load_users(&o->mock.store, o->users, why)
                          : load_default(&o->mock, o->maildrop, why);
    if (status == PQ_STATUS_OK && o->transcript) {
        o->hub.links.transcript = pq_transcript_open(o->transcript, why);
        status = o->hub.links.transcript ? PQ_STATUS_OK : PQ_STATUS_FILE;
    }
    if (status == PQ_STATUS_OK)
        status = prepare_tls(o, place, why);
    o->hub.links.mock = &o->mock;
    o->mock.complain = complain;
    o->hub.ready = tell_ready;
    o->hub.ctx = place;
    return status;
}

static enum pq_status serve(struct mock_options *o, struct pq_why *why)
{
    struct tls_place place = {.temporary = false};
    if (!o->inetd)
        pq_hub_hold_signals();
    enum pq_status status = prepare(o, &place, why);
    if (status == PQ_STATUS_OK)
        status = o->inetd ? pq_hub_inetd(&o->hub, o->inetd_tls, why) : pq_hub_run(&o->hub, why);
    pq_tls_context_free(o->hub.links.tls);
    remove_folder(&place);
    enum pq_status closed = pq_transcript_close(o->hub.links.transcript);
    if (status == PQ_STATUS_OK && closed != PQ_STATUS_OK)
        status = pq_why_fail(why, closed, "%s: not everything could be written", o->transcript);
    if (status == PQ_STATUS_OK)
        pq_overlays_end(&o->overlays);
    if (status == PQ_STATUS_OK && o->verdict_lost)
        status = pq_why_fail(why, PQ_STATUS_FILE, "a verdict could not be written");
    pq_mock_free(&o->mock);
    pq_overlays_free(&o->overlays);
    return status;
}

/* A text that was asked for must arrive, be it on a full disk. */
static int tell_printed(struct pq_why *why)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_SERVED;
    (void)pq_why_errno(why, PQ_STATUS_FILE, errno, "standard output cannot be written");
    return EXIT_CANNOT_SERVE;
}

/* What clients came to. */
static int status_of(enum pq_verdict worst)
{
    if (worst == PQ_VERDICT_ERROR)
        return EXIT_SCRIPT;
    return worst == PQ_VERDICT_FAIL || worst == PQ_VERDICT_INCONCLUSIVE ? EXIT_FAILED : EXIT_SERVED;
}

static int run(struct mock_options *o, enum mock_action action, struct pq_why *why)
{
    switch (action) {
    case MOCK_DONE:
        return tell_printed(why);
    case MOCK_USAGE:
        return EXIT_USAGE;
    case MOCK_SERVE:
        break;
    }
    enum pq_status status = serve(o, why);
    if (status == PQ_STATUS_SYNTAX)
        return EXIT_USAGE; /* of a script */
    return status == PQ_STATUS_OK ? status_of(o->overlays.worst) : EXIT_CANNOT_SERVE;
}

int main(int argc, char **argv)
{
    struct mock_options options;
    struct pq_why why = {""};
    int status = run(&options, mock_options_read(&options, argc, argv, &why), &why);
    if (why.text[0])
        (void)fprintf(stderr, "popquiz-mock: %s\n", why.text);
    return status;
}

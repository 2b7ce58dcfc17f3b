/* SPDX-License-Identifier: Apache-2.0
 * One table of options: reading them and printing --help both follow it. */
#include "tools/play_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "tools/file.h"
#include "tools/version.h"

#define PASSWORD_MAX 4096u /* octets of a password file: tokens are long */

typedef enum pq_status option_reader(struct play_options *o, const char *value, struct pq_why *why);

struct option_row {
    const char *name;
    const char *value; /* what stands behind it; NULL: nothing */
    const char *help;
    option_reader *read;
};

/* ---- readers --------------------------------------------------------------------------------- */

static enum pq_status wrong(struct pq_why *why, const char *value, const char *wanted)
{
    return pq_why_fail(why, PQ_STATUS_SYNTAX, "\"%s\": give %s", value, wanted);
}

#define TEXT_READER(name, place)                                                                   \
    static enum pq_status name(struct play_options *o, const char *value, struct pq_why *why)      \
    {                                                                                              \
        (void)why;                                                                                 \
        (place) = value;                                                                           \
        return PQ_STATUS_OK;                                                                       \
    }
#define FLAG_READER(name, place, to)                                                               \
    static enum pq_status name(struct play_options *o, const char *value, struct pq_why *why)      \
    {                                                                                              \
        (void)value;                                                                               \
        (void)why;                                                                                 \
        (place) = (to);                                                                            \
        return PQ_STATUS_OK;                                                                       \
    }

TEXT_READER(read_target, o->job.target.address)
TEXT_READER(read_tls_target, o->job.target.tls_address)
TEXT_READER(read_host, o->job.target.host)
TEXT_READER(read_ca, o->job.target.ca_file)
TEXT_READER(read_cert, o->job.target.client_cert)
TEXT_READER(read_key, o->job.target.client_key)
TEXT_READER(read_keylog, o->job.target.keylog)
TEXT_READER(read_login, o->job.login)
TEXT_READER(read_row, o->row)
FLAG_READER(read_insecure, o->job.target.verify, false)
FLAG_READER(read_json, o->json, true)
FLAG_READER(read_record, o->job.record, true)
FLAG_READER(read_secrets, o->job.record_secrets, true)
FLAG_READER(read_destroy, o->destroy, true)
FLAG_READER(read_serve, o->action, PLAY_SERVE)
FLAG_READER(read_golden, o->action, PLAY_GOLDEN)

static enum pq_status read_tls(struct play_options *o, const char *value, struct pq_why *why)
{
    static const char *const words[] = {"none", "stls", "implicit"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(value, words[i]) == 0) {
            o->job.tls = (enum pq_run_tls)i;
            return PQ_STATUS_OK;
        }
    return wrong(why, value, "none, stls or implicit");
}

static enum pq_status read_user(struct play_options *o, const char *value, struct pq_why *why)
{
    (void)why;
    o->job.vars.user = pq_slice_text(value);
    return PQ_STATUS_OK;
}

static enum pq_status read_user2(struct play_options *o, const char *value, struct pq_why *why)
{
    (void)why;
    o->job.vars.user2 = pq_slice_text(value);
    return PQ_STATUS_OK;
}

/* The first line of a file: what an editor puts behind it does not count. */
static enum pq_status read_password(const char *path, struct pq_bytes *to, struct pq_slice *out,
                                    struct pq_why *why)
{
    pq_secret_wipe(to->at, to->len);
    pq_bytes_clear(to);
    enum pq_status status = pq_file_read(path, to);
    if (status == PQ_STATUS_FILE)
        return pq_why_errno(why, status, errno, "%s", path);
    if (status != PQ_STATUS_OK)
        return pq_why_fail(why, status, "%s: a password has at most 4096 octets", path);
    struct pq_slice rest = pq_bytes_slice(to);
    *out = pq_slice_cut(&rest, '\n');
    if (out->len > 0 && out->at[out->len - 1] == '\r')
        *out = pq_slice_first(*out, out->len - 1);
    return out->len > 0 ? PQ_STATUS_OK
                        : pq_why_fail(why, PQ_STATUS_SYNTAX, "%s: it is empty", path);
}

static enum pq_status read_pw(struct play_options *o, const char *value, struct pq_why *why)
{
    return read_password(value, &o->pw, &o->job.vars.pw, why);
}

static enum pq_status read_pw2(struct play_options *o, const char *value, struct pq_why *why)
{
    return read_password(value, &o->pw2, &o->job.vars.pw2, why);
}

static enum pq_status read_segment(struct play_options *o, const char *value, struct pq_why *why)
{
    return pq_cut_parse(pq_slice_text(value), &o->job.cut)
               ? PQ_STATUS_OK
               : wrong(why, value, "whole, byte, mid-crlf, after-crlf or a number of octets");
}

static enum pq_status read_patience(struct play_options *o, const char *value, struct pq_why *why)
{
    uint32_t ms = 0;
    if (pq_parse_u32(pq_slice_text(value), &ms) != PQ_STATUS_OK || ms == 0 ||
        ms > PLAY_PATIENCE_MAX_MS)
        return wrong(why, value, "milliseconds from 1 to 600000");
    o->job.patience_ms = ms;
    return PQ_STATUS_OK;
}

static enum pq_status read_seed(struct play_options *o, const char *value, struct pq_why *why)
{
    return pq_parse_u64(pq_slice_text(value), &o->job.seed) == PQ_STATUS_OK
               ? PQ_STATUS_OK
               : wrong(why, value, "a number");
}

static enum pq_status read_version(struct play_options *o, const char *value, struct pq_why *why)
{
    (void)value;
    (void)why;
    o->action = PLAY_DONE;
    (void)printf("popquiz-play %s\n", PQ_VERSION);
    return PQ_STATUS_OK;
}

static option_reader read_help;

/* ---- the table ------------------------------------------------------------------------------- */

static const struct option_row rows[] = {
    {"--target", "ADDRESS", "the server: tcp://HOST:PORT or unix:/PATH", read_target},
    {"--tls", "none|stls|implicit", "how to reach it; none without this", read_tls},
    {"--tls-target", "ADDRESS", "where TLS begins at once; else the same address", read_tls_target},
    {"--ca", "FILE", "whom to trust, PEM; else the system's authorities", read_ca},
    {"--insecure", NULL, "accept any certificate", read_insecure},
    {"--host", "NAME", "what the certificate must be for, and SNI", read_host},
    {"--cert", "FILE", "a certificate to show to the server, PEM", read_cert},
    {"--key", "FILE", "its key, PEM", read_key},
    {"--keylog", "FILE", "gets the secrets of TLS, for a packet analyser", read_keylog},
    {"--user", "NAME", "the account", read_user},
    {"--password-file", "FILE", "its password, the first line of FILE; - is standard input",
     read_pw},
    {"--user2", "NAME", "a second account", read_user2},
    {"--password2-file", "FILE", "its password", read_pw2},
    {"--login", "FILE", "the dialogue that logs in; else USER and PASS", read_login},
    {"--segment", "CUT", "how writes are cut: whole, byte, mid-crlf, after-crlf, or octets",
     read_segment},
    {"--row", "NAME", "play only this row of the matrix: id[axis=value,...]", read_row},
    {"--patience", "MS", "how long an answer may take; 3000 without this", read_patience},
    {"--seed", "N", "of random octets; 0 without this", read_seed},
    {"--yes-destroy", NULL, "also play cases that remove mail", read_destroy},
    {"--json", NULL, "one JSON object for each run", read_json},
    {"--record", NULL, "write a golden record of the one FILE to standard output", read_record},
    {"--record-secrets", NULL, "with the passwords in it", read_secrets},
    {"--golden", NULL, "the FILEs are golden records: play them without a server", read_golden},
    {"--serve", NULL, "speak player protocol 1 on standard input and output", read_serve},
    {"--help", NULL, "this text", read_help},
    {"--version", NULL, "the version", read_version},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static enum pq_status read_help(struct play_options *o, const char *value, struct pq_why *why)
{
    (void)value;
    (void)why;
    o->action = PLAY_DONE;
    (void)printf("popquiz-play --target ADDRESS [OPTIONS] FILE...\n"
                 "popquiz-play --golden FILE...\n"
                 "popquiz-play --serve\n\n"
                 "Plays dialogue files against a POP3 server and judges its answers.\n\n");
    for (size_t i = 0; i < ROWS; i++) {
        char left[64];
        (void)snprintf(left, sizeof(left), "%s%s%s", rows[i].name, rows[i].value ? " " : "",
                       rows[i].value ? rows[i].value : "");
        (void)printf("  %-28s %s\n", left, rows[i].help);
    }
    (void)printf("\nExit status: 0 nothing failed, 1 something failed or could not be judged, "
                 "2 wrong usage,\n3 the target cannot be reached.\n");
    return PQ_STATUS_OK;
}

static const struct option_row *row_of(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* ---- the command line ------------------------------------------------------------------------ */

/* Reads the option at `argv[*i]` and moves on to its last word. */
static enum pq_status read_option(struct play_options *o, int argc, char **argv, int *i,
                                  struct pq_why *why)
{
    const char *name = argv[*i];
    const struct option_row *row = row_of(name);
    if (!row)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "%s is not an option; see --help", name);
    if (row->value && *i + 1 == argc)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "%s needs %s behind it", name, row->value);
    const char *value = row->value ? argv[++*i] : NULL;
    return row->read(o, value, why);
}

static enum pq_status check(const struct play_options *o, struct pq_why *why)
{
    if (o->action == PLAY_SERVE && o->files_count > 0)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "--serve takes no files; runs name them");
    if (o->action == PLAY_SERVE)
        return PQ_STATUS_OK;
    if (o->files_count == 0)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "no file to play; see --help");
    if (o->action == PLAY_RUN && !o->job.target.address)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "--target is missing: which server to play to?");
    if (o->job.record && o->files_count > 1)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "--record takes one file: one record for each");
    if (o->job.record && o->json)
        return pq_why_fail(why, PQ_STATUS_SYNTAX,
                           "--record and --json both want standard output; give one of them");
    return PQ_STATUS_OK;
}

enum play_action play_options_read(struct play_options *o, int argc, char **argv,
                                   struct pq_why *why)
{
    memset(o, 0, sizeof(*o));
    o->job.patience_ms = PLAY_PATIENCE_MS;
    o->job.target.verify = true;
    pq_bytes_init(&o->pw, pq_alloc_default(), PASSWORD_MAX);
    pq_bytes_init(&o->pw2, pq_alloc_default(), PASSWORD_MAX);
    o->files = argv + 1;
    enum pq_status status = PQ_STATUS_OK;
    for (int i = 1; i < argc && status == PQ_STATUS_OK && o->action != PLAY_DONE; i++) {
        if (argv[i][0] == '-' && argv[i][1] != 0)
            status = read_option(o, argc, argv, &i, why);
        else
            o->files[o->files_count++] = argv[i];
    }
    if (status == PQ_STATUS_OK && o->action != PLAY_DONE)
        status = check(o, why);
    return status == PQ_STATUS_OK ? o->action : PLAY_USAGE;
}

void play_options_free(struct play_options *o)
{
    pq_secret_wipe(o->pw.at, o->pw.len);
    pq_secret_wipe(o->pw2.at, o->pw2.len);
    pq_bytes_free(&o->pw);
    pq_bytes_free(&o->pw2);
}

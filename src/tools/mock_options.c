/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "tools/mock_options_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "tools/version.h"

static const struct option_row {
    const char *name;
    const char *value; /* what stands behind it; NULL: nothing */
    const char *help;
    mock_option_reader *read;
} rows[] = {
#define X(id, name, value, help) {name, value, help, mock_on_##id},
    MOCK_OPTION_LIST(X)
#undef X
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void print_help(void)
{
    (void)printf("usage: popquiz-mock [OPTION]...\n\n"
                 "A POP3 server for tests: obeys the RFCs, or deviates in exactly the way that is\n"
                 "asked for. Prints one line of JSON when it is ready. Without --users there is\n"
                 "the account \"user\" with the password \"secret pass\".\n\n");
    for (size_t i = 0; i < ROW_COUNT; i++)
        (void)printf("  --%-15s %-8s %s\n", rows[i].name, rows[i].value ? rows[i].value : "",
                     rows[i].help);
    (void)printf("  --%-15s %-8s %s\n  --%-15s %-8s %s\n  --%-15s %-8s %s\n", "list-faults", "",
                 "print the faults and their constants", "help", "", "print this", "version", "",
                 "print the version");
    (void)printf("\nexit status: 0 ended by a signal, by --sessions or by --control, 1 a client "
                 "failed a\n--script or did not come to its end, 2 usage, 3 it cannot serve, "
                 "4 a script is at\nfault\n");
}

static void print_constant(const struct pq_fault_constant *c)
{
    if (c->which)
        (void)printf("    %s=all|odd|even|last|N\n", c->name);
    else
        (void)printf("    %s=%llu..%llu\n", c->name, (unsigned long long)c->least,
                     (unsigned long long)c->most);
}

static void print_faults(void)
{
    size_t count;
    const struct pq_fault_row *faults = pq_fault_rows(&count);
    for (size_t i = 0; i < count; i++) {
        (void)printf("%-32s %-9s %s\n", faults[i].name, faults[i].category, faults[i].text);
        for (size_t k = 0; k < PQ_FAULT_CONSTANTS_MAX && faults[i].constants[k].name; k++)
            print_constant(&faults[i].constants[k]);
    }
}

static const struct option_row *find(const char *name, size_t len)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (strlen(rows[i].name) == len && strncmp(rows[i].name, name, len) == 0)
            return &rows[i];
    return NULL;
}

/* --name VALUE or --name=VALUE; moves `*at` behind it. */
static enum pq_status read_one(struct mock_options *o, char **argv, int *at, struct pq_why *why)
{
    const char *arg = argv[(*at)++];
    const char *equals = strchr(arg, '=');
    size_t len = equals ? (size_t)(equals - arg) : strlen(arg);
    const struct option_row *row = strncmp(arg, "--", 2) == 0 ? find(arg + 2, len - 2) : NULL;
    const char *value = equals ? equals + 1 : NULL;
    if (!row)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "unknown option \"%s\": see --help", arg);
    if (!row->value && value)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "--%s takes no value", row->name);
    if (row->value && !value)
        value = argv[*at] ? argv[(*at)++] : NULL;
    if (row->value && !value)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "--%s: %s is missing", row->name, row->value);
    struct pq_why inner = {""};
    enum pq_status status = row->read(o, value, &inner);
    if (status != PQ_STATUS_OK)
        (void)pq_why_fail(why, status, "--%s: %s", row->name, inner.text);
    return status;
}

/* Numbers that no other run has, unless --seed says otherwise. */
static uint64_t fresh_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        seed = (uint64_t)time(NULL);
    return seed;
}

static bool prints_text(const char *arg)
{
    if (strcmp(arg, "--help") == 0)
        print_help();
    else if (strcmp(arg, "--list-faults") == 0)
        print_faults();
    else if (strcmp(arg, "--version") == 0)
        (void)printf("popquiz-mock %s\n", PQ_VERSION);
    else
        return false;
    return true;
}

/* Options that make no sense together. */
static const char *find_conflict(const struct mock_options *o)
{
    if (o->users && o->maildrop)
        return "--users and --maildrop exclude each other";
    if (o->inetd && o->hub.listener_count > 0)
        return "--inetd has no address to listen on";
    if (o->inetd && o->hub.control)
        return "--inetd and --control both want standard input";
    if (o->inetd && o->script_count > 0)
        return "--inetd has standard output for the client, and --script for verdicts";
    return NULL;
}

static enum pq_status complete(struct mock_options *o, struct pq_why *why)
{
    const char *conflict = find_conflict(o);
    enum pq_status status = PQ_STATUS_OK;
    if (conflict)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "%s", conflict);
    if (!o->inetd && o->hub.listener_count == 0)
        status = mock_on_port(o, "0", why);
    for (size_t i = 0; i < o->fault_count && status == PQ_STATUS_OK; i++)
        status = pq_fault_add(&o->mock.plan, &o->mock.behaviour, o->faults[i], o->seed, why);
    if (status == PQ_STATUS_OK && pq_fault_tls_is_old(&o->mock.plan)) {
        o->identity.min = PQ_TLS_1_0;
        o->identity.weak = true;
    }
    o->identity.resume = pq_fault_tls_resumes(&o->mock.plan);
    o->mock.config.tls = o->tls;
    pq_rand_init(&o->mock.rand, o->seed);
    return status;
}

enum mock_action mock_options_read(struct mock_options *o, int argc, char **argv,
                                   struct pq_why *why)
{
    *o = (struct mock_options){.seed = fresh_seed()};
    pq_mock_init(&o->mock, pq_alloc_default(), 0);
    for (int at = 1; at < argc;) {
        if (prints_text(argv[at]))
            return MOCK_DONE;
        if (read_one(o, argv, &at, why) != PQ_STATUS_OK)
            return MOCK_USAGE;
    }
    return complete(o, why) == PQ_STATUS_OK ? MOCK_SERVE : MOCK_USAGE;
}

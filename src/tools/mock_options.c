/* SPDX-License-Identifier: Apache-2.0
 * One table of options: reading them and printing --help both follow it. */
#define _POSIX_C_SOURCE 200809L
#include "tools/mock_options.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "popquiz/capa.h"
#include "popquiz/sasl.h"
#include "tools/version.h"

/* Where a manual clock may begin: far enough, and a JSON number still tells every millisecond. */
#define CLOCK_MAX_MS UINT64_C(1000000000000000)

typedef enum pq_status option_reader(struct mock_options *o, const char *value, struct pq_why *why);

struct option_row {
    const char *name;
    const char *value; /* what stands behind it; NULL: nothing */
    const char *help;
    option_reader *read;
};

/* A value that is longer than this is shown cut, so that the sentence has room. */
#define SHOWN_MAX 60

static enum pq_status usage(struct pq_why *why, const char *value, const char *wanted)
{
    const char *cut = strlen(value) > SHOWN_MAX ? "..." : "";
    return pq_why_fail(why, PQ_STATUS_SYNTAX, "\"%.*s%s\": give %s", SHOWN_MAX, value, cut, wanted);
}

struct range {
    uint64_t least, most;
};

static enum pq_status read_number(const char *value, struct range range, uint64_t *to,
                                  struct pq_why *why)
{
    uint64_t number = 0;
    char wanted[80];
    if (pq_parse_u64(pq_slice_text(value), &number) == PQ_STATUS_OK && number >= range.least &&
        number <= range.most) {
        *to = number;
        return PQ_STATUS_OK;
    }
    (void)snprintf(wanted, sizeof(wanted), "a number from %llu to %llu",
                   (unsigned long long)range.least, (unsigned long long)range.most);
    return usage(why, value, wanted);
}

/* ---- listeners ------------------------------------------------------------------------------- */

static enum pq_status add_listener(struct mock_options *o, const char *address, bool implicit,
                                   struct pq_why *why)
{
    struct pq_hub_config *h = &o->hub;
    if (h->listener_count == PQ_HUB_LISTENERS_MAX)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "more than %u addresses to listen on",
                           PQ_HUB_LISTENERS_MAX);
    struct pq_hub_listener *l = &h->listeners[h->listener_count];
    enum pq_status status = pq_addr_parse(pq_slice_text(address), &l->addr, why);
    if (status == PQ_STATUS_OK)
        h->listener_count++;
    l->implicit = implicit;
    o->tls = o->tls || implicit;
    return status;
}

static enum pq_status add_port(struct mock_options *o, const char *value, bool implicit,
                               struct pq_why *why)
{
    char address[64];
    uint64_t port = 0;
    enum pq_status status = read_number(value, (struct range){0, UINT16_MAX}, &port, why);
    (void)snprintf(address, sizeof(address), "tcp://127.0.0.1:%u", (unsigned)port);
    return status == PQ_STATUS_OK ? add_listener(o, address, implicit, why) : status;
}

static enum pq_status on_port(struct mock_options *o, const char *value, struct pq_why *why)
{
    return add_port(o, value, false, why);
}

static enum pq_status on_tls_port(struct mock_options *o, const char *value, struct pq_why *why)
{
    return add_port(o, value, true, why);
}

static enum pq_status on_listen(struct mock_options *o, const char *value, struct pq_why *why)
{
    return add_listener(o, value, false, why);
}

static enum pq_status on_tls_listen(struct mock_options *o, const char *value, struct pq_why *why)
{
    return add_listener(o, value, true, why);
}

/* ---- flags and texts ------------------------------------------------------------------------- */

#define FLAG(name, statement)                                                                      \
    static enum pq_status on_##name(struct mock_options *o, const char *value, struct pq_why *why) \
    {                                                                                              \
        (void)value;                                                                               \
        (void)why;                                                                                 \
        statement;                                                                                 \
        return PQ_STATUS_OK;                                                                       \
    }

FLAG(everywhere, o->hub.everywhere = true)
FLAG(inetd, o->inetd = true)
FLAG(inetd_tls, o->inetd = o->inetd_tls = o->tls = true)
FLAG(tls, o->tls = true)
FLAG(require_tls, o->tls = o->mock.config.require_tls = true)
FLAG(no_apop, o->mock.config.apop = false)
FLAG(no_user, o->mock.config.user = false)
FLAG(no_sasl, o->mock.config.sasl = false)
FLAG(no_utf8, o->mock.config.utf8 = false)
FLAG(no_pipelining, o->mock.config.pipelining = false)
FLAG(control, o->hub.control = true)
FLAG(users, o->users = value)
FLAG(maildrop, o->maildrop = value)
FLAG(transcript, o->transcript = value)
FLAG(tls_folder, (o->tls = true, o->tls_folder = value))

/* ---- values ---------------------------------------------------------------------------------- */

static enum pq_status on_certificate(struct mock_options *o, const char *value, struct pq_why *why)
{
    o->tls = true;
    o->identity.kind = pq_certificate_of(pq_slice_text(value));
    if (o->identity.kind != PQ_CERTIFICATE_COUNT)
        return PQ_STATUS_OK;
    return usage(why, value, "good, expired, not-yet, wrong-name or self-signed");
}

static enum pq_status set_tls_version(struct mock_options *o, const char *value,
                                      enum pq_tls_version *to, struct pq_why *why)
{
    bool known = pq_tls_version_parse(pq_slice_text(value), to);
    o->tls = true;
    return known ? PQ_STATUS_OK : usage(why, value, "1.2 or 1.3 (or 1.0, 1.1)");
}

static enum pq_status on_tls_min(struct mock_options *o, const char *value, struct pq_why *why)
{
    return set_tls_version(o, value, &o->identity.min, why);
}

static enum pq_status on_tls_max(struct mock_options *o, const char *value, struct pq_why *why)
{
    return set_tls_version(o, value, &o->identity.max, why);
}

static enum pq_status on_leftover(struct mock_options *o, const char *value, struct pq_why *why)
{
    bool discard = strcmp(value, "discard") == 0;
    o->mock.config.leftover = discard ? PQ_LEFTOVER_DISCARD : PQ_LEFTOVER_CLOSE;
    if (discard || strcmp(value, "close") == 0)
        return PQ_STATUS_OK;
    return usage(why, value, "discard or close");
}

static enum pq_status on_mechanisms(struct mock_options *o, const char *value, struct pq_why *why)
{
    struct pq_slice rest = pq_slice_text(value);
    o->mock.config.mechanisms = 0;
    while (rest.len > 0) {
        struct pq_slice name = pq_slice_cut(&rest, ',');
        enum pq_mechanism m = pq_mechanism_of(name);
        if (m == PQ_MECHANISM_UNKNOWN)
            return usage(why, value, "mechanisms separated by commas, as PLAIN,SCRAM-SHA-256");
        o->mock.config.mechanisms |= UINT32_C(1) << m;
    }
    return PQ_STATUS_OK;
}

static const struct {
    const char *name;
    enum pq_leniency flag;
} leniencies[] = {
    {"lf", PQ_LENIENT_LF},
    {"blanks", PQ_LENIENT_BLANKS},
    {"surplus", PQ_LENIENT_SURPLUS},
    {"zeros", PQ_LENIENT_ZEROS},
};

static enum pq_status on_lenient(struct mock_options *o, const char *value, struct pq_why *why)
{
    struct pq_slice rest = pq_slice_text(value);
    while (rest.len > 0) {
        struct pq_slice name = pq_slice_cut(&rest, ',');
        unsigned flag = 0;
        for (size_t i = 0; i < sizeof(leniencies) / sizeof(leniencies[0]); i++)
            if (pq_slice_equal(name, pq_slice_text(leniencies[i].name)))
                flag = leniencies[i].flag;
        if (flag == 0)
            return usage(why, value, "lf, blanks, surplus, zeros, separated by commas");
        o->mock.config.leniency |= flag;
    }
    return PQ_STATUS_OK;
}

/* ---- texts that the server says -------------------------------------------------------------- */

static enum pq_status on_apop_timestamp(struct mock_options *o, const char *value,
                                        struct pq_why *why)
{
    struct pq_slice found, text = pq_slice_text(value);
    o->mock.config.apop_timestamp = value;
    if (text.len <= PQ_MOCK_TIMESTAMP_MAX && pq_greeting_timestamp(text, &found) &&
        pq_slice_equal(found, text))
        return PQ_STATUS_OK;
    return usage(why, value, "<LEFT@RIGHT>, a message-id of at most 128 octets");
}

static enum pq_status on_nonce(struct mock_options *o, const char *value, struct pq_why *why)
{
    struct pq_slice text = pq_slice_text(value);
    o->mock.config.nonce = value;
    if (text.len > 0 && text.len <= PQ_MOCK_NONCE_MAX && pq_slice_is_visible(text) &&
        pq_slice_index(text, ',') == text.len)
        return PQ_STATUS_OK;
    return usage(why, value, "1 to 64 visible ASCII characters without a comma");
}

/* A line of the capability list: as long as RFC 2449 section 5 allows, and printable. */
static bool is_capability_line(struct pq_slice line)
{
    return line.len <= PQ_REPLY_LINE_MAX - 2 && pq_slice_is_printable(line);
}

static enum pq_status on_implementation(struct mock_options *o, const char *value,
                                        struct pq_why *why)
{
    struct pq_slice tag = pq_capability_row(PQ_CAPA_IMPLEMENTATION)->text;
    struct pq_slice text = pq_slice_text(value);
    o->mock.config.implementation = value;
    if (text.len > 0 && is_capability_line(text) && text.len < PQ_REPLY_LINE_MAX - 2 - tag.len)
        return PQ_STATUS_OK;
    return usage(why, value, "a line of printable ASCII of at most 495 characters");
}

/* ---- time ------------------------------------------------------------------------------------ */

static enum pq_status read_seconds(const char *value, uint64_t *to_ms, struct pq_why *why)
{
    uint64_t seconds = 0;
    enum pq_status status = read_number(value, (struct range){1, UINT32_MAX}, &seconds, why);
    if (status == PQ_STATUS_OK)
        *to_ms = seconds * 1000;
    return status;
}

static enum pq_status on_autologout(struct mock_options *o, const char *value, struct pq_why *why)
{
    return read_seconds(value, &o->mock.config.autologout_ms, why);
}

static enum pq_status on_handshake(struct mock_options *o, const char *value, struct pq_why *why)
{
    return read_seconds(value, &o->mock.config.handshake_ms, why);
}

static enum pq_status on_login_delay(struct mock_options *o, const char *value, struct pq_why *why)
{
    uint64_t seconds = 0;
    enum pq_status status = read_number(value, (struct range){0, UINT32_MAX}, &seconds, why);
    o->mock.config.login_delay_s = (uint32_t)seconds;
    return status;
}

static enum pq_status on_expire(struct mock_options *o, const char *value, struct pq_why *why)
{
    uint64_t days = PQ_EXPIRE_NEVER;
    enum pq_status status = PQ_STATUS_OK;
    if (strcmp(value, "never") != 0)
        status = read_number(value, (struct range){0, PQ_EXPIRE_NEVER - 1}, &days, why);
    o->mock.config.expire_days = (uint32_t)days;
    return status;
}

static enum pq_status check_capabilities(const char *list, struct pq_why *why)
{
    for (struct pq_slice rest = pq_slice_text(list); rest.len > 0;)
        if (!is_capability_line(pq_slice_cut(&rest, ';')))
            return usage(why, list, "lines of printable ASCII of at most 510 characters");
    return PQ_STATUS_OK;
}

/* "auth=no,tls=no:TOP;UIDL" */
static enum pq_status on_capa(struct mock_options *o, const char *value, struct pq_why *why)
{
    static const char *const heads[2][2] = {{"auth=no,tls=no:", "auth=no,tls=yes:"},
                                            {"auth=yes,tls=no:", "auth=yes,tls=yes:"}};
    for (size_t i = 0; i < 4; i++) {
        const char *head = heads[i / 2][i % 2];
        if (strncmp(value, head, strlen(head)) == 0) {
            o->mock.config.capabilities[i / 2][i % 2] = value + strlen(head);
            return check_capabilities(value + strlen(head), why);
        }
    }
    return usage(why, value, "auth=no|yes,tls=no|yes: and capabilities separated by semicolons");
}

static enum pq_status on_seed(struct mock_options *o, const char *value, struct pq_why *why)
{
    return read_number(value, (struct range){0, UINT64_MAX}, &o->seed, why);
}

static enum pq_status on_clock(struct mock_options *o, const char *value, struct pq_why *why)
{
    o->hub.manual_clock = strcmp(value, "real") != 0;
    if (!o->hub.manual_clock)
        return PQ_STATUS_OK;
    return read_number(value, (struct range){0, CLOCK_MAX_MS}, &o->hub.clock_ms, why);
}

static enum pq_status on_connections(struct mock_options *o, const char *value, struct pq_why *why)
{
    uint64_t most = 0;
    enum pq_status status = read_number(value, (struct range){1, 1000000}, &most, why);
    o->hub.connections_max = (size_t)most;
    return status;
}

static enum pq_status on_fault(struct mock_options *o, const char *value, struct pq_why *why)
{
    if (o->fault_count == PQ_FAULTS_ACTIVE_MAX)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "more than %u at once", PQ_FAULTS_ACTIVE_MAX);
    o->faults[o->fault_count++] = value;
    return PQ_STATUS_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct option_row rows[] = {
    {"port", "N", "listen on 127.0.0.1:N; 0 takes a free port", on_port},
    {"tls-port", "N", "the same with TLS from the first octet", on_tls_port},
    {"listen", "ADDRESS", "tcp://HOST:PORT, tcp://[V6]:PORT or unix:/PATH", on_listen},
    {"tls-listen", "ADDRESS", "the same with TLS from the first octet", on_tls_listen},
    {"everywhere", NULL, "permit addresses that other machines reach", on_everywhere},
    {"inetd", NULL, "one session on standard input and output", on_inetd},
    {"inetd-tls", NULL, "the same with TLS from the first octet", on_inetd_tls},
    {"connections", "N", "connections at once; without it 20000", on_connections},
    {"users", "FILE", "accounts: name, TAB, password, TAB, folder of the maildrop", on_users},
    {"maildrop", "FOLDER", "a Maildir or a folder of .eml files for the account \"user\"",
     on_maildrop},
    {"tls", NULL, "offer STLS", on_tls},
    {"tls-folder", "FOLDER", "where authority and certificates are made; without it temporary",
     on_tls_folder},
    {"certificate", "KIND", "good, expired, not-yet, wrong-name or self-signed", on_certificate},
    {"tls-min", "VERSION", "lowest TLS version; without it 1.2", on_tls_min},
    {"tls-max", "VERSION", "highest TLS version; without it 1.3", on_tls_max},
    {"stls-leftover", "WHAT", "discard what came behind STLS in clear, or close", on_leftover},
    {"require-tls", NULL, "take no password in clear", on_require_tls},
    {"no-apop", NULL, "offer no APOP", on_no_apop},
    {"no-user", NULL, "offer no USER and PASS", on_no_user},
    {"no-sasl", NULL, "offer no AUTH", on_no_sasl},
    {"no-utf8", NULL, "offer no UTF8", on_no_utf8},
    {"no-pipelining", NULL, "do not announce PIPELINING", on_no_pipelining},
    {"mechanisms", "LIST", "SASL mechanisms, separated by commas", on_mechanisms},
    {"implementation", "TEXT", "of the IMPLEMENTATION capability", on_implementation},
    {"capa", "LIST", "auth=no,tls=no:TOP;UIDL and so on: a capability list as given", on_capa},
    {"lenient", "LIST", "tolerate lf, blanks, surplus, zeros", on_lenient},
    {"autologout", "SECONDS", "inactivity that ends a session; without it 600", on_autologout},
    {"handshake", "SECONDS", "patience with a TLS handshake; without it 60", on_handshake},
    {"login-delay", "SECONDS", "between two logins of an account (RFC 2449 section 6.5)",
     on_login_delay},
    {"expire", "DAYS", "announced as EXPIRE; without it never", on_expire},
    {"seed", "N", "the same numbers, and constants of faults, every time", on_seed},
    {"clock", "MS", "time stands still and begins at MS (see --control); without it real",
     on_clock},
    {"apop-timestamp", "TEXT", "a fixed one, with its angle brackets", on_apop_timestamp},
    {"nonce", "TEXT", "a fixed one for SASL", on_nonce},
    {"fault", "NAME", "deviate: NAME, NAME(constant=value), and @nth; may be repeated", on_fault},
    {"control", NULL, "obey JSON lines on standard input: advance, reset, deliver, peek, quit",
     on_control},
    {"transcript", "FILE", "write what is said as JSON lines, secrets masked", on_transcript},
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
    (void)printf(
        "\nexit status: 0 ended by a signal or by --control, 2 usage, 3 it cannot serve\n");
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
    return NULL;
}

static enum pq_status complete(struct mock_options *o, struct pq_why *why)
{
    const char *conflict = find_conflict(o);
    enum pq_status status = PQ_STATUS_OK;
    if (conflict)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "%s", conflict);
    if (!o->inetd && o->hub.listener_count == 0)
        status = add_port(o, "0", false, why);
    for (size_t i = 0; i < o->fault_count && status == PQ_STATUS_OK; i++)
        status = pq_fault_add(&o->mock.plan, &o->mock.behaviour, o->faults[i], o->seed, why);
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

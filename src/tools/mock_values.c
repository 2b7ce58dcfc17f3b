/* SPDX-License-Identifier: Apache-2.0
 * What stands behind the options of popquiz-mock. */
#include "tools/mock_options_internal.h"

#include <stdio.h>
#include <string.h>

#include "popquiz/capa.h"
#include "popquiz/sasl.h"

/* Where a manual clock may begin: far enough, and a JSON number still tells every millisecond. */
#define CLOCK_MAX_MS UINT64_C(1000000000000000)

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

enum pq_status mock_on_port(struct mock_options *o, const char *value, struct pq_why *why)
{
    return add_port(o, value, false, why);
}

enum pq_status mock_on_tls_port(struct mock_options *o, const char *value, struct pq_why *why)
{
    return add_port(o, value, true, why);
}

enum pq_status mock_on_listen(struct mock_options *o, const char *value, struct pq_why *why)
{
    return add_listener(o, value, false, why);
}

enum pq_status mock_on_tls_listen(struct mock_options *o, const char *value, struct pq_why *why)
{
    return add_listener(o, value, true, why);
}

/* ---- flags and texts ------------------------------------------------------------------------- */

#define FLAG(name, statement)                                                                      \
    enum pq_status mock_on_##name(struct mock_options *o, const char *value, struct pq_why *why)   \
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
FLAG(read_only, o->mock.config.read_only = true)
FLAG(no_apop, o->mock.config.apop = false)
FLAG(no_user, o->mock.config.user = false)
FLAG(no_sasl, o->mock.config.sasl = false)
FLAG(no_utf8, o->mock.config.utf8 = false)
FLAG(no_lang, o->mock.config.lang = false)
FLAG(no_pipelining, o->mock.config.pipelining = false)
FLAG(control, o->hub.control = true)
FLAG(users, o->users = value)
FLAG(maildrop, o->maildrop = value)
FLAG(transcript, o->transcript = value)
FLAG(tls_folder, (o->tls = true, o->tls_folder = value))

/* ---- values ---------------------------------------------------------------------------------- */

enum pq_status mock_on_certificate(struct mock_options *o, const char *value, struct pq_why *why)
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

enum pq_status mock_on_client_ca(struct mock_options *o, const char *value, struct pq_why *why)
{
    (void)why;
    o->tls = true;
    o->mock.config.certificates = true;
    o->identity.client_ca = strcmp(value, "own") == 0 ? "" : value;
    return PQ_STATUS_OK;
}

enum pq_status mock_on_tls_min(struct mock_options *o, const char *value, struct pq_why *why)
{
    return set_tls_version(o, value, &o->identity.min, why);
}

enum pq_status mock_on_tls_max(struct mock_options *o, const char *value, struct pq_why *why)
{
    return set_tls_version(o, value, &o->identity.max, why);
}

enum pq_status mock_on_leftover(struct mock_options *o, const char *value, struct pq_why *why)
{
    bool discard = strcmp(value, "discard") == 0;
    o->mock.config.leftover = discard ? PQ_LEFTOVER_DISCARD : PQ_LEFTOVER_CLOSE;
    if (discard || strcmp(value, "close") == 0)
        return PQ_STATUS_OK;
    return usage(why, value, "discard or close");
}

enum pq_status mock_on_mechanisms(struct mock_options *o, const char *value, struct pq_why *why)
{
    struct pq_slice rest = pq_slice_text(value);
    bool all = pq_slice_equal(rest, PQ_SLICE("all"));
    o->mock.config.mechanisms = all ? UINT32_MAX : 0;
    while (rest.len > 0 && !all) {
        struct pq_slice name = pq_slice_cut(&rest, ',');
        enum pq_mechanism m = pq_mechanism_of(name);
        if (m == PQ_MECHANISM_UNKNOWN)
            return usage(why, value,
                         "all, or mechanisms separated by commas, as PLAIN,SCRAM-SHA-256");
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

enum pq_status mock_on_lenient(struct mock_options *o, const char *value, struct pq_why *why)
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

enum pq_status mock_on_apop_timestamp(struct mock_options *o, const char *value, struct pq_why *why)
{
    struct pq_slice found, text = pq_slice_text(value);
    o->mock.config.apop_timestamp = value;
    if (text.len <= PQ_MOCK_TIMESTAMP_MAX && pq_greeting_timestamp(text, &found) &&
        pq_slice_equal(found, text))
        return PQ_STATUS_OK;
    return usage(why, value, "<LEFT@RIGHT>, a message-id of at most 128 octets");
}

enum pq_status mock_on_nonce(struct mock_options *o, const char *value, struct pq_why *why)
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

enum pq_status mock_on_implementation(struct mock_options *o, const char *value, struct pq_why *why)
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

enum pq_status mock_on_autologout(struct mock_options *o, const char *value, struct pq_why *why)
{
    return read_seconds(value, &o->mock.config.autologout_ms, why);
}

enum pq_status mock_on_handshake(struct mock_options *o, const char *value, struct pq_why *why)
{
    return read_seconds(value, &o->mock.config.handshake_ms, why);
}

enum pq_status mock_on_login_delay(struct mock_options *o, const char *value, struct pq_why *why)
{
    uint64_t seconds = 0;
    enum pq_status status = read_number(value, (struct range){0, UINT32_MAX}, &seconds, why);
    o->mock.config.login_delay_s = (uint32_t)seconds;
    return status;
}

enum pq_status mock_on_expire(struct mock_options *o, const char *value, struct pq_why *why)
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
enum pq_status mock_on_capa(struct mock_options *o, const char *value, struct pq_why *why)
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

enum pq_status mock_on_seed(struct mock_options *o, const char *value, struct pq_why *why)
{
    return read_number(value, (struct range){0, UINT64_MAX}, &o->seed, why);
}

enum pq_status mock_on_clock(struct mock_options *o, const char *value, struct pq_why *why)
{
    o->hub.manual_clock = strcmp(value, "real") != 0;
    if (!o->hub.manual_clock)
        return PQ_STATUS_OK;
    return read_number(value, (struct range){0, CLOCK_MAX_MS}, &o->hub.clock_ms, why);
}

enum pq_status mock_on_connections(struct mock_options *o, const char *value, struct pq_why *why)
{
    uint64_t most = 0;
    enum pq_status status = read_number(value, (struct range){1, 1000000}, &most, why);
    o->hub.connections_max = (size_t)most;
    return status;
}

enum pq_status mock_on_fault(struct mock_options *o, const char *value, struct pq_why *why)
{
    if (o->fault_count == PQ_FAULTS_ACTIVE_MAX)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "more than %u at once", PQ_FAULTS_ACTIVE_MAX);
    o->faults[o->fault_count++] = value;
    return PQ_STATUS_OK;
}

enum pq_status mock_on_script(struct mock_options *o, const char *value, struct pq_why *why)
{
    if (o->script_count == PQ_MOCK_SCRIPTS_MAX)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "more than %u at once", PQ_MOCK_SCRIPTS_MAX);
    o->scripts[o->script_count++] = value;
    return PQ_STATUS_OK;
}

enum pq_status mock_on_sessions(struct mock_options *o, const char *value, struct pq_why *why)
{
    return read_number(value, (struct range){1, UINT32_MAX}, &o->hub.sessions_max, why);
}

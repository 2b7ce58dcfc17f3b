/* SPDX-License-Identifier: Apache-2.0
 * Faults of UTF8 and LANG (RFC 6856), and of mail with octets above 0x7F. */
#include <string.h>

#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- UTF8 where it is refused ---------------------------------------------------------------- */

static enum pq_refusal judge_utf8(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_utf8_accepted_in_transaction);
    bool late = e->kind == PQ_EVENT_COMMAND && e->verb == PQ_VERB_UTF8 &&
                e->refusal == PQ_REFUSED_STATE && s->conn.session.state == PQ_STATE_TRANSACTION;
    return late && fault_fires(f) ? PQ_REFUSED_NONE : f->base.judge(s, e);
}

/* The session's table does not know this move, so the answer alone would not switch the mode. */
static void accept_late_utf8(struct pq_server *s)
{
    fault_of(s, PQ_FAULT_utf8_accepted_in_transaction)->base.accept_utf8(s);
    s->conn.session.utf8 = true;
}

const struct fault_effect effect_utf8_accepted_in_transaction = {
    .hooks = {.judge = judge_utf8, .accept_utf8 = accept_late_utf8}};

/* ---- a form in ASCII ------------------------------------------------------------------------- */

/* Whether the reference refuses to send the message now. */
static bool needs_utf8(const struct pq_server *s, const struct pq_fault *f, struct pq_slice content)
{
    (void)f;
    return s->mock->config.utf8 && !s->conn.session.utf8 && pq_content_has_8bit_header(content);
}

static bool may_send_anyway(struct pq_server *s, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_utf8_size_mismatch);
    return f->base.may_send(s, index) || fault_acts_on(s, f, index);
}

/* Writes the header section with "?" in place of each run of 8-bit octets, then the rest. */
static bool put_in_ascii(struct pq_bytes *to, struct pq_slice content)
{
    size_t header_len = server_top_len(content, 0);
    for (size_t i = 0; i < header_len; i++) {
        bool run = i > 0 && content.at[i - 1] > 0x7F;
        struct pq_slice octet = pq_slice_first(pq_slice_after(content, i), 1);
        if (octet.at[0] > 0x7F && run)
            continue;
        if (!fault_put(to, octet.at[0] > 0x7F ? PQ_SLICE("?") : octet))
            return false;
    }
    return fault_put(to, pq_slice_after(content, header_len));
}

/* What may_send_anyway() let pass. */
static bool body_in_ascii(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                          struct pq_bytes *wire)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_utf8_size_mismatch);
    struct pq_slice content = s->stored[index]->content;
    struct pq_bytes ascii;
    if (!needs_utf8(s, f, content))
        return f->base.body(s, verb, index, lines, wire);
    if (verb == PQ_VERB_TOP)
        content = pq_slice_first(content, server_top_len(content, lines));
    pq_bytes_init(&ascii, s->mock->alloc, content.len);
    bool done =
        put_in_ascii(&ascii, content) && fault_put_body(wire, pq_bytes_slice(&ascii), FAULT_END);
    pq_bytes_free(&ascii);
    return done;
}

const struct fault_effect effect_utf8_size_mismatch = {
    .hooks = {.may_send = may_send_anyway, .body = body_in_ascii}, .shows = needs_utf8};

/* ---- mail as it is --------------------------------------------------------------------------- */

static bool send_raw(struct pq_server *s, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_utf8_raw_without_mode);
    return f->base.may_send(s, index) || fault_acts_on(s, f, index);
}

const struct fault_effect effect_utf8_raw_without_mode = {.hooks = {.may_send = send_raw},
                                                          .shows = needs_utf8};

/* What one octet of a message becomes; returns how many octets. */
typedef size_t turn_octet(uint8_t octet, uint8_t to[2]);

static size_t turn_to_seven_bits(uint8_t octet, uint8_t to[2])
{
    to[0] = octet & 0x7F;
    return 1;
}

static size_t turn_to_utf8(uint8_t octet, uint8_t to[2])
{
    to[0] = octet > 0x7F ? (uint8_t)(0xC0 | octet >> 6) : octet;
    to[1] = 0x80 | (octet & 0x3F);
    return octet > 0x7F ? 2 : 1;
}

static bool put_turned(const struct fault_line *l, turn_octet *turn)
{
    uint8_t to[2];
    bool fits = true;
    for (size_t i = 0; i < l->text.len && fits; i++) {
        size_t len = turn(l->text.at[i], to);
        if (i == 0 && to[0] == '.')
            fits = fault_put(l->wire, PQ_SLICE("."));
        fits = fits && fault_put(l->wire, pq_slice_of(to, len));
    }
    return fits && fault_put(l->wire, PQ_SLICE("\r\n"));
}

static bool put_in_seven_bits(const struct fault_line *l)
{
    return put_turned(l, turn_to_seven_bits);
}

static bool put_in_utf8(const struct fault_line *l)
{
    return put_turned(l, turn_to_utf8);
}

const struct fault_effect effect_retr_strips_eighth_bit = {.verb = PQ_VERB_RETR,
                                                           .line = put_in_seven_bits};
const struct fault_effect effect_retr_transcodes_latin1 = {.verb = PQ_VERB_RETR,
                                                           .line = put_in_utf8};

/* ---- names ----------------------------------------------------------------------------------- */

static void die_of_octets(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_utf8_invalid_user_crash);
    bool user = e->kind == PQ_EVENT_COMMAND && e->verb == PQ_VERB_USER;
    if (user && !pq_slice_is_utf8(e->octets) && fault_fires(f))
        fault_die(s);
    else
        f->base.obey(s, e);
}

const struct fault_effect effect_utf8_invalid_user_crash = {.hooks = {.obey = die_of_octets}};

static void keep_name_as_given(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_utf8_user_not_normalised);
    f->base.obey(s, e);
    if (!fault_is_command(e, PQ_VERB_USER) || s->user_len == 0)
        return;
    struct pq_slice given = pq_slice_first(e->command.args[0], sizeof(s->user));
    if (!pq_slice_equal(given, pq_slice_of(s->user, s->user_len)) && fault_fires(f)) {
        memcpy(s->user, given.at, given.len);
        s->user_len = given.len;
    }
}

const struct fault_effect effect_utf8_user_not_normalised = {.hooks = {.obey = keep_name_as_given}};

/* ---- LANG ------------------------------------------------------------------------------------ */

static bool refuses_language(struct pq_server *s, const struct pq_fault *f,
                             const struct fault_answer *a)
{
    (void)s;
    (void)f;
    return a->verb == PQ_VERB_LANG && a->indicator == PQ_REPLY_ERR && a->command->argc == 1 &&
           a->command->flaw == PQ_FLAW_NONE;
}

static void answer_that_it_is_spoken(struct pq_server *s, const struct pq_fault *f,
                                     const struct fault_answer *a)
{
    (void)f;
    fault_put_answer_of(s, PQ_REPLY_OK, "", a->command->args[0]);
}

const struct fault_effect effect_lang_unknown_ok = {.speaks = refuses_language,
                                                    .answer = answer_that_it_is_spoken};

static bool ends_but_lang(struct pq_server *s, enum pq_verb verb)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_lang_list_no_terminator);
    return (verb != PQ_VERB_LANG || !fault_fires(f)) && f->base.terminates(s, verb);
}

const struct fault_effect effect_lang_list_no_terminator = {.hooks = {.terminates = ends_but_lang}};

/* ---- answers --------------------------------------------------------------------------------- */

static bool refuses_login(struct pq_server *s, const struct pq_fault *f,
                          const struct fault_answer *a)
{
    (void)f;
    return !s->conn.session.utf8 && pq_slice_equal(a->code, PQ_SLICE("AUTH"));
}

static void answer_in_utf8(struct pq_server *s, const struct pq_fault *f,
                           const struct fault_answer *a)
{
    static const char *const texts[] = {"Name oder Passwort ung\xC3\xBCltig",
                                        "contrase\xC3\xB1\x61 incorrecta",
                                        "\xE8\xAA\x8D\xE8\xA8\xBC"};
    (void)a;
    fault_put_answer_of(s, PQ_REPLY_ERR, "AUTH", pq_slice_text(texts[f->values[0] - 1]));
}

const struct fault_effect effect_non_ascii_text_unasked = {.speaks = refuses_login,
                                                           .answer = answer_in_utf8};

static bool counts_mail_in_utf8(struct pq_server *s, const struct pq_fault *f,
                                const struct fault_answer *a)
{
    bool found = false;
    if (a->verb != PQ_VERB_STAT || a->indicator != PQ_REPLY_OK)
        return false;
    for (size_t i = 0; i < s->maildrop.count && !found; i++)
        found = needs_utf8(s, f, s->stored[i]->content);
    return found;
}

static void answer_with_utf8_code(struct pq_server *s, const struct pq_fault *f,
                                  const struct fault_answer *a)
{
    (void)f;
    (void)a;
    fault_put_answer_of(s, PQ_REPLY_ERR, "UTF8", PQ_SLICE("give UTF8 before login"));
}

const struct fault_effect effect_list_utf8_code_on_stat = {.speaks = counts_mail_in_utf8,
                                                           .answer = answer_with_utf8_code};

/* ---- STLS behind UTF8 ------------------------------------------------------------------------ */

static void forget_utf8(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_after_utf8_resets_silently);
    bool behind = fault_is_command(e, PQ_VERB_STLS) && s->mock->config.tls && s->conn.session.utf8;
    if (behind && fault_fires(f))
        s->conn.session.utf8 = false;
    f->base.obey(s, e);
}

const struct fault_effect effect_stls_after_utf8_resets_silently = {.hooks = {.obey = forget_utf8}};

/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include "popquiz/maildrop.h"
#include "popquiz/session.h"

/* ---- the table, as the diagram of src/README.md -------------------------------------------------
 */

static const char *const indicator_names[] = {"+OK", "-ERR", "+"};

static void log_move(struct event_log *log, enum pq_state from, enum pq_verb verb)
{
    char line[160];
    for (int i = PQ_REPLY_OK; i <= PQ_REPLY_CONTINUE; i++) {
        enum pq_state to;
        struct pq_slice name = pq_verb_row(verb)->name;
        if (!pq_session_move(from, verb, (enum pq_indicator)i, &to) || to == from)
            continue;
        (void)snprintf(line, sizeof(line), "%-13s %.*s %s -> %s\n", pq_state_name(from),
                       (int)name.len, (const char *)name.at, indicator_names[i], pq_state_name(to));
        log_text(log, line);
    }
}

static void log_verbs(struct event_log *log, enum pq_state state)
{
    char head[64];
    bool any = false;
    for (int v = PQ_VERB_UNKNOWN + 1; v < PQ_VERB_COUNT; v++) {
        enum pq_state to;
        struct pq_slice name = pq_verb_row((enum pq_verb)v)->name;
        if (!pq_session_move(state, (enum pq_verb)v, PQ_REPLY_OK, &to))
            continue;
        (void)snprintf(head, sizeof(head), "%-13s takes", pq_state_name(state));
        if (!any)
            log_text(log, head);
        any = true;
        log_text(log, " ");
        log_octets(log, name);
    }
    if (any)
        log_text(log, "\n");
}

static void test_the_diagram_is_the_table(void **state)
{
    (void)state;
    static struct event_log log;
    static char readme[1u << 16];
    log.len = 0;
    for (int s = 0; s < PQ_STATE_COUNT; s++)
        log_verbs(&log, (enum pq_state)s);
    log_text(&log, "\n");
    for (int s = 0; s < PQ_STATE_COUNT; s++)
        for (int v = 0; v < PQ_VERB_COUNT; v++)
            log_move(&log, (enum pq_state)s, (enum pq_verb)v);
    FILE *file = fopen(PQ_SOURCE_DIR "/src/README.md", "r");
    assert_non_null(file);
    readme[fread(readme, 1, sizeof(readme) - 1, file)] = 0;
    (void)fclose(file);
    if (!strstr(readme, log.text)) {
        (void)printf("src/README.md must contain exactly:\n%s", log.text);
        fail();
    }
}

/* ---- every pair of state and verb is a row or a refusal -----------------------------------------
 */

static void test_absent_moves_are_refused(void **state)
{
    (void)state;
    size_t allowed = 0;
    for (int s = 0; s < PQ_STATE_COUNT; s++)
        for (int v = 0; v < PQ_VERB_COUNT; v++) {
            struct pq_session session = {.state = (enum pq_state)s};
            enum pq_state to;
            bool has = pq_session_move((enum pq_state)s, (enum pq_verb)v, PQ_REPLY_OK, &to);
            enum pq_refusal refusal = pq_session_judge(&session, (enum pq_verb)v);
            assert_int_equal(has, refusal == PQ_REFUSED_NONE);
            allowed += has;
        }
    assert_int_equal(allowed, 8 + 7 + 1 + 11 + 1);
}

struct step {
    enum pq_verb verb;
    enum pq_indicator answer;
};

static enum pq_state walk(struct pq_session *s, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pq_session_judge(s, steps[i].verb), PQ_REFUSED_NONE);
        pq_session_on_command(s, steps[i].verb);
        pq_session_on_reply(s, steps[i].answer);
    }
    return s->state;
}

static void begin(struct pq_session *s, enum pq_tls_mode tls)
{
    pq_session_init(s, tls);
    assert_int_equal(pq_session_judge(s, PQ_VERB_QUIT), PQ_REFUSED_STATE);
    pq_session_on_greeting(s, PQ_REPLY_OK);
}

static void test_login_and_update(void **state)
{
    (void)state;
    struct pq_session s;
    begin(&s, PQ_TLS_NONE);
    const struct step login[] = {{PQ_VERB_USER, PQ_REPLY_OK}, {PQ_VERB_PASS, PQ_REPLY_OK}};
    assert_int_equal(walk(&s, login, 2), PQ_STATE_TRANSACTION);
    assert_int_equal(pq_session_judge(&s, PQ_VERB_USER), PQ_REFUSED_STATE);
    pq_session_on_command(&s, PQ_VERB_QUIT);
    assert_int_equal(s.state, PQ_STATE_UPDATE);
    pq_session_on_reply(&s, PQ_REPLY_ERR);
    assert_int_equal(s.state, PQ_STATE_CLOSED);
}

static void test_pass_follows_user_at_once(void **state)
{
    (void)state;
    struct pq_session s;
    begin(&s, PQ_TLS_NONE);
    assert_int_equal(pq_session_judge(&s, PQ_VERB_PASS), PQ_REFUSED_SEQUENCE);
    const struct step user = {PQ_VERB_USER, PQ_REPLY_OK};
    assert_int_equal(walk(&s, &user, 1), PQ_STATE_USER);
    assert_int_equal(pq_session_judge(&s, PQ_VERB_USER), PQ_REFUSED_SEQUENCE);
    assert_int_equal(pq_session_judge(&s, PQ_VERB_APOP), PQ_REFUSED_SEQUENCE);
    pq_session_on_refused(&s);
    assert_int_equal(pq_session_judge(&s, PQ_VERB_PASS), PQ_REFUSED_SEQUENCE);
    const struct step failed[] = {{PQ_VERB_USER, PQ_REPLY_OK}, {PQ_VERB_PASS, PQ_REPLY_ERR}};
    assert_int_equal(walk(&s, failed, 2), PQ_STATE_AUTHORIZATION);
    assert_int_equal(pq_session_judge(&s, PQ_VERB_PASS), PQ_REFUSED_SEQUENCE);
}

static void test_tls_forgets(void **state)
{
    (void)state;
    struct pq_session s;
    begin(&s, PQ_TLS_NONE);
    const struct step before[] = {{PQ_VERB_UTF8, PQ_REPLY_OK}, {PQ_VERB_USER, PQ_REPLY_OK}};
    walk(&s, before, 2);
    assert_true(s.utf8);
    const struct step stls = {PQ_VERB_STLS, PQ_REPLY_OK};
    assert_int_equal(walk(&s, &stls, 1), PQ_STATE_TLS);
    assert_int_equal(pq_session_judge(&s, PQ_VERB_QUIT), PQ_REFUSED_STATE);
    pq_session_on_tls(&s, true);
    assert_int_equal(s.state, PQ_STATE_AUTHORIZATION);
    assert_int_equal(s.tls, PQ_TLS_STLS);
    assert_false(s.utf8);
    assert_int_equal(pq_session_judge(&s, PQ_VERB_STLS), PQ_REFUSED_TLS_ACTIVE);
    begin(&s, PQ_TLS_IMPLICIT);
    assert_int_equal(pq_session_judge(&s, PQ_VERB_STLS), PQ_REFUSED_TLS_ACTIVE);
    begin(&s, PQ_TLS_NONE);
    walk(&s, &stls, 1);
    pq_session_on_tls(&s, false);
    assert_int_equal(s.state, PQ_STATE_CLOSED);
}

static void test_sasl_exchange(void **state)
{
    (void)state;
    struct pq_session s;
    begin(&s, PQ_TLS_NONE);
    const struct step ask[] = {{PQ_VERB_AUTH, PQ_REPLY_CONTINUE},
                               {PQ_VERB_AUTH, PQ_REPLY_CONTINUE}};
    assert_int_equal(walk(&s, ask, 2), PQ_STATE_SASL);
    assert_int_equal(pq_session_judge(&s, PQ_VERB_CAPA), PQ_REFUSED_STATE);
    const struct step fail = {PQ_VERB_AUTH, PQ_REPLY_ERR};
    assert_int_equal(walk(&s, &fail, 1), PQ_STATE_AUTHORIZATION);
    const struct step done = {PQ_VERB_AUTH, PQ_REPLY_OK};
    assert_int_equal(walk(&s, &done, 1), PQ_STATE_TRANSACTION);
}

static void test_the_end_of_the_stream_updates_nothing(void **state)
{
    (void)state;
    for (int st = 0; st < PQ_STATE_COUNT; st++) {
        struct pq_session s = {.state = (enum pq_state)st};
        pq_session_on_end(&s);
        assert_int_equal(s.state, PQ_STATE_CLOSED);
    }
}

/* ---- maildrop ----------------------------------------------------------------------------------
 */

static void test_maildrop_marks(void **state)
{
    (void)state;
    struct pq_message messages[3] = {{.octets = 100}, {.octets = 200}, {.octets = 300}};
    struct pq_maildrop m;
    pq_maildrop_init(&m, messages, 3);
    assert_true(m.live_count == 3 && m.live_octets == 600);
    assert_null(pq_maildrop_find(&m, 0));
    assert_null(pq_maildrop_find(&m, 4));
    assert_null(pq_maildrop_find(&m, UINT64_MAX));
    assert_true(pq_maildrop_delete(&m, 2));
    assert_false(pq_maildrop_delete(&m, 2));
    assert_null(pq_maildrop_find(&m, 2));
    assert_ptr_equal(pq_maildrop_find(&m, 3), &messages[2]);
    assert_true(m.live_count == 2 && m.live_octets == 400);
    pq_maildrop_reset(&m);
    assert_true(m.live_count == 3 && m.live_octets == 600 && pq_maildrop_find(&m, 2));
    pq_maildrop_init(&m, NULL, 0);
    assert_true(m.live_count == 0 && !pq_maildrop_find(&m, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_diagram_is_the_table),
        cmocka_unit_test(test_absent_moves_are_refused),
        cmocka_unit_test(test_login_and_update),
        cmocka_unit_test(test_pass_follows_user_at_once),
        cmocka_unit_test(test_tls_forgets),
        cmocka_unit_test(test_sasl_exchange),
        cmocka_unit_test(test_the_end_of_the_stream_updates_nothing),
        cmocka_unit_test(test_maildrop_marks),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/explore_request.h"

#include <string.h>

#include "tools/play_request.h"

enum explore_key {
    E_EXPLORE,
    E_TARGET,
    E_VARS,
    E_LOGIN,
    E_PATIENCE,
    E_QUIET,
    E_SEED,
    E_FIRST,
    E_STRIDE,
    E_SESSIONS,
    E_TIME,
    E_CONNECTIONS,
    E_MESSAGES,
    E_DESTROY,
    E_RESET,
    E_PIPELINING,
    E_WRONG_LOGINS,
    E_TRIES,
    E_PACE,
    E_SEGMENT,
    E_KEYS,
};
static const struct json_key keys[E_KEYS] = {
    [E_EXPLORE] = {"explore", JSON_ID, true, false},
    [E_TARGET] = {"target", JSON_OBJECT, true, false},
    [E_VARS] = {"vars", JSON_OBJECT, true, false},
    [E_LOGIN] = {"login", JSON_STRING, false, true},
    [E_PATIENCE] = {"patience_ms", JSON_NUMBER, false, true},
    [E_QUIET] = {"quiet_ms", JSON_NUMBER, false, true},
    [E_SEED] = {"seed", JSON_NUMBER, false, true},
    [E_FIRST] = {"first", JSON_NUMBER, false, true},
    [E_STRIDE] = {"stride", JSON_NUMBER, false, true},
    [E_SESSIONS] = {"sessions", JSON_NUMBER, false, true},
    [E_TIME] = {"time_ms", JSON_NUMBER, false, true},
    [E_CONNECTIONS] = {"connections", JSON_NUMBER, false, true},
    [E_MESSAGES] = {"messages", JSON_NUMBER, false, true},
    [E_DESTROY] = {"destroy", JSON_BOOL, false, true},
    [E_RESET] = {"reset", JSON_BOOL, false, true},
    [E_PIPELINING] = {"pipelining", JSON_BOOL, false, true},
    [E_WRONG_LOGINS] = {"wrong_logins", JSON_BOOL, false, true},
    [E_TRIES] = {"tries", JSON_NUMBER, false, true},
    [E_PACE] = {"pace_ms", JSON_NUMBER, false, true},
    [E_SEGMENT] = {"segment", JSON_STRING, false, true},
};
static const struct json_schema schema = JSON_SCHEMA("explore", keys);
_Static_assert(E_KEYS <= JSON_KEYS_MAX, "as many keys as are read");

/* Reads a number from its range into `*out`, which keeps its value when the key is absent. */
static bool read_number(struct explore_request *q, const struct json_values *v,
                        enum explore_key key, uint64_t range[2], uint64_t *out)
{
    const cJSON *number = v->at[key];
    if (!number)
        return true;
    if (number->valuedouble < (double)range[0] || number->valuedouble > (double)range[1])
        return json_complain(q->why, "explore", keys[key].name, "is out of its range");
    *out = (uint64_t)number->valuedouble;
    return true;
}

static bool read_numbers(struct explore_request *q, const struct json_values *v)
{
    struct row {
        enum explore_key key;
        uint64_t range[2];
        uint64_t value;
    } rows[] = {
        {E_PATIENCE, {1, PLAY_PATIENCE_MAX_MS}, PLAY_PATIENCE_MS},
        {E_QUIET, {1, PLAY_PATIENCE_MAX_MS}, EXPLORE_QUIET_MS},
        {E_SEED, {0, UINT64_C(1) << 53}, 0},
        {E_FIRST, {0, EXPLORE_SESSIONS_MAX}, 0},
        {E_STRIDE, {1, 1000}, 1},
        {E_SESSIONS, {1, EXPLORE_SESSIONS_MAX}, EXPLORE_SESSIONS_MAX},
        {E_TIME, {0, UINT64_C(1) << 40}, 0},
        {E_CONNECTIONS, {1, PQ_PLAN_CONNS}, 1},
        {E_MESSAGES, {0, 1000000}, 0},
        {E_TRIES, {0, 100000}, EXPLORE_TRIES},
        {E_PACE, {0, EXPLORE_PACE_MAX_MS}, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!read_number(q, v, rows[i].key, rows[i].range, &rows[i].value))
            return false;
    q->job.patience_ms = (uint32_t)rows[0].value;
    q->quiet_ms = (uint32_t)rows[1].value;
    q->plan.seed = rows[2].value;
    q->first = rows[3].value;
    q->stride = rows[4].value;
    q->sessions = rows[5].value;
    q->time_ms = rows[6].value;
    q->plan.connections = (unsigned)rows[7].value;
    q->plan.messages = (unsigned)rows[8].value;
    q->tries = (unsigned)rows[9].value;
    q->pace_ms = rows[10].value;
    return true;
}

static bool read_login(struct explore_request *q, const cJSON *word)
{
    if (!word)
        return true;
    while (q->login < PQ_DRIVE_LOGIN_COUNT &&
           !pq_slice_equal(json_slice(word), pq_slice_text(pq_drive_login_word(q->login))))
        q->login++;
    return q->login < PQ_DRIVE_LOGIN_COUNT ||
           json_complain(q->why, "explore", "login", "is user or plain");
}

static bool read_tree(struct explore_request *q)
{
    struct json_values v;
    if (!json_read(q->tree, &schema, &v, q->why) ||
        !play_request_target(v.at[E_TARGET], &q->job, q->why) ||
        !play_request_vars(v.at[E_VARS], &q->job, q->why) || !read_numbers(q, &v) ||
        !read_login(q, v.at[E_LOGIN]) ||
        !play_request_segment(v.at[E_SEGMENT], &q->job, "explore", q->why))
        return false;
    if (!q->job.vars.user.at || !q->job.vars.pw.at)
        return json_complain(q->why, "explore", "vars", "needs user and pw");
    q->run = v.at[E_EXPLORE];
    q->plan.destroy = cJSON_IsTrue(v.at[E_DESTROY]);
    q->plan.pipelining = cJSON_IsTrue(v.at[E_PIPELINING]);
    q->plan.wrong_logins = cJSON_IsTrue(v.at[E_WRONG_LOGINS]);
    q->plan.stls = q->job.tls == PQ_RUN_TLS_STLS;
    q->reset = cJSON_IsTrue(v.at[E_RESET]);
    return true;
}

bool explore_request_read(struct explore_request *q, struct pq_slice line)
{
    memset(q, 0, sizeof(*q));
    q->tree = cJSON_ParseWithLength((const char *)line.at, line.len);
    if (!cJSON_IsObject(q->tree))
        return json_complain(q->why, "line", NULL, "it is not one JSON object");
    return read_tree(q);
}

void explore_request_free(struct explore_request *q)
{
    cJSON_Delete(q->tree);
    q->tree = NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/play_request.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- values ---------------------------------------------------------------------------------- */

static const char *text_of(const cJSON *v)
{
    return v ? v->valuestring : NULL;
}

static bool is_true(const cJSON *v, bool otherwise)
{
    return v ? cJSON_IsTrue(v) : otherwise;
}

/* ---- run ------------------------------------------------------------------------------------- */

enum target_key {
    T_ADDRESS,
    T_TLS,
    T_TLS_ADDRESS,
    T_CA,
    T_VERIFY,
    T_HOST,
    T_CERT,
    T_KEY,
    T_KEYLOG
};
static const struct json_key target_keys[] = {
    [T_ADDRESS] = {"address", JSON_STRING, true, false},
    [T_TLS] = {"tls", JSON_STRING, false, true},
    [T_TLS_ADDRESS] = {"tls_address", JSON_STRING, false, true},
    [T_CA] = {"ca_file", JSON_STRING, false, true},
    [T_VERIFY] = {"verify", JSON_BOOL, false, true},
    [T_HOST] = {"host", JSON_STRING, false, true},
    [T_CERT] = {"client_cert", JSON_STRING, false, true},
    [T_KEY] = {"client_key", JSON_STRING, false, true},
    [T_KEYLOG] = {"keylog", JSON_STRING, false, true},
};
static const struct json_schema target_schema = JSON_SCHEMA("target", target_keys);

bool play_request_target(const cJSON *o, struct play_job *job, char *why)
{
    static const char *const tls_words[] = {"none", "stls", "implicit"};
    struct json_values v;
    if (!json_read(o, &target_schema, &v, why))
        return false;
    int tls = v.at[T_TLS] ? json_word(v.at[T_TLS], tls_words, COUNT(tls_words)) : 0;
    if (tls < 0)
        return json_complain(why, "target", "tls", "is none, stls or implicit");
    job->tls = (enum pq_run_tls)tls;
    job->target = (struct pq_target_config){
        .address = text_of(v.at[T_ADDRESS]),
        .tls_address = text_of(v.at[T_TLS_ADDRESS]),
        .host = text_of(v.at[T_HOST]),
        .ca_file = text_of(v.at[T_CA]),
        .verify = is_true(v.at[T_VERIFY], true),
        .client_cert = text_of(v.at[T_CERT]),
        .client_key = text_of(v.at[T_KEY]),
        .keylog = text_of(v.at[T_KEYLOG]),
    };
    return true;
}

enum vars_key { V_USER, V_PW, V_USER2, V_PW2 };
static const struct json_key vars_keys[] = {
    [V_USER] = {"user", JSON_STRING, false, true},
    [V_PW] = {"pw", JSON_STRING, false, true},
    [V_USER2] = {"user2", JSON_STRING, false, true},
    [V_PW2] = {"pw2", JSON_STRING, false, true},
};
static const struct json_schema vars_schema = JSON_SCHEMA("vars", vars_keys);

bool play_request_vars(const cJSON *o, struct play_job *job, char *why)
{
    struct json_values v;
    if (o && !json_read(o, &vars_schema, &v, why))
        return false;
    if (o)
        job->vars = (struct pq_run_vars){
            .user = json_slice(v.at[V_USER]),
            .pw = json_slice(v.at[V_PW]),
            .user2 = json_slice(v.at[V_USER2]),
            .pw2 = json_slice(v.at[V_PW2]),
        };
    return true;
}

enum run_key {
    R_RUN,
    R_FILE,
    R_ROW,
    R_TARGET,
    R_LOGIN,
    R_VARS,
    R_PATIENCE,
    R_SEGMENT,
    R_SEED,
    R_CLOCK,
    R_TRACE,
    R_RECORD,
    R_SECRETS,
};
static const struct json_key run_keys[] = {
    [R_RUN] = {"run", JSON_ID, true, false},
    [R_FILE] = {"file", JSON_STRING, true, false},
    [R_ROW] = {"row", JSON_NUMBER, false, true},
    [R_TARGET] = {"target", JSON_OBJECT, true, false},
    [R_LOGIN] = {"login", JSON_STRING, false, true},
    [R_VARS] = {"vars", JSON_OBJECT, false, true},
    [R_PATIENCE] = {"patience_ms", JSON_NUMBER, false, true},
    [R_SEGMENT] = {"segment", JSON_STRING, false, true},
    [R_SEED] = {"seed", JSON_NUMBER, false, true},
    [R_CLOCK] = {"clock", JSON_STRING, false, true},
    [R_TRACE] = {"trace", JSON_BOOL, false, true},
    [R_RECORD] = {"record", JSON_BOOL, false, true},
    [R_SECRETS] = {"record_secrets", JSON_BOOL, false, true},
};
static const struct json_schema run_schema = JSON_SCHEMA("run", run_keys);

static bool read_numbers(const struct json_values *v, struct play_job *job, char *why)
{
    job->patience_ms = PLAY_PATIENCE_MS;
    if (v->at[R_PATIENCE]) {
        if (v->at[R_PATIENCE]->valuedouble < 1 ||
            v->at[R_PATIENCE]->valuedouble > PLAY_PATIENCE_MAX_MS)
            return json_complain(why, "run", "patience_ms", "is 1 to 600000");
        job->patience_ms = (uint32_t)v->at[R_PATIENCE]->valuedouble;
    }
    if (v->at[R_ROW])
        job->row = (size_t)v->at[R_ROW]->valuedouble;
    if (v->at[R_SEED])
        job->seed = (uint64_t)v->at[R_SEED]->valuedouble;
    return true;
}

bool play_request_segment(const cJSON *word, struct play_job *job, const char *object, char *why)
{
    return !word || pq_cut_parse(json_slice(word), &job->cut) ||
           json_complain(why, object, "segment",
                         "is whole, byte, mid-crlf, after-crlf or a number of octets");
}

static bool read_words(const struct json_values *v, struct play_job *job, char *why)
{
    static const char *const clock_words[] = {"real", "ask"};
    int clock = v->at[R_CLOCK] ? json_word(v->at[R_CLOCK], clock_words, COUNT(clock_words)) : 0;
    if (clock < 0)
        return json_complain(why, "run", "clock", "is real or ask");
    job->ask_clock = clock == 1;
    return play_request_segment(v->at[R_SEGMENT], job, "run", why);
}

static bool read_run(struct play_request *r)
{
    struct json_values v;
    struct play_job *job = &r->job;
    r->run = cJSON_GetObjectItemCaseSensitive(r->tree, "run");
    if (!json_has_type(r->run, JSON_ID))
        r->run = NULL;
    if (!json_read(r->tree, &run_schema, &v, r->why) ||
        !play_request_target(v.at[R_TARGET], job, r->why) ||
        !play_request_vars(v.at[R_VARS], job, r->why) || !read_numbers(&v, job, r->why) ||
        !read_words(&v, job, r->why))
        return false;
    job->file = text_of(v.at[R_FILE]);
    job->login = text_of(v.at[R_LOGIN]);
    job->record = is_true(v.at[R_RECORD], false);
    job->record_secrets = is_true(v.at[R_SECRETS], false);
    r->trace = is_true(v.at[R_TRACE], false);
    return true;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool read_tree(struct play_request *r, struct pq_slice line)
{
    if (memchr(line.at, 0, line.len))
        return json_complain(r->why, "line", NULL, "it holds a NUL octet");
    if (!pq_slice_is_utf8(line))
        return json_complain(r->why, "line", NULL, "it is not UTF-8");
    const char *end = NULL;
    r->tree = cJSON_ParseWithLengthOpts((const char *)line.at, line.len, &end, false);
    bool whole = cJSON_IsObject(r->tree);
    for (; whole && end < (const char *)line.at + line.len; end++)
        whole = *end == ' ' || *end == '\r';
    return whole || json_complain(r->why, "line", NULL, "it is not one JSON object");
}

static bool read_line(struct play_request *r)
{
    static const struct json_key answer_key[] = {{"answer", JSON_OBJECT, true, false}};
    static const struct json_key quit_key[] = {{"quit", JSON_BOOL, true, false}};
    static const struct json_schema answer_line = JSON_SCHEMA("line", answer_key);
    static const struct json_schema quit_line = JSON_SCHEMA("line", quit_key);
    struct json_values v;
    if (cJSON_HasObjectItem(r->tree, "run")) {
        r->kind = PLAY_REQUEST_RUN;
        return read_run(r);
    }
    if (cJSON_HasObjectItem(r->tree, "answer")) {
        r->kind = PLAY_REQUEST_ANSWER;
        bool good = json_read(r->tree, &answer_line, &v, r->why);
        r->answer = good ? v.at[0] : NULL;
        return good;
    }
    if (cJSON_HasObjectItem(r->tree, "quit")) {
        r->kind = PLAY_REQUEST_QUIT;
        return json_read(r->tree, &quit_line, &v, r->why);
    }
    return json_complain(r->why, "line", NULL, "it has none of the keys run, answer and quit");
}

void play_request_read(struct play_request *r, struct pq_slice line)
{
    memset(r, 0, sizeof(*r));
    if (!read_tree(r, line) || !read_line(r))
        r->kind = PLAY_REQUEST_BAD;
}

void play_request_free(struct play_request *r)
{
    cJSON_Delete(r->tree);
    r->tree = NULL;
}
